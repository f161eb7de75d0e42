import "./why.css";
import type { Ask, LabelClass, Spoken, WhyMessage } from "../../host/protocol";
import { link } from "../../ui/button";
import { h, percent, said, show } from "../../ui/dom";
import { onKey } from "../../ui/keys";
import { type TextMark, textMarks } from "../../ui/marks";
import { Offsets } from "../../ui/offsets";
import { type StrikeCallbacks, strikesView } from "./strikes";

type Subject = Pick<Ask, "row" | "key" | "guess">;

/** The names under which the style sheet knows parts of a text, by how much they speak for the guess. */
const [FOR, AGAINST] = [["hitl-why-1", "hitl-why-2", "hitl-why-3"], "hitl-why-against"];
/** A part of the reasons below this share is not named. */
const LEAST = 0.03;
const PARTS: Record<string, string> = {
  words: "its words",
  columns: "its columns",
  features: "its features",
  neighbours: "similar items",
  trees: "single columns",
  rest: "the rest",
};

export type BecauseCallbacks = {
  /** Asks why the model prefers the first class to the second; by default its guess to the next. */
  ask: (row: number, codes: number[]) => void;
  /** Opens a labelled item. */
  open: (row: number) => void;
  /** Whether each item is explained. */
  always: (on: boolean) => void;
} & StrikeCallbacks;

/** Why the model guesses what it guesses for the item on the card: below it, and in its text. */
export function becauseView(card: HTMLElement, on: BecauseCallbacks, always: boolean, signal: AbortSignal) {
  let subject: Subject | null = null;
  let wanted = always;
  const mark = textMarks(card, signal);
  const body = h("div", { class: "hitl-because-body", attrs: { role: "status" } });
  const keep = h("input", { attrs: { type: "checkbox" } });
  keep.checked = always;
  keep.addEventListener("change", () => {
    on.always(keep.checked);
    wanted = keep.checked || wanted;
  });
  const strikes = strikesView(card, body, on, signal);
  const close = link("hide", hide);
  const element = h(
    "div",
    { class: "hitl-because", attrs: { hidden: true } },
    h("div", { class: "hitl-because-main" }, body, strikes.confirm, strikes.list),
    h("div", { class: "hitl-because-side" }, h("label", {}, keep, "for each item"), close),
  );
  onKey(element, strikes.press, signal);

  const unmark = (): void => mark(() => []);

  function hide(): void {
    wanted = false;
    keep.checked = false;
    on.always(false);
    unmark();
    show(element, false);
  }

  const ask = (about: Subject): void => on.ask(about.row, pairOf(about));

  function request(): void {
    if (!subject) return;
    body.replaceChildren(h("span", { class: "hitl-faint", text: "Looking for the reasons" }));
    show(element, true);
    ask(subject);
  }

  return {
    element,
    /** Shows or hides the reasons; returns whether there is an item. */
    toggle(): boolean {
      if (!subject) return false;
      if (element.hidden) {
        wanted = true;
        request();
      } else hide();
      return true;
    },
    /** The item on the card is another one, or its model or label has changed. */
    update(now: Subject | null): void {
      unmark();
      strikes.update();
      const same = now !== null && subject?.key === now.key;
      subject = now;
      if (!same && !keep.checked) wanted = false;
      if (now && wanted) request();
      else show(element, false);
    },
    /** The guess for the item may have changed. */
    know(now: Subject | null): void {
      if (!subject || now?.key !== subject.key) return;
      const same = String(pairOf(now)) === String(pairOf(subject));
      subject = now;
      if (!same && !element.hidden) ask(now);
    },
    /** Asks again, because the model has changed. */
    renew(): void {
      if (subject && !element.hidden) ask(subject);
    },
    came(message: WhyMessage, classes: readonly LabelClass[]): void {
      if (!subject || message.row !== subject.row || element.hidden) return;
      const refocus = strikes.renew();
      const older = subject.guess?.codes.length && subject.guess.codes[0] !== message.code;
      body.replaceChildren(
        ...(message.missing
          ? [h("span", { text: message.missing })]
          : lines(message, classes, on, strikes.button, Boolean(older))),
      );
      refocus();
      mark((text) => placesIn(text, message));
    },
    /** Goes to the words, to strike one out; returns whether there is an item. */
    enter(): boolean {
      if (!subject) return false;
      if (element.hidden) {
        wanted = true;
        request();
      }
      strikes.enter();
      return true;
    },
    struck: strikes.now,
    effect: strikes.effect,
  };
}

/** The two classes that the guess is between. */
const pairOf = ({ guess }: Subject): number[] => (guess?.shares ?? []).slice(0, 2).map(([code]) => code);

/** The reasons in words. */
function lines(
  message: WhyMessage,
  classes: readonly LabelClass[],
  on: BecauseCallbacks,
  button: (word: Spoken) => HTMLElement,
  older: boolean,
): HTMLElement[] {
  const name = (code: number): string => classes[code]?.name ?? "";
  const parts = [...message.parts].sort((a, b) => Math.abs(b.share) - Math.abs(a.share));
  const told = parts
    .filter(({ share }) => Math.abs(share) >= LEAST)
    .map(
      ({ name, share }) => `${PARTS[name] ?? name} ${percent(Math.abs(share))}${share < 0 ? " against" : ""}`,
    );
  const found = [
    h(
      "div",
      {},
      h(
        "span",
        { class: "hitl-because-head" },
        said(name(message.code)),
        " rather than ",
        said(name(message.other)),
      ),
      h("span", { class: "hitl-faint hitl-number", text: told.join(" \u00b7 ") }),
      older
        ? h("span", { class: "hitl-faint", text: " \u00b7 by a newer model than the guess above" })
        : null,
    ),
  ];
  const worded = (label: string, words: readonly Spoken[]): HTMLElement =>
    h(
      "span",
      { attrs: { role: "group", "aria-label": `Words ${label} it` } },
      h("span", { class: "hitl-faint", text: label }),
      ...words.flatMap((word) => [" ", button(word)]),
    );
  if (message.words.length || message.against.length)
    found.push(
      h(
        "div",
        { class: "hitl-because-words" },
        message.words.length ? worded("for", message.words) : null,
        message.against.length ? worded("against", message.against) : null,
      ),
    );
  if (message.beside.length)
    found.push(
      h(
        "div",
        { class: "hitl-because-beside" },
        h("span", { class: "hitl-faint", text: "labelled nearby" }),
        ...message.beside.map(({ row, words, code, share }) =>
          h(
            "button",
            {
              class: "hitl-link",
              title: `Open this item (${percent(share)} of the labels nearby)`,
              attrs: { type: "button" },
              on: { click: () => on.open(row) },
            },
            said(words || `item ${row + 1}`),
            h("span", { class: "hitl-because-class" }, said(name(code))),
          ),
        ),
      ),
    );
  return found;
}

/** What is underlined in a text, which may be cut. */
function placesIn(text: string, { places }: WhyMessage): TextMark[] {
  const offsets = new Offsets(text);
  return places.flatMap(({ start, end, strength }): TextMark[] => {
    const until = offsets.position(end);
    const name = strength < 0 ? AGAINST : FOR[Math.min(2, Math.floor(3 * strength))];
    return until > text.length ? [] : [[offsets.position(start), until, name]];
  });
}
