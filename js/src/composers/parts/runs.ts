import type { Point, Size } from "../../items/picture/frame";

/** The runs of a column of pixels: start and end of each, from top to bottom, and apart from each other. */
type Column = readonly number[];
/** A mask by columns; a mask is never changed, so that undo keeps only the columns that differ. */
export type Runs = Size & { readonly columns: readonly (Column | undefined)[] };

export const empty = ({ width, height }: Size): Runs => ({ width, height, columns: new Array(width) });

export const isEmpty = ({ columns }: Runs): boolean => !columns.some((column) => column?.length);

/** Paints, or erases, the pixels whose middle is at most `radius` away from a line; at least the pixel at its end. */
export function brushed(mask: Runs, from: Point, to: Point, radius: number, erase: boolean): Runs {
  const columns = [...mask.columns];
  const change = (x: number, low: number, high: number): void => {
    const [start, end] = [Math.max(0, low), Math.min(mask.height, high)];
    if (x >= 0 && x < mask.width && start < end) columns[x] = joined(columns[x] ?? [], start, end, erase);
  };
  const last = Math.floor(Math.max(from[0], to[0]) + radius);
  for (let x = Math.floor(Math.min(from[0], to[0]) - radius); x <= last; x++) {
    const chord = chordAt(x + 0.5, from, to, radius);
    if (chord) change(x, Math.ceil(chord[0] - 0.5), Math.floor(chord[1] - 0.5) + 1);
  }
  change(Math.floor(to[0]), Math.floor(to[1]), Math.floor(to[1]) + 1);
  return { ...mask, columns };
}

/** Where a brush stroke crosses a vertical line; it is convex, so there is one piece at most. */
function chordAt(x: number, from: Point, to: Point, radius: number): Point | null {
  let [low, high] = [Infinity, -Infinity];
  const take = (y: number): void => {
    [low, high] = [Math.min(low, y), Math.max(high, y)];
  };
  for (const [cx, cy] of [from, to]) {
    const inner = radius * radius - (x - cx) * (x - cx);
    if (inner < 0) continue;
    take(cy - Math.sqrt(inner));
    take(cy + Math.sqrt(inner));
  }
  const length = Math.hypot(to[0] - from[0], to[1] - from[1]);
  if (length) {
    const nx = (-(to[1] - from[1]) / length) * radius;
    const ny = ((to[0] - from[0]) / length) * radius;
    for (const side of [1, -1]) {
      const [ax, ay] = [from[0] + side * nx, from[1] + side * ny];
      const [bx, by] = [to[0] + side * nx, to[1] + side * ny];
      if (ax <= x !== bx <= x) take(ay + ((x - ax) / (bx - ax)) * (by - ay));
    }
  }
  return low <= high ? [low, high] : null;
}

/** A column with a run added or removed. */
function joined(column: Column, start: number, end: number, erase: boolean): Column {
  const found: number[] = [];
  let [low, high] = [start, end];
  for (let i = 0; i < column.length; i += 2) {
    const [a, b] = [column[i], column[i + 1]];
    if (erase) {
      if (a < start) found.push(a, Math.min(b, start));
      if (b > end) found.push(Math.max(a, end), b);
    } else if (b < low || a > high) found.push(a, b);
    else [low, high] = [Math.min(low, a), Math.max(high, b)];
  }
  if (erase) return found;
  const at = found.findIndex((value, i) => i % 2 === 0 && value > high);
  found.splice(at < 0 ? found.length : at, 0, low, high);
  return found;
}

export function areaOf({ columns }: Runs): number {
  let sum = 0;
  for (const column of columns)
    for (let i = 0; column && i < column.length; i += 2) sum += column[i + 1] - column[i];
  return sum;
}

export function isInside({ columns }: Runs, [x, y]: Point): boolean {
  const column = columns[Math.floor(x)] ?? [];
  return column.some((start, i) => i % 2 === 0 && y >= start && y < column[i + 1]);
}

/** Left, top, right and bottom of a mask. */
export function boundsOf({ columns }: Runs): [number, number, number, number] {
  const found: [number, number, number, number] = [Infinity, Infinity, -Infinity, -Infinity];
  columns.forEach((column, x) => {
    if (!column?.length) return;
    found[0] = Math.min(found[0], x);
    found[1] = Math.min(found[1], column[0]);
    found[2] = Math.max(found[2], x + 1);
    found[3] = Math.max(found[3], column[column.length - 1]);
  });
  return found;
}

/** Lengths of runs outside, inside, outside ... column by column, as in COCO's files. */
export function countsOf({ width, height, columns }: Runs): number[] {
  const counts: number[] = [];
  let ended = 0;
  for (let x = 0; x < width; x++) {
    const column = columns[x];
    for (let i = 0; column && i < column.length; i += 2) {
      const [start, end] = [x * height + column[i], x * height + column[i + 1]];
      if (start === ended && counts.length) counts[counts.length - 1] += end - start;
      else counts.push(start - ended, end - start);
      ended = end;
    }
  }
  if (ended < width * height || !counts.length) counts.push(width * height - ended);
  return counts;
}

export function fromCounts({ width, height }: Size, counts: readonly number[]): Runs {
  const columns: number[][] = new Array(width);
  let at = 0;
  counts.forEach((length, i) => {
    const end = at + length;
    for (let from = at; i % 2 && from < end; ) {
      const x = Math.floor(from / height);
      const to = Math.min(end, (x + 1) * height);
      columns[x] ??= [];
      columns[x].push(from - x * height, to - x * height);
      from = to;
    }
    at = end;
  });
  return { width, height, columns };
}

/** Counts as text, as in COCO's files: see questions/rle.py. */
export function toText(counts: readonly number[]): string {
  const codes: number[] = [];
  counts.forEach((count, i) => {
    let left = i > 2 ? count - counts[i - 2] : count;
    for (let more = true; more; ) {
      const bits = left & 31;
      left >>= 5;
      more = bits & 16 ? left !== -1 : left !== 0;
      codes.push(48 + bits + (more ? 32 : 0));
    }
  });
  let text = "";
  for (let i = 0; i < codes.length; i += 8192) text += String.fromCharCode(...codes.slice(i, i + 8192));
  return text;
}

export function fromText(text: string): number[] {
  const counts: number[] = [];
  for (let at = 0; at < text.length; ) {
    let [value, shift, more] = [0, 0, true];
    while (more && at < text.length) {
      const bits = text.charCodeAt(at++) - 48;
      value |= (bits & 31) << shift;
      shift += 5;
      more = (bits & 32) !== 0;
      if (!more && bits & 16) value |= -1 << shift;
    }
    counts.push(counts.length > 2 ? value + counts[counts.length - 2] : value);
  }
  return counts;
}
