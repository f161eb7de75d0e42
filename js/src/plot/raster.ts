import type { View } from "./engine";
import type { Grid } from "./grid";
import { GAIN, type Painter, type Shot, strength } from "./painter";

/**
 * Sums for a pixel: weighted red, green and blue, the weight, and weighted opacity. All are integers far below 2^53, so
 * points can be subtracted exactly, and a few points can change without redrawing the others.
 */
const PARTS = 5;
const STEPS = 8;
/** The number of parts of a fully covered pixel. */
const WHOLE = 16;
/** If more than this share of the points changes, all are redrawn. */
const FEW = 0.2;

type Stamp = { offsets: Int32Array; cover: Float64Array; reach: number };

/** Draws on the CPU, which is faster than WebGL in software. */
export class RasterPainter implements Painter {
  readonly name = "raster";
  private grid: Grid | null = null;
  /** Signed integers, because unsigned ones would be converted to floating point. */
  private colours: Int32Array = new Int32Array(0);
  /** The colours in the current picture. */
  private painted: Int32Array = new Int32Array(0);
  private shown = "";
  private sums = new Float64Array(0);
  private image: ImageData | null = null;

  setPoints(grid: Grid): void {
    this.grid = grid;
    this.shown = "";
  }

  setColours(colours: Uint32Array): void {
    this.colours = new Int32Array(colours.buffer, colours.byteOffset, colours.length);
  }

  paint(context: CanvasRenderingContext2D, shot: Shot): void {
    const { width, height } = shot.frame;
    const reach = Math.ceil(shot.diameter / 2);
    const across = width + 2 * reach;
    const stamp = stampOf(shot.diameter, across);
    const wanted = JSON.stringify(shot);
    const changed = this.image && this.shown === wanted ? this.changed() : null;
    if (this.image && changed) this.repaint(changed, shot, stamp, this.image);
    else {
      const size = PARTS * across * (height + 2 * reach);
      if (this.sums.length < size) this.sums = new Float64Array(size);
      else this.sums.fill(0, 0, size);
      if (this.image?.width !== width || this.image.height !== height) {
        this.image = context.createImageData(width, height);
      }
      this.gather(shot, stamp);
      resolve(this.sums, across, reach, shot, this.image);
      this.painted = this.colours.slice();
      this.shown = wanted;
    }
    context.putImageData(this.image, 0, 0);
  }

  /** The points with another colour than in the current picture; null if there are many. */
  private changed(): Int32Array | null {
    const { painted, colours } = this;
    const found = new Int32Array(Math.ceil(FEW * colours.length));
    let n = 0;
    for (let s = 0; s < colours.length; s++) {
      if (colours[s] === painted[s]) continue;
      if (n === found.length) return null;
      found[n++] = s;
    }
    return found.subarray(0, n);
  }

  /** Subtracts the old colours of some points, adds the new ones, and updates only their pixels. */
  private repaint(changed: Int32Array, shot: Shot, stamp: Stamp, image: ImageData): void {
    if (!this.grid) return;
    const { view, width, height } = shot.frame;
    const { places } = this.grid;
    const [ax, ay, bx, by] = scale(view, width, height);
    const across = width + 2 * stamp.reach;
    const ink = inkOf(shot.dense);
    const pixels = new Uint32Array(image.data.buffer);
    for (let k = 0; k < changed.length; k++) {
      const s = changed[k];
      const x = (places[2 * s] * ax + bx) | 0;
      const y = (by - places[2 * s + 1] * ay) | 0;
      if (x < 1 || x > width || y < 1 || y > height) continue;
      const p = ((y + stamp.reach - 1) * across + x + stamp.reach - 1) * PARTS;
      add(this.sums, p, this.painted[s], -shot.stride, stamp);
      add(this.sums, p, this.colours[s], shot.stride, stamp);
    }
    for (let k = 0; k < changed.length; k++) {
      const s = changed[k];
      this.painted[s] = this.colours[s];
      const x = (places[2 * s] * ax + bx) | 0;
      const y = (by - places[2 * s + 1] * ay) | 0;
      if (x < 1 || x > width || y < 1 || y > height) continue;
      const { reach } = stamp;
      for (let v = Math.max(1, y - reach); v <= Math.min(height, y + reach); v++) {
        for (let u = Math.max(1, x - reach); u <= Math.min(width, x + reach); u++) {
          const q = ((v + reach - 1) * across + u + reach - 1) * PARTS;
          pixels[(v - 1) * width + u - 1] = pixel(this.sums, q, ink);
        }
      }
    }
  }

  destroy(): void {
    this.sums = new Float64Array(0);
    this.shown = "";
    this.image = null;
    this.grid = null;
  }

  /** Adds every visible point to the sums, which have a margin of the stamp's reach. */
  private gather({ frame, stride }: Shot, stamp: Stamp): void {
    if (!this.grid) return;
    const { view, width, height } = frame;
    const add = stamp.offsets.length === 1 ? addDots : addDiscs;
    for (const { from, to } of this.grid.within(view)) {
      const first = Math.ceil(from / stride) * stride;
      add(this.sums, this.grid.places, this.colours, first, to, stride, view, width, height, stamp);
    }
  }
}

/** Scales positions to pixels, shifted by one so that points left of the picture are not rounded into it. */
function scale(view: View, width: number, height: number): [number, number, number, number] {
  const ax = width / (view.x[1] - view.x[0]);
  const ay = height / (view.y[1] - view.y[0]);
  return [ax, ay, 1 - view.x[0] * ax, 1 + height + view.y[0] * ay];
}

/** Adds one point, or subtracts it if `times` is negative. */
function add(sums: Float64Array, p: number, colour: number, times: number, { offsets, cover }: Stamp): void {
  const a = colour >>> 24;
  const w = a * a * times;
  for (let k = 0; k < offsets.length; k++) {
    const q = p + offsets[k];
    const c = w * cover[k];
    sums[q] += (colour & 255) * c;
    sums[q + 1] += ((colour >>> 8) & 255) * c;
    sums[q + 2] += ((colour >>> 16) & 255) * c;
    sums[q + 3] += c;
    sums[q + 4] += a * c;
  }
}

// The two loops over a million points use only numbers and typed arrays.

function addDots(
  sums: Float64Array,
  places: Float32Array,
  colours: Int32Array,
  from: number,
  to: number,
  stride: number,
  view: View,
  width: number,
  height: number,
  { cover, reach }: Stamp,
): void {
  const [ax, ay, bx, by] = scale(view, width, height);
  const across = width + 2 * reach;
  const shift = reach - 1;
  const whole = cover[0] * stride;
  let last = 0;
  let [r, g, b, w, o] = [0, 0, 0, 0, 0];
  for (let s = from; s < to; s += stride) {
    const x = (places[2 * s] * ax + bx) | 0;
    const y = (by - places[2 * s + 1] * ay) | 0;
    if (x < 1 || x > width || y < 1 || y > height) continue;
    const colour = colours[s];
    if (colour !== last) {
      last = colour;
      const a = colour >>> 24;
      w = a * a * whole;
      r = (colour & 255) * w;
      g = ((colour >>> 8) & 255) * w;
      b = ((colour >>> 16) & 255) * w;
      o = a * w;
    }
    const p = ((y + shift) * across + x + shift) * PARTS;
    sums[p] += r;
    sums[p + 1] += g;
    sums[p + 2] += b;
    sums[p + 3] += w;
    sums[p + 4] += o;
  }
}

function addDiscs(
  sums: Float64Array,
  places: Float32Array,
  colours: Int32Array,
  from: number,
  to: number,
  stride: number,
  view: View,
  width: number,
  height: number,
  { offsets, cover, reach }: Stamp,
): void {
  const [ax, ay, bx, by] = scale(view, width, height);
  const across = width + 2 * reach;
  const shift = reach - 1;
  const n = offsets.length;
  for (let s = from; s < to; s += stride) {
    const x = (places[2 * s] * ax + bx) | 0;
    const y = (by - places[2 * s + 1] * ay) | 0;
    if (x < 1 || x > width || y < 1 || y > height) continue;
    const colour = colours[s];
    const a = colour >>> 24;
    const w = a * a * stride;
    const r = (colour & 255) * w;
    const g = ((colour >>> 8) & 255) * w;
    const b = ((colour >>> 16) & 255) * w;
    const o = a * w;
    const p = ((y + shift) * across + x + shift) * PARTS;
    for (let k = 0; k < n; k++) {
      const q = p + offsets[k];
      const c = cover[k];
      sums[q] += r * c;
      sums[q + 1] += g * c;
      sums[q + 2] += b * c;
      sums[q + 3] += w * c;
      sums[q + 4] += o * c;
    }
  }
}

/** A disc as pixels around its centre, with the coverage of each. */
export function stampOf(diameter: number, across: number): Stamp {
  const reach = Math.ceil(diameter / 2);
  const offsets: number[] = [];
  const cover: number[] = [];
  for (let y = -reach; y <= reach; y++) {
    for (let x = -reach; x <= reach; x++) {
      const c =
        diameter <= 1 ? Number(x === 0 && y === 0) : Math.min(1, diameter / 2 + 0.5 - Math.hypot(x, y));
      if (c <= 0.05) continue;
      offsets.push((y * across + x) * PARTS);
      cover.push(Math.round(WHOLE * c));
    }
  }
  return { offsets: Int32Array.from(offsets), cover: Float64Array.from(cover), reach };
}

/** Converts sums to pixels. */
function resolve(sums: Float64Array, across: number, reach: number, shot: Shot, image: ImageData): void {
  const { width, height } = shot.frame;
  const pixels = new Uint32Array(image.data.buffer);
  const ink = inkOf(shot.dense);
  for (let y = 0; y < height; y++) {
    let p = ((y + reach) * across + reach) * PARTS;
    for (let k = y * width; k < (y + 1) * width; k++, p += PARTS) pixels[k] = pixel(sums, p, ink);
  }
}

/** A table of the strength of a pixel by its number of points, in steps of 1/8. */
const inkOf = (dense: number): Float32Array =>
  Float32Array.from({ length: 256 * STEPS }, (_, i) => strength(i / STEPS, dense));

function pixel(sums: Float64Array, p: number, ink: Float32Array): number {
  const w = sums[p + 3];
  if (w === 0) return 0;
  const a = sums[p + 4] / w;
  // The number of points with this opacity that would have the same weight.
  const points = Math.min(255, w / (a * a * WHOLE));
  const fade = Math.min(1, points) * Math.min(1, (GAIN * a) / 255) * ink[(points * STEPS) | 0];
  return ((fade * 255) << 24) | ((sums[p + 2] / w) << 16) | ((sums[p + 1] / w) << 8) | (sums[p] / w);
}
