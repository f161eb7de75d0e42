import "./help.css";
import { h, show } from "../../ui/dom";

const KEYS: [string[], string][] = [
  [["1\u20139", "A\u2013Z"], "the key of a class: label the item, or everything that is selected"],
  [["S"], "skip"],
  [["⇧D", "⇧B", "⇧N"], "don’t know, bad item, write a note"],
  [["Z", "⇧Z"], "undo and redo"],
  [["↑", "↓"], "your earlier labels, one by one"],
  [["Del"], "remove the label"],
  [["M"], "more items like this one"],
  [["/"], "find"],
  [["Space"], "all of a long text; check or uncheck an item of a selection"],
  [["→", "O"], "open an item of a selection; Esc returns"],
  [["T"], "list or map"],
  [["N"], "next uncertain item on the map"],
  [["G"], "grow the selection"],
  [["[", "]"], "larger and smaller groups"],
  [["Esc"], "back; again: return the keys to the notebook"],
];

const rows = (keys: readonly (readonly [readonly string[], string])[]): HTMLElement[] =>
  keys.flatMap(([names, words]) => [
    h("dt", {}, ...names.map((key) => h("kbd", { text: key }))),
    h("dd", { text: words }),
  ]);

/** A list of the keys, shown over the card. */
export function helpView(closed: () => void) {
  const close = h("button", {
    class: "hitl-link",
    text: "close",
    attrs: { type: "button" },
    on: { click: () => set(false) },
  });
  const element = h(
    "div",
    { class: "hitl-help", attrs: { role: "dialog", "aria-label": "Keys", hidden: true } },
    h("div", { class: "hitl-small-head" }, h("span", { text: "Keys" }), close),
    h("dl", {}, ...rows(KEYS)),
  );
  const list = element.lastElementChild;

  function set(open: boolean): void {
    show(element, open);
    if (!open) closed();
  }

  return {
    element,
    toggle: (): void => set(element.hidden === true),
    /** Puts the keys of the question first. */
    tell: (keys: readonly (readonly [string, string])[]): void =>
      list?.replaceChildren(...rows(keys.map(([key, words]) => [key.split(" "), words])), ...rows(KEYS)),
    /** Closes the list; returns whether it was open. */
    close(): boolean {
      if (element.hidden) return false;
      set(false);
      return true;
    },
  };
}
