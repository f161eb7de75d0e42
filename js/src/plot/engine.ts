import type { Grid } from "./grid";
import type { Looks } from "./look";
import type { Rows } from "./rows";

export type EngineName = "altair" | "webgl" | "raster";

/** The part of the map on screen, in map coordinates. */
export type View = { x: [number, number]; y: [number, number] };

/** What draws the points. Everything else (gestures, choosing, rings, names) is the same for all engines. */
export interface Engine {
  readonly name: EngineName;
  setPoints(grid: Grid, looks: Looks): Promise<void>;
  /** Draw some points anew; all where `rows` is null. */
  setLooks(looks: Looks, rows: Rows | null): Promise<void>;
  setView(view: View): Promise<void>;
  resize(width: number, height: number): Promise<void>;
  destroy(): void;
}
