/**
 * Keeps keys from the notebook while the widget has the focus. JupyterLab and Notebook 7 look for the attribute on the
 * way from the target up; with it, Ctrl+S and the like would be dead too, so it goes while a modifier is held.
 */
export function suppressShortcuts(root: HTMLElement, signal: AbortSignal): void {
  root.setAttribute("data-lm-suppress-shortcuts", "");
  const toggle = (event: KeyboardEvent): void => {
    if (!(event.target instanceof Node) || !root.contains(event.target)) return;
    root.toggleAttribute("data-lm-suppress-shortcuts", !(event.ctrlKey || event.metaKey || event.altKey));
  };
  window.addEventListener("keydown", toggle, { capture: true, signal });
  window.addEventListener("keyup", () => root.setAttribute("data-lm-suppress-shortcuts", ""), {
    capture: true,
    signal,
  });
}

/** A plain key on the widget: not typed into a field, not held down, not part of a chord or a composition. */
export function onKey(
  root: HTMLElement,
  handler: (key: string, event: KeyboardEvent) => boolean,
  signal: AbortSignal,
): void {
  root.addEventListener(
    "keydown",
    (event) => {
      if (event.ctrlKey || event.metaKey || event.altKey || event.isComposing || event.repeat) return;
      const target = event.target as HTMLElement;
      if (target.closest("input, textarea, select, [contenteditable]")) return;
      if ((event.key === "Enter" || event.key === " ") && target.closest("button, a, summary")) return;
      const key = event.key.length === 1 ? event.key.toLowerCase() : event.key;
      if (handler(key, event)) {
        event.preventDefault();
        event.stopPropagation();
      }
    },
    { signal },
  );
}

const TAB_MS = 1000;

/**
 * A frame takes the focus when it is clicked, and the keys with it: it gives them back. Who goes there with Tab stays,
 * to scroll it.
 */
export function keepFocus(root: HTMLElement, signal: AbortSignal): void {
  let tabbed = Number.NEGATIVE_INFINITY;
  const back = (): void => {
    const at = document.activeElement;
    if (at instanceof HTMLIFrameElement && root.contains(at)) root.focus({ preventScroll: true });
  };
  const listen = { capture: true, signal };
  const note = ({ key }: KeyboardEvent): void => {
    if (key === "Tab") tabbed = performance.now();
  };
  window.addEventListener("keydown", note, listen);
  // A frame in another process takes the focus a while after the key.
  const left = (): void => {
    if (performance.now() - tabbed > TAB_MS) setTimeout(back);
  };
  window.addEventListener("blur", left, { signal });
}
