import type { Composed, Composing } from "../../questions/registry";
import { count } from "../../ui/dom";
import { Timeline } from "./timeline";

/** A mark: its place, and the id of its class; "" while it has none. */
export type Mark<P> = { readonly at: P; readonly id: string };
export type Marked<P> = readonly Mark<P>[];

export type MarkingCallbacks<P> = {
  /** The name in the log. */
  name: string;
  one: string;
  many: string;
  read: (told: readonly unknown[]) => P;
  write: (at: P) => unknown[];
  /** Where a mark begins, from which the order follows in which they are walked. */
  start: (at: P) => readonly [number, number];
  /** Whether it does not fit the image, such as a mark on an earlier version of it. */
  stray: (at: P) => boolean;
  /** The place in words. */
  words: (at: P) => string;
  /** Something has to be drawn again. */
  draw: () => void;
};

/** The marks on an item, those that are suggested, and the one that keys change. */
export class Marking<P> {
  readonly line: Timeline<Marked<P>, Marked<P>>;
  suggested: Marked<P>;
  current: Mark<P> | null = null;
  /** The class of the next marks; -1 for none. */
  armed: number;
  /** Why something was refused. */
  failure: string;
  private readonly known: ReadonlyMap<string, { name: string; color: string }>;
  private readonly offered: number;
  /** The marks that suggestions take the place of once they are accepted. */
  private readonly instead = new Map<Mark<P>, Mark<P>>();
  /** What the last change was, if it can be continued. */
  private last = "";

  constructor(
    private readonly card: Composing,
    private readonly on: MarkingCallbacks<P>,
  ) {
    const offered = card.classes.filter((c) => !c.retired);
    this.offered = offered.length;
    this.armed = offered.length === 1 ? card.classes.indexOf(offered[0]) : -1;
    this.known = new Map(card.classes.map((c) => [c.id, c]));
    this.suggested = card.answer ? [] : this.from(card.suggested);
    this.line = new Timeline(this.from(card.answer), {
      get: () => this.suggested,
      set: (suggested) => {
        this.suggested = suggested;
      },
    });
    this.failure = card.why ?? "";
  }

  private from(answer: Readonly<Record<string, unknown>> | undefined): Marked<P> {
    const rows = (answer?.[this.on.name] ?? []) as unknown[][];
    return rows.map((row) => ({ at: this.on.read(row.slice(0, -1)), id: String(row.at(-1)) }));
  }

  get marks(): Marked<P> {
    return this.line.now;
  }

  isIdea = (mark: Mark<P>): boolean => this.suggested.includes(mark);
  nameOf = ({ id }: Mark<P>): string => (id ? (this.known.get(id)?.name ?? "a removed class") : "no class");
  colorOf = ({ id }: Mark<P>): string => this.known.get(id)?.color ?? "#8c8c8c";
  /** The class of the next mark. */
  get armedId(): string {
    return this.armed < 0 ? "" : this.card.classes[this.armed].id;
  }

  read(): Composed | string {
    const { name, one, many, write, stray } = this.on;
    const left = this.suggested.length;
    if (left && !this.card.verify)
      return `${count(left, "suggestion")} left: press = to accept, or Del to dismiss.`;
    const marks = [...this.line.now, ...this.suggested];
    const beyond = marks.filter(({ at }) => stray(at)).length;
    if (beyond)
      return `${count(beyond, one, many)} from an earlier version of the image ${
        beyond === 1 ? "does" : "do"
      } not fit it. Select with . and remove with Del.`;
    const bare = marks.filter(({ id }) => !id).length;
    if (bare)
      return `${count(bare, one, many)} without a class: select with . and press a class, or remove with Del.`;
    const ids = new Set(marks.map(({ id }) => id));
    return {
      answer: { [name]: marks.map(({ at, id }) => [...write(at), id]) },
      codes: this.card.classes.flatMap(({ id }, code) => (ids.has(id) ? [code] : [])),
      words: marks.length ? `with ${count(marks.length, one, many)}` : `no ${many}`,
      blank: !marks.length,
    };
  }

  /** The classes whose buttons are pressed in. */
  picked(): number[] {
    const code = this.current ? this.card.classes.findIndex(({ id }) => id === this.current?.id) : this.armed;
    return code < 0 ? [] : [code];
  }

  // -- changing

  /** Refuses something, and says why. */
  refuse(words: string): true {
    this.failure = words;
    this.on.draw();
    this.card.say(words);
    return true;
  }

  choose(mark: Mark<P> | null): void {
    this.last = "";
    this.failure = "";
    if (this.current === mark) return;
    this.current = mark;
    this.on.draw();
    // The buttons of the classes show that of the selected mark.
    this.card.changed();
  }

  add(at: P, id = this.armedId): void {
    const mark = { at, id };
    this.write([...this.line.now, mark], mark);
    this.card.say(
      id
        ? `${this.nameOf(mark)}, ${this.on.words(at)}`
        : `New ${this.on.one}: press a class. ${this.on.words(at)}`,
    );
  }

  /** Suggests a mark, in place of another one if that is given. */
  suggest(at: P, of: Mark<P> | null): void {
    const mark = { at, id: of?.id ?? this.armedId };
    if (of) this.instead.set(mark, of);
    this.suggested = [...this.suggested, mark];
    this.line.set(this.line.now);
    this.choose(mark);
    this.card.say(`Suggested: ${this.on.words(at)}. = accepts it.`);
  }

  /** Changes a mark, or removes it. Changes with the same name `as` right after each other are one step. */
  change(mark: Mark<P>, next: Mark<P> | null, as = ""): void {
    const gone = this.instead.get(mark);
    const rest = this.line.now.filter((one) => one !== mark && one !== gone);
    this.suggested = this.suggested.filter((one) => one !== mark);
    this.write(next ? [...rest, next] : rest, next, as);
  }

  private write(next: Marked<P>, current: Mark<P> | null, as = ""): void {
    if (as && as === this.last) this.line.amend(next);
    else this.line.set(next);
    this.last = as;
    this.current = current;
    this.failure = "";
    this.on.draw();
    this.card.changed();
  }

  private remove(): void {
    if (!this.current) return;
    if (this.isIdea(this.current)) {
      this.suggested = this.suggested.filter((one) => one !== this.current);
      this.line.set(this.line.now);
      this.choose(null);
      this.on.draw();
    } else this.change(this.current, null);
    this.card.say("Removed");
  }

  /** Dismisses all suggestions. */
  private dismiss(): void {
    this.card.say(`${count(this.suggested.length, "suggestion")} dismissed`);
    this.suggested = [];
    this.line.set(this.line.now);
    this.on.draw();
    this.card.changed();
  }

  /** Handles a pressed class: that of the selected mark, else of the next ones. */
  pick(code: number): void {
    const { id, name } = this.card.classes[code];
    if (this.current) {
      const accepted = this.isIdea(this.current);
      if (this.current.id === id && !accepted) return;
      this.change(this.current, { ...this.current, id });
      this.card.say(accepted ? `Accepted: ${name}` : `Now ${name}`);
      return;
    }
    this.armed = this.armed === code && this.offered > 1 ? -1 : code;
    this.on.draw();
    this.card.changed();
    this.card.say(this.armed < 0 ? "No class" : `Next: ${name}`);
  }

  /** Accepts the selected suggestion, else all of them. */
  accept(): boolean {
    if (!this.suggested.length) return false;
    if (this.current && this.isIdea(this.current)) {
      this.change(this.current, { ...this.current });
      this.card.say(`Accepted: ${this.nameOf(this.current)}`);
    } else {
      const all = this.suggested;
      this.suggested = [];
      const gone = all.map((mark) => this.instead.get(mark));
      this.write([...this.line.now.filter((mark) => !gone.includes(mark)), ...all], null);
      this.card.say(`${count(all.length, this.on.one, this.on.many)} accepted`);
    }
    return true;
  }

  /** Selects the next mark, or the one before, from top to bottom. */
  walk(forward: boolean): boolean {
    const starts = new Map(
      [...this.line.now, ...this.suggested].map((mark) => [mark, this.on.start(mark.at)]),
    );
    const all = [...starts].sort(([, a], [, b]) => a[1] - b[1] || a[0] - b[0]).map(([mark]) => mark);
    if (!all.length) return false;
    const at = this.current ? all.indexOf(this.current) : forward ? -1 : 0;
    const next = all[(at + (forward ? 1 : -1) + all.length) % all.length];
    this.choose(next);
    const [i, idea] = [all.indexOf(next) + 1, this.isIdea(next) ? "suggested " : ""];
    this.card.say(`${idea}${this.nameOf(next)}, ${i} of ${all.length}: ${this.on.words(next.at)}`);
    return true;
  }

  step(back: boolean): boolean {
    const before = this.line.now;
    if (!this.line.step(back)) return false;
    // What was brought back, or is as it was before, is what keys change next.
    const other = this.line.now.filter((mark) => !before.includes(mark));
    [this.current, this.failure, this.last] = [other.length === 1 ? other[0] : null, "", ""];
    this.on.draw();
    this.card.changed();
    this.card.say(back ? "Undone" : "Redone");
    return true;
  }

  /** Handles Escape: deselects, then forgets the class of the next marks. */
  leave(): boolean {
    if (this.current) this.choose(null);
    else if (this.armed >= 0 && this.offered > 1) {
      this.armed = -1;
      this.on.draw();
      this.card.changed();
    } else return false;
    return true;
  }

  /** Handles the keys that all kinds of marks have in common. */
  press(key: string, shift: boolean): boolean | "again" {
    if (key === "." || key === ",") return this.walk(key === ".") && "again";
    const removes = key === "Delete" || key === "Backspace";
    if (removes && this.current) this.remove();
    else if (removes && this.suggested.length) this.dismiss();
    else if (key === "=") return this.accept();
    else if (key === "z") return this.step(!shift);
    else if (key === "Escape") return this.leave();
    else return false;
    return true;
  }
}
