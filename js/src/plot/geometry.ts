import type { View } from "./engine";

export type Point = [number, number];

/** Between map coordinates and pixels. */
export class Frame {
  constructor(
    readonly view: View,
    readonly width: number,
    readonly height: number,
  ) {}

  px(x: number): number {
    return ((x - this.view.x[0]) / (this.view.x[1] - this.view.x[0])) * this.width;
  }

  py(y: number): number {
    return (1 - (y - this.view.y[0]) / (this.view.y[1] - this.view.y[0])) * this.height;
  }

  x(px: number): number {
    return this.view.x[0] + (px / this.width) * (this.view.x[1] - this.view.x[0]);
  }

  y(py: number): number {
    return this.view.y[0] + (1 - py / this.height) * (this.view.y[1] - this.view.y[0]);
  }
}

/** Everything, with a margin, one unit as long across as up. */
export function wholeView(width: number, height: number, margin = 1.08): View {
  const ratio = width / height;
  const [w, h] = ratio > 1 ? [margin * ratio, margin] : [margin, margin / ratio];
  return { x: [-w, w], y: [-h, h] };
}

/** The view scaled about a point by a factor: below 1 zooms in. */
export function zoomed(view: View, at: Point, factor: number): View {
  const span = (range: [number, number], center: number): [number, number] => [
    center + (range[0] - center) * factor,
    center + (range[1] - center) * factor,
  ];
  return { x: span(view.x, at[0]), y: span(view.y, at[1]) };
}

/** Whether a point lies in a polygon (even-odd rule). */
export function inside(x: number, y: number, polygon: Point[]): boolean {
  let within = false;
  for (let i = 0, j = polygon.length - 1; i < polygon.length; j = i++) {
    const [xi, yi] = polygon[i];
    const [xj, yj] = polygon[j];
    if (yi > y !== yj > y && x < ((xj - xi) * (y - yi)) / (yj - yi) + xi) within = !within;
  }
  return within;
}

/** Rows inside a polygon of map coordinates. */
export function rowsInside(xy: Float32Array, polygon: Point[]): number[] {
  const xs = polygon.map((p) => p[0]);
  const ys = polygon.map((p) => p[1]);
  const [x0, x1, y0, y1] = [Math.min(...xs), Math.max(...xs), Math.min(...ys), Math.max(...ys)];
  const rows: number[] = [];
  for (let i = 0; i < xy.length / 2; i++) {
    const x = xy[2 * i];
    const y = xy[2 * i + 1];
    if (x >= x0 && x <= x1 && y >= y0 && y <= y1 && inside(x, y, polygon)) rows.push(i);
  }
  return rows;
}

/** The row nearest to a pixel, within a radius; -1 where there is none. */
export function nearest(xy: Float32Array, frame: Frame, px: number, py: number, radius = 12): number {
  let best = -1;
  let least = radius * radius;
  for (let i = 0; i < xy.length / 2; i++) {
    const dx = frame.px(xy[2 * i]) - px;
    const dy = frame.py(xy[2 * i + 1]) - py;
    const d = dx * dx + dy * dy;
    if (d < least) {
      least = d;
      best = i;
    }
  }
  return best;
}

/** The nearest row in a direction: what an arrow key moves to. */
export function neighbour(xy: Float32Array, from: number, dx: number, dy: number): number {
  let best = -1;
  let least = Number.POSITIVE_INFINITY;
  for (let i = 0; i < xy.length / 2; i++) {
    const vx = xy[2 * i] - xy[2 * from];
    const vy = xy[2 * i + 1] - xy[2 * from + 1];
    const along = vx * dx + vy * dy;
    const off = Math.abs(vx * dy - vy * dx);
    if (i === from || along <= 0 || off > along) continue;
    const d = along + 2 * off;
    if (d < least) {
      least = d;
      best = i;
    }
  }
  return best;
}

/** The rows nearest on the map to any of these, these included. */
export function grown(xy: Float32Array, rows: number[], by: number): number[] {
  const chosen = new Set(rows);
  const spread: { row: number; d: number }[] = [];
  const sample = rows.length > 200 ? rows.filter((_, i) => i % Math.ceil(rows.length / 200) === 0) : rows;
  for (let i = 0; i < xy.length / 2; i++) {
    if (chosen.has(i)) continue;
    let d = Number.POSITIVE_INFINITY;
    for (const r of sample) {
      d = Math.min(d, (xy[2 * i] - xy[2 * r]) ** 2 + (xy[2 * i + 1] - xy[2 * r + 1]) ** 2);
    }
    spread.push({ row: i, d });
  }
  spread.sort((a, b) => a.d - b.d);
  return [...rows, ...spread.slice(0, by).map((s) => s.row)];
}
