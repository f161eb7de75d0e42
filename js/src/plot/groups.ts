import type { Frame, Point } from "./geometry";

export type Groups = { of: Uint16Array; names: string[]; hulls: Point[][] };
export type ShownGroup = { name: string; at: Point; hull: Point[]; active: boolean };

/** Outlines of so many corners each, from all corners in a row. */
export function hullsOf(corners: number[], flat: Float32Array): Point[][] {
  let at = 0;
  return corners.map((n) => Array.from({ length: n }, (): Point => [flat[at++], flat[at++]]));
}

/** How many of the largest groups are named on the map. */
const NAMES = 16;

/** Names of the larger groups, where they do not cover each other; of the active one its outline too. */
export function shownGroups(groups: Groups, active: number, frame: Frame): ShownGroup[] {
  const taken: [number, number, number, number][] = [];
  const largest = groups.names.slice(0, NAMES).map((_, group) => group);
  const order = active < 0 ? largest : [active, ...largest.filter((group) => group !== active)];
  return order.flatMap((group) => {
    const name = groups.names[group] ?? "";
    const hull = (groups.hulls[group] ?? []).map(([x, y]): Point => [frame.px(x), frame.py(y)]);
    if (!hull.length) return [];
    const at: Point = [mean(hull.map((p) => p[0])), mean(hull.map((p) => p[1]))];
    const w = name.length * 3.4 + 6;
    const box: [number, number, number, number] = [at[0] - w, at[1] - 10, at[0] + w, at[1] + 10];
    const out = box[0] < 0 || box[2] > frame.width || at[1] < 12 || at[1] > frame.height - 12;
    const hit = taken.some((t) => box[0] < t[2] && box[2] > t[0] && box[1] < t[3] && box[3] > t[1]);
    if (group !== active && (out || hit)) return [];
    taken.push(box);
    return [{ name, at, hull: group === active ? hull : [], active: group === active }];
  });
}

const mean = (values: number[]): number => values.reduce((sum, v) => sum + v, 0) / values.length;
