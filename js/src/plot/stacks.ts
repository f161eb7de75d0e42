import type { View } from "./engine";
import { Fan } from "./fan";
import { Frame, type Point } from "./geometry";
import type { Grid } from "./grid";

/** Points this near to each other cannot be told apart. */
const SAME = 2;
/** More points at one place are counted up to this number. */
export const MOST_COUNTED = 1000;
/** So many are fanned out at a time. */
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
    return this.fan?.stack.includes(row) ? [...this.fan.stack] : this.around(row, SAME, MOST_COUNTED);
  }

  /** The rows that the pointer may reach soon. */
  near(row: number, most: number): number[] {
    return this.around(row, NEIGHBOURHOOD, most);
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
