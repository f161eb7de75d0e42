import type { Point, Size } from "../../items/picture/frame";

/** The numbers x, y, x, y ... of a place: the two corners of a box, all corners of a polygon, or a point. */
export type Place = readonly number[];

/** What is special about boxes, polygons and points. */
export type Shape = {
  /** From and to the form of the log. */
  read: (told: readonly unknown[]) => Place;
  write: (at: Place) => unknown[];
  /** The corners of its outline; a single one for a point. */
  outline: (at: Place) => Place;
  /** Where it can be dragged to another form. */
  handles: (at: Place) => Place;
  /** The place after handle `i` was moved. */
  pulled: (at: Place, i: number, to: Point) => Place;
  /** The handles that keys move, in turn. */
  turns: (at: Place) => readonly number[];
  /** Whether a point is on it, or at most `near` away from it. */
  inside: (at: Place, point: Point, near: number) => boolean;
  /** The place in words. */
  words: (at: Place) => string;
};

export const rounded = (value: number): number => Math.round(value * 100) / 100;
const spoken = (value: number): string => Math.round(value).toLocaleString("en");

/** The smallest box around a place: left, top, right and bottom. */
export function boundsOf(at: Place): [number, number, number, number] {
  const found: [number, number, number, number] = [Infinity, Infinity, -Infinity, -Infinity];
  for (let i = 0; i < at.length; i += 2) {
    found[0] = Math.min(found[0], at[i]);
    found[1] = Math.min(found[1], at[i + 1]);
    found[2] = Math.max(found[2], at[i]);
    found[3] = Math.max(found[3], at[i + 1]);
  }
  return found;
}

/** Moves a place, no further than the edge of the image. */
export function moved(at: Place, dx: number, dy: number, { width, height }: Size): Place {
  const [x0, y0, x1, y1] = boundsOf(at);
  const x = Math.max(-x0, Math.min(width - x1, dx));
  const y = Math.max(-y0, Math.min(height - y1, dy));
  return at.map((value, i) => rounded(value + (i % 2 ? y : x)));
}

/** The nearest place within the image. */
export const within = ([x, y]: Point, { width, height }: Size): Point => [
  rounded(Math.min(width, Math.max(0, x))),
  rounded(Math.min(height, Math.max(0, y))),
];

/** A box from any two opposite corners, at least one pixel wide and high where the image is. */
export function boxed([ax, ay]: Point, [bx, by]: Point, image: Size): Place {
  const side = (a: number, b: number, size: number): [number, number] => {
    const [low, high] = [Math.min(a, b), Math.max(a, b)];
    const least = Math.min(1, size);
    if (high - low >= least) return [low, high];
    return low + least <= size ? [low, low + least] : [size - least, size];
  };
  const [x, y] = [side(ax, bx, image.width), side(ay, by, image.height)];
  return [x[0], y[0], x[1], y[1]].map(rounded);
}

export function areaOf(outline: Place): number {
  let sum = 0;
  for (let i = 0; i < outline.length; i += 2) {
    const j = (i + 2) % outline.length;
    sum += outline[i] * outline[j + 1] - outline[j] * outline[i + 1];
  }
  return Math.abs(sum) / 2;
}

export const apart = ([ax, ay]: Point, [bx, by]: Point): number => Math.hypot(ax - bx, ay - by);

export const cornersOf = (at: Place): Point[] =>
  Array.from({ length: at.length / 2 }, (_, i) => [at[2 * i], at[2 * i + 1]] as const);

/** The distance of a point from a line between two others. */
function fromLine([px, py]: Point, [ax, ay]: Point, [bx, by]: Point): number {
  const [dx, dy] = [bx - ax, by - ay];
  const length = dx * dx + dy * dy;
  const t = length ? Math.max(0, Math.min(1, ((px - ax) * dx + (py - ay) * dy) / length)) : 0;
  return Math.hypot(px - ax - t * dx, py - ay - t * dy);
}

/** The sides of a box, by handle: which of left, top, right and bottom it moves. */
const SIDES = [[0, 1], [1], [2, 1], [2], [2, 3], [3], [0, 3], [0]] as const;

export const box: Shape = {
  read: (told) => {
    const [x, y, width, height] = told as number[];
    return [x, y, rounded(x + width), rounded(y + height)];
  },
  write: ([x0, y0, x1, y1]) => [x0, y0, rounded(x1 - x0), rounded(y1 - y0)],
  outline: ([x0, y0, x1, y1]) => [x0, y0, x1, y0, x1, y1, x0, y1],
  handles: ([x0, y0, x1, y1]) => {
    const [x, y] = [(x0 + x1) / 2, (y0 + y1) / 2];
    return [x0, y0, x, y0, x1, y0, x1, y, x1, y1, x, y1, x0, y1, x0, y];
  },
  pulled: (at, i, to) => {
    const next = [...at];
    for (const side of SIDES[i]) next[side] = to[side % 2];
    const [x0, y0, x1, y1] = next;
    return [Math.min(x0, x1), Math.min(y0, y1), Math.max(x0, x1), Math.max(y0, y1)];
  },
  turns: () => [4, 0],
  inside: ([x0, y0, x1, y1], [x, y], near) =>
    x >= x0 - near && x <= x1 + near && y >= y0 - near && y <= y1 + near,
  words: ([x0, y0, x1, y1]) =>
    `x ${spoken(x0)}, y ${spoken(y0)}, ${spoken(x1 - x0)} wide, ${spoken(y1 - y0)} high`,
};

export const polygon: Shape = {
  read: (told) => (told[0] as [number, number][]).flat(),
  write: (at) => [cornersOf(at).map(([x, y]) => [x, y])],
  outline: (at) => at,
  handles: (at) => at,
  pulled: (at, i, [x, y]) => at.map((value, k) => (k === 2 * i ? x : k === 2 * i + 1 ? y : value)),
  turns: (at) => Array.from({ length: at.length / 2 }, (_, i) => i),
  inside: (at, point, near) => {
    const corners = cornersOf(at);
    let odd = false;
    for (const [i, a] of corners.entries()) {
      const b = corners[(i + 1) % corners.length];
      if (fromLine(point, a, b) <= near) return true;
      if (a[1] > point[1] !== b[1] > point[1]) {
        const x = a[0] + ((point[1] - a[1]) / (b[1] - a[1])) * (b[0] - a[0]);
        if (x > point[0]) odd = !odd;
      }
    }
    return odd;
  },
  words: (at) => `${at.length / 2} corners from x ${spoken(at[0])}, y ${spoken(at[1])}`,
};

export const dot: Shape = {
  read: (told) => told as number[],
  write: (at) => [...at],
  outline: (at) => at,
  handles: () => [],
  pulled: (_, __, to) => [...to],
  turns: () => [0],
  inside: ([x, y], point, near) => apart([x, y], point) <= near,
  words: ([x, y]) => `x ${spoken(x)}, y ${spoken(y)}`,
};
