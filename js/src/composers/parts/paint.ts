import type { Frame } from "../../items/picture/frame";
import { type Look, lines } from "./ink";
import type { Runs } from "./runs";

type Paths = { fill: Path2D; edge: Path2D };

/** By mask, and by the columns that are drawn as one. */
const made = new WeakMap<Runs, Map<number, Paths>>();

/** Draws a mask: filled, with its outline; a suggestion is hatched. */
export function paintMask(c: CanvasRenderingContext2D, frame: Frame, mask: Runs, look: Look): void {
  // Where columns are narrower than a pixel of the screen, one stands for several.
  const step = Math.max(1, 2 ** Math.floor(Math.log2(1 / frame.scale)));
  const paths = pathsOf(mask, step);
  c.save();
  c.translate(frame.x, frame.y);
  c.scale(frame.scale, frame.scale);
  c.globalAlpha = look.idea ? 0.6 : 0.4;
  c.fillStyle = look.idea ? (hatch(c, look.color, frame.scale) ?? look.color) : look.color;
  c.fill(paths.fill);
  c.globalAlpha = 1;
  lines(c, look, paths.edge, frame.scale);
  c.restore();
}

function pathsOf(mask: Runs, step: number): Paths {
  const known = made.get(mask) ?? new Map<number, Paths>();
  made.set(mask, known);
  let found = known.get(step);
  if (!found) {
    found = pathsFrom(mask, step);
    known.set(step, found);
  }
  return found;
}

function pathsFrom({ width, columns }: Runs, step: number): Paths {
  const [fill, edge] = [new Path2D(), new Path2D()];
  let before: readonly number[] = [];
  for (let x = 0; x < width + step; x += step) {
    const column = x < width ? (columns[x] ?? []) : [];
    const right = Math.min(x + step, width);
    for (let i = 0; i < column.length; i += 2) {
      fill.rect(x, column[i], right - x, column[i + 1] - column[i]);
      for (const y of [column[i], column[i + 1]]) {
        edge.moveTo(x, y);
        edge.lineTo(right, y);
      }
    }
    for (const [low, high] of differing(before, column)) {
      edge.moveTo(Math.min(x, width), low);
      edge.lineTo(Math.min(x, width), high);
    }
    before = column;
  }
  return { fill, edge };
}

/** The stretches that belong to one of two columns only. */
export function differing(a: readonly number[], b: readonly number[]): [number, number][] {
  const all = [...a, ...b].sort((one, other) => one - other);
  const found: [number, number][] = [];
  for (let i = 0; i < all.length; i += 2) if (all[i] < all[i + 1]) found.push([all[i], all[i + 1]]);
  return found;
}

/** Diagonal stripes; undefined where there are no patterns. */
function hatch(c: CanvasRenderingContext2D, color: string, scale: number): CanvasPattern | null {
  const tile = document.createElement("canvas");
  tile.width = tile.height = 8;
  const on = tile.getContext("2d");
  if (!on) return null;
  on.strokeStyle = color;
  on.lineWidth = 2.5;
  for (const at of [-8, 0, 8]) {
    on.moveTo(at, 8);
    on.lineTo(at + 8, 0);
  }
  on.stroke();
  const pattern = c.createPattern(tile, "repeat");
  pattern?.setTransform(new DOMMatrix().scale(1 / scale));
  return pattern;
}
