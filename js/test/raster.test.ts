// @vitest-environment happy-dom
import { describe, expect, it } from "vitest";
import { Frame } from "../src/plot/geometry";
import { Grid } from "../src/plot/grid";
import { RasterPainter } from "../src/plot/raster";
import { FakePicture } from "./drawing";

const N = 3_000;
const SIZE = 120;

/** Numbers that look drawn at random, the same in every run. */
function numbers(seed: number): () => number {
  let s = seed;
  return () => {
    s = (Math.imul(s, 1664525) + 1013904223) | 0;
    return (s >>> 0) / 2 ** 32;
  };
}

function setup(diameter: number) {
  const next = numbers(7);
  const grid = new Grid(Float32Array.from({ length: 2 * N }, () => 2.4 * next() - 1.2)); // some out of sight
  const frame = new Frame({ x: [-1, 1], y: [-1, 1] }, SIZE, SIZE);
  const shot = { frame, diameter, dense: 8, stride: 1 };
  const painted = (painter: RasterPainter, colours: Uint32Array, shown = shot): number[] => {
    const picture = new FakePicture();
    painter.setColours(colours);
    painter.paint(picture.on(null as never) as CanvasRenderingContext2D, shown);
    return Array.from(picture.image?.data ?? []);
  };
  const fresh = (colours: Uint32Array, shown = shot): number[] => {
    const painter = new RasterPainter();
    painter.setPoints(grid);
    return painted(painter, colours, shown);
  };
  const painter = new RasterPainter();
  painter.setPoints(grid);
  const colours = Uint32Array.from({ length: N }, () => next() * 2 ** 32);
  return { next, shot, painter, colours, painted, fresh };
}

describe.each([1, 2.5, 7])("points of diameter %d", (diameter) => {
  it("after any changes make the very picture that they would make anew", () => {
    const { next, painter, colours, painted, fresh } = setup(diameter);
    expect(painted(painter, colours)).toEqual(fresh(colours));
    for (let round = 0; round < 20; round++) {
      const share = round % 5 === 4 ? 0.9 : 0.02;
      for (let s = 0; s < N; s++) if (next() < share) colours[s] = next() < 0.2 ? 0 : next() * 2 ** 32;
      expect(painted(painter, colours)).toEqual(fresh(colours));
    }
  });
});

it("nothing of an old view stays in a new one", () => {
  const { shot, painter, colours, painted, fresh } = setup(3);
  painted(painter, colours);
  const zoomed = { ...shot, frame: new Frame({ x: [-0.5, 0.5], y: [-0.2, 0.8] }, SIZE, SIZE) };
  colours[5] ^= 255;
  expect(painted(painter, colours, zoomed)).toEqual(fresh(colours, zoomed));
  const coarse = { ...shot, stride: 4 };
  expect(painted(painter, colours, coarse)).toEqual(fresh(colours, coarse));
  colours[8] ^= 255;
  expect(painted(painter, colours)).toEqual(fresh(colours));
});
