import type { Frame } from "./geometry";
import type { Grid } from "./grid";

/** One picture: what is on screen (in pixels of the device), and how. */
export type Shot = {
  frame: Frame;
  /** Of a point, in pixels of the device. */
  diameter: number;
  /** How many points lie on one pixel where the map is crowded: drawn at full strength. */
  dense: number;
  /** Draw every so many points, for a picture in motion. */
  stride: number;
};

/**
 * Turns places and colours into a cloud: the colour of a pixel is the mean of the points on it, the stronger ones
 * counting more; its strength grows with their number. Arrays are in the order of the grid.
 */
export interface Painter {
  readonly name: "webgl" | "raster";
  setPoints(grid: Grid): void;
  setColours(colours: Uint32Array): void;
  /** Replace the picture. */
  paint(context: CanvasRenderingContext2D, shot: Shot): void;
  destroy(): void;
}

/** Strength of a single point, next to that of a crowd. */
export const FAINTEST = 0.42;
/** By which opacities are raised: a crowd is denser than its points. */
export const GAIN = 1.7;

/** How strong a pixel is with so many points on it, 0 to 1; the WebGL shader says the same. */
export function strength(points: number, dense: number): number {
  const share = Math.log1p(points) / Math.log1p(Math.max(dense, 4));
  return FAINTEST + (1 - FAINTEST) * Math.min(1, share);
}
