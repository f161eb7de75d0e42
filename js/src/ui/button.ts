import { h } from "./dom";

/** A button with the name of its key in front; "" for none. */
export function button(words: string, key: string, act: () => void): HTMLButtonElement {
  const made = h(
    "button",
    { class: "hitl-button", attrs: { type: "button" } },
    key ? h("kbd", { text: key, attrs: { "aria-hidden": "true" } }) : null,
    h("span", { text: words }),
  );
  made.addEventListener("click", () => made.getAttribute("aria-disabled") !== "true" && act());
  return made;
}

/** Without the disabled attribute, which would remove the focus from a focused button. */
export const enable = (element: HTMLElement, can: boolean): void =>
  element.setAttribute("aria-disabled", String(!can));
