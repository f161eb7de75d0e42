import { h } from "./dom";

/** Tells a screen reader, politely. */
export function announcer(root: HTMLElement): (words: string) => void {
  const region = h("div", { class: "hitl-unseen", attrs: { role: "status", "aria-live": "polite" } });
  root.append(region);
  return (words) => {
    region.textContent = words;
  };
}
