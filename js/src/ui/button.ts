import { h } from "./dom";

/** A button with the name of its key in front; "" for none. */
export function button(words: string, key: string, act: () => void): HTMLButtonElement {
  return h(
    "button",
    { class: "hitl-button", attrs: { type: "button" }, on: { click: (event) => enabled(event) && act() } },
    key ? h("kbd", { text: key, attrs: { "aria-hidden": "true" } }) : null,
    h("span", { text: words }),
  );
}

/** A button whose key is read aloud, too; it tells `detail` of the click event, 0 for keys. */
export function keyed(
  key: string,
  words: string | HTMLElement,
  title: string,
  act: (clicks: number) => void,
): HTMLButtonElement {
  return h(
    "button",
    {
      class: "hitl-button",
      title,
      attrs: { type: "button" },
      on: { click: (event) => enabled(event) && act(event.detail) },
    },
    h("kbd", { text: key }),
    words,
  );
}

/** A button that looks like a link. */
export function link(words: string, act: () => void, title = ""): HTMLButtonElement {
  const click = (event: Event): unknown => enabled(event) && act();
  return h("button", { class: "hitl-link", text: words, title, attrs: { type: "button" }, on: { click } });
}

/** Without the disabled attribute, which would remove the focus from a focused button. */
export const enable = (element: HTMLElement, can: boolean): void =>
  element.setAttribute("aria-disabled", String(!can));

/** Whether the button that was clicked can be used. */
export const enabled = (event: Event): boolean =>
  (event.currentTarget as HTMLElement).getAttribute("aria-disabled") !== "true";
