/**
 * Hides the words that stand before a widget for a notebook that is opened again without its kernel: they are the last
 * ones before it, in the same output area where the page has such. They are back when the widget is gone.
 */
export function hideFallback(root: HTMLElement, signal: AbortSignal): void {
  // The notebook puts the widget into the page after it was made.
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
