import { describe, expect, it } from "vitest";
import {
  areaOf,
  boundsOf,
  box,
  boxed,
  dot,
  moved,
  polygon,
  type Shape,
  within,
} from "../src/composers/parts/geometry";
import { isLight } from "../src/composers/parts/ink";
import { differing } from "../src/composers/parts/paint";
import * as runs from "../src/composers/parts/runs";
import { largestRegion } from "../src/composers/parts/snap";
import { Timeline } from "../src/composers/parts/timeline";
import {
  fitted,
  inSight,
  type Point,
  panned,
  revealed,
  tilesIn,
  toImage,
  toScreen,
  zoomed,
} from "../src/items/picture/frame";
import { seeded } from "./fakes";

const IMAGE = { width: 8688, height: 5792 };
const VIEW = { width: 900, height: 400 };

describe("the frame of an image", () => {
  it("shows all of it, and no less", () => {
    const whole = fitted(IMAGE, VIEW);
    expect(inSight(whole, IMAGE, VIEW)).toEqual([0, 0, 8688, 5792]);
    expect(zoomed(whole, [3, 3], 0.1, IMAGE, VIEW)).toEqual(whole);
    expect(panned(whole, 500, -500, IMAGE, VIEW)).toEqual(whole);
  });

  it("keeps the place under the pointer while it zooms", () => {
    let frame = fitted(IMAGE, VIEW);
    const at: Point = [450, 210];
    const place = toImage(frame, at);
    for (let i = 0; i < 9; i++) frame = zoomed(frame, at, 1.7, IMAGE, VIEW);
    expect(toImage(frame, at)[0]).toBeCloseTo(place[0], 6);
    expect(toScreen(frame, place)[1]).toBeCloseTo(210, 6);
    expect(zoomed(frame, at, 1e9, IMAGE, VIEW).scale).toBe(40);
  });

  it("keeps the image in sight, however far it is panned", () => {
    const frame = zoomed(fitted(IMAGE, VIEW), [450, 200], 8, IMAGE, VIEW);
    for (const way of [-1, 1]) {
      const [x0, y0, x1, y1] = inSight(panned(frame, way * 1e9, way * 1e9, IMAGE, VIEW), IMAGE, VIEW);
      expect(x1 - x0).toBeGreaterThan(100);
      expect(y1 - y0).toBeGreaterThan(100);
    }
  });

  it("pans to a mark only if it is out of sight", () => {
    const frame = zoomed(fitted(IMAGE, VIEW), [450, 200], 8, IMAGE, VIEW);
    const [x, y] = toImage(frame, [450, 200]);
    expect(revealed(frame, [x, y, x + 9, y + 9], IMAGE, VIEW)).toBe(frame);
    const far = revealed(frame, [100, 100, 200, 200], IMAGE, VIEW);
    const [left, top] = toScreen(far, [100, 100]);
    expect(left).toBeGreaterThan(0);
    expect(top).toBeGreaterThan(0);
  });

  it("asks for tiles that cover what is in sight, sharply, and few of them", () => {
    for (const factor of [1, 2, 4, 8, 16, 200]) {
      const frame = zoomed(fitted(IMAGE, VIEW), [450, 200], factor, IMAGE, VIEW);
      const tiles = tilesIn(frame, IMAGE, VIEW, 2);
      const [x0, y0, x1, y1] = inSight(frame, IMAGE, VIEW);
      const step = 512 << tiles[0].level;
      for (const [x, y] of [
        [x0, y0],
        [x1 - 0.01, y1 - 0.01],
      ])
        expect(tiles.some((t) => Math.floor(x / step) === t.x && Math.floor(y / step) === t.y)).toBe(true);
      expect(tiles.length).toBeLessThan(64);
      // A pixel of a tile is at most a pixel of the screen, unless there are no more pixels or levels.
      if (tiles[0].level) expect(frame.scale * 2 * 2 ** tiles[0].level).toBeLessThanOrEqual(1);
    }
  });
});

describe("places", () => {
  const size = { width: 100, height: 50 };

  it("are written as they were read", () => {
    const all: [Shape, unknown[]][] = [
      [box, [1.25, 2, 30.11, 40.2]],
      [
        polygon,
        [
          [
            [1, 2],
            [3.5, 4],
            [5, 0.25],
          ],
        ],
      ],
      [dot, [1.5, 2]],
    ];
    for (const [shape, told] of all) {
      const at = shape.read(told);
      expect(shape.write(at)).toEqual(told);
      expect(shape.read(shape.write(at))).toEqual(at);
      expect(at.length % 2).toBe(0);
    }
  });

  it("stay within the image when they are moved or drawn", () => {
    expect(boundsOf(moved([90, 40, 95, 45], 1000, 1000, size))).toEqual([95, 45, 100, 50]);
    expect(boundsOf(moved([90, 40, 95, 45], -1000, -1000, size))).toEqual([0, 0, 5, 5]);
    expect(within([-3, 77], size)).toEqual([0, 50]);
    expect(boxed([20, 30], [10, 5], size)).toEqual([10, 5, 20, 30]);
    expect(boxed([100, 50], [100, 50], size)).toEqual([99, 49, 100, 50]);
    expect(boxed([0.5, 0.2], [0.5, 0.2], { width: 1, height: 1 })).toEqual([0, 0, 1, 1]);
  });

  it("are resized by their handles, also across", () => {
    const at = [10, 10, 20, 20];
    const handles = box.handles(at);
    for (let i = 0; i < 8; i++) {
      expect(box.pulled(at, i, [handles[2 * i], handles[2 * i + 1]])).toEqual(at);
      const [x0, y0, x1, y1] = box.pulled(at, i, [95, 45]);
      expect(x0 <= x1 && y0 <= y1).toBe(true);
    }
    expect(box.pulled(at, 0, [30, 40])).toEqual([20, 20, 30, 40]);
    expect(polygon.pulled([0, 0, 9, 0, 9, 9], 1, [7, 1])).toEqual([0, 0, 7, 1, 9, 9]);
  });

  it("know what is inside", () => {
    const hole = [0, 0, 10, 0, 10, 10, 5, 2, 0, 10];
    expect(polygon.inside(hole, [5, 9], 0)).toBe(false);
    expect(polygon.inside(hole, [1, 3], 0)).toBe(true);
    expect(polygon.inside(hole, [-1, 5], 0)).toBe(false);
    expect(polygon.inside(hole, [-1, 5], 2)).toBe(true);
    expect(dot.inside([5, 5], [8, 9], 5)).toBe(true);
    expect(areaOf(box.outline([0, 0, 4, 5]))).toBe(20);
  });

  it("have names in letters that can be read", () => {
    expect([isLight("#F0E442"), isLight("#ffffff"), isLight("#0072B2"), isLight("#000000")]).toEqual([
      true,
      true,
      false,
      false,
    ]);
  });
});

/** A mask as rows of pixels, drawn one by one. */
function slow(from: Point, to: Point, radius: number, width: number, height: number): boolean[][] {
  const [dx, dy] = [to[0] - from[0], to[1] - from[1]];
  const length = dx * dx + dy * dy;
  return Array.from({ length: height }, (_, y) =>
    Array.from({ length: width }, (_, x) => {
      const [px, py] = [x + 0.5 - from[0], y + 0.5 - from[1]];
      const t = length ? Math.max(0, Math.min(1, (px * dx + py * dy) / length)) : 0;
      const last = x === Math.floor(to[0]) && y === Math.floor(to[1]);
      return last || Math.hypot(px - t * dx, py - t * dy) <= radius;
    }),
  );
}

const pixelsOf = (mask: runs.Runs): boolean[][] =>
  Array.from({ length: mask.height }, (_, y) =>
    Array.from({ length: mask.width }, (_, x) => runs.isInside(mask, [x + 0.5, y + 0.5])),
  );

describe("masks", () => {
  it("are painted and erased as pixel by pixel", () => {
    const random = seeded(3);
    const size = { width: 23, height: 17 };
    let mask = runs.empty(size);
    let expected = pixelsOf(mask);
    for (let i = 0; i < 200; i++) {
      const at = (): Point => [random() * 27 - 2, random() * 21 - 2];
      const [from, to, radius, erase] = [at(), at(), random() * 5, random() < 0.45];
      const before = pixelsOf(mask);
      const next = runs.brushed(mask, from, to, radius, erase);
      const stroke = slow(from, to, radius, size.width, size.height);
      expected = expected.map((row, y) => row.map((on, x) => (stroke[y][x] ? !erase : on)));
      expect(pixelsOf(next)).toEqual(expected);
      expect(pixelsOf(mask)).toEqual(before);
      expect(runs.areaOf(next)).toBe(expected.flat().filter(Boolean).length);
      expect(runs.isEmpty(next)).toBe(!expected.flat().some(Boolean));
      mask = next;
      const text = runs.toText(runs.countsOf(mask));
      const back = runs.fromCounts(size, runs.fromText(text));
      expect(pixelsOf(back)).toEqual(expected);
      expect(runs.toText(runs.countsOf(back))).toBe(text);
      expect(runs.countsOf(mask).reduce((sum, n) => sum + n)).toBe(23 * 17);
    }
  });

  it("have the text of COCO's files", () => {
    expect(runs.toText([0, 20])).toBe("0d0");
    expect(runs.toText([1, 2, 1, 1, 1, 14])).toBe("121O0=");
    const counts = [0, 5, 60_000_000, 1, 2 ** 28, 3, 0];
    expect(runs.fromText(runs.toText(counts))).toEqual(counts);
    expect(runs.countsOf(runs.empty({ width: 4, height: 5 }))).toEqual([20]);
  });

  it("have bounds, and edges where neighbours differ", () => {
    const mask = runs.brushed(runs.empty({ width: 40, height: 40 }), [10, 20], [20, 20], 3, false);
    expect(runs.boundsOf(mask)).toEqual([7, 17, 23, 23]);
    expect(differing([2, 6], [4, 9])).toEqual([
      [2, 4],
      [6, 9],
    ]);
    expect(differing([], [1, 2])).toEqual([[1, 2]]);
    expect(differing([1, 2], [1, 2])).toEqual([]);
  });
});

describe("snapping", () => {
  const drawn = (paint: (x: number, y: number) => number[]): Uint8ClampedArray => {
    const data = new Uint8ClampedArray(4 * 40 * 30);
    for (let y = 0; y < 30; y++)
      for (let x = 0; x < 40; x++) data.set([...paint(x, y), 255], 4 * (40 * y + x));
    return data;
  };

  it("finds the largest thing that stands out, whatever its color", () => {
    for (const [ground, thing] of [
      [
        [250, 250, 250],
        [10, 60, 10],
      ],
      [
        [5, 5, 5],
        [120, 40, 40],
      ],
      [
        [100, 100, 100],
        [100, 100, 190],
      ],
    ]) {
      const random = seeded(1);
      const noisy = (color: number[]): number[] => color.map((c) => c + 6 * random());
      const data = drawn((x, y) =>
        noisy((x >= 10 && x < 22 && y >= 5 && y < 19) || (x > 30 && x < 34 && y === 9) ? thing : ground),
      );
      expect(largestRegion(data, 40, 30)).toEqual({ x0: 10, y0: 5, x1: 22, y1: 19 });
    }
  });

  it("says so where there is nothing but noise", () => {
    const random = seeded(2);
    expect(
      largestRegion(
        drawn(() => [90 + 9 * random(), 90, 90]),
        40,
        30,
      ),
    ).toBeNull();
  });
});

it("a held key is one step of undo", () => {
  const line = new Timeline(0);
  line.set(1);
  line.amend(2);
  line.amend(3);
  expect(line.step(true) && line.now).toBe(0);
  expect(line.step(false) && line.now).toBe(3);
});
