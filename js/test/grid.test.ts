import { describe, expect, it } from "vitest";
import type { Point } from "../src/plot/geometry";
import { Grid } from "../src/plot/grid";
import { rowsOf } from "../src/plot/rows";
import { seeded } from "./fakes";

// 0 in the middle, 1 right, 2 above, 3 left, 4 below, 5 far right
const cross = new Grid(new Float32Array([0, 0, 0.2, 0, 0, 0.2, -0.2, 0, 0, -0.2, 0.9, 0.01]));
const none = new Grid(new Float32Array(0));

/** Points in heaps and dust, some in the same place, in a rectangle that is not square. */
function cloud(n: number, seed: number): Grid {
  const random = seeded(seed);
  const xy = new Float32Array(2 * n);
  for (let i = 0; i < n; i++) {
    const heap = random() < 0.8 ? 0.05 : 1;
    xy[2 * i] = Math.round((Math.floor(random() * 3) / 2 - 0.5 + heap * (random() - 0.5)) * 500) / 500;
    xy[2 * i + 1] = 0.4 * heap * (random() - 0.5);
  }
  return new Grid(xy);
}

function plainInside(x: number, y: number, polygon: Point[]): boolean {
  let within = false;
  for (let i = 0, j = polygon.length - 1; i < polygon.length; j = i++) {
    const [[xi, yi], [xj, yj]] = [polygon[i], polygon[j]];
    if (yi > y !== yj > y && x < ((xj - xi) * (y - yi)) / (yj - yi) + xi) within = !within;
  }
  return within;
}

describe("the slots", () => {
  it("hold every point once, with its place", () => {
    const grid = cloud(5000, 1);
    expect([...grid.order].sort((a, b) => a - b)).toEqual(Array.from({ length: 5000 }, (_, i) => i));
    for (let s = 0; s < grid.n; s += 7) {
      expect(grid.places[2 * s]).toBe(grid.xy[2 * grid.order[s]]);
      expect(grid.places[2 * s + 1]).toBe(grid.xy[2 * grid.order[s] + 1]);
    }
  });

  it.each([
    { x: [-2, 2], y: [-2, 2] },
    { x: [-0.1, 0.3], y: [0, 0.1] },
    { x: [0.51, 0.52], y: [-0.01, 0.01] },
  ] as { x: [number, number]; y: [number, number] }[])("of a view hold all that is in it", (view) => {
    const grid = cloud(5000, 2);
    const found = new Set(
      grid.within(view).flatMap(({ from, to }) => Array.from(grid.order.slice(from, to))),
    );
    let seen = 0;
    for (let i = 0; i < grid.n; i++) {
      const [x, y] = [grid.xy[2 * i], grid.xy[2 * i + 1]];
      if (x < view.x[0] || x > view.x[1] || y < view.y[0] || y > view.y[1]) continue;
      seen++;
      expect(found.has(i)).toBe(true);
    }
    expect(seen).toBeGreaterThan(0);
  });
});

describe("inside a polygon", () => {
  const star = (random: () => number): Point[] =>
    Array.from({ length: 3 + Math.floor(random() * 40) }, (_, k) => {
      const angle = k * 2.4;
      const far = 0.05 + random() * 0.6;
      return [far * Math.cos(angle) + random() * 0.3, 0.5 * far * Math.sin(angle)];
    });

  it("are the rows that a test of each point finds, however often it crosses itself", () => {
    const random = seeded(3);
    const grid = cloud(3000, 4);
    let total = 0;
    for (let k = 0; k < 60; k++) {
      const polygon = star(random);
      const expected = Array.from({ length: grid.n }, (_, i) => i).filter((i) =>
        plainInside(grid.xy[2 * i], grid.xy[2 * i + 1], polygon),
      );
      expect([...grid.inside(polygon)]).toEqual(expected);
      total += expected.length;
    }
    expect(total).toBeGreaterThan(1000);
  });

  it("is nothing where there is no area", () => {
    expect(cross.inside([]).length).toBe(0);
    expect(
      cross.inside([
        [0, 0],
        [1, 1],
      ]).length,
    ).toBe(0);
    expect(
      none.inside([
        [0, 0],
        [1, 0],
        [0, 1],
      ]).length,
    ).toBe(0);
  });

  it("is everything where the polygon holds the map", () => {
    const box: Point[] = [
      [-9, -9],
      [9, -9],
      [9, 9],
      [-9, 9],
    ];
    expect(cross.inside(box).length).toBe(6);
  });
});

describe("the nearest", () => {
  it("is the one that a look at every point finds", () => {
    const random = seeded(5);
    const grid = cloud(2000, 6);
    for (let k = 0; k < 300; k++) {
      const [x, y, radius] = [random() * 3 - 1.5, random() - 0.5, random() * 0.2];
      let least = radius;
      for (let i = 0; i < grid.n; i++) {
        least = Math.min(least, Math.hypot(grid.xy[2 * i] - x, grid.xy[2 * i + 1] - y));
      }
      const found = grid.nearest(x, y, radius);
      if (least === radius) expect(found).toBe(-1);
      else expect(Math.hypot(grid.xy[2 * found] - x, grid.xy[2 * found + 1] - y)).toBeCloseTo(least, 9);
    }
  });

  it("is none where there are no points, or all too far", () => {
    expect(none.nearest(0, 0, 1)).toBe(-1);
    expect(cross.nearest(5, 5, 0.1)).toBe(-1);
  });
});

describe("an arrow key", () => {
  it("goes to the nearest point that way", () => {
    expect(cross.neighbour(0, 1, 0)).toBe(1);
    expect(cross.neighbour(0, 0, 1)).toBe(2);
    expect(cross.neighbour(0, -1, 0)).toBe(3);
    expect(cross.neighbour(0, 0, -1)).toBe(4);
    expect(cross.neighbour(1, 1, 0)).toBe(5);
  });

  it("stays where there is nothing that way", () => expect(cross.neighbour(5, 1, 0)).toBe(-1));

  it("goes where a look at every point would", () => {
    const grid = cloud(1500, 7);
    const random = seeded(8);
    for (let k = 0; k < 100; k++) {
      const from = Math.floor(random() * grid.n);
      const [dx, dy] = [
        [1, 0],
        [-1, 0],
        [0, 1],
        [0, -1],
      ][k % 4];
      const cost = (i: number): number => {
        const [vx, vy] = [grid.xy[2 * i] - grid.xy[2 * from], grid.xy[2 * i + 1] - grid.xy[2 * from + 1]];
        const [along, off] = [vx * dx + vy * dy, Math.abs(vx * dy - vy * dx)];
        return i === from || along <= 0 || off > along ? Infinity : along + 2 * off;
      };
      const best = Math.min(...Array.from({ length: grid.n }, (_, i) => cost(i)));
      const found = grid.neighbour(from, dx, dy);
      expect(found < 0 ? Infinity : cost(found)).toBeCloseTo(best, 9);
    }
  });
});

describe("grow", () => {
  it("adds the nearest to any of the chosen, which stay", () => {
    expect([...cross.grown(rowsOf([0]), 4)]).toEqual([0, 1, 2, 3, 4]);
    expect([...cross.grown(rowsOf([5]), 1)]).toEqual([1, 5]);
    expect([...cross.grown(rowsOf([0, 1]), 100)]).toEqual([0, 1, 2, 3, 4, 5]);
  });

  it("adds what a look at every point would", () => {
    const grid = cloud(800, 9);
    const rows = rowsOf([3, 400, 401, 799]);
    const far = (i: number): number =>
      Math.min(
        ...[...rows].map((r) =>
          Math.hypot(grid.xy[2 * i] - grid.xy[2 * r], grid.xy[2 * i + 1] - grid.xy[2 * r + 1]),
        ),
      );
    const added = [...grid.grown(rows, 15)].filter((i) => !rows.includes(i));
    const expected = Array.from({ length: grid.n }, (_, i) => i)
      .filter((i) => !rows.includes(i))
      .map(far)
      .sort((a, b) => a - b)
      .slice(0, 15);
    expect(added.map(far).sort((a, b) => a - b)).toEqual(expected);
  });

  it("manages a large selection", () => {
    const grid = cloud(4000, 10);
    const rows = rowsOf(Array.from({ length: 1500 }, (_, i) => i));
    expect(grid.grown(rows, 10).length).toBe(1510);
  });
});

it("knows how dense a view is where it is densest, whatever lies outside", () => {
  const xy = new Float32Array(4000);
  for (let i = 0; i < 1000; i++) xy.set([-1 + (i % 100) / 100, -1 + Math.floor(i / 100) / 10], 2 * i);
  for (let i = 1000; i < 2000; i++) xy.set([1, 1], 2 * i);
  const grid = new Grid(xy);
  expect(grid.crowd({ x: [-1, 1], y: [-1, 1] })).toBe(1000);
  expect(grid.crowd({ x: [-1, 0], y: [-1, 0] })).toBeLessThan(30);
  expect(grid.crowd({ x: [0.2, 0.4], y: [0.2, 0.4] })).toBe(1);
});
