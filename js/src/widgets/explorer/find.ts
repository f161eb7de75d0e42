import "./find.css";
import type { FoundMessage, Slice } from "../../host/protocol";
import { count, focused, h, said, setText, show } from "../../ui/dom";
import { icon } from "../../ui/icons";
import { type KeepSlice, sliceForm } from "./slice";

const TYPING_MS = 150;
const WAITING = "\u2026";
const EARLY = "still searching, press again";
const HINT =
  "Words, \u201cphrases\u201d, /patterns/, class:name, predicted:name, doubt>0.6, column>value, unlabelled";

export type FindCallbacks = {
  /** Runs a query; a blank one clears the result. */
  find: (query: string) => void;
  keep: KeepSlice;
  /** The user is done here: return the focus to the items. */
  done: () => void;
  /** This key was pressed for a result that is not here yet, and does not count. */
  early: (key: string) => void;
};

export type FindField = {
  element: HTMLElement;
  focus: () => void;
  /** Shows a result, unless it is for an earlier query; returns whether it was shown. */
  show: (found: FoundMessage, n: number) => boolean;
  /** Runs a query as if it had been typed. */
  run: (query: string) => void;
  /** Shows the query of the next result, which was not typed. */
  adopt: () => void;
  clear: () => void;
  /** Clears the query and its result; returns false if there is none. */
  leave: () => boolean;
};

/** A field for words, patterns and conditions. Matching items are selected as the user types. */
export function findField(on: FindCallbacks, signal: AbortSignal): FindField {
  let asked = "";
  let leaving = false;
  let adopting = false;
  let typing: ReturnType<typeof setTimeout> | undefined;
  const input = h("input", {
    class: "hitl-find-input",
    attrs: {
      type: "text",
      placeholder: "Find",
      "aria-label": "Find items",
      autocomplete: "off",
      autocapitalize: "off",
      spellcheck: "false",
      enterkeyhint: "search",
      maxlength: 2000,
    },
    title: HINT,
  });
  const found = h("span", { class: "hitl-find-count hitl-number", attrs: { role: "status" } });
  const slash = h("kbd", { text: "/", title: "Key /" });
  const close = h("button", {
    class: "hitl-cross",
    text: "\u00d7",
    title: "Clear (Esc)",
    on: { click: () => leave() },
    attrs: { type: "button", "aria-label": "Clear the search", hidden: true },
  });
  const keep = h("button", {
    class: "hitl-link hitl-find-keep",
    text: "Keep",
    title: "Keep this search as a slice, with its counts and accuracy in the Monitor",
    on: { click: () => form.open(asked) },
    attrs: { type: "button", hidden: true },
  });
  const form = sliceForm({ keep: on.keep, kept, done: () => input.focus({ preventScroll: true }) }, signal);
  const parts = h("div", { class: "hitl-find-below hitl-faint", attrs: { hidden: true } });
  const why = h("div", { class: "hitl-find-below hitl-bad", attrs: { role: "alert", hidden: true } });
  const hint = h("div", { class: "hitl-find-below hitl-faint", text: HINT, attrs: { hidden: true } });
  const element = h(
    "div",
    { class: "hitl-find", attrs: { role: "search" } },
    h("label", { class: "hitl-find-box" }, icon("find"), input, found, keep, slash, close),
    hint,
    parts,
    why,
    form.element,
  );

  function ask(): void {
    clearTimeout(typing);
    const query = input.value.trim();
    if (query === asked) return;
    asked = query;
    adopting = false;
    draw();
    show(keep, false);
    form.close();
    if (query) found.textContent = WAITING;
    else forget();
    on.find(query);
  }

  /** Says that a search was kept, beside it while it is still there. */
  function kept({ name, query }: Pick<Slice, "name" | "query">): void {
    if (query !== asked) return;
    setText(found, `kept as “${name}”`);
    show(keep, false);
  }

  function forget(): void {
    setText(found, "");
    show(keep, false);
    form.close();
    show(parts, false);
    refuse("");
  }

  function refuse(words: string): void {
    setText(why, words);
    show(why, words !== "");
    input.setAttribute("aria-invalid", String(words !== ""));
  }

  function draw(): void {
    const blank = !input.value.trim();
    show(slash, blank && focused() !== input);
    show(close, !blank);
    show(hint, blank && focused() === input);
  }

  function leave(): true {
    input.value = "";
    ask();
    on.done();
    draw();
    return true;
  }

  input.addEventListener(
    "input",
    () => {
      clearTimeout(typing);
      leaving = false;
      typing = setTimeout(ask, TYPING_MS);
      draw();
    },
    { signal },
  );
  input.addEventListener(
    "keydown",
    (event) => {
      if (event.isComposing) return;
      if (event.key === "Escape") leave();
      else if (event.key === "Enter") {
        ask();
        // Before the result is there, a class key would apply to the old selection.
        if (found.textContent === WAITING) leaving = true;
        else if (asked && why.hidden) on.done();
      } else if (leaving && event.key.length === 1 && !event.ctrlKey && !event.metaKey) {
        // It is meant for the result, which the user has not seen yet.
        setText(found, EARLY);
        on.early(event.key);
      } else return;
      event.preventDefault();
      event.stopPropagation();
    },
    { signal },
  );
  for (const type of ["focus", "blur"] as const) input.addEventListener(type, draw, { signal });
  signal.addEventListener("abort", () => clearTimeout(typing));

  return {
    element,
    focus() {
      input.focus({ preventScroll: true });
      input.select();
    },
    show(message, n) {
      if (adopting) {
        adopting = false;
        input.value = asked = message.query;
        draw();
      }
      if (message.query !== asked) return false;
      setText(found, message.why ? "" : `${count(n, "item")} found`);
      refuse(message.why);
      show(keep, !message.why && !/(^|\s)-?slice:/.test(asked));
      const several = message.parts.length > 1;
      show(parts, several);
      if (several) {
        parts.replaceChildren(
          ...message.parts.flatMap(({ typed, n }, i) => [
            i ? " \u00b7 " : "",
            said(typed),
            ` ${n.toLocaleString("en")}`,
          ]),
        );
      }
      if (leaving && !message.why) on.done();
      leaving = false;
      return true;
    },
    run(query) {
      asked = ""; // the same query may find other items by now
      input.value = query;
      ask();
    },
    adopt() {
      clearTimeout(typing);
      adopting = true;
      setText(found, WAITING);
    },
    clear() {
      clearTimeout(typing);
      adopting = false;
      input.value = asked = "";
      forget();
      draw();
    },
    leave: () => input.value.trim() !== "" && leave(),
  };
}
