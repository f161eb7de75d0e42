/** How one point is drawn. */
export type Look = {
  fill: string;
  stroke: string;
  opacity: number;
  /** Area in square pixels. */
  size: number;
  /** Width of the ring in pixels. */
  width: number;
  /** Drawn above the rest. */
  top: boolean;
};

/** The part of the map on screen, in map coordinates. */
export type View = { x: [number, number]; y: [number, number] };

/** What draws the points. Everything else (gestures, choosing, rings, names) is the same for all engines. */
export interface Engine {
  setPoints(xy: Float32Array, look: (i: number) => Look): Promise<void>;
  /** Draw some points anew; all where `rows` is null. */
  setLooks(rows: Iterable<number> | null, look: (i: number) => Look): Promise<void>;
  setView(view: View): Promise<void>;
  resize(width: number, height: number): Promise<void>;
  destroy(): void;
}
