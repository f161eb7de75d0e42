import type { Point } from "./geometry";

const RADIUS = 24;
/** The distance between the points of a fan, and how far from one of them the pointer may be. */
const APART = 16;
const REACH = 8;
const EDGE = 8;

/** Points at the same place, or some of many, spread on a circle around it. */
export class Fan {
  readonly middle: Point;
  readonly places: Point[];
  readonly radius: number;

  constructor(
    readonly rows: readonly number[],
    /** All rows at the place. */
    readonly stack: readonly number[],
    /** Where the points are. */
    readonly at: Point,
    width: number,
    height: number,
  ) {
    this.radius = Math.max(RADIUS, (rows.length * APART) / (2 * Math.PI));
    const room = this.radius + EDGE;
    const within = (v: number, size: number): number => Math.max(room, Math.min(size - room, v));
    this.middle = [within(at[0], width), within(at[1], height)];
    this.places = rows.map((_, k): Point => {
      const angle = (2 * Math.PI * k) / rows.length - Math.PI / 2;
      return [this.middle[0] + this.radius * Math.cos(angle), this.middle[1] + this.radius * Math.sin(angle)];
    });
  }

  /** Whether a pixel belongs to the fan, so that nothing below it is meant. */
  covers(x: number, y: number): boolean {
    return Math.hypot(x - this.middle[0], y - this.middle[1]) <= this.radius + REACH;
  }

  /** The row at a pixel; -1 for none. */
  rowAt(x: number, y: number): number {
    const k = this.places.findIndex(([px, py]) => Math.hypot(x - px, y - py) <= REACH);
    return k < 0 ? -1 : this.rows[k];
  }

  place(row: number): Point | null {
    return this.places[this.rows.indexOf(row)] ?? null;
  }
}
