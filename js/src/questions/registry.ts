import type { LabelClass } from "../host/protocol";
import { said } from "../ui/dom";

/** Codes of classes: their places in the question, ascending. */
export type Codes = readonly number[];

/** All that only this kind of question knows; `asks` of a session names it. An answer is given as codes of classes. */
export type QuestionKind = {
  /** Whether an answer is put together, and given with Enter. */
  drafted: boolean;
  /** What the class that was pressed makes of the draft; where it is not drafted, that is the answer. */
  press: (draft: Codes, code: number) => Codes;
  /** What the log is told. */
  answer: (codes: Codes, classes: readonly LabelClass[]) => Record<string, unknown>;
  /** The shade of the map that an answer has, where it is coloured in one of the kernel's ways. */
  shade: (codes: Codes, by: string, classes: readonly LabelClass[]) => number;
  /** Whether the classes are steps of a scale, in one row. */
  scale?: boolean;
};

const kinds = new Map<string, QuestionKind>();

export function registerQuestion(name: string, kind: QuestionKind): void {
  kinds.set(name, kind);
}

/** The kind of this name; where this page does not know it, nothing can be answered. */
export const questionOf = (name: string): QuestionKind | undefined => kinds.get(name);

/** The names of classes, or that there are none. */
export const namesOf = (codes: Codes, classes: readonly LabelClass[]): string =>
  codes.map((code) => classes[code]?.name ?? "").join(", ") || NONE;

/** The same, each name kept apart from the words around it. */
export const saidNames = (codes: Codes, classes: readonly LabelClass[]): (string | HTMLElement)[] =>
  codes.length ? codes.flatMap((code, i) => [i ? ", " : "", said(classes[code]?.name ?? "")]) : [NONE];

const NONE = "none of them";

/** The colours of classes side by side, for a dot. */
export function colourOf(codes: Codes, classes: readonly LabelClass[]): string {
  const colours = codes.map((code) => classes[code]?.color ?? "transparent");
  if (colours.length < 2) return colours[0] ?? "transparent";
  const step = 100 / colours.length;
  const stops = colours.map((colour, i) => `${colour} ${i * step}% ${(i + 1) * step}%`);
  return `linear-gradient(90deg, ${stops.join(", ")})`;
}
