import type { Behind, Frame } from "./state";

export type Rgb = [number, number, number];
export type Segment = [x0: number, y0: number, x1: number, y1: number];

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
  if (behind === "nothing" || (behind === "utilities" && !frame.heatCells)) return null;
  const data = new Uint8ClampedArray(4 * n);
  for (let i = 0; i < n; i++) {
    const level = (behind === "model" ? frame.cells[n + i] : (frame.heatCells as Uint8Array)[i]) / 255;
    data.set(behind === "model" ? palette[frame.cells[i]] : accent, 4 * i);
    data[4 * i + 3] = 255 * (behind === "model" ? (dark ? 0.08 : 0.1) + 0.36 * level : 0.78 * level ** 1.4);
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
