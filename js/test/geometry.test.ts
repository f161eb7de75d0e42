import { describe, expect, it } from "vitest";
import {
  Frame,
  grown,
  inside,
  nearest,
  neighbour,
  type Point,
  rowsInside,
  wholeView,
  zoomed,
} from "../src/plot/geometry";
import { seeded } from "./fakes";

const square: Point[] = [
  [0, 0],
  [1, 0],
  [1, 1],
  [0, 1],
];
// 0 in the middle, 1 right, 2 above, 3 left, 4 below, 5 far right
const cross = new Float32Array([0, 0, 0.2, 0, 0, 0.2, -0.2, 0, 0, -0.2, 0.9, 0.01]);

describe("inside", () => {
  it("knows a hollow from a hull", () => {
    const u: Point[] = [
      [0, 0],
      [3, 0],
      [3, 3],
      [2, 3],
      [2, 1],
      [1, 1],
      [1, 3],
      [0, 3],
    ];
    expect(inside(0.5, 2, u)).toBe(true);
    expect(inside(1.5, 2, u)).toBe(false);
    expect(inside(1.5, 0.5, u)).toBe(true);
    expect(inside(9, 9, u)).toBe(false);
  });

  it("has no inside where there is no area", () => {
    expect(inside(0, 0, [])).toBe(false);
    expect(rowsInside(cross, [])).toEqual([]);
    expect(
      rowsInside(cross, [
        [0, 0],
        [1, 1],
      ]),
    ).toEqual([]);
  });

  it("is the same whichever way round and wherever it starts", () => {
    const random = seeded(1);
    for (let i = 0; i < 500; i++) {
      const [x, y] = [random() * 2 - 0.5, random() * 2 - 0.5];
      const expected = x > 0 && x < 1 && y > 0 && y < 1;
      expect(inside(x, y, square)).toBe(expected);
      expect(inside(x, y, [...square].reverse())).toBe(expected);
      expect(inside(x, y, [...square.slice(2), ...square.slice(0, 2)])).toBe(expected);
    }
  });

  it("lists the rows", () => {
    const box: Point[] = [
      [-0.1, -0.1],
      [0.3, -0.1],
      [0.3, 0.3],
      [-0.1, 0.3],
    ];
    expect(rowsInside(cross, box)).toEqual([0, 1, 2]);
  });
});

describe("a frame", () => {
  const frame = new Frame({ x: [-2, 4], y: [-1, 1] }, 600, 200);

  it("goes to pixels and back", () => {
    for (const [x, y] of [
      [-2, -1],
      [0.3, 0.7],
      [4, 1],
    ]) {
      expect(frame.x(frame.px(x))).toBeCloseTo(x, 9);
      expect(frame.y(frame.py(y))).toBeCloseTo(y, 9);
    }
  });

  it("has its top at the top", () => {
    expect(frame.py(1)).toBe(0);
    expect(frame.px(-2)).toBe(0);
    expect(frame.py(-1)).toBe(200);
  });

  it("of everything holds the unit square, as long across as up", () => {
    for (const [w, h] of [
      [800, 400],
      [300, 900],
      [500, 500],
    ]) {
      const view = wholeView(w, h);
      expect(Math.min(view.x[1], view.y[1])).toBeGreaterThan(1);
      expect((view.x[1] - view.x[0]) / w).toBeCloseTo((view.y[1] - view.y[0]) / h, 9);
    }
  });
});

describe("zoom", () => {
  it("leaves the point where it is", () => {
    const view = wholeView(600, 400);
    const at: Point = [0.4, -0.2];
    const [before, after] = [new Frame(view, 600, 400), new Frame(zoomed(view, at, 0.5), 600, 400)];
    expect(after.px(at[0])).toBeCloseTo(before.px(at[0]), 9);
    expect(after.py(at[1])).toBeCloseTo(before.py(at[1]), 9);
    const back = zoomed(after.view, at, 2);
    expect(back.x[0]).toBeCloseTo(view.x[0], 9);
    expect(back.y[1]).toBeCloseTo(view.y[1], 9);
  });
});

describe("nearest", () => {
  const frame = new Frame(wholeView(400, 400), 400, 400);

  it("finds the row under the pointer, within reach", () => {
    expect(nearest(cross, frame, frame.px(0.2) + 3, frame.py(0) - 3)).toBe(1);
    expect(nearest(cross, frame, 5, 5)).toBe(-1);
    expect(nearest(new Float32Array(0), frame, 5, 5)).toBe(-1);
  });
});

describe("an arrow key", () => {
  it("goes to the nearest point that way", () => {
    expect(neighbour(cross, 0, 1, 0)).toBe(1);
    expect(neighbour(cross, 0, 0, 1)).toBe(2);
    expect(neighbour(cross, 0, -1, 0)).toBe(3);
    expect(neighbour(cross, 0, 0, -1)).toBe(4);
    expect(neighbour(cross, 1, 1, 0)).toBe(5);
  });

  it("stays where there is nothing that way", () => {
    expect(neighbour(cross, 5, 1, 0)).toBe(-1);
  });
});

describe("grow", () => {
  it("adds the nearest to any of the chosen, which stay", () => {
    expect(grown(cross, [0], 4).sort()).toEqual([0, 1, 2, 3, 4]);
    expect(grown(cross, [5], 1)).toEqual([5, 1]);
    expect(grown(cross, [0, 1], 100).sort()).toEqual([0, 1, 2, 3, 4, 5]);
  });

  it("manages a large selection", () => {
    const xy = new Float32Array(4000).map((_, i) => (i % 2 ? 0 : i / 4000));
    const rows = Array.from({ length: 1500 }, (_, i) => i);
    const made = grown(xy, rows, 10);
    expect(made.length).toBe(1510);
    expect(new Set(made).size).toBe(1510);
  });
});
