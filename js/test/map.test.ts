// @vitest-environment happy-dom
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import type { Engine, View } from "../src/plot/engine";
import { Frame, type Point, wholeView, zoomed } from "../src/plot/geometry";
import { Grid } from "../src/plot/grid";
import {
  ALONE,
  type Box,
  centralRows,
  hullsOf,
  namedAt,
  type ShownGroup,
  shownGroups,
} from "../src/plot/groups";
import { change, type Look, type Looks, type Marks, NONE, NOTHING_HIDDEN } from "../src/plot/look";
import { MapPlot } from "../src/plot/map";
import { NO_ROWS, type Rows, rowsOf } from "../src/plot/rows";

const theme = {
  dark: false,
  text: "#111111",
  faint: "#999999",
  line: "#cccccc",
  ground: "#ffffff",
  accent: "#0066cc",
};
const N = 6;
const XY = new Float32Array([0, 0, 0.2, 0, 0, 0.2, -0.2, 0, 0, -0.2, 0.9, 0.01]);
const GROUPS = { of: Uint16Array.of(0, 0, 0, 1, 1, 1), names: ["one", "other"], hulls: [] };

/** An engine that keeps what it is told, and draws when it is let. */
class FakeEngine implements Engine {
  readonly name = "raster";
  looks: Looks | null = null;
  grid: Grid | null = null;
  asked: (Rows | null)[] = [];
  private go: (() => void)[] = [];

  async setPoints(grid: Grid, looks: Looks): Promise<void> {
    [this.grid, this.looks] = [grid, looks];
  }
  setLooks(looks: Looks, rows: Rows | null): Promise<void> {
    this.looks = looks;
    this.asked.push(rows);
    return new Promise((done) => this.go.push(done));
  }
  async release(): Promise<void> {
    for (const done of this.go.splice(0)) done();
    await new Promise((done) => setTimeout(done));
  }
  async setView(): Promise<void> {}
  async resize(): Promise<void> {}
  destroy(): void {}
}

const marks = (): Marks => ({
  label: new Uint8Array(N).fill(NONE),
  predicted: new Uint8Array(N),
  doubt: new Uint8Array(N),
});

let engine: FakeEngine;
let plot: MapPlot;
let chosen: Rows;
let hovered: number | null;
let others: number;
beforeEach(async () => {
  engine = new FakeEngine();
  const on = {
    hover: (row: number | null, _: Point, stack: number) => {
      [hovered, others] = [row, stack];
    },
    select: (rows: Rows) => {
      chosen = rows;
    },
    wheel: () => true,
    focus: () => {},
    thumbs: () => [],
    say: () => {},
  };
  plot = new MapPlot(engine, ["#ff0000"], theme, 400, 400, on, new AbortController().signal);
  await plot.setPoints(XY, GROUPS);
});
afterEach(() => void vi.useRealTimers());
const look = (i: number): Look => engine.looks?.of(i) as Look;

describe("the map", () => {
  it("draws what is asked while the engine draws as one", async () => {
    void plot.setRound(rowsOf([0]), marks(), []);
    void plot.setRound(rowsOf([1]), marks(), [3]);
    void plot.setRound(rowsOf([2, 1]), marks(), [4]);
    expect(engine.asked.map((rows) => rows && [...rows])).toEqual([[0]]);
    await engine.release();
    expect(engine.asked.map((rows) => rows && [...rows])).toEqual([[0], [1, 2, 3, 4]]);
    void plot.setRound(null, marks(), []);
    await engine.release();
    await engine.release();
    expect(engine.asked.at(-1)).toBeNull();
  });

  it("sets the others aside while some are chosen, and keeps them when the points move", async () => {
    void plot.setSelection(rowsOf([2, 4]));
    await engine.release();
    expect([look(2).opacity, look(2).top, look(0).top]).toEqual([1, true, false]);
    expect(look(0).opacity).toBeLessThan(0.2);
    await plot.setPoints(
      XY.map((v) => v / 2),
      GROUPS,
    );
    expect([look(4).opacity, look(1).opacity < 0.2]).toEqual([1, true]);
    void plot.setSelection(NO_ROWS);
    await engine.release();
    expect(look(0).opacity).toBe(look(4).opacity);
  });

  it("rings the doubtful, and only as long as they are", async () => {
    void plot.setRound(null, marks(), [5]);
    await engine.release();
    expect(look(5).stroke).toBe(theme.accent);
    void plot.setRound(NO_ROWS, marks(), [1]);
    await engine.release();
    expect([look(5).width, look(1).stroke]).toEqual([0, theme.accent]);
  });

  it("lets go of what is hovered when the map moves below the pointer", () => {
    const frame = new Frame(wholeView(400, 400, new Grid(XY).extent), 400, 400);
    const over = (): void => {
      const init = { clientX: frame.px(0), clientY: frame.py(0), bubbles: true };
      plot.element.dispatchEvent(new PointerEvent("pointermove", init));
    };
    for (const moves of [() => plot.zoom(0.5), () => plot.showAll(), () => void plot.resize(300, 400)]) {
      over();
      expect(hovered).toBe(0);
      moves();
      expect(hovered).toBeNull();
      plot.showAll();
      void plot.resize(400, 400);
    }
  });

  it("shows what is under a resting pointer again when the map moved below it, until it leaves", () => {
    vi.useFakeTimers();
    const at = (width: number, row: number): PointerEventInit => {
      const frame = new Frame(wholeView(width, 400, new Grid(XY).extent), width, 400);
      return { clientX: frame.px(XY[2 * row]), clientY: frame.py(XY[2 * row + 1]), bubbles: true };
    };
    const event = (type: string, init: PointerEventInit = {}): void =>
      void plot.element.dispatchEvent(new PointerEvent(type, init));
    const rested = (): number | null => {
      expect(hovered).toBeNull();
      vi.advanceTimersByTime(200);
      return hovered;
    };
    event("pointermove", at(400, 0));
    plot.zoom(0.9, [0, 0]);
    expect(rested()).toBe(0);
    plot.showAll();
    expect(rested()).toBe(0);
    const swapped = XY.slice();
    swapped.set([XY[8], XY[9], ...XY.slice(2, 8), XY[0], XY[1]], 0);
    void plot.setPoints(swapped, GROUPS);
    expect(rested()).toBe(4);
    void plot.setPoints(XY, GROUPS);
    event("pointermove", at(700, 5));
    expect(hovered).toBeNull();
    void plot.resize(700, 400);
    expect(rested()).toBe(5);
    event("pointerdown", { ...at(700, 5), button: 0 });
    plot.zoom(0.9, [XY[10], XY[11]]);
    expect(rested(), "the pointer draws").toBeNull();
    event("pointerup", at(700, 5));
    plot.showAll();
    event("pointermove", at(700, 5));
    expect(hovered).toBe(5);
    event("pointerleave");
    plot.zoom(0.9, [XY[10], XY[11]]);
    expect(rested()).toBeNull();
    plot.showAll();
    event("pointermove", at(700, 5));
    expect(hovered).toBe(5);
    plot.zoom(0.9, [XY[10], XY[11]]);
    plot.destroy();
    vi.advanceTimersByTime(200);
    expect(hovered).toBeNull();
  });

  it.each(["click", "lasso", "cluster"] as const)(
    "selects a group by its name with the tool %s",
    async (tool) => {
      const hulls = [[], hullsOf([4], new Float32Array([-0.3, -0.3, 0.1, -0.3, 0.1, 0.1, -0.3, 0.1]))[0]];
      await plot.setPoints(XY, { ...GROUPS, hulls });
      plot.tool = tool;
      const name = plot.element.querySelector(".hitl-group text") as SVGTextElement;
      const [x, y] = ["x", "y"].map((axis) => Number(name.getAttribute(axis)));
      for (const type of ["pointerdown", "pointerup"])
        plot.element.dispatchEvent(
          new PointerEvent(type, { clientX: x, clientY: y, button: 0, bubbles: true }),
        );
      expect([...chosen]).toEqual([3, 4, 5]);
    },
  );

  it("chooses by key: the next of the doubtful, a neighbour, and more around", async () => {
    plot.next([3, 5]);
    expect([...chosen]).toEqual([3]);
    plot.next([3, 5]);
    expect([...chosen]).toEqual([5]);
    plot.next([0]);
    plot.move(1, 0);
    expect([...chosen]).toEqual([1]);
    plot.grow(2);
    expect(chosen.length).toBe(3);
    expect(chosen).toContain(1);
  });
});

it("marks outliers at the rim, unless they are hidden", async () => {
  const xy = Float32Array.from({ length: 80 }, (_, i) => Math.sin(37 * i) / 2);
  xy.set([9, 0], 20);
  const groups = { of: new Uint16Array(40), names: ["all"], hulls: [] };
  await plot.setPoints(xy, groups);
  const triangles = (): number =>
    plot.element.querySelector(".hitl-outliers")?.getAttribute("d")?.match(/M/g)?.length ?? 0;
  expect([triangles(), plot.isOutlier(10), plot.isOutlier(11)]).toEqual([1, true, false]);
  void plot.setFilter({ shades: new Set(), labelled: false, unlabelled: true });
  expect(triangles()).toBe(0);
});

it("keeps names off the labelled points while they are few", async () => {
  const n = 400;
  const xy = Float32Array.from({ length: 2 * n }, (_, i) => (i % 2 ? i >> 1 : Math.floor(i / 40)) % 20);
  const hull: Point[] = [
    [9, 9],
    [10, 9],
    [10, 10],
    [9, 10],
  ];
  await plot.setPoints(xy, { of: new Uint16Array(n), names: ["all of them"], hulls: [hull] });
  const where = async (labelled: number[]): Promise<string> => {
    const label = new Uint8Array(n).fill(255);
    for (const row of labelled) label[row] = 0;
    void plot.setRound(null, { label, predicted: label, doubt: new Uint8Array(n) }, []);
    await engine.release();
    plot.drawGroups();
    const name = plot.element.querySelector(".hitl-group text");
    return name ? `${name.getAttribute("x")} ${name.getAttribute("y")}` : "none";
  };
  const free = await where([]);
  const all = [...Array(n).keys()];
  const frame = new Frame(wholeView(400, 400, new Grid(xy).extent), 400, 400);
  const [x, y] = free.split(" ").map(Number);
  const under = all.filter(
    (row) => Math.abs(frame.px(xy[2 * row]) - x) < 40 && Math.abs(frame.py(xy[2 * row + 1]) - y) < 14,
  );
  expect(under.length).toBeGreaterThan(0);
  expect(await where(under)).not.toBe(free);
  expect(await where(all), "all of them would leave no room").toBe(free);
});

describe("points at the same place", () => {
  const point = (type: string, [x, y]: Point): void => {
    const init = { clientX: x, clientY: y, button: 0, bubbles: true };
    plot.element.dispatchEvent(new PointerEvent(type, init));
  };
  const click = (at: Point): void => {
    point("pointerdown", at);
    point("pointerup", at);
  };
  const dots = (): Point[] =>
    [...plot.element.querySelectorAll(".hitl-fan circle:not(.hitl-fan-ground)")].map((dot) => [
      Number(dot.getAttribute("cx")),
      Number(dot.getAttribute("cy")),
    ]);
  // Rows 0, 2 and 5 are at the same place.
  const stacked = XY.slice();
  stacked.set([0.001, 0], 4);
  stacked.set([0, 0], 10);
  stacked.set([-0.9, 0.3], 6);
  beforeEach(() => plot.setPoints(stacked, GROUPS));
  const home = (): Frame => new Frame(wholeView(400, 400, new Grid(stacked).extent), 400, 400);
  const there = (): Point => [home().px(0), home().py(0)];

  it("are counted below the pointer, and the one on top is meant", async () => {
    point("pointermove", there());
    expect([hovered, others]).toEqual([0, 2]);
    expect(plot.element.querySelector(".hitl-hover-count")?.textContent).toBe("×3");
    const labelled = marks();
    labelled.label[5] = 0;
    void plot.setRound(null, labelled, []);
    await engine.release();
    plot.element.dispatchEvent(new PointerEvent("pointerleave"));
    point("pointermove", there());
    expect(hovered).toBe(5);
  });

  it("are counted beside them, also after zooming, unless they are hidden", async () => {
    const counts = (): [string | null, string | null][] =>
      [...plot.element.querySelectorAll(".hitl-stack-count")].map((one) => [
        one.textContent,
        one.getAttribute("transform"),
      ]);
    const place = (x: number): Promise<void> => {
      const points = stacked.slice();
      points.set([x, 0], 4);
      return plot.setPoints(points, GROUPS);
    };
    await place(0);
    const [x, y] = there();
    expect(counts()).toEqual([["×3", `translate(${x} ${y})`]]);
    plot.zoom(0.01, [0, 0]);
    expect(counts().map(([n]) => n)).toEqual(["×3"]);
    plot.showAll();
    await place(0.02);
    expect(counts()).toEqual([]); // two often meet by chance
    await place(0);
    expect(counts()).toHaveLength(1);
    const labelled = marks();
    labelled.label[5] = 0;
    void plot.setRound(null, labelled, []);
    void plot.setFilter({ ...NOTHING_HIDDEN, unlabelled: true });
    expect(counts()).toEqual([]);
  });

  it("have counts that cover no other count, the buttons or another place, the largest first", async () => {
    const three = (x: number, y: number): number[] => [x, y, x, y, x, y];
    const counts = async (...places: number[]): Promise<number> => {
      // The corners keep the view as it is.
      const xy = new Float32Array([-1, -1, 1, 1, ...places]);
      const of = new Uint16Array(xy.length / 2);
      await plot.setPoints(xy, { of, names: [], hulls: [] });
      return plot.element.querySelectorAll(".hitl-stack-count").length;
    };
    expect(await counts(...three(0.3, 0), ...three(0.3, 0.5))).toBe(2);
    expect(await counts(...three(0.3, 0), ...three(0.32, 0.01))).toBe(1);
    expect(await counts(...three(0.3, 0), ...three(0.42, 0), 0.42, 0)).toBe(1);
    expect(await counts(...three(0.3, 0), ...three(-0.9, 0.97))).toBe(1);
    expect(await counts(...three(0.3, 0), ...three(0.9, -0.9))).toBe(1);
  });

  it("are the nearest of each other, and others follow by distance", () => {
    const line = new Float32Array(Array.from({ length: 40 }, (_, i) => [i / 40, 0]).flat());
    void plot.setPoints(line, { of: new Uint16Array(40), names: [], hulls: [] });
    expect(plot.near(20, 5).slice(0, 1)).toEqual([20]);
    expect(plot.near(20, 5).sort()).toEqual([18, 19, 20, 21, 22]);
    expect(plot.near(0, 3)).toEqual([0, 1, 2]);
    expect(plot.near(-1, 3)).toEqual([]);
  });

  it("are shown again once the wheel rests", () => {
    vi.useFakeTimers();
    const [x, y] = there();
    // The WheelEvent of happy-dom has no place.
    const wheel = (): void => {
      const event = new MouseEvent("wheel", { clientX: x, clientY: y, cancelable: true });
      plot.element.dispatchEvent(Object.assign(event, { deltaY: -1 }));
    };
    point("pointermove", there());
    wheel();
    expect(hovered).toBe(null);
    vi.advanceTimersByTime(200);
    expect([hovered, others]).toEqual([0, 2]);
    wheel();
    plot.element.dispatchEvent(new PointerEvent("pointerleave"));
    vi.advanceTimersByTime(200);
    expect(hovered).toBe(null);
  });

  it("are fanned out by a click, so that each can be selected, until something else is", () => {
    click(there());
    expect([...chosen]).toEqual([0]);
    expect(dots()).toHaveLength(3);
    click(dots()[2]);
    expect([...chosen]).toEqual([5]);
    point("pointermove", dots()[1]);
    expect([hovered, others]).toEqual([2, 0]);
    click([dots()[0][0], there()[1] - 6]);
    expect([...chosen]).toEqual([5]);
    click([home().px(-0.9), home().py(0.3)]);
    expect([...chosen]).toEqual([3]);
    expect(dots()).toHaveLength(0);
  });

  it("are fanned out in parts if they are many, which Enter goes through", async () => {
    const n = 199;
    const many = new Float32Array(2 * n + 2);
    many.set([0.9, 0.9], 2 * n);
    await plot.setPoints(many, { of: new Uint16Array(n + 1), names: ["all"], hulls: [] });
    const more = (): string => plot.element.querySelector(".hitl-fan-more")?.textContent ?? "";
    void plot.setSelection(rowsOf([22]));
    plot.nextInStack();
    expect([chosen[0], dots().length, more()]).toEqual([23, 24, "1\u201324 of 199"]);
    plot.nextInStack();
    expect([chosen[0], dots().length, more()]).toEqual([24, 24, "25\u201348 of 199"]);
    void plot.setSelection(rowsOf([198]));
    plot.nextInStack();
    expect([chosen[0], more()]).toEqual([0, "1\u201324 of 199"]);
    void plot.setSelection(rowsOf([197]));
    plot.nextInStack();
    expect([chosen[0], dots().length, more()]).toEqual([198, 7, "193\u2013199 of 199"]);
  });

  it("are selected in turn by Enter, and fold when the map moves", () => {
    expect(plot.nextInStack()).toBe(false);
    void plot.setSelection(rowsOf([1]));
    expect(plot.nextInStack()).toBe(false);
    void plot.setSelection(rowsOf([0]));
    const seen = [0, 1, 2].map(() => plot.nextInStack() && chosen[0]);
    expect(seen).toEqual([2, 5, 0]);
    expect(dots()).toHaveLength(3);
    plot.zoom(0.5);
    expect(dots()).toHaveLength(0);
  });
});

describe("names of groups", () => {
  const box = (x: number, y: number, size: number) => [
    [x - size, y - size],
    [x + size, y - size],
    [x + size, y + size],
    [x - size, y + size],
  ];
  const hulls = [box(0, 0, 0.6), box(-0.7, -0.7, 0.05), box(0.7, 1.06, 0.05)] as never[];
  const groups = { of: Uint16Array.of(0), names: ["large", "small", "edge"], hulls };
  const shown = shownGroups(groups, -1, new Frame(wholeView(400, 400), 400, 400));
  const at = (name: string) => shown.find((g) => g.name === name) as (typeof shown)[number];

  it("lie within a large group, above a small one, and below one at the upper edge", () => {
    const [, y] = at("large").at;
    expect(y).toBeCloseTo(200, 0);
    const small = hulls[1] as [number, number][];
    const frame = new Frame(wholeView(400, 400), 400, 400);
    expect(at("small").at[1]).toBeLessThan(Math.min(...small.map((p) => frame.py(p[1]))));
    const edge = hulls[2] as [number, number][];
    expect(at("edge").at[1]).toBeGreaterThan(Math.max(...edge.map((p) => frame.py(p[1]))));
  });

  it("do not cover points that matter, and cover few of the others", () => {
    const frame = new Frame(wholeView(400, 400), 400, 400);
    const [x, y] = at("small").at;
    const blocked = (b: Box): boolean => b[0] < x && b[2] > x && b[1] < y && b[3] > y;
    const moved = shownGroups(groups, -1, frame, { ...ALONE, blocked }).find((g) => g.name === "small");
    expect(moved?.at[1]).toBeGreaterThan(y + 20);
    const near = (b: Box): boolean => b[0] < x + 45 && b[2] > x - 45 && b[1] < y + 55 && b[3] > y - 10;
    const far = shownGroups(groups, -1, frame, { ...ALONE, blocked: near });
    expect(far.map((g) => g.name)).toContain("small");
    expect(at("small").line).toBeNull();
    const [, middle] = far.find((g) => g.name === "small")?.line ?? [];
    expect(middle?.[0], "joined to its group").toBeCloseTo(x);
    const covered = (b: Box): number => (b[1] > 30 && b[3] < y + 11 ? 30 : 0);
    const quiet = shownGroups(groups, -1, frame, { ...ALONE, covered }).find((g) => g.name === "small");
    expect(quiet?.at).not.toEqual([x, y]);
    expect(shownGroups(groups, -1, frame, { ...ALONE, blocked: () => true })).toEqual([]);
  });

  it("are more when zoomed in, and stay in the picture with the part of their group", () => {
    const many = Array.from({ length: 30 }, (_, i) => box(-0.5 + i / 60, 0, 0.004)) as never[];
    const all = { of: groups.of, names: many.map((_, i) => `group ${i}`), hulls: many };
    const whole = wholeView(400, 400);
    const near = zoomed(whole, [-0.4, 0], 0.1);
    const named = (view: View): ShownGroup[] => shownGroups(all, -1, new Frame(view, 400, 400));
    const inView = named(near).map((g) => g.group);
    expect(inView.length).toBeGreaterThan(named(whole).filter((g) => inView.includes(g.group)).length);
    const large = shownGroups(groups, -1, new Frame(zoomed(whole, [0.5, 0.5], 0.2), 400, 400));
    expect(large.map((g) => g.name)).toContain("large");
  });

  it("of images are thumbnails", () => {
    const frame = new Frame(wholeView(400, 400), 400, 400);
    const thumbs = (group: number): string[] => (group === 1 ? ["blob:a", "blob:b"] : []);
    const [left, , right] = shownGroups(groups, -1, frame, { ...ALONE, thumbs })[1].box;
    expect(right - left).toBe(58);
    const xy = new Float32Array([0, 0, 1, 0, 0.4, 0, 0.5, 0, 9, 9]);
    const central = centralRows({ of: Uint16Array.of(0, 0, 0, 0, 1), names: ["", ""], hulls: [] }, xy, 2);
    expect(central).toEqual([[3, 2], [4]]);
  });

  it("can be pointed at", () => {
    for (const { at, group } of shown) expect(namedAt(shown, at[0], at[1])).toBe(group);
    expect(namedAt(shown, 1, 1)).toBe(-1);
  });
});

describe("groups", () => {
  const flat = new Float32Array([-0.5, -0.5, 0.5, -0.5, 0, 0.5, 0.6, 0.6, 0.8, 0.6, 0.7, 0.8]);
  const groups = { of: Uint16Array.of(0), names: ["large", "small"], hulls: hullsOf([3, 3], flat) };
  const frame = new Frame(wholeView(400, 400), 400, 400);

  it("have their outlines", () => {
    expect(groups.hulls[0]).toEqual([
      [-0.5, -0.5],
      [0.5, -0.5],
      [0, 0.5],
    ]);
    expect(groups.hulls[1].length).toBe(3);
  });

  it("are named, the active one with its outline, however small or far down the list", () => {
    expect(shownGroups(groups, -1, frame).map((g) => [g.name, g.hull.length])).toEqual([
      ["large", 0],
      ["small", 0],
    ]);
    const many = { ...groups, names: Array.from({ length: 40 }, (_, i) => `g${i}`), hulls: [] as never[] };
    many.hulls[30] = groups.hulls[1] as never;
    expect(shownGroups(many, 30, frame).map((g) => [g.name, g.hull.length])).toEqual([["g30", 3]]);
  });
});

it("a round of changes is taken over row by row", () => {
  const all = marks();
  change(all, rowsOf([1, 4]), {
    label: Uint8Array.of(2, 3),
    predicted: Uint8Array.of(4, 5),
    doubt: Uint8Array.of(6, 7),
  });
  expect([all.label[1], all.predicted[4], all.doubt[4], all.doubt[1]]).toEqual([2, 5, 7, 6]);
  expect([all.label[0], all.predicted[0]]).toEqual([NONE, 0]);
});
