import type { Composed, Composer, Composing } from "../../questions/registry";
import { count } from "../../ui/dom";
import { Timeline } from "./timeline";

/**
 * A mark: its place, the id of its class ("" while it has none), its text, a number that stays the same, and on a video the
 * frame.
 */
export type Mark<P> = {
  readonly at: P;
  readonly id: string;
  readonly text: string;
  readonly nr: number;
  readonly frame?: number;
};
/** What is new about a mark. */
export type NewMark<P> = Omit<Mark<P>, "nr">;
export type Marked<P> = readonly Mark<P>[];

/** A relation from one mark to another, by their numbers. Without one of its marks, it is not there. */
export type Link = { readonly from: number; readonly to: number; readonly type: string };

/** Everything that undo brings back. Suggestions are never mixed with the marks of the user. */
type State<P> = {
  readonly marks: Marked<P>;
  readonly suggested: Marked<P>;
  readonly links: readonly Link[];
  readonly suggestedLinks: readonly Link[];
};

/** The frames of a video, on each of which there may be marks. */
export type Frames<P> = {
  now: () => number;
  n: () => number;
  go: (frame: number) => void;
  /** Seconds at which a frame starts. */
  time: (frame: number) => number;
  /** How far apart two places are. */
  apart: (a: P, b: P) => number;
  /** The place that is a share of the way from one to the other. */
  between: (a: P, b: P, share: number) => P;
};

export type MarkingCallbacks<P> = {
  /** The name in the log. */
  name: string;
  one: string;
  many: string;
  /** What is marked: an image, a recording or a text. */
  whole: string;
  read: (told: readonly unknown[]) => P;
  write: (at: P) => unknown[];
  /** Where a mark begins, from which the order follows in which they are walked: along the line, and which line. */
  start: (at: P) => readonly [number, number];
  /** Whether it does not fit the item, such as a mark on an earlier version of it. */
  stray: (at: P) => boolean;
  /** Whether two places overlap. Without it, they always may. */
  touch?: (a: P, b: P) => boolean;
  /** The place in words. */
  words: (at: P) => string;
  frames?: Frames<P>;
  /** Whether marks may lack a class. */
  bare?: boolean;
  /** Something has to be drawn again. */
  draw: () => void;
};

/** The marks on an item, those that are suggested, and the one that keys change. */
export class Marking<P> {
  current: Mark<P> | null = null;
  /** A place that is selected and has no class yet. */
  draft: P | null = null;
  /** The class of the next marks; -1 for none. */
  armed: number;
  /** Why something was refused. */
  failure: string;
  private readonly line: Timeline<State<P>>;
  private readonly known: ReadonlyMap<string, { name: string; color: string }>;
  private readonly offered: number;
  /** Whether marks may overlap. */
  private readonly free: boolean;
  /** The marks that suggestions take the place of once they are accepted, by number. */
  private readonly instead = new Map<number, number>();
  /** What the last change was, if it can be continued. */
  private last = "";
  private made = 0;
  private order: { of: State<P>; marks: Marked<P>; ideas: ReadonlySet<Mark<P>> } | null = null;
  private readonly types: readonly string[];
  /** Whether marks have a text. */
  readonly writes: boolean;
  /** Whether marks may lack a class. */
  readonly bare: boolean;

  constructor(
    protected readonly card: Composing,
    protected readonly on: MarkingCallbacks<P>,
  ) {
    const offered = card.classes.filter((c) => !c.retired);
    this.offered = offered.length;
    this.armed = offered.length === 1 ? card.classes.indexOf(offered[0]) : -1;
    this.known = new Map(card.classes.map((c) => [c.id, c]));
    this.free = !on.touch || card.settings.overlap === true;
    this.bare = on.bare === true;
    this.writes = card.settings.transcribe === true;
    this.types = (card.settings.relations ?? []) as string[];
    this.line = new Timeline({ marks: [], suggested: [], links: [], suggestedLinks: [] });
    this.failure = card.why ?? "";
  }

  /** Reads the answer and the suggestions that the item starts with. */
  load(): void {
    const { answer, suggested } = this.card;
    const [own, ideas] = [this.from(answer), this.from(answer ? undefined : suggested)];
    const [links, suggestedLinks] = [own.links, ideas.links];
    this.line.amend({ marks: own.marks, suggested: ideas.marks, links, suggestedLinks });
  }

  private from(answer: Readonly<Record<string, unknown>> | undefined): { marks: Marked<P>; links: Link[] } {
    const rows = (answer?.[this.on.name] ?? []) as unknown[][];
    const marks = rows.map((row) => {
      const text = this.writes ? row.at(-2) : null;
      const place = row.slice(0, typeof text === "string" ? -2 : -1);
      const frame = this.on.frames ? Number(place.pop()) : undefined;
      return this.mark(this.on.read(place), String(row.at(-1)), typeof text === "string" ? text : "", frame);
    });
    const related = (answer?.relations ?? []) as [number, number, string][];
    const links = related.map(([from, to, type]) => ({ from: marks[from].nr, to: marks[to].nr, type }));
    return { marks, links };
  }

  private mark(at: P, id: string, text = "", frame = this.on.frames?.now()): Mark<P> {
    return { at, id, text, nr: this.made++, ...(frame === undefined ? {} : { frame }) };
  }

  get marks(): Marked<P> {
    return this.line.now.marks;
  }

  get suggested(): Marked<P> {
    return this.line.now.suggested;
  }

  get links(): readonly Link[] {
    return this.there(this.line.now.links, this.marks);
  }

  get suggestedLinks(): readonly Link[] {
    return this.there(this.line.now.suggestedLinks, this.ordered);
  }

  /** The relations whose two marks are there. */
  private there(links: readonly Link[], marks: Marked<P>): readonly Link[] {
    if (!links.length) return links;
    const nrs = new Set(marks.map(({ nr }) => nr));
    return links.filter(({ from, to }) => nrs.has(from) && nrs.has(to));
  }

  /** How many suggestions are left. */
  get left(): number {
    return this.suggested.length + this.suggestedLinks.length;
  }

  /** The marks and the suggestions, in the order in which they are walked: by frame, then from top to bottom. */
  get ordered(): Marked<P> {
    return this.walked.marks;
  }

  private get walked() {
    const state = this.line.now;
    if (this.order?.of !== state) {
      const all = [...state.marks, ...state.suggested].map((mark) => ({
        mark,
        start: this.on.start(mark.at),
      }));
      all.sort(
        ({ start: a, mark: { frame: f = 0 } }, { start: b, mark: { frame: g = 0 } }) =>
          f - g || a[1] - b[1] || a[0] - b[0],
      );
      this.order = { of: state, marks: all.map(({ mark }) => mark), ideas: new Set(state.suggested) };
    }
    return this.order;
  }

  isIdea = (mark: Mark<P>): boolean => this.walked.ideas.has(mark);
  nameOf = ({ id }: Mark<P>): string => (id ? (this.known.get(id)?.name ?? "a removed class") : "no class");
  colorOf = ({ id }: Mark<P>): string => this.known.get(id)?.color ?? "#8c8c8c";
  wordsOf(mark: Mark<P> | undefined): string {
    if (!mark) return "";
    return `${mark.frame === undefined ? "" : `frame ${mark.frame}, `}${this.on.words(mark.at)}`;
  }

  spoken = (mark: Mark<P>): string => `${this.nameOf(mark)}, ${this.wordsOf(mark)}`;
  /** The class of the next mark. */
  get armedId(): string {
    return this.armed < 0 ? "" : this.card.classes[this.armed].id;
  }

  read(): Composed | string {
    const { name, one, many, whole, write, stray } = this.on;
    const { left, types } = this;
    if (this.draft) return `The new ${one} has no class: press a class, or Esc to drop it.`;
    if (left && !this.card.verify)
      return `${count(left, "suggestion")} left: press = to accept, or Del to dismiss.`;
    const clashing = new Set(this.suggested);
    const gone = new Set<number | undefined>();
    for (const mark of this.fitting()) {
      clashing.delete(mark);
      gone.add(this.instead.get(mark.nr));
    }
    const marks = this.ordered.filter((mark) => !clashing.has(mark) && !gone.has(mark.nr));
    const n = this.on.frames?.n() ?? Infinity;
    const beyond = marks.filter(({ at, frame = 0 }) => stray(at) || frame >= n).length;
    if (beyond)
      return `${count(beyond, one, many)} from an earlier version of the ${whole} ${
        beyond === 1 ? "does" : "do"
      } not fit it. Select with . and remove with Del.`;
    const bare = this.bare ? 0 : marks.filter(({ id }) => !id).length;
    if (bare)
      return `${count(bare, one, many)} without a class: select with . and press a class, or remove with Del.`;
    const ids = new Set(marks.map(({ id }) => id));
    const place = new Map(marks.map(({ nr }, i) => [nr, i]));
    const links = this.there([...this.links, ...this.suggestedLinks], marks);
    const relations = links.map(({ from, to, type }) => [place.get(from), place.get(to), type]);
    const related = links.length ? `, ${count(links.length, "relation")}` : "";
    return {
      answer: {
        [name]: marks.map(({ at, frame, text, id }) => [
          ...write(at),
          ...(frame === undefined ? [] : [frame]),
          ...(this.writes ? [text] : []),
          id,
        ]),
        ...(types.length ? { relations } : {}),
      },
      codes: this.card.classes.flatMap(({ id }, code) => (ids.has(id) ? [code] : [])),
      words: marks.length ? `with ${count(marks.length, one, many)}${related}` : `no ${many}`,
      blank: !marks.length,
    };
  }

  /** The classes whose buttons are pressed in. */
  picked(): number[] {
    const code = this.current ? this.card.classes.findIndex(({ id }) => id === this.current?.id) : this.armed;
    return code < 0 ? [] : [code];
  }

  // -- overlaps

  private touches = (mark: Mark<P>, at: P): boolean => this.on.touch?.(mark.at, at) === true;

  /** The mark that a place overlaps, if marks may not. */
  clash(at: P, except?: Mark<P> | null): Mark<P> | undefined {
    return this.free ? undefined : this.marks.find((mark) => mark !== except && this.touches(mark, at));
  }

  /** The suggestions that overlap nothing which they may not. */
  protected fitting(): Marked<P> {
    if (this.free) return this.suggested;
    const fits: Mark<P>[] = [];
    for (const mark of this.suggested)
      if (!this.clash(mark.at) && !fits.some((other) => this.touches(other, mark.at))) fits.push(mark);
    return fits;
  }

  // -- changing

  /** Refuses something, and says why. */
  refuse(words: string): true {
    this.failure = words;
    this.on.draw();
    this.card.say(words);
    return true;
  }

  private overlaps = (mark: Mark<P>): true =>
    this.refuse(`It overlaps ${this.spoken(mark)}: remove that first.`);

  choose(mark: Mark<P> | null): void {
    this.last = "";
    this.failure = "";
    if (this.current === mark && !this.draft) return;
    [this.current, this.draft] = [mark, null];
    this.on.draw();
    // The buttons of the classes show that of the selected mark.
    this.card.changed(false);
  }

  /** Selects a place that waits for its class. */
  select(at: P): void {
    this.choose(null);
    this.draft = at;
    this.on.draw();
    this.card.changed(false);
  }

  /** Marks a place, if there is a class for the next marks; otherwise it waits for one. */
  take(at: P): void {
    if (this.armed >= 0) this.add(at);
    else this.select(at);
  }

  add(at: P, id = this.armedId): void {
    const clash = this.clash(at);
    if (clash) {
      this.overlaps(clash);
      return;
    }
    const { marks, suggested } = this.line.now;
    const mark = this.mark(at, id);
    // A suggestion in its place is not needed any more.
    const left = suggested.filter((idea) => !(this.touches(idea, at) && (!this.free || idea.id === id)));
    this.write({ marks: [...marks, mark], suggested: left }, mark);
    this.card.say(id ? this.spoken(mark) : `New ${this.on.one}: press a class. ${this.on.words(at)}`);
  }

  /** Changes a mark, or removes it. Changes with the same name `as` right after each other are one step. */
  change(mark: Mark<P>, next: Mark<P> | null, as = ""): void {
    const { marks, suggested } = this.line.now;
    const gone = this.instead.get(mark.nr);
    const rest = marks.filter((one) => one !== mark && one.nr !== gone);
    this.write(
      { marks: next ? [...rest, next] : rest, suggested: suggested.filter((one) => one !== mark) },
      next,
      as,
    );
  }

  /** Puts other marks in the place of some, as one step, and selects one of them. */
  replace(old: Marked<P>, made: readonly NewMark<P>[], select: number): void {
    const { marks, suggested } = this.line.now;
    const fresh = made.map(({ at, id, text }) => this.mark(at, id, text));
    const rest = (all: Marked<P>): Marked<P> => all.filter((mark) => !old.includes(mark));
    this.write({ marks: [...rest(marks), ...fresh], suggested: rest(suggested) }, fresh[select] ?? null);
  }

  /** Changes the text of a mark, which accepts it. Changes right after each other are one step. */
  type(mark: Mark<P>, text: string): void {
    if (text !== mark.text) this.change(mark, { ...mark, text }, `text ${mark.nr}`);
  }

  /** Changes the class of a mark; a suggestion stays one. */
  relabel(mark: Mark<P>, id: string): void {
    const next = { ...mark, id };
    if (!this.isIdea(mark)) this.change(mark, next);
    else this.write({ suggested: this.suggested.map((one) => (one === mark ? next : one)) }, next);
  }

  /** Suggests marks beside what the item started with. */
  offer(made: readonly NewMark<P>[]): void {
    const fresh = made.map(({ at, id, text }) => this.mark(at, id, text));
    this.line.amend({ ...this.line.now, suggested: [...this.suggested, ...fresh] });
    this.on.draw();
    this.card.changed(false);
  }

  /** Takes back what the item started with. */
  withdraw(some: Marked<P>): void {
    const rest = (all: Marked<P>): Marked<P> => all.filter((mark) => !some.includes(mark));
    this.line.amend({ ...this.line.now, marks: rest(this.marks), suggested: rest(this.suggested) });
  }

  protected write(next: Partial<State<P>>, current: Mark<P> | null, as = ""): void {
    const state = { ...this.line.now, ...next };
    if (as && as === this.last) this.line.amend(state);
    else this.line.set(state);
    this.last = as;
    [this.current, this.draft, this.failure] = [current, null, ""];
    this.on.draw();
    this.card.changed();
  }

  /** Suggests a place and selects it; accepted, it takes the place of another mark if that is given. */
  propose(at: P, of: Mark<P> | null): void {
    const mark = this.mark(at, of?.id ?? this.armedId);
    if (of) this.instead.set(mark.nr, of.nr);
    this.write({ suggested: [...this.suggested, mark] }, mark);
    this.card.say(`Suggested: ${this.wordsOf(mark)}. = accepts it.`);
  }

  /** Suggests places of a class. */
  suggest(places: readonly P[], id: string): void {
    const fresh = places.map((at) => this.mark(at, id));
    if (fresh.length) this.write({ suggested: [...this.suggested, ...fresh] }, this.current);
    this.card.say(count(fresh.length, "new suggestion"));
  }

  // -- frames

  /** Puts a mark of another frame, by default the selected one, onto a frame as well. */
  carry(mark: Mark<P> | null, frame: number): boolean {
    const { frames, one } = this.on;
    if (!frames || !mark || this.isIdea(mark))
      return this.refuse(`Select a ${one} first, with . or a click.`);
    if (frame >= frames.n()) return this.refuse("This is the last frame.");
    const next = this.mark(mark.at, mark.id, mark.text, frame);
    this.write({ marks: [...this.marks, next] }, next);
    this.follow(next);
    this.card.say(`Carried to frame ${frame}`);
    return true;
  }

  /** The nearest mark of the same class on an earlier frame, from which frames can be filled up to this mark. */
  origin({ id, at, frame = 0 }: Mark<P>): Mark<P> | null {
    const { frames } = this.on;
    if (!frames) return null;
    const earlier = this.marks.filter((one) => one.id === id && (one.frame ?? 0) < frame);
    const last = Math.max(...earlier.map((one) => one.frame ?? 0));
    const there = earlier.filter((one) => one.frame === last);
    there.sort((a, b) => frames.apart(a.at, at) - frames.apart(b.at, at));
    return there[0] ?? null;
  }

  /** Marks the frames between the selected mark and its origin, along a straight line. */
  fill(): boolean {
    const { frames, one } = this.on;
    const { current } = this;
    if (!frames || !current || this.isIdea(current))
      return this.refuse(`Select a ${one} first, with . or a click.`);
    const from = this.origin(current);
    if (!from) return this.refuse(`There is no earlier ${one} of this class.`);
    const [first, last] = [from.frame ?? 0, current.frame ?? 0];
    const [start, end] = [frames.time(first), frames.time(last)];
    const made = Array.from({ length: last - first - 1 }, (_, i) => {
      const share = (frames.time(first + 1 + i) - start) / (end - start);
      return this.mark(frames.between(from.at, current.at, share), current.id, current.text, first + 1 + i);
    });
    if (!made.length) return this.refuse(`The frame before has a ${one} already.`);
    this.write({ marks: [...this.marks, ...made] }, current);
    this.card.say(`${count(made.length, "frame")} filled`);
    return true;
  }

  private remove(mark: Mark<P>): void {
    this.change(mark, null);
    this.card.say("Removed");
  }

  /** Dismisses all suggestions. */
  private dismiss(): void {
    const n = this.left;
    this.write({ suggested: [], suggestedLinks: [] }, null);
    this.card.say(`${count(n, "suggestion")} dismissed`);
  }

  /** Handles a pressed class: that of the selected mark, else of the next ones. */
  pick(code: number): void {
    const { id, name } = this.card.classes[code];
    const { current, draft } = this;
    if (current && this.isIdea(current)) this.acceptOne(current, id);
    else if (current) {
      if (current.id === id) return;
      this.change(current, { ...current, id });
      this.card.say(`Now ${name}`);
    } else if (draft) this.add(draft, id);
    else {
      this.armed = this.armed === code && this.offered > 1 ? -1 : code;
      this.on.draw();
      this.card.changed(false);
      this.card.say(this.armed < 0 ? "No class" : `Next: ${name}`);
    }
  }

  acceptOne(mark: Mark<P>, id = mark.id): void {
    const clash = this.clash(mark.at);
    if (clash) {
      this.overlaps(clash);
      return;
    }
    const next = { ...mark, id };
    this.change(mark, next);
    this.card.say(`Accepted: ${this.nameOf(next)}`);
  }

  /** Accepts the selected suggestion, else all that fit. */
  accept(): boolean {
    const { current, suggested } = this;
    if (!this.left) return false;
    if (current && this.isIdea(current)) {
      this.acceptOne(current);
      return true;
    }
    const fits = new Set(this.fitting());
    const left = suggested.filter((mark) => !fits.has(mark));
    const gone = new Set([...fits].map(({ nr }) => this.instead.get(nr)));
    const marks = [...this.marks.filter(({ nr }) => !gone.has(nr)), ...fits];
    const links = this.there(this.suggestedLinks, marks);
    const suggestedLinks = this.suggestedLinks.filter((link) => !links.includes(link));
    if (fits.size || links.length)
      this.write({ marks, suggested: left, links: [...this.links, ...links], suggestedLinks }, null);
    const { one, many } = this.on;
    this.card.say(
      `${count(fits.size, one, many)}${links.length ? ` and ${count(links.length, "relation")}` : ""} accepted`,
    );
    if (left.length) this.refuse(`Left, as they overlap your ${many}: ${count(left.length, "suggestion")}.`);
    return true;
  }

  // -- relations

  /**
   * Changes a relation, adds one (for `link` null) or removes it (for `next` null). Suggested marks that it relates are
   * accepted. Returns whether it could.
   */
  relate(link: Link | null, next: Link | null): boolean {
    const same = ({ from, to, type }: Link): boolean =>
      from === next?.from && to === next.to && type === next.type;
    if (this.links.some((one) => one !== link && same(one)))
      return !this.refuse("There is this relation already.");
    const ends = this.suggested.filter(({ nr }) => nr === next?.from || nr === next?.to);
    const clash = ends.map(({ at }) => this.clash(at)).find((mark) => mark);
    if (clash) return !this.overlaps(clash);
    if (!this.free && ends.length === 2 && this.touches(ends[0], ends[1].at)) return !this.overlaps(ends[0]);
    const [links, suggestedLinks] = [this.line.now.links, this.line.now.suggestedLinks].map((all) =>
      all.filter((one) => one !== link && !same(one)),
    );
    this.write(
      {
        marks: [...this.marks, ...ends],
        suggested: this.suggested.filter((mark) => !ends.includes(mark)),
        links: next ? [...links, next] : links,
        suggestedLinks,
      },
      null,
    );
    return true;
  }

  /** Selects the next mark, or the one before. */
  walk(forward: boolean): boolean {
    const all = this.ordered;
    if (!all.length) return false;
    const at = this.current ? all.indexOf(this.current) : this.beside(all, forward);
    const i = (at + (forward ? 1 : -1) + all.length) % all.length;
    this.choose(all[i]);
    this.follow(all[i]);
    const idea = this.isIdea(all[i]) ? "suggested " : "";
    this.card.say(`${idea}${this.nameOf(all[i])}, ${i + 1} of ${all.length}: ${this.wordsOf(all[i])}`);
    return true;
  }

  /** Where to walk on from if nothing is selected: before or after the marks on the present frame. */
  private beside(all: Marked<P>, forward: boolean): number {
    const now = this.on.frames?.now();
    if (now === undefined) return forward ? -1 : 0;
    const i = all.findIndex(({ frame = 0 }) => (forward ? frame >= now : frame > now));
    return forward ? i - 1 : i < 0 ? all.length : i;
  }

  /** Shows the frame of a mark, and stops there. */
  follow(mark: Mark<P> | undefined): void {
    if (mark?.frame !== undefined) this.on.frames?.go(mark.frame);
  }

  step(back: boolean): boolean {
    const before = new Set(this.marks);
    if (!this.line.step(back)) return false;
    // What was brought back, or is as it was before, is what keys change next.
    const other = this.marks.filter((mark) => !before.has(mark));
    [this.current, this.draft] = [other.length === 1 ? other[0] : null, null];
    [this.failure, this.last] = ["", ""];
    const now = new Set(this.marks);
    this.follow(other[0] ?? [...before].find((mark) => !now.has(mark)));
    this.on.draw();
    this.card.changed();
    this.card.say(back ? "Undone" : "Redone");
    return true;
  }

  /** Handles Escape: deselects, then forgets the class of the next marks. */
  leave(): boolean {
    if (this.current || this.draft) this.choose(null);
    else if (this.armed >= 0 && this.offered > 1) {
      this.armed = -1;
      this.on.draw();
      this.card.changed(false);
    } else return false;
    return true;
  }

  /** Handles the keys that all kinds of marks have in common. */
  press(key: string, shift: boolean): boolean | "again" {
    if (key === "." || key === ",") return this.walk(key === ".") && "again";
    const removes = key === "Delete" || key === "Backspace";
    if (removes && this.current) this.remove(this.current);
    else if (removes && this.left) this.dismiss();
    else if (key === "=") return this.accept();
    else if (key === "z") return this.step(!shift);
    else if (key === "Escape") return this.leave();
    else return false;
    return true;
  }
}

export type Keys = NonNullable<Composer["keys"]>;

/** The keys of one kind of marks, and then those of all. */
export const keysOfMarks = (one: string, many: string, own: Keys): Keys => [
  ...own,
  [". ,", `the next and the previous ${one}`],
  ["A–Z 1–9", `the class of the next ${many}, or relabel the selected one`],
  ["Del", `remove the selected ${one}; without one, dismiss the suggestions`],
  ["=", "accept the selected suggestion, or all"],
  ["Z ⇧Z", "undo and redo in this item"],
];
