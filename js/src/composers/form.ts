import "./form.css";
import type { Composed, Composer, Composing } from "../questions/registry";
import { focused, h, setText, show } from "../ui/dom";
import { type Asked, asked, type Part, startOf, type Value } from "./parts/asked";
import { Timeline } from "./parts/timeline";

type Values = ReadonlyMap<string, Value>;

/** Longer words are shortened where an answer is named. */
const MOST = 48;

/** Several questions below each other; class keys answer the current one. */
export function compose(on: Composing): Composer {
  const { say, changed, leave } = on;
  const parts = (on.settings.questions ?? []) as Part[];
  const line = new Timeline<Values>(new Map(parts.map((part) => [part.name, first(part)])));
  let touched = false;
  /** The question that was typed into last, without another change since. */
  let typing = "";
  const all: Asked[] = parts.map((part) =>
    asked(part, held(part.name), on, {
      change: (value, how) => change(part.name, value, how),
      enter: () => enter(part.name),
    }),
  );
  const note = h("div", { class: "hitl-bad", attrs: { role: "alert", hidden: !on.why } });
  setText(note, on.why ?? "");
  const element = h("div", { class: "hitl-form" }, note, ...all.map((one) => one.element));
  let seen = visible();
  let current = seen[0];

  function first(part: Part): Value {
    // What is corrected is the user's own answer from the start, with defaults where nothing is suggested.
    if (!on.answer || on.answer === on.suggested) {
      const start = startOf(part, on.suggested);
      return on.answer && start.from === "suggested" ? { answer: start.answer } : start;
    }
    const { form = {}, from = {} } = on.answer as { form?: Record<string, object>; from?: object };
    const answer = form[part.name] as Value["answer"];
    const how = (from as Record<string, Value["from"]>)[part.name];
    return answer ? { answer, ...(how ? { from: how } : {}) } : {};
  }

  function held(name: string): Value {
    return line.now.get(name) ?? {};
  }

  /** The questions that are asked, given the answers to earlier ones. */
  function visible(): Asked[] {
    const given = new Map<string, readonly string[]>();
    return all.filter((one) => {
      const { name, when } = one.part;
      const holds = Object.entries(when).every(([other, ids]) =>
        given.get(other)?.some((id) => ids.includes(id)),
      );
      if (holds) given.set(name, one.ids(held(name)));
      return holds;
    });
  }

  // -- changing

  function change(
    name: string,
    value: Value,
    { words, onward, typing: typed }: { words: string; onward?: boolean; typing?: boolean },
  ): void {
    const next = new Map(line.now).set(name, value);
    if (typed && typing === name) line.amend(next);
    else line.set(next);
    typing = typed ? name : "";
    touched = true;
    const news = refresh();
    const here = seen.findIndex((one) => one.part.name === name);
    const after = onward ? seen[here + 1] : undefined;
    current = after ?? seen[Math.max(0, here)];
    draw();
    changed();
    const told = [words, news, after ? `Next: ${after.title}` : ""].filter(Boolean).join(". ");
    if (told) say(told);
    if (after) reveal(after);
  }

  /** Shows the questions that are asked now; returns what has appeared or vanished, in words. */
  function refresh(): string {
    const before = seen;
    seen = visible();
    const titles = (some: Asked[], others: Asked[]): string =>
      some.flatMap((one) => (others.includes(one) ? [] : [one.title])).join(", ");
    const [came, went] = [titles(seen, before), titles(before, seen)];
    for (const one of seen) one.element.classList.toggle("hitl-ask-appears", !before.includes(one));
    return [came && `Also asked: ${came}`, went && `No longer asked: ${went}`].filter(Boolean).join(". ");
  }

  function step(back: boolean): boolean {
    const before = line.now;
    if (!line.step(back)) return false;
    typing = "";
    const news = refresh();
    const other = seen.find(({ part }) => before.get(part.name) !== held(part.name));
    current = other ?? (seen.includes(current) ? current : seen[0]);
    draw();
    changed();
    leave();
    say([back ? "Undone" : "Redone", news, current.title].filter(Boolean).join(". "));
    return true;
  }

  // -- moving

  function enter(name: string): void {
    const found = seen.find(({ part }) => part.name === name);
    if (!found || found === current) return;
    current = found;
    draw();
  }

  /** Goes to another question. */
  function go(to: Asked, words = to.title): void {
    current = to;
    draw();
    say(words);
    reveal(to);
  }

  function reveal(to: Asked): void {
    to.element.scrollIntoView({ block: "nearest" });
    if (to.focus) to.focus();
    else leave();
  }

  function move(by: number): boolean {
    const to = seen[seen.indexOf(current) + by];
    if (to) go(to);
    return to !== undefined;
  }

  /** Whether keys are meant for the questions, not for a button elsewhere. */
  function here(): boolean {
    const at = focused();
    return !at || at.contains(element) || element.contains(at);
  }

  // Fields get no other keys: see ui/keys.ts.
  element.addEventListener("keydown", (event) => {
    const field = (event.target as HTMLElement).closest("input, textarea");
    if (!field || event.isComposing || event.ctrlKey || event.metaKey || event.altKey) return;
    const by = { ArrowUp: -1, ArrowDown: 1, Tab: event.shiftKey ? -1 : 1 }[event.key];
    if (!by || (event.key !== "Tab" && field.matches("textarea"))) return;
    if (!move(by)) return;
    event.preventDefault();
    event.stopPropagation();
  });

  // -- reading

  /** The first question without an answer, and why one is needed. */
  function gap(): [Asked, string] | null {
    const from = seen.indexOf(current);
    for (const one of [...seen.slice(from), ...seen.slice(0, from)]) {
      const wrong = one.wrong();
      if (wrong) return [one, wrong];
      const { answer } = held(one.part.name);
      if (answer ? one.codes(held(one.part.name)) === null : one.part.required) return [one, one.missing()];
    }
    return null;
  }

  function read(): Composed | string {
    const lacks = gap();
    if (lacks) return lacks[1];
    const given = seen.filter((one) => held(one.part.name).answer);
    const words = given.map((one) => one.words(held(one.part.name))).join(", ");
    return {
      answer: { form: answers() },
      codes: given.flatMap((one) => one.codes(held(one.part.name)) ?? []).sort((a, b) => a - b),
      words: words.length > MOST ? `${words.slice(0, MOST - 1)}…` : words || "no answers",
      blank: !touched || !given.length,
      quiet: !touched && given.length > 0,
    };
  }

  function answers(): Record<string, unknown> {
    const given = seen.map(({ part }) => [part.name, held(part.name).answer] as const);
    return Object.fromEntries(given.filter(([, answer]) => answer));
  }

  function draw(): void {
    for (const one of all) {
      show(one.element, seen.includes(one));
      one.draw(held(one.part.name), one === current);
    }
  }

  draw();
  return {
    fields: element,
    press(key, shift) {
      if (key === "z") return step(!shift);
      const by = { ArrowUp: -1, ArrowDown: 1, Tab: shift ? -1 : 1 }[key];
      if (by && (key === "Tab" || !shift)) return here() && move(by) && "again";
      return current.press(key, shift);
    },
    pick: () => undefined,
    picked: () => [],
    read,
    draft: () => {
      const from = seen.map(({ part }) => [part.name, held(part.name).from] as const);
      return { form: answers(), from: Object.fromEntries(from.filter(([, how]) => how)) };
    },
    lead() {
      const lacks = gap();
      if (lacks) go(lacks[0], lacks[1]);
    },
    guessed: (codes) => {
      for (const one of all) one.guessed(codes);
    },
    focus: () => (current.focus ? current.focus() : leave()),
    keys: [
      ["A–Z 1–9", "answer the current question"],
      ["Tab ↓", "the next question; with ⇧, or ↑, the one before"],
      ["⏎", "give the answers"],
      ["⌫", "clear the answer to the current question"],
      ["Z ⇧Z", "undo and redo in this item"],
      ...all.flatMap(({ part, keys }) => (part.kind === "number" ? keys : [])).slice(0, 2),
    ],
  };
}
