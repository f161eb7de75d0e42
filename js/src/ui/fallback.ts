/**
 * Hides the still picture before a widget, which is meant for pages without a kernel: the last one before the widget, in
 * the same output area if there is one. It is shown again when the widget is removed, and while no kernel answers.
 * Returns the function that notes whether a kernel answers.
 */
export function hideFallback(root: HTMLElement, signal: AbortSignal): (answers: boolean) => void {
  let picture: HTMLElement | null = null;
  let alive = true;
  const draw = (): void => {
    if (picture) picture.style.display = alive && !signal.aborted ? "none" : "";
  };
  // The notebook adds the widget to the page after it was created.
  requestAnimationFrame(() => {
    if (!root.isConnected || signal.aborted) return;
    picture = pictureBefore(root);
    draw();
    signal.addEventListener("abort", draw);
  });
  return (answers) => {
    alive = answers;
    draw();
  };
}

function pictureBefore(root: HTMLElement): HTMLElement | null {
  const area = root.closest(".jp-OutputArea");
  let picture = [...(area ?? document).querySelectorAll<HTMLElement>(".hitl-fallback")]
    .filter((one) => one.compareDocumentPosition(root) & Node.DOCUMENT_POSITION_FOLLOWING)
    .at(-1);
  // The whole output: JupyterLab keeps its element when it replaces the picture in it.
  while (area && picture?.parentElement && !picture.parentElement.contains(root))
    picture = picture.parentElement;
  return picture ?? null;
}
