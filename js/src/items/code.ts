import { count, h } from "../ui/dom";
import { registerItem, SPOKEN, shortened } from "./registry";

/**
 * Source code. `marks`, three numbers for each piece that has a style: the characters since the last one, its length, and its
 * place in `styles`. `cut` characters are left out at the end, and the last `plain` ones have no style for want of time.
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

registerItem<Code>("code", {
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
      plain && `the last ${count(plain, "character")} without colours: too slow to read`,
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
  style: style(),
});

/** The text in its pieces; where only so many characters are wanted, in one line. */
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

/** A character that has no shape, or turns others around: it is there when copied, and only its number is seen. */
function unseen(character: string): HTMLElement {
  const number = character.charCodeAt(0).toString(16).toUpperCase().padStart(4, "0");
  return h("span", { class: "hitl-code-unseen", text: character, attrs: { "data-code": `U+${number}` } });
}

function style(): string {
  // The notebook's own editor has these colours; those of other notebooks, light and dark, stand behind. A quarter of the
  // text's colour makes each readable on either ground.
  const colours: Record<string, [string, string, string]> = {
    comment: ["comment", "#408080", "#6ba3a3"],
    keyword: ["keyword", "#008000", "#4caf50"],
    name: ["def", "#0000ff", "#42a5f5"],
    builtin: ["variable-3", "#008855", "#43a047"],
    string: ["string", "#ba2121", "#ff7070"],
    number: ["number", "#008800", "#66bb6a"],
    meta: ["meta", "#aa22ff", "#c77dff"],
    inserted: ["quote", "#009900", "#81c784"],
    deleted: ["string", "#ba2121", "#ff7070"],
  };
  const rules = Object.entries(colours).map(([name, [own, light, dark]]) => {
    const colour = `var(--jp-mirror-editor-${own}-color, light-dark(${light}, ${dark}))`;
    return `.hitl-code-${name} { color: color-mix(in srgb, ${colour} 75%, var(--hitl-text)); }`;
  });
  return `${rules.join("\n")}
.hitl-code {
  display: flex; width: max-content; min-width: 100%; tab-size: 4; white-space: pre;
  font: var(--jp-code-font-size, 13px) / 20px
    var(--jp-code-font-family, var(--vscode-editor-font-family, ui-monospace, monospace));
}
.hitl .hitl-code-text, .hitl .hitl-code-glimpse {
  font: inherit; color: inherit; background: none; border: 0; padding: 0; white-space: inherit;
}
.hitl .hitl-code-text { flex: 1; padding-inline: 12px 16px; }
.hitl .hitl-code-glimpse {
  font-family: var(--jp-code-font-family, var(--vscode-editor-font-family, ui-monospace, monospace));
}
/* The numbers are no text: they cannot be selected, found or copied. They stay where long lines scroll. */
.hitl-code-lines {
  position: sticky; inset-inline-start: -2px; padding-inline: 4px 10px; text-align: end;
  color: var(--hitl-faint); background: var(--hitl-ground); border-inline-end: 1px solid var(--hitl-line);
  font-variant-numeric: tabular-nums; user-select: none;
}
.hitl-code-lines::before { content: attr(data-lines); }
.hitl-code-rest { position: sticky; inset-inline-start: 0; width: max-content; max-width: 100%; padding-top: 8px; }
.hitl-code-keyword { font-weight: 600; }
.hitl-code-comment { font-style: italic; }
.hitl-code-inserted, .hitl-code-deleted { background: color-mix(in srgb, currentColor 14%, transparent); }
.hitl-code-unseen { unicode-bidi: isolate; }
.hitl-code-unseen::before {
  content: attr(data-code); font-size: 10px; line-height: 1; padding: 1px 3px; margin-inline: 1px; border-radius: 3px;
  color: var(--hitl-ground); background: var(--hitl-bad);
}`;
}
