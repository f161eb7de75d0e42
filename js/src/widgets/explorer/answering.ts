import type { ColouredClasses, LabelClass } from "../../host/protocol";
import { NONE } from "../../plot/look";
import { type Codes, namesOf, type QuestionKind, questionOf } from "../../questions/index";
import type { Coloured } from "./view";

export type AnsweringCallbacks = {
  /** The selected points are answered with these classes. */
  answer: (codes: Codes) => void;
  /** The draft has changed. */
  drafted: () => void;
};

/** The question, its classes and colours, and the answer that the map's own class buttons and keys make. */
export class Answering {
  classes: LabelClass[] = [];
  colours: Coloured = { ways: [], by: "", legend: [] };
  /** Whether answers are more than their classes: then they are given in the Labeler. */
  composed = false;
  private asks = "";
  private question: QuestionKind | undefined;
  private codes: Codes = [];

  constructor(private readonly on: AnsweringCallbacks) {}

  take({ classes, asks, composed, ways, by, legend }: Omit<ColouredClasses, "type">): void {
    this.classes = classes;
    this.composed = composed;
    this.asks = asks;
    this.question = questionOf(asks);
    this.colours = { ways, by, legend };
  }

  /** The classes chosen so far, if an answer can have several; otherwise null. */
  get draft(): Codes | null {
    return this.question?.drafted ? this.codes : null;
  }

  clear(): void {
    this.codes = [];
    this.on.drafted();
  }

  press(code: number): void {
    if (!this.question || !this.classes[code] || this.classes[code].retired) return;
    const codes = this.question.press(this.codes, code);
    if (this.question.drafted) {
      this.codes = codes;
      this.on.drafted();
    } else this.on.answer(codes);
  }

  give(): void {
    if (this.question) this.on.answer(this.codes);
  }

  isKey = (key: string): boolean => this.classes.some((c) => c.key === key);

  /** Presses the class of a key; returns whether there is one. */
  pressKey(key: string): boolean {
    const code = this.classes.findIndex((c) => c.key === key);
    if (code >= 0) this.press(code);
    return code >= 0;
  }

  /** An answer as the kernel takes it. */
  sent(codes: Codes): { value: string; answer: Record<string, unknown> | undefined } {
    return { value: this.names(codes), answer: this.question?.answer(codes, this.classes) };
  }

  names(codes: Codes): string {
    return namesOf(codes, this.classes);
  }

  /** The shade of an answer, null for a removed label. */
  shade(codes: Codes | null): number {
    // The model's next round has the exact one.
    if (codes && this.composed) return this.classes.length ? this.classShade(codes) : 0;
    return (codes && this.question?.shade(codes, this.colours.by, this.classes)) ?? NONE;
  }

  private classShade(codes: Codes): number {
    const { by, legend, ways } = this.colours;
    if (this.asks === "form" && !this.classes.some(({ id }) => id === by)) {
      const question = ways.find((way) => way.by === by)?.words;
      const names = codes.map((code) => this.classes[code].name);
      const shade = legend.findIndex(({ name }) => names.includes(`${question}: ${name}`));
      return shade < 0 ? legend.length - 1 : shade;
    }
    return by
      ? Number(codes.some((code) => this.classes[code].id === by))
      : Math.min(codes.length, legend.length - 1);
  }

  get palette(): string[] {
    return this.colours.legend.map(({ color }) => color);
  }
}
