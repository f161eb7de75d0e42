import "./code.css";
import { type ItemKind, SPOKEN, shortened } from "../items/registry";
import { count, h } from "../ui/dom";

/**
 * Source code. `marks` has three numbers for each styled piece: the characters since the last one, its length, and its
 * index in `styles`. `cut` characters are omitted at the end; the last `plain` ones have no style, to save time.
 */
type Code = {
  kind: "code";
  text: string;
  language: string;
  styles: string[];
  marks: number[];
  cut?: number;
  plain?: number;
};

export const viewer: ItemKind<Code> = {
  render: (content) => {
    const { text, language, cut, plain } = content;
    const lines = text.replace(/\n$/, "").split("\n").length;
    const numbers = Array.from({ length: lines }, (_, i) => i + 1).join("\n");
    const body = h(
      "div",
      { class: "hitl-code", attrs: { dir: "ltr", translate: "no" } },
      h("span", { class: "hitl-code-lines", attrs: { "data-lines": numbers, "aria-hidden": "true" } }),
      h("code", { class: "hitl-code-text", attrs: { "data-language": language } }, ...painted(content)),
    );
    const told = [
      cut && `${count(cut, "character")} more`,
      plain && `the last ${count(plain, "character")} without colours, as parsing took too long`,
    ].filter(Boolean);
    if (!told.length) return body;
    return h("div", {}, body, h("div", { class: "hitl-code-rest hitl-faint", text: told.join(" · ") }));
  },
  glimpse: (content, _, characters) =>
    h(
      "div",
      { class: "hitl-glimpse", attrs: { dir: "ltr", translate: "no" } },
      h("code", { class: "hitl-code-glimpse" }, ...painted(content, characters)),
    ),
  spoken: ({ text }) => shortened(text, SPOKEN),
};

/** The text as styled nodes; with a limit of `characters`, on one line. */
function painted({ text, styles, marks }: Code, characters?: number): Node[] {
  const nodes: Node[] = [];
  let left = characters ?? Number.POSITIVE_INFINITY;
  let space = true;
  const add = (piece: string, name?: string): void => {
    let shown = piece;
    if (characters !== undefined) {
      shown = piece.replace(/\s+/g, " ");
      if (space) shown = shown.trimStart();
      if (shown) space = shown.endsWith(" ");
      if (shown.length > left) shown = `${shown.slice(0, Math.max(left - 1, 0))}…`;
    }
    if (!shown || left <= 0) return;
    left -= shown.length;
    if (!name) nodes.push(document.createTextNode(shown));
    else if (name === "unseen") nodes.push(...[...shown].map(unseen));
    else nodes.push(h("span", { class: `hitl-code-${name}`, text: shown }));
  };
  let at = 0;
  for (let i = 0; i < marks.length; i += 3) {
    const start = at + marks[i];
    at = start + marks[i + 1];
    add(text.slice(start - marks[i], start));
    add(text.slice(start, at), styles[marks[i + 2]]);
  }
  add(text.slice(at));
  return nodes;
}

/** A character that is invisible or changes the text direction: its code is shown, and it is still copied. */
function unseen(character: string): HTMLElement {
  const number = character.charCodeAt(0).toString(16).toUpperCase().padStart(4, "0");
  return h("span", { class: "hitl-code-unseen", text: character, attrs: { "data-code": `U+${number}` } });
}
