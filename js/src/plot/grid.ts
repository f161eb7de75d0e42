import type { View } from "./engine";
import type { Point } from "./geometry";
import { marked, type Rows } from "./rows";

type Side = [number, number, number, number];

const PER_CELL = 4;
const MOST_CELLS_ACROSS = 512;
const DENSEST = 0.03;
const SAMPLED_CELLS = 4096;

/** The slots of the points in a view, as one range for each row of cells. */
export type Ranges = { from: number; to: number }[];

/**
 * The points of a map, sorted into square cells. A slot is a point's position in the order of the cells, so that points
 * that are close on the map are close in memory.
 */
export class Grid {
  readonly n: number;
  /** Rows that no search finds (1). */
  hidden: Uint8Array | null = null;
  /** The row of each slot. */
  readonly order: Uint32Array;
  /** x and y of each slot. */
  readonly places: Float32Array;
  /** The ranges of the coordinates; the unit square without points. */
  readonly extent: View;
  /** The side length of a cell. */
  readonly cell: number;
  private readonly across: number;
  private readonly up: number;
  private readonly left: number;
  private readonly bottom: number;
  /** The first slot of each cell. */
  private readonly start: Uint32Array;

  constructor(readonly xy: Float32Array) {
    const n = xy.length / 2;
    this.n = n;
    let [x0, x1, y0, y1] = [Infinity, -Infinity, Infinity, -Infinity];
    for (let i = 0; i < xy.length; i += 2) {
      if (xy[i] < x0) x0 = xy[i];
      if (xy[i] > x1) x1 = xy[i];
      if (xy[i + 1] < y0) y0 = xy[i + 1];
      if (xy[i + 1] > y1) y1 = xy[i + 1];
    }
    this.extent = n ? { x: [x0, x1], y: [y0, y1] } : { x: [-1, 1], y: [-1, 1] };
    const side = Math.max(1, Math.min(MOST_CELLS_ACROSS, Math.round(Math.sqrt(n / PER_CELL))));
    const span = Math.max(x1 - x0, y1 - y0, 1e-6);
    this.cell = n ? (span / side) * 1.0001 : 1;
    [this.left, this.bottom] = n ? [x0, y0] : [0, 0];
    this.across = n ? Math.floor((x1 - x0) / this.cell) + 1 : 1;
    this.up = n ? Math.floor((y1 - y0) / this.cell) + 1 : 1;
    this.order = new Uint32Array(n);
    this.places = new Float32Array(2 * n);
    this.start = new Uint32Array(this.across * this.up + 1);
    this.fill();
  }

  private fill(): void {
    const { xy, n, start, order, places, across, left, bottom } = this;
    const scale = 1 / this.cell;
    const cells = new Int32Array(n);
    for (let i = 0; i < n; i++) {
      const c = (((xy[2 * i + 1] - bottom) * scale) | 0) * across + (((xy[2 * i] - left) * scale) | 0);
      cells[i] = c;
      start[c + 1]++;
    }
    for (let c = 1; c < start.length; c++) start[c] += start[c - 1];
    const next = Int32Array.from(start);
    for (let i = 0; i < n; i++) {
      const slot = next[cells[i]]++;
      order[slot] = i;
      places[2 * slot] = xy[2 * i];
      places[2 * slot + 1] = xy[2 * i + 1];
    }
  }

  /** The size of the dense cells of a view: 3 % of its points are in cells with more points than this. */
  crowd({ x, y }: View): number {
    const [c0, c1, r0, r1] = [this.column(x[0]), this.column(x[1]), this.row(y[0]), this.row(y[1])];
    const every = Math.ceil(Math.sqrt(((c1 - c0 + 1) * (r1 - r0 + 1)) / SAMPLED_CELLS));
    const sizes: number[] = [];
    for (let r = r0; r <= r1; r += every)
      for (let c = c0; c <= c1; c += every) {
        const cell = r * this.across + c;
        if (this.start[cell + 1] > this.start[cell]) sizes.push(this.start[cell + 1] - this.start[cell]);
      }
    sizes.sort((a, b) => a - b);
    let left = (1 - DENSEST) * sizes.reduce((sum, size) => sum + size, 0);
    for (const size of sizes) {
      left -= size;
      if (left <= 0) return size;
    }
    return 1;
  }

  private column(x: number): number {
    return Math.max(0, Math.min(this.across - 1, Math.floor((x - this.left) / this.cell)));
  }

  private row(y: number): number {
    return Math.max(0, Math.min(this.up - 1, Math.floor((y - this.bottom) / this.cell)));
  }

  /** The slots of a view; some may be slightly outside. */
  within({ x, y }: View): Ranges {
    const ranges: Ranges = [];
    const [c0, c1] = [this.column(x[0]), this.column(x[1])];
    for (let r = this.row(y[0]); r <= this.row(y[1]); r++) {
      const [from, to] = [this.start[r * this.across + c0], this.start[r * this.across + c1 + 1]];
      if (to > from) ranges.push({ from, to });
    }
    return ranges;
  }

  /** About how many points a view holds: those of all cells that it touches. */
  about(view: View): number {
    return this.within(view).reduce((n, { from, to }) => n + to - from, 0);
  }

  /** The rows within an ellipse around a point of the map, ascending; at most `most`, of which one is `row`. */
  around(row: number, rx: number, ry: number, most: number): number[] {
    const [x, y] = [this.xy[2 * row], this.xy[2 * row + 1]];
    const found = [row];
    for (const { from, to } of this.within({ x: [x - rx, x + rx], y: [y - ry, y + ry] })) {
      for (let s = from; s < to && found.length < most; s++) {
        const far = ((this.places[2 * s] - x) / rx) ** 2 + ((this.places[2 * s + 1] - y) / ry) ** 2;
        if (far <= 1 && this.order[s] !== row && !this.hidden?.[this.order[s]]) found.push(this.order[s]);
      }
    }
    return found.sort((a, b) => a - b);
  }

  /** The row nearest to a point of the map within `radius`; -1 if there is none. */
  nearest(x: number, y: number, radius: number): number {
    let least = radius * radius;
    let best = -1;
    this.outward(x, y, radius, (from, to) => {
      for (let s = from; s < to; s++) {
        const d = (this.places[2 * s] - x) ** 2 + (this.places[2 * s + 1] - y) ** 2;
        if (d < least && !this.hidden?.[this.order[s]]) [least, best] = [d, this.order[s]];
      }
      return Math.sqrt(least);
    });
    return best;
  }

  /** The nearest row in a direction, for the arrow keys; -1 if there is none. */
  neighbour(from: number, dx: number, dy: number): number {
    const { xy, order, places } = this;
    const [x, y] = [xy[2 * from], xy[2 * from + 1]];
    let least = Number.POSITIVE_INFINITY;
    let best = -1;
    this.outward(x, y, least, (first, end) => {
      for (let s = first; s < end; s++) {
        const [vx, vy] = [places[2 * s] - x, places[2 * s + 1] - y];
        const along = vx * dx + vy * dy;
        const off = Math.abs(vx * dy - vy * dx);
        if (along <= 0 || off > along || order[s] === from || this.hidden?.[order[s]]) continue;
        const d = along + 2 * off;
        if (d < least) [least, best] = [d, order[s]];
      }
      return least;
    });
    return best;
  }

  /** The rows inside a polygon (even-odd rule). Cells that no side crosses are completely inside or outside. */
  inside(polygon: Point[]): Rows {
    const mask = new Uint8Array(this.n);
    if (polygon.length < 3 || !this.n) return marked(mask);
    const sides = polygon.map((p, i): Side => [...p, ...polygon[(i + 1) % polygon.length]]);
    const ys = polygon.map((p) => p[1]);
    for (let r = this.row(Math.min(...ys)); r <= this.row(Math.max(...ys)); r++) {
      const low = this.bottom + r * this.cell;
      // Slightly more than the cells, because positions are rounded to float32.
      const [y0, y1] = [low - 1e-3 * this.cell, low + 1.001 * this.cell];
      const near = sides.filter(([, ya, , yb]) => Math.min(ya, yb) <= y1 && Math.max(ya, yb) >= y0);
      if (near.length) this.markRow(mask, r, near, this.crossed(near, y0, y1));
    }
    return this.visible(mask);
  }

  /** The marked rows that are not hidden. */
  visible(mask: Uint8Array): Rows {
    const { hidden } = this;
    if (hidden) for (let i = 0; i < mask.length; i++) if (hidden[i]) mask[i] = 0;
    return marked(mask);
  }

  private markRow(mask: Uint8Array, r: number, sides: Side[], crossed: Uint8Array): void {
    const { start, order, places, across } = this;
    const middle = this.bottom + (r + 0.5) * this.cell;
    let whole: boolean | null = null;
    for (let c = 0; c < across; c++) {
      const [from, to] = [start[r * across + c], start[r * across + c + 1]];
      if (crossed[c]) {
        whole = null;
        for (let s = from; s < to; s++) {
          if (within(places[2 * s], places[2 * s + 1], sides)) mask[order[s]] = 1;
        }
        continue;
      }
      whole ??= within(this.left + (c + 0.5) * this.cell, middle, sides);
      if (whole) for (let s = from; s < to; s++) mask[order[s]] = 1;
    }
  }

  /** The columns that any of the sides crosses between two heights. */
  private crossed(sides: Side[], y0: number, y1: number): Uint8Array {
    const found = new Uint8Array(this.across);
    for (const [xa, ya, xb, yb] of sides) {
      const at = (y: number): number => (ya === yb ? xa : xa + ((xb - xa) * (y - ya)) / (yb - ya));
      const [low, high] = [Math.max(y0, Math.min(ya, yb)), Math.min(y1, Math.max(ya, yb))];
      const [one, other] = ya === yb ? [xa, xb] : [at(low), at(high)];
      const hair = 1e-3 * this.cell;
      const last = this.column(Math.max(one, other) + hair);
      for (let c = this.column(Math.min(one, other) - hair); c <= last; c++) found[c] = 1;
    }
    return found;
  }

  /** The rows, and the `by` rows nearest to any of them. Of many rows, only a sample is used. */
  grown(rows: Rows, by: number): Rows {
    const mask = new Uint8Array(this.n);
    for (const row of rows) mask[row] = 1;
    const { order, places, xy } = this;
    let best: { row: number; d: number }[] = [];
    let limit = Number.POSITIVE_INFINITY;
    const every = Math.max(1, Math.ceil(rows.length / 200));
    for (let i = 0; i < rows.length; i += every) {
      const [x, y] = [xy[2 * rows[i]], xy[2 * rows[i] + 1]];
      this.outward(x, y, Math.sqrt(limit), (from, to) => {
        for (let s = from; s < to; s++) {
          if (mask[order[s]] || this.hidden?.[order[s]]) continue;
          const d = (places[2 * s] - x) ** 2 + (places[2 * s + 1] - y) ** 2;
          if (d >= limit) continue;
          const others = best.filter(({ row, d: before }) => row !== order[s] || before < d);
          if (others.some(({ row }) => row === order[s])) continue;
          best = [...others, { row: order[s], d }].sort((a, b) => a.d - b.d).slice(0, by);
          if (best.length === by) limit = best[by - 1].d;
        }
        return Math.sqrt(limit);
      });
    }
    for (const { row } of best) mask[row] = 1;
    return marked(mask);
  }

  /** Visits slots in rings of cells around a point, until a ring is beyond the reach that the visitor returns. */
  private outward(x: number, y: number, reach: number, visit: (from: number, to: number) => number): void {
    if (!this.n) return;
    const c = Math.floor((x - this.left) / this.cell);
    const r = Math.floor((y - this.bottom) / this.cell);
    const far = Math.max(Math.abs(c), Math.abs(c - this.across), Math.abs(r), Math.abs(r - this.up)) + 1;
    let within = reach;
    for (let ring = 0; ring <= far && (ring - 1) * this.cell <= within; ring++) {
      for (let cy = Math.max(0, r - ring); cy <= Math.min(this.up - 1, r + ring); cy++) {
        const edge = Math.abs(cy - r) === ring;
        for (let cx = c - ring; cx <= c + ring; cx += edge || ring === 0 ? 1 : 2 * ring) {
          if (cx < 0 || cx >= this.across) continue;
          const cell = cy * this.across + cx;
          if (this.start[cell + 1] > this.start[cell]) {
            within = visit(this.start[cell], this.start[cell + 1]);
          }
        }
      }
    }
  }
}

function within(x: number, y: number, sides: Side[]): boolean {
  let inside = false;
  for (const [xa, ya, xb, yb] of sides) {
    if (ya > y !== yb > y && x < ((xb - xa) * (y - ya)) / (yb - ya) + xa) inside = !inside;
  }
  return inside;
}
