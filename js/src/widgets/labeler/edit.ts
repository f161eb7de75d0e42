import "./edit.css";
import type { Ask, FlipMessage, LabelClass, SourceMessage, TriedMessage } from "../../host/protocol";
import { keyed } from "../../ui/button";
import { count, focused, h, percent, said, setParts, show } from "../../ui/dom";
import { onTyping } from "../../ui/keys";

type Subject = Pick<Ask, "row" | "key">;
type Shares = readonly (readonly [number, number])[];
type Parts = (string | HTMLElement)[];

/** What was edited: a text, or the cells of a table row that were changed. */
export type Edited = { text: string } | { cells: Record<string, string> };

export type EditCallbacks = {
  /** Asks for the item in the form in which it is edited. */
  source: (row: number) => void;
  /** Asks for the guess for an edited item; returns the id of the request. */
  guess: (row: number, edited: Edited) => string;
  /** Asks for the smallest change that flips the guess. */
  flip: (row: number) => void;
  /** Keeps the edited item with a class; `labelled`: whether the item itself has a label. */
  keep: (key: string, of: LabelClass, edited: Edited, labelled: boolean) => void;
  say: (words: string) => void;
  /** Moves the focus back to the widget. */
  leave: () => void;
};

/** How long after the last key the guess is asked for. */
const PAUSE_MS = 120;
const NOTHING = "Nothing is changed yet.";
const HIDDEN = "The model\u2019s guess is hidden.";

/** Edits the item on the card, in its place, and says what the model guesses for the edited one. */
export function editView(card: HTMLElement, on: EditCallbacks, signal: AbortSignal) {
  let subject: Subject | null = null;
  let classes: readonly LabelClass[] = [];
  let guesses = true;
  let labelled = false;
  let ready = false;
  /** The values before, and the fields: one without a name for a text. */
  let fields: [name: string, before: string, field: HTMLInputElement | HTMLTextAreaElement][] = [];
  let timer: ReturnType<typeof setTimeout> | undefined;
  /** The request in flight, and whether something was typed since. */
  let asked = "";
  let again = false;
  signal.addEventListener("abort", () => clearTimeout(timer));

  const body = h("div", { class: "hitl-rewrite-body" });
  const status = h("div", { class: "hitl-rewrite-guess", attrs: { role: "status" } });
  const swaps = h("div", { class: "hitl-rewrite-swaps" });
  const suggest = keyed("\u21e7E", "smallest change", "Change as little as flips the guess", flip);
  const close = keyed("Esc", "leave", "Leave the item as it is", () => leave());
  const hint = h("span", { class: "hitl-faint" });
  const element = h(
    "div",
    { class: "hitl-rewrite", attrs: { role: "group", "aria-label": "Edit the item", hidden: true } },
    body,
    h("div", { class: "hitl-rewrite-said" }, status, swaps),
    h("div", { class: "hitl-rewrite-foot" }, hint, suggest, close),
  );
  element.addEventListener("focusin", tellKeys);
  element.addEventListener("focusout", () => queueMicrotask(tellKeys));
  onTyping(body, ({ key, shiftKey }) => {
    if (key === "Escape") leave();
    else if (key === "Enter" && !shiftKey) on.leave();
    else return false;
    return true;
  });

  const isOpen = (): boolean => !element.hidden;
  const isTyping = (): boolean => fields.some(([, , field]) => field === focused());

  function tellKeys(): void {
    const typing = isTyping();
    const [one] = fields;
    const lines = one?.[2] instanceof HTMLTextAreaElement ? ", Shift+Enter a new line" : "";
    const words = typing ? `Enter ends typing${lines}` : "A class keeps it; Enter goes on typing";
    hint.textContent = ready ? words : "";
  }

  /** Opens the editor; if it is open, fills in the smallest change. Returns whether there is an item. */
  function open(): boolean {
    if (!subject) return false;
    if (isOpen()) {
      flip();
      return true;
    }
    forget();
    tell(["Loading the item"]);
    show(element, true);
    show(card, false);
    on.source(subject.row);
    return true;
  }

  function leave(focus = true): void {
    forget();
    show(element, false);
    show(card, true);
    if (focus) on.leave();
  }

  function forget(): void {
    clearTimeout(timer);
    [fields, ready, asked, again] = [[], false, "", false];
    body.replaceChildren();
    swaps.replaceChildren();
    for (const one of [body, suggest]) show(one, false);
    tellKeys();
  }

  function tell(parts: Parts, flipped = false): void {
    setParts(status, ...parts);
    element.toggleAttribute("data-flipped", flipped);
  }

  /** What was edited; null if nothing is changed. */
  function edited(): Edited | null {
    const changed = fields.filter(([, before, field]) => field.value !== before);
    if (!changed.length) return null;
    if (changed[0][2] instanceof HTMLTextAreaElement) return { text: changed[0][2].value };
    return { cells: Object.fromEntries(changed.map(([name, , field]) => [name, field.value])) };
  }

  function typed(): void {
    swaps.replaceChildren();
    for (const [, before, field] of fields) field.toggleAttribute("data-changed", field.value !== before);
    clearTimeout(timer);
    if (!edited()) tell([NOTHING]);
    else if (!guesses) tell([HIDDEN]);
    else if (asked) again = true;
    else timer = setTimeout(ask, PAUSE_MS);
  }

  function ask(): void {
    const now = edited();
    if (!subject || !now) return;
    again = false;
    asked = on.guess(subject.row, now);
  }

  function flip(): void {
    if (!subject || !ready) return;
    if (!guesses) {
      tell(["The model\u2019s guess is hidden: show it first, below."]);
      return;
    }
    clearTimeout(timer);
    tell(["Looking for the smallest change"]);
    on.flip(subject.row);
  }

  /** Shows the fields of an item. */
  function fill(message: SourceMessage): void {
    const changes = { input: typed };
    if (message.text !== null) {
      const field = h("textarea", {
        class: "hitl-field hitl-rewrite-text",
        attrs: { dir: "auto", maxlength: 20_000, spellcheck: "false", "aria-label": "Text" },
        on: changes,
      });
      field.value = message.text;
      fields = [["", field.value, field]];
      body.replaceChildren(field);
      field.setSelectionRange(field.value.length, field.value.length);
    } else {
      fields = message.cells.map(([name, value]) => {
        const field = h("input", {
          class: "hitl-field",
          attrs: { type: "text", maxlength: 4000, dir: "auto", autocomplete: "off", spellcheck: "false" },
          on: changes,
        });
        field.value = value;
        return [name, field.value, field];
      });
      const rows = fields.map(([name, , field]) => h("label", {}, said(name), field));
      const more = message.more && h("div", { class: "hitl-faint", text: moreWords(message.more) });
      body.replaceChildren(...rows, ...(more ? [more] : []));
    }
  }

  return {
    element,
    open,
    /** The item on the card, if it can be edited; another one ends the editing. */
    update(now: Subject | null, all: readonly LabelClass[], showGuess: boolean): void {
      [classes, guesses] = [all, showGuess];
      if (now?.key === subject?.key) return;
      if (isOpen()) leave(element.contains(focused()));
      subject = now;
    },
    /** Handles a key while the editor is open; those of classes are left to others, and `?`. */
    press(key: string, shift: boolean): boolean {
      if (!isOpen()) return false;
      if (key === "Escape") leave();
      else if (key === "Enter") fields[0]?.[2].focus();
      else if (key === "e" && shift) flip();
      else return !(key === "?" || classes.some((c) => c.key === key));
      return true;
    },
    /** Keeps the edited item with a class; returns whether the editor is open, and the class not meant for the item. */
    keep(code: number): boolean {
      if (!isOpen()) return false;
      const [now, of] = [edited(), classes[code]];
      if (!subject || !ready || !of || of.retired) return true;
      if (!now) {
        tell([NOTHING]);
        on.say(`${NOTHING} Press Escape to label the item itself.`);
        return true;
      }
      const { key } = subject;
      leave();
      on.keep(key, of, now, labelled);
      return true;
    },
    source(message: SourceMessage): void {
      if (!isOpen() || message.row !== subject?.row || ready) return;
      if (message.missing) {
        tell([message.missing]);
        on.leave();
        return;
      }
      [ready, labelled] = [true, message.labelled];
      for (const one of [body, suggest]) show(one, true);
      fill(message);
      tell([NOTHING]);
      fields[0]?.[2].focus({ preventScroll: true });
      tellKeys();
    },
    guess(message: TriedMessage): void {
      if (!isOpen() || message.id !== asked) return;
      asked = "";
      if (again) ask();
      if (!edited() || again) return;
      if (message.missing) tell([message.missing]);
      else tell(...guessWords(message.shares, message.was, classes));
    },
    flip(message: FlipMessage): void {
      if (!isOpen() || !ready || message.row !== subject?.row) return;
      if (message.missing) {
        tell([message.missing]);
        return;
      }
      for (const [name, before, field] of fields) field.value = message.text ?? message.cells[name] ?? before;
      typed();
      setParts(swaps, ...message.swaps.flatMap((one, i) => [i ? ", " : "", ...swapWords(one)]));
      clearTimeout(timer);
      ask();
    },
  };
}

const moreWords = (n: number): string => `${count(n, "more column")}, which can be edited in Python.`;

/** The guess for the edited item, and whether it is another one. */
function guessWords(shares: Shares, was: Shares, classes: readonly LabelClass[]): [Parts, boolean] {
  const name = ([code, share]: Shares[number]): Parts => [
    said(classes[code]?.name ?? ""),
    ` (${percent(share)})`,
  ];
  const flipped = shares[0][0] !== was[0][0];
  const before = was.find(([code]) => code === shares[0][0]) ?? was[0];
  if (flipped) return [["The guess is now ", ...name(shares[0]), ", no longer ", ...name(was[0])], true];
  return [["Model: ", ...name(shares[0]), `, before ${percent(before[1])}`], false];
}

function swapWords({ column, before, after }: FlipMessage["swaps"][number]): Parts {
  if (column) return [said(column), ": ", said(before || "empty"), " \u2192 ", said(after || "empty")];
  if (!after) return ["without ", said(before)];
  return before ? [said(before), " \u2192 ", said(after)] : ["with ", said(after)];
}
