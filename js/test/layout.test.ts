import { describe, expect, it } from "vitest";
import { Layout } from "../src/plot/layout";

/** Points in a cloud that is `long` by `wide`, turned by `angle`. */
function cloud(n: number, long: number, wide: number, angle = 0, seed = 1): Float32Array {
  let state = seed;
  const random = (): number => {
    state = (state * 16807) % 2147483647;
    return state / 2147483647 - 0.5;
  };
  const xy = new Float32Array(2 * n);
  for (let i = 0; i < n; i++) {
    const [u, v] = [long * random(), wide * random()];
    xy[2 * i] = u * Math.cos(angle) - v * Math.sin(angle);
    xy[2 * i + 1] = u * Math.sin(angle) + v * Math.cos(angle);
  }
  return xy;
}

const ranges = (xy: Float32Array): number[] =>
  [0, 1].map((c) => {
    const values = xy.filter((_, i) => (i & 1) === c);
    return Math.max(...values) - Math.min(...values);
  });

describe("outliers", () => {
  const xy = cloud(1000, 1, 1);
  xy.set([10, 0.2, -3, -3], 0);

  it("are pulled in to the rim, so that the others keep the box", () => {
    const layout = Layout.of(xy, 400, 400);
    expect([...layout.outliers]).toEqual([0, 1]);
    for (const range of ranges(layout.xy)) expect(range).toBeLessThan(1.5);
    expect([layout.outward(0), layout.outward(1)]).toEqual([
      [1, 0],
      [-1, -1],
    ]);
    expect([...layout.xy.slice(4)]).toEqual([...xy.slice(4)]);
    expect(layout.place([10, 0.2])[0]).toBeCloseTo(layout.xy[0]);
  });

  it("are not pulled where there are none, where there are many, or of few points", () => {
    for (const same of [cloud(1000, 1, 1), cloud(50_000, 2, 1), xy.slice(0, 30)])
      expect(Layout.of(same, 400, 400).xy).toBe(same);
    const island = cloud(1000, 1, 1);
    for (let i = 0; i < 60; i++) island[2 * i] += 5;
    expect(Layout.of(island, 400, 400).outliers.length).toBe(0);
  });
});

describe("the turn", () => {
  it("brings the long axis of the map to that of the box", () => {
    const standing = cloud(1000, 2, 0.5, Math.PI / 2 - 0.2);
    const wide = Layout.of(standing, 800, 300);
    expect(Math.abs(wide.turn)).toBeCloseTo(Math.PI / 2 - 0.2, 1);
    const [x, y] = ranges(wide.xy);
    expect(x / y).toBeGreaterThan(3);
    expect(Math.abs(Layout.of(standing, 300, 800).turn)).toBeLessThan(0.3);
  });

  it("stays as it is unless another one is much better", () => {
    expect(Layout.of(cloud(1000, 1, 1), 800, 300).turn).toBe(0);
    const xy = cloud(1000, 2, 0.5, 1);
    const { turn } = Layout.of(xy, 800, 300);
    expect(turn).not.toBe(0);
    const refined = cloud(1000, 2, 0.5, 1.05, 7);
    expect(Layout.of(refined, 800, 300, turn).turn).toBe(turn);
  });
});
