import "./help.css";
import type { Told } from "../../items/index";
import { link } from "../../ui/button";
import { h, show } from "../../ui/dom";

type Keys = [string[], string][];

const KEYS: [string, Keys][] = [
  [
    "Answer",
    [
      [["1\u20139", "A\u2013Z"], "the key of a class: label the item, or everything that is selected"],
      [["⇧A"], "always: the next class makes a rule of what is selected, instead of labels"],
      [["S"], "skip"],
      [["⇧C"], "copy the last answer, if answers are more than a class"],
      [["⇧D", "⇧B", "⇧N"], "don’t know, bad item, write a note"],
      [["⇧G"], "keep the item in the guidance, as an example or a counter-example of a class"],
      [["Del"], "remove the label"],
      [["Z", "⇧Z"], "undo and redo"],
    ],
  ],
  [
    "Look around",
    [
      [["/"], "find"],
      [["M"], "more items like this one"],
      [["⇧R"], "labels that are queued again or doubtful: Enter keeps one, a class corrects it"],
      [["⇧W"], "why the model guesses what it guesses; what tells a selection from all other items"],
      [["R"], "rules: what many items are at once"],
      [["⇧E"], "edit the item; again: the smallest change that flips the guess; a class keeps it"],
      [["⇧P", "⇧Q"], "take up what the model proposes, or never see it again"],
      [["X"], "strike out a word that misleads it: the arrows choose it, X shows what that costs"],
      [["↑", "↓"], "your earlier labels, one by one"],
      [["Space"], "all of a long text; check or uncheck an item of a selection"],
      [["⇧V"], "show what is blurred, or the personal data that is hidden"],
      [["→", "O"], "open an item of a selection; Esc returns"],
      [["Esc"], "back; again: return the keys to the notebook"],
    ],
  ],
  [
    "Map and list",
    [
      [["T"], "list or map"],
      [["N"], "next uncertain item on the map"],
      [["G"], "grow the selection"],
      [["[", "]"], "larger and smaller groups"],
    ],
  ],
];

/** A list of the keys, shown over the card. */
export function helpView(closed: () => void) {
  const close = link("close", () => set(false));
  const list = h("div", {});
  const element = h(
    "div",
    { class: "hitl-help", attrs: { role: "dialog", "aria-label": "Keys", hidden: true } },
    h("div", { class: "hitl-small-head" }, h("span", { text: "Keys" }), close),
    list,
  );

  function set(open: boolean): void {
    show(element, open);
    if (!open) closed();
  }

  return {
    element,
    /** Opens or closes the list; the keys of what composes the answer, and those of the item, come first. */
    toggle(first: Told = [], item: Told = []): void {
      const own: typeof KEYS = [
        ["This question", first],
        ["This item", item],
      ].map(([heading, told]) => [
        heading as string,
        (told as Told).map(([keys, words]) => [keys.split(" "), words]),
      ]);
      list.replaceChildren(...[...own.filter(([, keys]) => keys.length), ...KEYS].flatMap(section));
      set(element.hidden === true);
    },
    /** Closes the list; returns whether it was open. */
    close(): boolean {
      if (element.hidden) return false;
      set(false);
      return true;
    },
  };
}

const section = ([heading, keys]: (typeof KEYS)[number]): HTMLElement[] => [
  h("div", { class: "hitl-help-heading", text: heading }),
  h(
    "dl",
    {},
    ...keys.flatMap(([keys, words]) => [
      h("dt", {}, ...keys.map((key) => h("kbd", { text: key }))),
      h("dd", { text: words }),
    ]),
  ),
];
