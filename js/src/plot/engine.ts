import type { Grid } from "./grid";
import type { Looks } from "./look";
import type { Rows } from "./rows";

export type EngineName = "altair" | "webgl" | "raster";

/** The visible part of the map, in map coordinates. */
export type View = { x: [number, number]; y: [number, number] };

/** Draws the points. Everything else (gestures, selection, rings, names) is the same for all engines. */
export interface Engine {
  readonly name: EngineName;
  setPoints(grid: Grid, looks: Looks): Promise<void>;
  /** Redraws some points; all if `rows` is null. */
  setLooks(looks: Looks, rows: Rows | null): Promise<void>;
  setView(view: View): Promise<void>;
  resize(width: number, height: number): Promise<void>;
  destroy(): void;
}
