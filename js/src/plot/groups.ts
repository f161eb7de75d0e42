import type { Frame, Point } from "./geometry";

export type Groups = { of: Uint16Array; names: string[]; hulls: Point[][] };
type Box = [left: number, top: number, right: number, bottom: number];
export type ShownGroup = {
  group: number;
  name: string;
  at: Point;
  box: Box;
  hull: Point[];
  active: boolean;
};

/** Splits a flat array of corners into outlines with the given numbers of corners. */
export function hullsOf(corners: number[], flat: Float32Array): Point[][] {
  let at = 0;
  return corners.map((n) => Array.from({ length: n }, (): Point => [flat[at++], flat[at++]]));
}

/** The group whose name is under a pixel; -1 for none. */
export function namedAt(shown: readonly ShownGroup[], x: number, y: number): number {
  const found = shown.find(({ box }) => x >= box[0] && x <= box[2] && y >= box[1] && y <= box[3]);
  return found ? found.group : -1;
}

/** The number of largest groups that are named on the map. */
const NAMES = 32;

/** The names of the larger groups as far as they do not overlap, and the outline of the active one. */
export function shownGroups(groups: Groups, active: number, frame: Frame): ShownGroup[] {
  const taken: Box[] = [];
  const largest = groups.names.slice(0, NAMES).map((_, group) => group);
  const order = active < 0 ? largest : [active, ...largest.filter((group) => group !== active)];
  return order.flatMap((group) => {
    const name = groups.names[group] ?? "";
    const hull = (groups.hulls[group] ?? []).map(([x, y]): Point => [frame.px(x), frame.py(y)]);
    if (!hull.length) return [];
    const w = name.length * 3.4 + 6;
    const at = placeOf(hull, w);
    const box: Box = [at[0] - w, at[1] - 10, at[0] + w, at[1] + 10];
    const out = box[0] < 0 || box[2] > frame.width || at[1] < 12 || at[1] > frame.height - 12;
    const hit = taken.some((t) => box[0] < t[2] && box[2] > t[0] && box[1] < t[3] && box[3] > t[1]);
    if (group !== active && (out || hit)) return [];
    taken.push(box);
    return [{ group, name, at, box, hull: group === active ? hull : [], active: group === active }];
  });
}

/** Inside a group with room for its name, otherwise above it, or below it at the upper edge, so as not to hide points. */
function placeOf(hull: Point[], halfWidth: number): Point {
  const [xs, ys] = [hull.map((p) => p[0]), hull.map((p) => p[1])];
  const [top, bottom] = [Math.min(...ys), Math.max(...ys)];
  const roomy = Math.max(...xs) - Math.min(...xs) > 4 * halfWidth && bottom - top > 60;
  if (roomy) return [mean(xs), mean(ys)];
  return [mean(xs), top - 9 >= 12 ? top - 9 : bottom + 11];
}

const mean = (values: number[]): number => values.reduce((sum, v) => sum + v, 0) / values.length;
