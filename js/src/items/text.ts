import "./text.css";
import { count, h } from "../ui/dom";
import { registerItem, SPOKEN, shortened } from "./registry";

type Text = { kind: "text"; text: string; cut?: number };

registerItem<Text>("text", {
  render: ({ text, cut }) => withRest(h("div", { class: "hitl-text", text, attrs: { dir: "auto" } }), cut),
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
