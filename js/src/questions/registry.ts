import type { LabelClass } from "../host/protocol";
import type { Item, Stage } from "../items/registry";
import { said } from "../ui/dom";
import type { Press } from "../ui/keys";

/** Class codes: positions in the question, ascending. */
export type Codes = readonly number[];

/** Everything that is specific to a kind of question. Answers are class codes. */
export type QuestionKind = {
  /** Whether an answer is composed of several classes and confirmed with Enter. */
  drafted: boolean;
  /** Applies a pressed class to the draft; if not `drafted`, the result is the answer. */
  press: (draft: Codes, code: number) => Codes;
  /** The answer in the form of the log. */
  answer: (codes: Codes, classes: readonly LabelClass[]) => Record<string, unknown>;
  /** The classes of an answer in the form of the log; null if one is not offered. */
  read: (answer: Readonly<Record<string, unknown>>, classes: readonly LabelClass[]) => Codes | null;
  /** The colour of an answer on the map, as an index of the legend, for one of the kernel's ways to colour. */
  shade: (codes: Codes, by: string, classes: readonly LabelClass[]) => number;
  /** Whether the classes are levels of a scale, shown in one row. */
  scale?: boolean;
};

/** An answer that is more than its classes: its form in the log, the classes in it, and what it is called. */
export type Composed = {
  answer: Record<string, unknown>;
  codes: Codes;
  words: string;
  blank: boolean;
  /** Whether the words need not be repeated on the button that gives the answer. */
  quiet?: boolean;
};

/** What the card provides to a {@link Composer}. */
export type Composing = {
  /** The item on the card; undefined for several items at once. */
  item: Item | undefined;
  stage: Stage;
  /** Presses a key of the item, such as play. */
  pressItem: Press;
  classes: readonly LabelClass[];
  settings: Readonly<Record<string, unknown>>;
  /** The answer to start with, in the form of the log; undefined for none. */
  answer?: Readonly<Record<string, unknown>>;
  /** A suggested answer, never mixed with the user's own; undefined for none. */
  suggested?: Readonly<Record<string, unknown>>;
  /** Whether suggestions are verified: Enter accepts them. */
  verify?: boolean;
  /** Why the suggestion is not an answer; empty if it is. */
  why?: string;
  /** What the card shows of the answer has changed; `mine`: the user has changed the answer (the default). */
  changed: (mine?: boolean) => void;
  /** Gives the answer, as Enter does. `clicks`: `detail` of the click event, 0 for keys. */
  give: (clicks?: number) => void;
  /** Shows an item that is a part of the item on the card. */
  render: (item: Item, stage: Stage) => HTMLElement;
  /** A number in [0, 1) that looks random, but is the same for this item and annotator. */
  chance: number;
  /** Announces something to screen readers. */
  say: (words: string) => void;
  /** Moves the focus back to the widget, so that its keys work. */
  leave: () => void;
};

/**
 * Composes an answer that is more than its classes. The file src/composers/<kind>.ts exports a function `compose` that
 * makes one; it is loaded when such a question is first shown.
 */
export type Composer = {
  /** The item with the answer on it, in place of the item. */
  element?: HTMLElement;
  /** What is filled in below the item. */
  fields?: HTMLElement;
  /** Handles the keys that it needs, before those of the card. */
  press: Press;
  /** Handles a pressed class. */
  pick: (code: number) => void;
  /** The classes whose buttons are pressed in. */
  picked: () => Codes;
  /** The answer as it stands, or why it cannot be given. */
  read: () => Composed | string;
  /**
   * What a class is called on this card, if it has another name there. Then the composer shows the classes itself, and
   * they have no buttons below it.
   */
  called?: (code: number) => string;
  /** Marks what the model guesses. Then the composer shows the classes itself, and there are no buttons below it. */
  guessed?: (codes: Codes) => void;
  /** What to keep of an answer that is not complete. */
  draft?: () => Composed["answer"];
  /** Goes to what is missing, once the user was told. */
  lead?: () => void;
  /** Whether something that is selected waits for a class. */
  waits?: () => boolean;
  /** Gives the focus to a field, if the user types the answer. */
  focus?: () => void;
  /** The keys, for the list of keys. */
  keys?: readonly (readonly [string, string])[];
};

export type ComposerModule = { compose: (on: Composing) => Composer };

const kinds = new Map<string, QuestionKind>();

export function registerQuestion(name: string, kind: QuestionKind): void {
  kinds.set(name, kind);
}

/** The kind with this name; undefined if it is unknown or its answers are {@link Composed}. */
export const questionOf = (name: string): QuestionKind | undefined => kinds.get(name);

/** The codes of classes by their ids, ascending; null if one is not offered. */
export function codesOf(ids: readonly unknown[], classes: readonly LabelClass[]): Codes | null {
  const codes = ids.map((id) => classes.findIndex((c) => c.id === id && !c.retired));
  return codes.includes(-1) ? null : codes.sort((a, b) => a - b);
}

/** The names of classes, or a text for none. */
export const namesOf = (codes: Codes, classes: readonly LabelClass[]): string =>
  codes.map((code) => classes[code]?.name ?? "").join(", ") || NONE;

/** The same, with the text direction of each name isolated. */
export const saidNames = (codes: Codes, classes: readonly LabelClass[]): (string | HTMLElement)[] =>
  codes.length ? codes.flatMap((code, i) => [i ? ", " : "", said(classes[code]?.name ?? "")]) : [NONE];

const NONE = "none of them";

/** The colours of classes side by side, as a CSS background. */
export function colourOf(codes: Codes, classes: readonly LabelClass[]): string {
  const colours = codes.map((code) => classes[code]?.color ?? "transparent");
  if (colours.length < 2) return colours[0] ?? "transparent";
  const step = 100 / colours.length;
  const stops = colours.map((colour, i) => `${colour} ${i * step}% ${(i + 1) * step}%`);
  return `linear-gradient(90deg, ${stops.join(", ")})`;
}
