import "../fields.css";
import "./script.css";
import { focused, h, setText, show } from "../../ui/dom";
import { difference } from "./difference";
import type { Mark } from "./marking";

export type ScriptCallbacks<P> = {
  /** What a mark is called. */
  one: string;
  many: string;
  /** What is asked for. */
  placeholder: string;
  /** The class of a mark; an empty name for none. */
  called: (line: Mark<P>) => { name: string; color: string };
  isIdea: (line: Mark<P>) => boolean;
  /** The draft of a text; empty if there was none. */
  draftOf: (line: Mark<P>) => string;
  /** Where a mark is: shortly, and in words. */
  place: (line: Mark<P>, i: number) => readonly [string, string];
  choose: (line: Mark<P>) => void;
  /** What the button with the place does. */
  go: (line: Mark<P>) => void;
  goes: string;
  typed: (line: Mark<P>, text: string) => void;
  key: (event: KeyboardEvent, line: Mark<P>) => void;
};

/** This many rows are made at once, so that the page goes on meanwhile. */
const AT_ONCE = 60;

type Row<P> = {
  element: HTMLElement;
  time: HTMLButtonElement;
  who: HTMLElement;
  text: HTMLElement;
  below: HTMLElement;
  line: Mark<P>;
  key: string;
};

/** The texts of marks below each other. One field moves to the mark that is selected. */
export class Script<P> {
  readonly element: HTMLElement;
  readonly field: HTMLTextAreaElement;
  private readonly empty = h("div", { class: "hitl-faint hitl-script-empty", attrs: { role: "status" } });
  private readonly rows = new Map<number, Row<P>>();
  private line: Mark<P> | null = null;
  private later: ReturnType<typeof setTimeout> | undefined;
  private grown = "";

  constructor(private readonly on: ScriptCallbacks<P>) {
    const { many, placeholder } = on;
    const label = `Texts of the ${many}`;
    this.element = h("div", { class: "hitl-script", attrs: { role: "group", "aria-label": label } });
    this.element.append(this.empty);
    this.field = h("textarea", {
      class: "hitl-field hitl-script-field",
      attrs: { rows: 1, dir: "auto", spellcheck: "true", placeholder },
    });
    this.field.addEventListener("input", () => {
      if (this.line) on.typed(this.line, this.field.value);
    });
    this.field.addEventListener("keydown", (event) => this.line && on.key(event, this.line));
  }

  /** Whether the annotator types. */
  get typing(): boolean {
    return focused() === this.field;
  }

  type(atEnd = true): void {
    if (!this.field.isConnected) return;
    this.field.focus({ preventScroll: true });
    if (atEnd) this.field.setSelectionRange(this.field.value.length, this.field.value.length);
  }

  /** Draws the segments; `words` are shown if there are none. */
  draw(lines: readonly Mark<P>[], current: Mark<P> | null, words: string): void {
    show(this.empty, words !== "");
    setText(this.empty, words);
    const typing = this.typing;
    const before = this.line;
    this.line = current;
    const there = new Set(lines.map(({ nr }) => nr));
    for (const [nr, { element }] of this.rows) {
      if (there.has(nr)) continue;
      element.remove();
      this.rows.delete(nr);
    }
    let place = this.empty.nextElementSibling;
    let left = AT_ONCE;
    lines.forEach((line, i) => {
      const known = this.rows.get(line.nr);
      if (!known && left-- <= 0 && line !== current) return;
      const row = known ?? this.made(line);
      this.drawRow(row, line, line === current, i, lines.length);
      if (place === row.element) place = place.nextElementSibling;
      else this.element.insertBefore(row.element, place);
    });
    clearTimeout(this.later);
    if (this.rows.size < lines.length)
      this.later = setTimeout(() => this.element.isConnected && this.draw(lines, current, words));
    if (!current) this.field.remove();
    else if (this.field.value !== current.text) this.field.value = current.text;
    this.grow();
    if (before?.nr !== current?.nr) this.reveal();
    if (typing && current && !this.typing) this.type(before?.nr !== current.nr);
  }

  private made(line: Mark<P>): Row<P> {
    const time = h("button", {
      class: "hitl-script-time hitl-number",
      attrs: { type: "button" },
      on: { click: () => this.on.go(row.line) },
    });
    const who = h("span", { class: "hitl-script-who", attrs: { dir: "auto" } });
    const text = h("div", { class: "hitl-script-text", attrs: { dir: "auto" } });
    const below = h("div", { class: "hitl-diff", attrs: { dir: "auto" } });
    const body = h("div", { class: "hitl-script-body" }, text, below);
    const element = h("div", { class: "hitl-script-line", attrs: { role: "group" } }, time, who, body);
    element.addEventListener("click", ({ target }) => {
      if ((target as HTMLElement).closest("button, textarea")) return;
      this.on.choose(row.line);
      this.type();
    });
    const row: Row<P> = { element, time, who, text, below, line, key: "" };
    this.rows.set(line.nr, row);
    return row;
  }

  private drawRow(row: Row<P>, line: Mark<P>, now: boolean, i: number, n: number): void {
    const { called, isIdea, draftOf, place, goes, one } = this.on;
    if (now && this.field.parentElement !== row.text.parentElement) row.text.before(this.field);
    const idea = isIdea(line);
    const key = `${idea} ${now} ${i} ${n}`;
    if (line === row.line && key === row.key) return;
    [row.line, row.key] = [line, key];
    const { name, color } = called(line);
    const [short, where] = place(line, i);
    const draft = draftOf(line);
    const changed = draft !== "" && draft.trim() !== line.text.trim();
    row.element.classList.toggle("hitl-idea", idea);
    row.element.classList.toggle("hitl-now", now);
    row.element.style.setProperty("--class", color);
    setText(row.time, short);
    row.time.title = `${goes} ${where}`;
    row.time.setAttribute("aria-label", `${goes} ${where}`);
    setText(row.who, name);
    const state = idea ? ", suggested" : "";
    const label = `${one} ${i + 1} of ${n}${name && `, ${name}`}${state}`;
    row.element.setAttribute("aria-label", label);
    if (now) {
      row.element.setAttribute("aria-current", "true");
      this.field.setAttribute("aria-label", `${label}, ${where}`);
    } else row.element.removeAttribute("aria-current");
    show(row.text, !now);
    setText(row.text, line.text || "no text yet");
    row.text.classList.toggle("hitl-blank", !line.text);
    row.below.replaceChildren(...(now && changed ? difference(draft, line.text) : []));
    row.element.classList.toggle("hitl-edited", changed && !now);
  }

  /** Makes the field as high as its text, if that has changed: to measure it, the page is laid out. */
  private grow(): void {
    const now = `${this.line?.nr} ${this.field.value}`;
    if (now === this.grown || !this.field.isConnected) return;
    this.grown = now;
    this.field.style.height = "auto";
    this.field.style.height = `${this.field.scrollHeight + 2}px`;
  }

  /** Scrolls to the selected segment, within the transcript only. */
  private reveal(): void {
    const row = this.line && this.rows.get(this.line.nr)?.element;
    if (!row) return;
    const [top, bottom] = [row.offsetTop, row.offsetTop + row.offsetHeight];
    const { scrollTop, clientHeight } = this.element;
    // The segments beside it stay in sight, too.
    const margin = Math.min(clientHeight / 4, 48);
    if (top - margin < scrollTop) this.element.scrollTop = top - margin;
    else if (bottom + margin > scrollTop + clientHeight)
      this.element.scrollTop = bottom + margin - clientHeight;
  }
}
