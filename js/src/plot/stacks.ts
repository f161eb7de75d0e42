import type { View } from "./engine";
import { Fan } from "./fan";
import { Frame, type Point } from "./geometry";
import type { Grid } from "./grid";
import { type Box as Edges, overlap } from "./groups";

/** Points this near to each other cannot be told apart. */
const SAME = 2;
/** More points at one place are counted up to this number. */
export const MOST_COUNTED = 1000;
/** So many are fanned out at a time. */
export const MOST_FANNED = 24;
/** A count is shown beside so many points within this square: fewer, or further apart, often meet by chance. */
const [FEWEST_SHOWN, SQUARE] = [3, 0.5];
/** Counts are shown for so many places, and only if no more points than this are in sight. */
const [MOST_SHOWN, MOST_IN_SIGHT] = [24, 5000];
/** Items this near to the pointer may be next; they are searched in circles from the first to the last radius. */
const [NEAREST, FURTHEST] = [8, 64];
/** Of more points in a circle than this times those that are wanted, some count as the nearest. */
const ENOUGH = 4;

/** A count stands beside its place: how far, and the size of its digits. */
export const COUNT_ASIDE = 11;
const [DIGIT, HALF] = [6.6, 7];
/** The part of a place that its count must not cover either. */
const DOT = 6;

type Box = { grid: Grid; view: View; width: number; height: number };

/** Points that are drawn at the same place. */
export class Stacks {
  /** The points that are fanned out at the moment. */
  fan: Fan | null = null;

  constructor(
    private readonly box: () => Box,
    /** The fan has changed. */
    private readonly draw: () => void,
  ) {}

  /** The rows at the place of one of them, and itself; no more than can be counted. */
  at(row: number): number[] {
    return this.fan?.stack.includes(row) ? [...this.fan.stack] : this.around(row, SAME, MOST_COUNTED);
  }

  /**
   * The places in sight with the most points, each by one of its rows, how many there are, and the box of the count
   * beside it. Counts cover neither each other nor `taken`: of two, the larger is shown.
   */
  counted(taken: readonly Edges[]): { row: number; n: number; box: Edges }[] {
    const { grid, view, width, height } = this.box();
    if (!grid.n || grid.about(view) > MOST_IN_SIGHT) return [];
    const frame = new Frame(view, width, height);
    const found = new Map<number, { row: number; n: number }>();
    for (const { from, to } of grid.within(view)) {
      for (let s = from; s < to; s++) {
        const [x, y] = [frame.px(grid.places[2 * s]), frame.py(grid.places[2 * s + 1])];
        const row = grid.order[s];
        if (x < 0 || y < 0 || x > width || y > height || grid.hidden?.[row]) continue;
        const place = Math.round(x / SQUARE) * 65_536 + Math.round(y / SQUARE);
        const there = found.get(place);
        if (there) there.n++;
        else found.set(place, { row, n: 1 });
      }
    }
    const most = [...found.values()]
      .filter(({ n }) => n >= FEWEST_SHOWN)
      .sort((a, b) => b.n - a.n)
      .slice(0, MOST_SHOWN);
    const shown: { row: number; n: number; box: Edges }[] = [];
    const covered = [...taken];
    for (const { row } of most) {
      const n = this.at(row).length;
      const [x, y] = [frame.px(grid.xy[2 * row]), frame.py(grid.xy[2 * row + 1])];
      const box = boxOfCount(n, x, y, width);
      if (covered.some((other) => overlap(box, other))) continue;
      covered.push(box, [x - DOT, y - DOT, x + DOT, y + DOT]);
      shown.push({ row, n, box });
    }
    return shown;
  }

  /** The rows that the pointer may reach soon, nearest first. */
  near(row: number, most: number): number[] {
    let found: number[] = [];
    for (let radius = NEAREST; radius <= FURTHEST && found.length < most; radius *= 2)
      found = this.around(row, radius, ENOUGH * most);
    const { xy } = this.box().grid;
    const far = (one: number): number => Math.hypot(...[0, 1].map((k) => xy[2 * one + k] - xy[2 * row + k]));
    return found
      .map((one) => [far(one), one])
      .sort(([a], [b]) => a - b)
      .slice(0, most)
      .map(([, one]) => one);
  }

  /** Fans out points at the place of a row, with this one among them; returns their fan, null if it is alone. */
  open(row: number): Fan | null {
    const stack = this.at(row);
    const { grid, view, width, height } = this.box();
    const frame = new Frame(view, width, height);
    const at: Point = [frame.px(grid.xy[2 * row]), frame.py(grid.xy[2 * row + 1])];
    const from = stack.indexOf(row) - (stack.indexOf(row) % MOST_FANNED);
    const rows = stack.slice(from, from + MOST_FANNED);
    this.set(stack.length > 1 ? new Fan(rows, stack, at, width, height) : null);
    return this.fan;
  }

  close(): void {
    this.set(null);
  }

  private set(fan: Fan | null): void {
    if (fan === this.fan) return;
    this.fan = fan;
    this.draw();
  }

  private around(row: number, radius: number, most: number): number[] {
    const { grid, view, width, height } = this.box();
    if (row < 0 || row >= grid.n) return [];
    const rx = (radius / width) * (view.x[1] - view.x[0]);
    return grid.around(row, rx, (radius / height) * (view.y[1] - view.y[0]), most);
  }
}

export const timesOf = (n: number): string => `×${n > 999 ? "999+" : n}`;

/** Counts stand on the outer side of their place. */
function boxOfCount(n: number, x: number, y: number, width: number): Edges {
  const long = timesOf(n).length * DIGIT;
  const left = x > width / 2 ? x + COUNT_ASIDE : x - COUNT_ASIDE - long;
  return [left, y - HALF, left + long, y + HALF];
}
