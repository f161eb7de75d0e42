import type { View } from "./engine";
import { Fan } from "./fan";
import { Frame, type Point } from "./geometry";
import type { Grid } from "./grid";

/** Points this near to each other cannot be told apart. */
const SAME = 2;
/** More points at one place are counted up to this number, and fanned out up to that. */
const MOST_COUNTED = 100;
export const MOST_FANNED = 24;
/** Items this near to the pointer may be next. */
const NEIGHBOURHOOD = 28;

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
    return this.fan?.rows.includes(row) ? [...this.fan.rows] : this.around(row, SAME, MOST_COUNTED);
  }

  /** The rows that the pointer may reach soon. */
  near(row: number, most: number): number[] {
    return this.around(row, NEIGHBOURHOOD, most);
  }

  /** Fans out the points at the place of a row; returns how many, 0 if there is only one or if they are too many. */
  open(row: number): number {
    const rows = this.around(row, SAME, MOST_FANNED + 1);
    const fits = rows.length > 1 && rows.length <= MOST_FANNED;
    const { grid, view, width, height } = this.box();
    const frame = new Frame(view, width, height);
    const at: Point = [frame.px(grid.xy[2 * row]), frame.py(grid.xy[2 * row + 1])];
    this.set(fits ? new Fan(rows, at, width, height) : null);
    return fits ? rows.length : 0;
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
