// @vitest-environment happy-dom
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { AltairEngine } from "../src/plot/altair";
import { CanvasEngine } from "../src/plot/canvas";
import { rgba } from "../src/plot/colour";
import type { Engine, View } from "../src/plot/engine";
import { Frame } from "../src/plot/geometry";
import { Grid } from "../src/plot/grid";
import { type LookOptions, Looks, NONE } from "../src/plot/look";
import { choosePainter } from "../src/plot/probe";
import { rowsOf } from "../src/plot/rows";
import { FakeGl, FakePicture, fakeVega } from "./drawing";

const N = 40;
const PALETTE = ["#ff0000", "#00ff00", "#0000ff"];
const SIZE = 200;
const VIEW: View = { x: [-1, 1], y: [-1, 1] };
const theme = {
  dark: false,
  text: "#000000",
  faint: "#777777",
  line: "#cccccc",
  ground: "#ffffff",
  accent: "#aa00aa",
};

/** Points far from each other, so that each has its own pixels. */
const places = (shift = 0): Grid =>
  new Grid(
    Float32Array.from(
      { length: 2 * N },
      (_, i) =>
        (i % 2 ? -0.6 : -0.9) +
        0.18 * ((i >> 1) % 8) * (i % 2 ? 0 : 1) +
        (i % 2 ? 0.25 * Math.floor((i >> 1) / 8) : 0) +
        shift,
    ),
  );

/** Row i is predicted as class i % 3. */
function looks(more: Partial<LookOptions> = {}): Looks {
  return new Looks({
    marks: {
      label: new Uint8Array(N).fill(NONE),
      predicted: Uint8Array.from({ length: N }, (_, i) => i % 3),
      doubt: new Uint8Array(N),
    },
    clusters: null,
    palette: PALETTE,
    flags: new Uint8Array(N),
    choosing: false,
    by: "label",
    theme,
    ...more,
  });
}

const turned = (): Looks =>
  looks({
    marks: {
      label: new Uint8Array(N).fill(NONE),
      predicted: Uint8Array.from({ length: N }, (_, i) => (i + 1) % 3),
      doubt: new Uint8Array(N),
    },
  });

type Bench = { engine: Engine; element: HTMLElement; colourOf: (row: number, grid: Grid) => number[] | null };

let picture: FakePicture;
let gl: FakeGl | null;
beforeEach(() => {
  vi.useFakeTimers();
  picture = new FakePicture();
  gl = new FakeGl();
  delete (globalThis as Record<symbol, unknown>)[Symbol.for("hitl-widgets.webgl.1")];
  vi.spyOn(HTMLCanvasElement.prototype, "getContext").mockImplementation(function (
    this: HTMLCanvasElement,
    kind: string,
  ) {
    if (kind === "webgl2") return gl?.on(this) ?? null;
    return picture.on(this);
  } as never);
});
afterEach(() => {
  vi.restoreAllMocks();
  vi.useRealTimers();
});

const element = (): HTMLElement => document.createElement("div");
const pixel = (row: number, grid: Grid): number[] | null => {
  const frame = new Frame(VIEW, SIZE, SIZE);
  return picture.at(frame.px(grid.xy[2 * row]), frame.py(grid.xy[2 * row + 1]));
};

const benches: Record<string, () => Promise<Bench>> = {
  async altair() {
    const { vega, rows } = fakeVega();
    const at = element();
    const engine = await AltairEngine.make(vega, at, {});
    const colourOf = (row: number, grid: Grid): number[] | null => {
      const found = rows().find((r) => r.x === grid.xy[2 * row] && r.y === grid.xy[2 * row + 1]);
      return found ? rgba(found.fill).slice(0, 3) : null;
    };
    return { engine, element: at, colourOf };
  },
  async raster() {
    const at = element();
    return { engine: new CanvasEngine(at, (c) => choosePainter("raster", c)), element: at, colourOf: pixel };
  },
  async webgl() {
    const at = element();
    const engine = new CanvasEngine(at, (c) => choosePainter("webgl", c));
    return { engine, element: at, colourOf: (row, grid) => gl?.colourOf(row, grid) ?? null };
  },
};

describe.each(Object.keys(benches))("the %s engine", (name) => {
  let bench: Bench;
  beforeEach(async () => {
    bench = await benches[name]();
    await bench.engine.resize(SIZE, SIZE);
    await bench.engine.setView(VIEW);
  });

  const shows = (grid: Grid, code: (row: number) => number): void => {
    for (let row = 0; row < N; row++) {
      expect([row, bench.colourOf(row, grid)]).toEqual([row, rgba(PALETTE[code(row)]).slice(0, 3)]);
    }
  };

  it("says its name", () => expect(bench.engine.name).toBe(name));

  it("draws every point in its colour", async () => {
    const grid = places();
    await bench.engine.setPoints(grid, looks());
    shows(grid, (row) => row % 3);
  });

  it("draws some points anew, and all", async () => {
    const grid = places();
    await bench.engine.setPoints(grid, looks());
    await bench.engine.setLooks(turned(), rowsOf(Array.from({ length: N }, (_, i) => i)));
    shows(grid, (row) => (row + 1) % 3);
    await bench.engine.setLooks(looks(), null);
    shows(grid, (row) => row % 3);
  });

  it("moves points, and colours them anew", async () => {
    await bench.engine.setPoints(places(), looks());
    const moved = places(0.07);
    await bench.engine.setPoints(moved, turned());
    shows(moved, (row) => (row + 1) % 3);
  });

  it("takes looks before there are points, no points, and a view at any time", async () => {
    const nothing = looks({
      flags: new Uint8Array(0),
      marks: { label: new Uint8Array(0), predicted: new Uint8Array(0), doubt: new Uint8Array(0) },
    });
    await bench.engine.setLooks(nothing, null);
    await bench.engine.setPoints(new Grid(new Float32Array(0)), nothing);
    await bench.engine.setView({ x: [0.2, 0.3], y: [0, 0.1] });
    await bench.engine.setView(VIEW);
    const grid = places();
    await bench.engine.setPoints(grid, looks());
    shows(grid, (row) => row % 3);
  });

  it("leaves nothing behind", async () => {
    await bench.engine.setPoints(places(), looks());
    bench.engine.destroy();
    expect(bench.element.children.length).toBe(0);
    expect(vi.getTimerCount()).toBe(0);
    expect(gl?.buffers.size).toBe(0);
  });
});

describe("a crowd", () => {
  it("is stronger where more points lie on each other, and its colour is theirs", async () => {
    const { engine } = await benches.raster();
    const xy = new Float32Array(2 * N).fill(0.5);
    xy.set([-0.5, -0.5]);
    const grid = new Grid(xy);
    await engine.resize(SIZE, SIZE);
    await engine.setView(VIEW);
    await engine.setPoints(
      grid,
      looks({
        marks: {
          label: new Uint8Array(N).fill(NONE),
          predicted: new Uint8Array(N),
          doubt: new Uint8Array(N),
        },
      }),
    );
    const [one, many] = [picture.strength(50, 150), picture.strength(150, 50)];
    expect(one).toBeGreaterThan(80);
    expect(many).toBeGreaterThan(one + 40);
    expect(pixel(1, grid)).toEqual([255, 0, 0]);
  });

  it("does not hide what is chosen", async () => {
    const { engine } = await benches.raster();
    const grid = new Grid(new Float32Array(2 * N).fill(0.5));
    await engine.resize(SIZE, SIZE);
    await engine.setView(VIEW);
    const predicted = new Uint8Array(N);
    predicted[7] = 1;
    const flags = new Uint8Array(N);
    flags[7] = 1;
    const marks = { label: new Uint8Array(N).fill(NONE), predicted, doubt: new Uint8Array(N) };
    await engine.setPoints(grid, looks({ marks, flags, choosing: true }));
    const [red, green] = pixel(7, grid) ?? [];
    expect(green).toBeGreaterThan(red);
  });
});

describe("a lost context", () => {
  const lose = (): void => {
    if (gl) gl.lost = true;
    gl?.canvas?.dispatchEvent(new Event("webglcontextlost", { cancelable: true }));
  };
  let names: string[];
  let engine: Engine;
  beforeEach(async () => {
    names = [];
    engine = new CanvasEngine(
      element(),
      (change) => choosePainter("webgl", change),
      (name) => names.push(name),
    );
    await engine.resize(SIZE, SIZE);
    await engine.setView(VIEW);
    await engine.setPoints(places(), looks());
  });

  it("that comes back is drawn on as before, from the arrays", async () => {
    const draws = gl?.draws ?? 0;
    lose();
    await engine.setLooks(turned(), null);
    expect(gl?.draws).toBe(draws);
    gl?.restore();
    expect(gl?.draws).toBeGreaterThan(draws);
    expect(gl?.colourOf(0, places())).toEqual([0, 255, 0]);
    vi.advanceTimersByTime(5000);
    expect(engine.name).toBe("webgl");
  });

  it("that stays away is taken over by the CPU", () => {
    lose();
    vi.advanceTimersByTime(1900);
    expect(engine.name).toBe("webgl");
    vi.advanceTimersByTime(200);
    expect(engine.name).toBe("raster");
    expect(names).toEqual(["webgl", "raster"]);
    expect(pixel(3, places())).toEqual([255, 0, 0]);
    gl?.restore();
    expect(engine.name).toBe("raster");
  });

  it("of a map that is gone is nobody's business", () => {
    lose();
    engine.destroy();
    vi.advanceTimersByTime(5000);
    expect(names).toEqual(["webgl"]);
  });
});

describe("the choice", () => {
  const name = (wanted: "canvas" | "webgl" | "raster"): string => choosePainter(wanted, () => {}).name;

  it("is WebGL on a graphics card, one context for all maps", () => {
    expect([name("canvas"), name("webgl"), name("raster")]).toEqual(["webgl", "webgl", "raster"]);
    expect(gl?.made).toBe(1);
  });

  it.each(["Google SwiftShader", "ANGLE (Mesa, llvmpipe (LLVM 15))", "Microsoft Basic Render Driver"])(
    "is the CPU where WebGL is software: %s",
    (renderer) => {
      if (gl) gl.renderer = renderer;
      expect(name("canvas")).toBe("raster");
    },
  );

  it("is the CPU where WebGL is slow, whatever it calls itself", () => {
    if (gl) gl.slow = 100;
    expect(name("canvas")).toBe("raster");
  });

  it("is the CPU where there is no WebGL, or it lacks what is needed", () => {
    if (gl) gl.floats = false;
    expect(name("webgl")).toBe("raster");
    delete (globalThis as Record<symbol, unknown>)[Symbol.for("hitl-widgets.webgl.1")];
    gl = null;
    expect(name("webgl")).toBe("raster");
  });
});
