import type { Frame } from "./geometry";
import type { Grid } from "./grid";

/** One picture: the visible part of the map (in device pixels), and how to draw it. */
export type Shot = {
  frame: Frame;
  /** The diameter of a point, in device pixels. */
  diameter: number;
  /** The number of points per pixel in dense regions, which are drawn at full strength. */
  dense: number;
  /** Draw only every n-th point, while the map moves. */
  stride: number;
};

/**
 * Draws points as a cloud. The colour of a pixel is the mean of the points on it, weighted by their opacity, and its
 * strength grows with their number. Arrays are in the order of the grid.
 */
export interface Painter {
  readonly name: "webgl" | "raster";
  setPoints(grid: Grid): void;
  setColours(colours: Uint32Array): void;
  /** Draws the picture in place of the previous one. */
  paint(context: CanvasRenderingContext2D, shot: Shot): void;
  destroy(): void;
}

/** The strength of a single point, relative to that of a dense region. */
export const FAINTEST = 0.42;
/** Factor for opacities, because overlapping points are more opaque than single ones. */
export const GAIN = 1.7;

/** The strength of a pixel by its number of points, 0 to 1; the WebGL shader computes the same. */
export function strength(points: number, dense: number): number {
  const share = Math.log1p(points) / Math.log1p(Math.max(dense, 4));
  return FAINTEST + (1 - FAINTEST) * Math.min(1, share);
}
