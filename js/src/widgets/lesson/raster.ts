import type { Behind, Frame } from "./state";

export type Rgb = [number, number, number];
export type Segment = [x0: number, y0: number, x1: number, y1: number];

/** Leads of the most likely class over the second; of two classes, one then has .6, .7, .8 and .9. */
export const LEVELS = [0.2, 0.4, 0.6, 0.8] as const;

/** Converts "#rrggbb" or "rgb(...)" to numbers. */
export function rgb(colour: string): Rgb {
  const hex = /^#([0-9a-f]{6})$/i.exec(colour.trim());
  if (hex) {
    const value = Number.parseInt(hex[1], 16);
    return [value >> 16, (value >> 8) & 255, value & 255];
  }
  const [r = 128, g = 128, b = 128] = (colour.match(/[\d.]+/g) ?? []).map(Number);
  return [r, g, b];
}

/** One pixel per cell: class colours by the model's lead, or the accent colour by utility; null for nothing. */
export function raster(
  frame: Frame,
  behind: Behind,
  cells: number,
  palette: Rgb[],
  accent: Rgb,
  dark: boolean,
): HTMLCanvasElement | null {
  const pixels = pixelsOf(frame, behind, cells, palette, accent, dark);
  const canvas = document.createElement("canvas");
  const context = canvas.getContext("2d");
  if (!pixels || !context) return null;
  canvas.width = canvas.height = cells;
  const image = context.createImageData(cells, cells);
  image.data.set(pixels);
  context.putImageData(image, 0, 0);
  return canvas;
}

export function pixelsOf(
  frame: Frame,
  behind: Behind,
  cells: number,
  palette: Rgb[],
  accent: Rgb,
  dark: boolean,
): Uint8ClampedArray | null {
  const n = cells * cells;
  if (["nothing", "committee", "space"].includes(behind) || (behind === "utilities" && !frame.heatCells))
    return null;
  const data = new Uint8ClampedArray(4 * n);
  for (let i = 0; i < n; i++) {
    const byModel = behind !== "utilities";
    let level = (byModel ? frame.cells[n + i] : (frame.heatCells as Uint8Array)[i]) / 255;
    if (behind === "probability") level = LEVELS.filter((edge) => level >= edge).length / LEVELS.length;
    data.set(byModel ? palette[frame.cells[i]] : accent, 4 * i);
    data[4 * i + 3] = 255 * (byModel ? (dark ? 0.08 : 0.1) + 0.36 * level : 0.78 * level ** 1.4);
  }
  return data;
}

/**
 * The lines between the classes in the unit square, by marching squares on the lead, which is zero where classes meet.
 * If three classes meet in one square, the lines meet in its middle.
 */
export function boundary(surface: Uint8Array, cells: number): Segment[] {
  const n = cells * cells;
  const segments: Segment[] = [];
  const unit = (position: number): number => (position + 0.5) / cells;
  const crossing = (a: number, b: number): [number, number] | null => {
    if (surface[a] === surface[b]) return null;
    const [la, lb] = [surface[n + a], surface[n + b]];
    const t = la + lb > 0 ? la / (la + lb) : 0.5;
    const [ax, ay, bx, by] = [a % cells, Math.floor(a / cells), b % cells, Math.floor(b / cells)];
    return [unit(ax + t * (bx - ax)), unit(ay + t * (by - ay))];
  };
  for (let row = 0; row + 1 < cells; row++) {
    for (let column = 0; column + 1 < cells; column++) {
      const a = row * cells + column;
      const around = [a, a + 1, a + cells + 1, a + cells];
      const found = around.flatMap((from, i) => {
        const point = crossing(from, around[(i + 1) % 4]);
        return point ? [point] : [];
      });
      if (found.length === 2) segments.push([...found[0], ...found[1]]);
      else if (found.length > 2) {
        const middle: [number, number] = [unit(column + 0.5), unit(row + 0.5)];
        for (const point of found) segments.push([...point, ...middle]);
      }
    }
  }
  return segments;
}

/** The lines where the most likely class leads by this much, by marching squares. */
export function contour(surface: Uint8Array, cells: number, lead: number): Segment[] {
  const n = cells * cells;
  // On the other side of the line between two classes the lead counts as negative, because it is that of another class.
  const value = (i: number, code: number): number =>
    (surface[i] === code ? surface[n + i] : -surface[n + i]) - 255 * lead;
  const at = (i: number): [number, number] => [
    ((i % cells) + 0.5) / cells,
    (Math.floor(i / cells) + 0.5) / cells,
  ];
  const segments: Segment[] = [];
  for (let row = 0; row + 1 < cells; row++) {
    for (let column = 0; column + 1 < cells; column++) {
      const a = row * cells + column;
      const around = [a, a + 1, a + cells + 1, a + cells];
      for (const code of new Set(around.map((i) => surface[i]))) {
        const found = around.flatMap((from, i) => {
          const to = around[(i + 1) % 4];
          const [v, w] = [value(from, code), value(to, code)];
          if (v >= 0 === w >= 0) return [];
          const [[x0, y0], [x1, y1], t] = [at(from), at(to), v / (v - w)];
          return [[x0 + t * (x1 - x0), y0 + t * (y1 - y0)]];
        });
        for (let i = 0; i + 1 < found.length; i += 2)
          segments.push([found[i][0], found[i][1], found[i + 1][0], found[i + 1][1]]);
      }
    }
  }
  return segments;
}
