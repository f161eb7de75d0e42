import type { Picture } from "../../items/picture/picture";
import { boxed, type Place } from "./geometry";

/** What stands out in a piece of an image: see {@link largestRegion}. */
export type Region = { x0: number; y0: number; x1: number; y1: number };

/** Pixels of the longer side in which a region is looked for. */
const LOOKED_AT = 320;
/** Differences in color, of 255, that are not noise. */
const VISIBLE = 16;

/**
 * The box around the largest connected region whose color differs from that of the border, by Otsu's threshold (1979);
 * null if nothing stands out. `rgba` are the pixels, row by row.
 */
export function largestRegion(rgba: ArrayLike<number>, width: number, height: number): Region | null {
  const ground = borderColor(rgba, width, height);
  const off = new Uint8Array(width * height);
  for (let i = 0; i < off.length; i++)
    for (let c = 0; c < 3; c++) off[i] = Math.max(off[i], Math.abs(rgba[4 * i + c] - ground[c]));
  const threshold = Math.max(VISIBLE, otsu(off));
  const seen = new Uint8Array(off.length);
  const stack = new Int32Array(off.length);
  let best: Region | null = null;
  let most = 0;
  for (let start = 0; start < off.length; start++) {
    if (seen[start] || off[start] < threshold) continue;
    let [n, top] = [0, 0];
    const found = { x0: width, y0: height, x1: 0, y1: 0 };
    const visit = (i: number): void => {
      if (seen[i] || off[i] < threshold) return;
      seen[i] = 1;
      stack[top++] = i;
    };
    visit(start);
    while (top) {
      const i = stack[--top];
      const [x, y] = [i % width, Math.floor(i / width)];
      n++;
      found.x0 = Math.min(found.x0, x);
      found.y0 = Math.min(found.y0, y);
      found.x1 = Math.max(found.x1, x + 1);
      found.y1 = Math.max(found.y1, y + 1);
      if (x > 0) visit(i - 1);
      if (x < width - 1) visit(i + 1);
      if (y > 0) visit(i - width);
      if (y < height - 1) visit(i + width);
    }
    if (n > most) [most, best] = [n, found];
  }
  return best;
}

/** The box of what stands out within a box, or why there is none. */
export function insideOf(at: Place, picture: Picture): Place | string {
  try {
    const pixels = picture.pixels(at, LOOKED_AT);
    const region = pixels && largestRegion(pixels.data, pixels.width, pixels.height);
    if (!region) return "Nothing in the box stands out from its border.";
    const [x, y] = [(at[2] - at[0]) / pixels.width, (at[3] - at[1]) / pixels.height];
    const { x0, y0, x1, y1 } = region;
    return boxed([at[0] + x0 * x, at[1] + y0 * y], [at[0] + x1 * x, at[1] + y1 * y], picture.size);
  } catch {
    return "The image is from another host, so its pixels cannot be read.";
  }
}

/** The median color of the pixels at the border. */
function borderColor(rgba: ArrayLike<number>, width: number, height: number): number[] {
  const at: number[] = [];
  for (let x = 0; x < width; x++) at.push(x, (height - 1) * width + x);
  for (let y = 0; y < height; y++) at.push(y * width, y * width + width - 1);
  return [0, 1, 2].map((c) => {
    const values = at.map((i) => rgba[4 * i + c]).sort((a, b) => a - b);
    return values[values.length >> 1];
  });
}

/** The value from on which pixels belong to the upper of two groups. */
function otsu(values: Uint8Array): number {
  const counts = new Float64Array(256);
  for (const value of values) counts[value]++;
  const total = counts.reduce((sum, n, value) => sum + n * value, 0);
  let [below, sum, best, most] = [0, 0, 0, -1];
  for (let value = 0; value < 255; value++) {
    below += counts[value];
    sum += counts[value] * value;
    const above = values.length - below;
    if (!below || !above) continue;
    const between = below * above * (sum / below - (total - sum) / above) ** 2;
    if (between > most) [most, best] = [between, value + 1];
  }
  return best;
}
