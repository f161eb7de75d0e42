import "./text.css";
import { count, h } from "../ui/dom";
import { registerItem, SPOKEN, type Stage, shortened } from "./registry";

type Text = { kind: "text"; text: string; cut?: number };

/** Characters of a text that is shown large, in the middle of the card. */
const SHORT = 160;
/** Characters or lines of a text from which on it is folded. */
const [LONG, LONG_LINES] = [1200, 16];

registerItem<Text>("text", {
  render: ({ text, cut }, _, stage) => {
    const short = !cut && text.length <= SHORT && !text.includes("\n");
    const look = short ? "hitl-text hitl-text-short" : "hitl-text";
    const body = withRest(h("div", { class: look, text, attrs: { dir: "auto" } }), cut);
    const long = text.length > LONG || text.split("\n", LONG_LINES + 1).length > LONG_LINES;
    return long ? folded(body, text, stage) : body;
  },
  glimpse: ({ text }, _, characters) => lines(text, characters),
  spoken: ({ text }) => shortened(text, SPOKEN),
});

/** The first part of a long text, with a button that shows all of it; so does Space. */
function folded(body: HTMLElement, text: string, stage: Stage): HTMLElement {
  const fold = h("div", { class: "hitl-text-fold hitl-text-folded" }, body);
  const rest = h("button", {
    class: "hitl-link hitl-text-all",
    text: `show all ${count(text.length, "character")} (Space)`,
    attrs: { type: "button" },
    on: { click: unfold },
  });
  fold.append(rest);
  function unfold(): void {
    fold.classList.remove("hitl-text-folded");
    rest.remove();
  }
  stage.keys((key) => {
    if (key !== " ") return false;
    const card = fold.parentElement;
    if (rest.isConnected) unfold();
    else card?.scrollBy({ top: 0.9 * card.clientHeight });
    return "again";
  });
  return fold;
}

/** The start of a text. */
export const lines = (text: string, characters: number): HTMLElement =>
  h("div", { class: "hitl-glimpse", text: shortened(text, characters), attrs: { dir: "auto" } });

/** Adds a note on how many characters are not shown. */
export function withRest(body: HTMLElement, cut = 0): HTMLElement {
  if (!cut) return body;
  const rest = h("div", { class: "hitl-faint", text: `${count(cut, "character")} more` });
  return h("div", { class: "hitl-with-rest" }, body, rest);
}
