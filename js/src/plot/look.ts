import type { Theme } from "../ui/theme";
import { packed } from "./colour";
import { ramp } from "./ramp";

export const NONE = 255;
/** A value of `doubt` for items that are asked blind, whose label and guess are hidden. */
export const BLIND = 255;
/** A bit of `doubt` for items with a machine label, which is their shade in `predicted`. */
export const MACHINE = 64;
const LEVELS = 15;

export type ColourBy = "label" | "prediction" | "doubt" | "group" | "column";

/** A column of the table: the shade of each point (255 for none), and the colours of its categories; null for a scale. */
export type Column = { shades: Uint8Array; palette: string[] | null };

/** Data of every point from the kernel: label and predicted class (255 for none), and uncertainty in 15 levels. */
export type Marks = { label: Uint8Array; predicted: Uint8Array; doubt: Uint8Array };

/** Applies changes of some rows. */
export function change(marks: Marks, rows: Uint32Array, { label, predicted, doubt }: Marks): void {
  for (let k = 0; k < rows.length; k++) {
    marks.label[rows[k]] = label[k];
    marks.predicted[rows[k]] = predicted[k];
    marks.doubt[rows[k]] = doubt[k];
  }
}

/** Bits of the flags of a point. */
export const CHOSEN = 1;
export const RINGED = 2;

/** Kinds of points; all but plain ones are drawn above the others. */
export const KIND = { plain: 0, chosen: 1, ringed: 2, labelled: 3, machine: 4 } as const;

/** The level of uncertainty in a value of `doubt`. */
export const levelOf = (doubt: number): number => doubt & LEVELS;

/** Whether a value of `doubt` is that of an item with a machine label. */
export const isMachine = (doubt: number): boolean => doubt !== BLIND && (doubt & MACHINE) !== 0;

/** The points that the legend hides: those of some shades, all labelled or all unlabelled ones. */
export type Filter = { shades: ReadonlySet<number>; labelled: boolean; unlabelled: boolean };

export const NOTHING_HIDDEN: Filter = { shades: new Set(), labelled: false, unlabelled: false };

/** What the colours of the points mean. */
export type Meaning = { marks: Marks; by: ColourBy; column?: Column | null };

/** The shade in which a point is shown: of its column, of its label, or otherwise of its predicted class. */
export function shadeShown({ marks: { label, predicted }, by, column }: Meaning, row: number): number {
  if (by === "column") return column?.shades[row] ?? NONE;
  return label[row] !== NONE && by !== "prediction" ? label[row] : predicted[row];
}

/** Which points a filter hides (1); null if it hides none. */
export function hiddenBy(filter: Filter, meaning: Meaning): Uint8Array | null {
  const { shades, labelled, unlabelled } = filter;
  if (!shades.size && !labelled && !unlabelled) return null;
  const of = new Uint8Array(256);
  for (const shade of shades) of[shade] = 1;
  const { label } = meaning.marks;
  const hidden = new Uint8Array(label.length);
  for (let i = 0; i < hidden.length; i++)
    hidden[i] = (label[i] === NONE ? unlabelled : labelled) ? 1 : of[shadeShown(meaning, i)];
  return hidden;
}

/** How one point is drawn. */
export type Look = {
  fill: string;
  stroke: string;
  opacity: number;
  /** Area in square pixels. */
  size: number;
  /** The width of the ring in pixels. */
  width: number;
  /** Whether it is drawn above the others. */
  top: boolean;
};

export type LookOptions = Meaning & {
  clusters: Uint16Array | null;
  palette: string[];
  flags: Uint8Array;
  /** Whether some points are selected; the others are then faded. */
  choosing: boolean;
  theme: Theme;
  /** Points that are not drawn (1). */
  hidden?: Uint8Array | null;
  /** The only shade that is not faded. */
  isolated?: number | null;
};

const ASIDE = 0.25;

/**
 * Determines how every point is drawn. Colour is never the only sign: a labelled point is opaque, larger and has a ring
 * in the text colour; one labelled by machine is opaque and has a thin, faint ring; an uncertain one has an open ring; a
 * prediction is pale; a selection fades the other points.
 *
 * Points with the same shade (a small number) have the same fill and opacity, so that a million points can be coloured
 * with a lookup table.
 */
export class Looks {
  constructor(private readonly o: LookOptions) {}

  get n(): number {
    return this.o.flags.length;
  }

  /** The look of one point. */
  of(i: number): Look {
    const { choosing, hidden, isolated = null } = this.o;
    const kind = this.kind(i);
    const chosen = (this.o.flags[i] & CHOSEN) !== 0;
    const { fill, opacity } = this.shade(this.shadeOf(i));
    const size = pointArea(this.o.flags.length);
    if (hidden?.[i]) return { fill, stroke: fill, width: 0, opacity: 0, size, top: false };
    const aside = isolated === null ? choosing && !chosen : shadeShown(this.o, i) !== isolated;
    return {
      fill,
      ...this.ring(kind, fill),
      opacity: aside ? opacity * ASIDE : chosen ? 1 : opacity,
      size: kind === KIND.labelled ? size * 2 : kind === KIND.ringed ? size * 3 : size,
      top: kind !== KIND.plain,
    };
  }

  ring(kind: number, fill: string): { stroke: string; width: number } {
    const { theme } = this.o;
    if (kind === KIND.labelled) return { stroke: theme.text, width: 1.1 };
    if (kind === KIND.ringed) return { stroke: theme.accent, width: 1.8 };
    if (kind === KIND.machine) return { stroke: theme.faint, width: 0.9 };
    if (kind === KIND.chosen) return { stroke: theme.text, width: 0.8 };
    return { stroke: fill, width: 0 };
  }

  /** Fills in the colours (four bytes each) and kinds of the points, in the given order. */
  fill(order: Uint32Array, colours: Uint32Array, kinds: Uint8Array): void {
    const { flags, choosing, by, clusters, marks } = this.o;
    const { label, predicted, doubt } = marks;
    const table = this.table();
    const other = choosing ? 1 : 0;
    const { hidden, isolated = null } = this.o;
    const own = by === "group" ? clusters : by === "column" ? this.o.column?.shades : null;
    const [byDoubt, byLabel] = [by === "doubt", by !== "prediction"];
    for (let s = 0; s < order.length; s++) {
      const i = order[s];
      const [l, p, flag] = [label[i], predicted[i], flags[i]];
      const labelled = l === NONE ? 0 : 1;
      const machine = isMachine(doubt[i]);
      const full = labelled || machine ? 1 : 0;
      let shade = 2 * (labelled && byLabel ? l : p) + full;
      if (byDoubt) shade = 2 * (p === NONE ? 0 : 1 + levelOf(doubt[i])) + full;
      else if (own) shade = 2 * own[i] + full;
      let state = flag & CHOSEN ? 2 : other;
      if (isolated !== null) state = shadeShown(this.o, i) === isolated ? state : 1;
      colours[s] = hidden?.[i] ? 0 : table[3 * shade + state];
      if (hidden?.[i]) kinds[s] = KIND.plain;
      else if (labelled) kinds[s] = KIND.labelled;
      else kinds[s] = flag & RINGED ? KIND.ringed : machine && !flag ? KIND.machine : flag;
    }
  }

  private kind(i: number): number {
    if (this.o.marks.label[i] !== NONE) return KIND.labelled;
    const flags = this.o.flags[i];
    if (flags === 0) return isMachine(this.o.marks.doubt[i]) ? KIND.machine : KIND.plain;
    return flags & RINGED ? KIND.ringed : KIND.chosen;
  }

  private shadeOf(i: number): number {
    const { marks, by, clusters } = this.o;
    const label = marks.label[i];
    const labelled = label !== NONE;
    const full = labelled || isMachine(marks.doubt[i]) ? 1 : 0;
    if (by === "doubt") return 2 * (marks.predicted[i] === NONE ? 0 : 1 + levelOf(marks.doubt[i])) + full;
    if (by === "group" && clusters) return 2 * clusters[i] + full;
    if (by === "column" && this.o.column) return 2 * this.o.column.shades[i] + full;
    return 2 * (labelled && by !== "prediction" ? label : marks.predicted[i]) + full;
  }

  private shade(shade: number): { fill: string; opacity: number } {
    const { by, clusters, column, theme } = this.o;
    const [code, labelled] = [shade >> 1, shade & 1];
    if (by === "doubt") {
      const opacity = code === 0 ? 0.15 : 0.08 + (0.85 * (code - 1)) / LEVELS;
      // The ring of a labelled point must stay visible.
      return { fill: theme.accent, opacity: labelled ? Math.max(opacity, 0.5) : opacity };
    }
    if (by === "group" && clusters)
      return { fill: groupColour(code, theme.dark), opacity: labelled ? 1 : 0.6 };
    if (code === NONE) return { fill: theme.faint, opacity: labelled ? 1 : 0.45 };
    const ofColumn = by === "column" && column;
    const palette = ofColumn ? (column.palette ?? ramp(theme.dark)) : this.o.palette;
    return { fill: palette[code] ?? theme.faint, opacity: labelled ? 1 : ofColumn ? 0.75 : 0.5 };
  }

  /** The colour of every shade in three states: normal, faded, selected. */
  private table(): Uint32Array {
    const { by, clusters } = this.o;
    const last = by === "group" && clusters ? clusters.reduce((a, b) => Math.max(a, b), 0) : NONE;
    const table = new Uint32Array(3 * 2 * (last + 1));
    for (let shade = 0; shade < table.length / 3; shade++) {
      const { fill, opacity } = this.shade(shade);
      table.set([packed(fill, opacity), packed(fill, opacity * ASIDE), packed(fill, 1)], 3 * shade);
    }
    return table;
  }
}

/** Consecutive group numbers get very different hues. */
export function groupColour(group: number, dark: boolean): string {
  return `hsl(${Math.round((group * 137.508) % 360)} 50% ${dark ? 62 : 46}%)`;
}

/** The area of a point, which is smaller in larger pools. */
export function pointArea(n: number): number {
  return Math.max(5, Math.min(60, 1500 / Math.sqrt(n)));
}
