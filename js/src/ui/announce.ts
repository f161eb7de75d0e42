import { h } from "./dom";

/** Makes announcements to screen readers (`aria-live="polite"`). */
export function announcer(root: HTMLElement): (words: string) => void {
  const region = h("div", { class: "hitl-unseen", attrs: { role: "status", "aria-live": "polite" } });
  root.append(region);
  return (words) => {
    region.textContent = words;
  };
}
