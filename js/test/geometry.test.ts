import { describe, expect, it } from "vitest";
import { Frame, type Point, reframed, wholeView, zoomed } from "../src/plot/geometry";

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

describe("a window of another size", () => {
  it("shows the same place at the same zoom", () => {
    const view = zoomed(wholeView(600, 400), [0.4, -0.2], 0.3);
    const after = reframed(view, [600, 400], [300, 800]);
    expect(after.x[0] + after.x[1]).toBeCloseTo(view.x[0] + view.x[1], 9);
    expect(after.y[0] + after.y[1]).toBeCloseTo(view.y[0] + view.y[1], 9);
    expect(reframed(after, [300, 800], [600, 400]).x[0]).toBeCloseTo(view.x[0], 9);
  });
});
