import "./text.css";
import { count, h } from "../ui/dom";
import { registerItem, SPOKEN, shortened } from "./registry";

type Text = { kind: "text"; text: string; cut?: number };

/** Characters of a text that is shown large, in the middle of the card. */
const SHORT = 160;

registerItem<Text>("text", {
  render: ({ text, cut }) => {
    const short = !cut && text.length <= SHORT && !text.includes("\n");
    const look = short ? "hitl-text hitl-text-short" : "hitl-text";
    return withRest(h("div", { class: look, text, attrs: { dir: "auto" } }), cut);
  },
  glimpse: ({ text }, _, characters) => lines(text, characters),
  spoken: ({ text }) => shortened(text, SPOKEN),
});

/** The start of a text. */
export const lines = (text: string, characters: number): HTMLElement =>
  h("div", { class: "hitl-glimpse", text: shortened(text, characters), attrs: { dir: "auto" } });

/** Adds a note on how many characters are not shown. */
export function withRest(body: HTMLElement, cut = 0): HTMLElement {
  if (!cut) return body;
  const rest = h("div", { class: "hitl-faint", text: `${count(cut, "character")} more` });
  return h("div", { class: "hitl-with-rest" }, body, rest);
}
