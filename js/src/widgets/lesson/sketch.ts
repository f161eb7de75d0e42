import type { PlainClass } from "../../host/protocol";
import type { Frame } from "./state";

/** A point that was drawn: x and y in the unit square from the top left, and its class. */
export type Spot = readonly [x: number, y: number, code: number];
export type Sketch = {
  spots: readonly Spot[];
  /** What undo returns to. */
  past: readonly (readonly Spot[])[];
  /** The class that is drawn; null for the eraser. */
  pen: number | null;
  /** Where the keyboard draws; null until it is used. */
  cross: readonly [number, number] | null;
};
export type SketchEvent =
  | { type: "pen"; pen: number | null }
  /** `more`: part of the same stroke, which is undone as one. */
  | { type: "put"; x: number; y: number; more: boolean }
  | { type: "erase"; x: number; y: number }
  | { type: "cross"; dx: number; dy: number }
  | { type: "undo" }
  | { type: "clear" };

export const FEWEST = 10;
export const MOST = 2000;
const REACH = 0.04;
const STEP = 0.04;

export const blank: Sketch = { spots: [], past: [], pen: 0, cross: null };

export function sketchOf(xy: Float32Array, truth: Uint8Array): Sketch {
  return { ...blank, spots: [...truth].map((code, i) => [xy[2 * i], xy[2 * i + 1], code]) };
}

export function sketched(sketch: Sketch, event: SketchEvent): Sketch {
  const { spots, past, pen } = sketch;
  const change = (next: readonly Spot[], more = false): Sketch =>
    next === spots ? sketch : { ...sketch, spots: next, past: more ? past : [...past, spots] };
  switch (event.type) {
    case "pen":
      return { ...sketch, pen: event.pen };
    case "put": {
      const { x, y, more } = event;
      if (x < 0 || x > 1 || y < 0 || y > 1) return sketch;
      if (pen === null) return change(without(spots, x, y), more);
      return spots.length < MOST ? change([...spots, [x, y, pen]], more) : sketch;
    }
    case "erase":
      return change(without(spots, event.x, event.y));
    case "cross": {
      const [x, y] = sketch.cross ?? [0.5 - STEP * event.dx, 0.5 - STEP * event.dy];
      const within = (v: number): number => Math.min(1, Math.max(0, v));
      return { ...sketch, cross: [within(x + STEP * event.dx), within(y + STEP * event.dy)] };
    }
    case "undo":
      return past.length ? { ...sketch, spots: past[past.length - 1], past: past.slice(0, -1) } : sketch;
    case "clear":
      return spots.length ? change([]) : sketch;
  }
}

/** Without the spot next to a place; the same list if none is near. */
function without(spots: readonly Spot[], x: number, y: number): readonly Spot[] {
  let [best, least] = [-1, REACH ** 2];
  for (const [i, [sx, sy]] of spots.entries()) {
    const far = (sx - x) ** 2 + (sy - y) ** 2;
    if (far < least) [best, least] = [i, far];
  }
  return best < 0 ? spots : spots.filter((_, i) => i !== best);
}

const nClasses = ({ spots }: Sketch): number => new Set(spots.map(([, , code]) => code)).size;

/** Why these points make no lesson yet; empty if they do. */
export function lacking(sketch: Sketch): string {
  const { spots } = sketch;
  if (spots.length < FEWEST) return `${FEWEST - spots.length} more needed`;
  if (nClasses(sketch) < 2) return "A second class is needed";
  return spots.length >= MOST ? `${MOST} is the most` : "";
}

export const usable = (sketch: Sketch): boolean => sketch.spots.length >= FEWEST && nClasses(sketch) > 1;

export function sketchWords(sketch: Sketch, classes: PlainClass[]): string {
  const each = classes
    .map((c, code) => [sketch.spots.filter((spot) => spot[2] === code).length, c.name] as const)
    .filter(([n]) => n)
    .map(([n, name]) => `${n} ${name}`);
  const n = sketch.spots.length;
  return `${n} ${n === 1 ? "point" : "points"}${each.length ? `: ${each.join(", ")}` : ""}`;
}

/** The points of a sketch as a plane shows them. */
export function frameOfSketch({ spots }: Sketch): { xy: Float32Array; truth: Uint8Array; frame: Frame } {
  const truth = Uint8Array.from(spots, ([, , code]) => code);
  const rows = [...truth.keys()];
  const frame: Frame = {
    ...{ labelled: rows, said: [...truth], measures: [], queries: [], why: "", heat: false },
    ...{ cells: new Uint8Array(0), points: new Uint8Array(0), heatCells: null, worth: null },
  };
  return { xy: Float32Array.from(spots.flatMap((spot) => spot.slice(0, 2))), truth, frame };
}
