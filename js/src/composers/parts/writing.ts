import type { Composing } from "../../questions/registry";
import type { Mark, Marking } from "./marking";
import { Script } from "./script";

export type WritingCallbacks<P> = {
  one: string;
  many: string;
  placeholder: string;
  place: (line: Mark<P>, i: number) => readonly [string, string];
  choose: (line: Mark<P>) => void;
  /** What the button with the place does, and what that is called. */
  go: (line: Mark<P>) => void;
  goes: string;
  /** Another text is typed next. */
  moved: (line: Mark<P>) => void;
  /** Handles a key that is pressed together with Alt, before those that all marks have in common. */
  withAlt: (code: string, shift: boolean, line: Mark<P>) => boolean;
};

/** The texts of marks: typed one after the other, with keys for the rest while typing. */
export class Writing<P> {
  readonly script: Script<P>;
  /** The drafts of texts, by the number of the mark. */
  readonly drafts = new Map<number, string>();
  /** The classes that can be chosen. */
  private readonly offered: readonly string[];

  constructor(
    private readonly card: Composing,
    private readonly marking: Marking<P>,
    private readonly on: WritingCallbacks<P>,
  ) {
    this.offered = card.classes.flatMap(({ id, retired }) => (retired ? [] : id));
    this.script = new Script<P>({
      ...on,
      called: (line) => ({
        name: line.id ? marking.nameOf(line) : this.offered.length ? "?" : "",
        color: line.id || this.offered.length ? marking.colorOf(line) : "var(--hitl-accent)",
      }),
      isIdea: (line) => marking.isIdea(line),
      draftOf: ({ nr }) => this.drafts.get(nr) ?? "",
      typed: (line, text) => marking.type(line, text),
      key: (event, line) => this.key(event, line),
    });
  }

  /** Keeps the texts of what is suggested now, to show what is changed in them. */
  remember(): void {
    for (const { nr, text } of this.marking.suggested) if (text) this.drafts.set(nr, text);
  }

  draw(words: string): void {
    const { ordered, current } = this.marking;
    this.script.draw(ordered, current, ordered.length ? "" : words);
  }

  /** Selects a mark, and types into it. */
  type(line: Mark<P>): void {
    this.on.choose(line);
    this.script.type();
  }

  /** Accepts a text, and goes on to the next one. */
  private next(line: Mark<P>): void {
    if (this.marking.isIdea(line) && line.text.trim()) this.marking.acceptOne(line);
    // An accepted mark is another object, with the same number.
    if (!this.walk(line.nr, 1)) {
      this.card.say(`This is the last ${this.on.one}. Control Enter gives the answer.`);
      this.card.leave();
    } else if (this.marking.current) this.on.moved(this.marking.current);
  }

  /** Selects the mark before or after another one; returns whether there is one. */
  private walk(nr: number, by: number): boolean {
    const { ordered } = this.marking;
    const to = ordered[ordered.findIndex((line) => line.nr === nr) + by];
    if (to) this.type(to);
    return to !== undefined;
  }

  /** Does something to a mark, and goes on to what is selected then, else to what takes its place. */
  private instead(line: Mark<P>, act: () => void): void {
    const i = this.marking.ordered.indexOf(line);
    act();
    const { current, ordered } = this.marking;
    const to = current ?? ordered[Math.min(i, ordered.length - 1)];
    if (to) this.type(to);
    else this.card.leave();
  }

  /** Gives a mark the next class, or the one before; after the last one none, if that is possible. */
  private turn(line: Mark<P>, by: number): void {
    const { marking, offered } = this;
    const ids = marking.bare ? ["", ...offered] : offered;
    if (!offered.length) {
      marking.refuse("There is nothing to choose from yet: see “Edit classes” below.");
      return;
    }
    const from = ids.indexOf(line.id);
    marking.relabel(line, ids[(from + by + ids.length) % ids.length]);
    if (marking.current) this.card.say(marking.nameOf(marking.current));
  }

  private key(event: KeyboardEvent, line: Mark<P>): void {
    if (event.isComposing) return;
    const { card } = this;
    const chord = event.ctrlKey || event.metaKey;
    if (event.key === "Enter" && chord) card.give();
    else if (event.key === "Enter" && event.altKey) this.on.go(line);
    else if (event.key === "Enter" && !event.shiftKey) this.next(line);
    else if (event.key === "Escape") card.leave();
    else if (!event.altKey || chord || !this.withAlt(event.code, event.shiftKey, line)) return;
    event.preventDefault();
    event.stopPropagation();
  }

  private withAlt(code: string, shift: boolean, line: Mark<P>): boolean {
    if (this.on.withAlt(code, shift, line)) return true;
    if (code === "ArrowUp" || code === "ArrowDown") this.walk(line.nr, code === "ArrowUp" ? -1 : 1);
    else if (code === "KeyP") this.turn(line, shift ? -1 : 1);
    else if (code === "KeyZ") this.instead(line, () => this.marking.step(!shift));
    else if (code === "Delete") this.instead(line, () => this.marking.press("Delete", false));
    else return false;
    return true;
  }
}
