import { describe, expect, it } from "vitest";
import type { View } from "../src/plot/engine";
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

  it.each([
    [800, 400],
    [300, 900],
    [500, 500],
    [60, 40],
  ])("of everything in %i x %i holds all points and uses the space", (w, h) => {
    for (const extent of [
      { x: [-1, 1], y: [-1, 1] },
      { x: [-1, 1], y: [-0.2, 0.4] },
      { x: [0.3, 0.35], y: [-1, 1] },
      { x: [0, 0], y: [0, 0] },
    ] as View[]) {
      const view = wholeView(w, h, extent);
      const frame = new Frame(view, w, h);
      const [left, right] = extent.x.map((x) => frame.px(x));
      const [bottom, top] = extent.y.map((y) => frame.py(y));
      for (const edge of [left, w - right, top, h - bottom])
        expect(edge).toBeGreaterThan(Math.min(27, w / 5, h / 5));
      expect(left).toBeCloseTo(w - right, 6);
      expect(top).toBeCloseTo(h - bottom, 6);
      const units = ((view.x[1] - view.x[0]) / w) * (h / (view.y[1] - view.y[0]));
      expect(Math.max(units, 1 / units)).toBeLessThan(1.5 + 1e-9);
      const used = Math.max((right - left) / (w - 56), (bottom - top) / (h - 56));
      if (extent.x[0] < extent.x[1] && w > 200) expect(used).toBeCloseTo(1, 6);
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
    const [before, now] = [wholeView(600, 400), wholeView(300, 800)];
    const after = reframed(view, before, now);
    expect(after.x[0] + after.x[1]).toBeCloseTo(view.x[0] + view.x[1], 9);
    expect(after.y[0] + after.y[1]).toBeCloseTo(view.y[0] + view.y[1], 9);
    expect(reframed(after, now, before).x[0]).toBeCloseTo(view.x[0], 9);
  });
});
