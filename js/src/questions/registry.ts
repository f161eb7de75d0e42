import type { LabelClass } from "../host/protocol";
import { said } from "../ui/dom";

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
  /** The colour of an answer on the map, as an index of the legend, for one of the kernel's ways to colour. */
  shade: (codes: Codes, by: string, classes: readonly LabelClass[]) => number;
  /** Whether the classes are levels of a scale, shown in one row. */
  scale?: boolean;
};

const kinds = new Map<string, QuestionKind>();

export function registerQuestion(name: string, kind: QuestionKind): void {
  kinds.set(name, kind);
}

/** The kind with this name; undefined if it is unknown, and then nothing can be answered. */
export const questionOf = (name: string): QuestionKind | undefined => kinds.get(name);

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
