import type { Frame, Point } from "./geometry";
import type { Grid } from "./grid";
import type { Rows } from "./rows";

export type Groups = { of: Uint16Array; names: string[]; hulls: Point[][] };
export type Box = [left: number, top: number, right: number, bottom: number];
export type ShownGroup = {
  group: number;
  name: string;
  at: Point;
  box: Box;
  hull: Point[];
  active: boolean;
  thumbs: readonly string[];
  /** The ends of a line from the name to its group, if it is apart from it. */
  line: [Point, Point] | null;
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

/** The number of groups that are named at a time, the largest in view first. */
const NAMES = 32;
const LONGEST = 28;
/** The zoom buttons are in the lower right corner, and what is selected or was done is said in the upper left one. */
const [BUTTONS, CHIP] = [
  [40, 92],
  [240, 40],
];
const HALF_HEIGHT = 10;
/** The distances of a name from its group. */
const AWAY = [0, 14, 30];
/** The size of a thumbnail in a name, and the distance from one to the next. */
export const THUMB_PX = 26;
export const THUMB_STEP = 29;
/** Of many points that a name would cover, so many count. */
const MOST_COVERED = 20;
/** A name further than this from its group, in pixels, is joined to it by a line. */
const APART = 8;
/** A name that is this much further down the list of places should cover so many points fewer. */
const WORSE = 3;

/** What else is on the map. */
export type Surroundings = {
  /** Whether a box covers a point that matters. */
  blocked: (box: Box) => boolean;
  /** The number of points in a box. */
  covered: (box: Box) => number;
  /** The thumbnails that name a group; empty if it is named by words. */
  thumbs: (group: number) => readonly string[];
};

/** Names stay so far from the points that matter, of which so many selected ones are considered. */
const CLEAR = 6;
const MOST_AROUND = 1000;

/** Where buttons lie over the map. */
export function reserved({ width, height }: Frame): Box[] {
  return [
    [width - BUTTONS[0], height - BUTTONS[1], width, height],
    [0, 0, Math.min(CHIP[0], width / 2), CHIP[1]],
  ];
}

/** The points of a map as what surrounds the names; `rows` are those that matter, `boxes` what is written there. */
export function surroundings({
  frame,
  grid,
  rows,
  boxes,
  thumbs,
}: {
  frame: Frame;
  grid: Grid;
  rows: readonly number[];
  boxes: readonly Box[];
  thumbs: Surroundings["thumbs"];
}): Surroundings {
  const points = rows.map((row): Point => [frame.px(grid.xy[2 * row]), frame.py(grid.xy[2 * row + 1])]);
  return {
    blocked: (name) => {
      const [left, top, right, bottom] = name;
      const on = ([x, y]: Point): boolean =>
        x > left - CLEAR && x < right + CLEAR && y > top - CLEAR && y < bottom + CLEAR;
      return points.some(on) || boxes.some((box) => overlap(name, box));
    },
    covered: ([left, top, right, bottom]) =>
      grid.about({ x: [frame.x(left), frame.x(right)], y: [frame.y(bottom), frame.y(top)] }),
    thumbs,
  };
}

/** Enough of the selected rows to keep names off them. */
export function sampled(rows: Rows): Rows {
  const every = Math.ceil(rows.length / MOST_AROUND);
  if (every <= 1) return rows;
  return Uint32Array.from({ length: Math.floor(rows.length / every) }, (_, k) => rows[k * every]);
}

export const ALONE: Surroundings = { blocked: () => false, covered: () => 0, thumbs: () => [] };

/** The names of groups, as far as they cover neither each other nor points that matter; the active one has its outline. */
export function shownGroups(
  groups: Groups,
  active: number,
  frame: Frame,
  around: Surroundings = ALONE,
): ShownGroup[] {
  const taken = reserved(frame);
  const shown: ShownGroup[] = [];
  const order = [...groups.names.keys()].filter((group) => group !== active);
  if (active >= 0) order.unshift(active);
  for (const group of order) {
    if (shown.length >= NAMES) break;
    const hull = (groups.hulls[group] ?? []).map(([x, y]): Point => [frame.px(x), frame.py(y)]);
    const seen = hull.length ? visible(hull, frame) : null;
    if (!seen) continue;
    const thumbs = around.thumbs(group);
    const name = shortened(groups.names[group] ?? "");
    const w = thumbs.length ? (thumbs.length * THUMB_STEP) / 2 : name.length * 3.4 + 6;
    const h = thumbs.length ? THUMB_PX / 2 : HALF_HEIGHT;
    const places = placesOf(seen, w, h).map((at) => ({ at, box: boxOf(at, w, h) }));
    const free = places.filter(
      ({ box }) => !out(box, frame) && !taken.some((other) => overlap(box, other)) && !around.blocked(box),
    );
    const best = least(free, ({ box }, k) => Math.min(around.covered(box), MOST_COVERED) + k * WORSE);
    const place = best ?? (group === active ? places[0] : null);
    if (!place) continue;
    taken.push(place.box);
    const is = group === active;
    shown.push({
      group,
      name,
      thumbs,
      ...place,
      hull: is ? hull : [],
      active: is,
      line: lineTo(place.box, seen),
    });
  }
  return shown;
}

/** A line from the edge of a name's box to the middle of its group; null if the name is beside or inside it. */
function lineTo(box: Box, seen: Box): [Point, Point] | null {
  const apart = [0, 1].map((k) => Math.max(0, box[k] - seen[k + 2], seen[k] - box[k + 2]));
  if (Math.hypot(...apart) <= APART) return null;
  const middle: Point = [(seen[0] + seen[2]) / 2, (seen[1] + seen[3]) / 2];
  const edge = [0, 1].map((k) => Math.min(Math.max(middle[k], box[k]), box[k + 2])) as Point;
  return [edge, middle];
}

const boxOf = ([x, y]: Point, w: number, h: number): Box => [x - w, y - h, x + w, y + h];
export const overlap = (a: Box, b: Box): boolean => a[0] < b[2] && a[2] > b[0] && a[1] < b[3] && a[3] > b[1];
const out = ([left, top, right, bottom]: Box, { width, height }: Frame): boolean =>
  left < 0 || right > width || top < 2 || bottom > height - 2;
const shortened = (name: string): string =>
  name.length > LONGEST ? `${name.slice(0, LONGEST - 1).trimEnd()}…` : name;

function least<T>(values: readonly T[], cost: (value: T, k: number) => number): T | null {
  let [best, lowest]: [T | null, number] = [null, Number.POSITIVE_INFINITY];
  for (const [k, value] of values.entries()) {
    const now = cost(value, k);
    if (now < lowest) [best, lowest] = [value, now];
  }
  return best;
}

/** The part of the box around an outline that is in the picture; null if there is none. */
function visible(hull: Point[], { width, height }: Frame): Box | null {
  const [xs, ys] = [hull.map((p) => p[0]), hull.map((p) => p[1])];
  const box: Box = [
    Math.max(0, Math.min(...xs)),
    Math.max(0, Math.min(...ys)),
    Math.min(width, Math.max(...xs)),
    Math.min(height, Math.max(...ys)),
  ];
  return box[0] < box[2] && box[1] < box[3] ? box : null;
}

/** Where the name of a group may be, best first: inside with room for it, otherwise around it, further and further. */
function placesOf([left, top, right, bottom]: Box, w: number, h: number): Point[] {
  const [x, y] = [(left + right) / 2, (top + bottom) / 2];
  const around = AWAY.flatMap((gap): Point[] => [
    [x, top - h + 1 - gap],
    [x, bottom + h + 1 + gap],
    [right + w + 2 + gap, y],
    [left - w - 2 - gap, y],
    [right + w + 2 + gap, top - gap],
    [left - w - 2 - gap, top - gap],
    [right + w + 2 + gap, bottom + gap],
    [left - w - 2 - gap, bottom + gap],
  ]);
  const inside: Point[] = [
    [x, y],
    [x, top + h + 4],
    [x, bottom - h - 4],
  ];
  const roomy = right - left > 4 * w && bottom - top > 6 * h;
  return roomy ? [...inside, ...around] : [...around.slice(0, 4), ...inside.slice(1), ...around.slice(4)];
}

/** The `k` most central rows of each group: those nearest to the mean of its positions. */
export function centralRows({ of, names }: Groups, xy: Float32Array, k: number): number[][] {
  const sums = new Float64Array(3 * names.length);
  for (let i = 0; i < of.length; i++) {
    const at = 3 * of[i];
    sums[at] += xy[2 * i];
    sums[at + 1] += xy[2 * i + 1];
    sums[at + 2]++;
  }
  const best = names.map((): { row: number; far: number }[] => []);
  for (let i = 0; i < of.length; i++) {
    const at = 3 * of[i];
    const found = best[of[i]];
    if (!found) continue;
    const [dx, dy] = [xy[2 * i] - sums[at] / sums[at + 2], xy[2 * i + 1] - sums[at + 1] / sums[at + 2]];
    const far = dx * dx + dy * dy;
    if (found.length === k && far >= found[k - 1].far) continue;
    found.push({ row: i, far });
    found.sort((a, b) => a.far - b.far);
    found.length = Math.min(found.length, k);
  }
  return best.map((found) => found.map(({ row }) => row));
}
