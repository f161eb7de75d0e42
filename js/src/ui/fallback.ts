/**
 * Hides the text before a widget that is meant for a notebook reopened without its kernel: the last such text before
 * the widget, in the same output area if there is one. It is shown again when the widget is removed.
 */
export function hideFallback(root: HTMLElement, signal: AbortSignal): void {
  // The notebook adds the widget to the page after it was created.
  requestAnimationFrame(() => {
    const area = root.closest(".jp-OutputArea") ?? document;
    const before = [...area.querySelectorAll<HTMLElement>(".hitl-fallback")].filter(
      (words) => words.compareDocumentPosition(root) & Node.DOCUMENT_POSITION_FOLLOWING,
    );
    const words = before.at(-1);
    if (!words || !root.isConnected || signal.aborted) return;
    words.hidden = true;
    signal.addEventListener("abort", () => {
      words.hidden = false;
    });
  });
}
