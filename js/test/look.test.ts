import { describe, expect, it } from "vitest";
import { packed, rgba } from "../src/plot/colour";
import {
  CHOSEN,
  type ColourBy,
  type Column,
  groupColour,
  KIND,
  type Look,
  type LookOptions,
  Looks,
  NONE,
  pointArea,
  RINGED,
} from "../src/plot/look";
import { ramp } from "../src/plot/ramp";

const theme = { dark: false, text: "#111", faint: "#999", line: "#ccc", ground: "#fff", accent: "#06c" };
const PALETTE = ["#e69f00", "#56b4e9"];
// 0: labelled; 1: predicted; 2: unknown
const options = (more: Partial<LookOptions> = {}): LookOptions => ({
  marks: {
    label: Uint8Array.of(1, NONE, NONE),
    predicted: Uint8Array.of(0, 1, NONE),
    doubt: Uint8Array.of(0, 15, 0),
  },
  clusters: Uint16Array.of(0, 1, 1),
  palette: PALETTE,
  flags: new Uint8Array(3),
  choosing: false,
  by: "label",
  theme,
  ...more,
});
const look = (i: number, o: LookOptions): Look => new Looks(o).of(i);

describe("colour is never the only sign", () => {
  it.each<ColourBy>(["label", "prediction", "doubt", "group", "column"])("by %s", (by) => {
    const [labelled, predicted] = [look(0, options({ by })), look(1, options({ by }))];
    expect(labelled.size).toBeGreaterThan(predicted.size);
    expect(labelled.width).toBeGreaterThan(0);
    expect(labelled.stroke).toBe(theme.text);
    expect(predicted.width).toBe(0);
    expect(labelled.top).toBe(true);
    const ringed = look(1, options({ by, flags: Uint8Array.of(0, RINGED, 0) }));
    expect(ringed.width).toBeGreaterThan(0);
    expect(ringed.stroke).toBe(theme.accent);
    expect(ringed.size).toBeGreaterThan(predicted.size);
  });

  it("a labelled point has no ring of a suggestion", () => {
    expect(look(0, options({ flags: Uint8Array.of(RINGED, 0, 0) }))).toEqual(look(0, options()));
  });
});

describe("fill", () => {
  it("is the label's, else the prediction's, paler, else faint", () => {
    expect(look(0, options()).fill).toBe(PALETTE[1]);
    expect(look(0, options({ by: "prediction" })).fill).toBe(PALETTE[0]);
    expect(look(1, options()).fill).toBe(PALETTE[1]);
    expect(look(1, options()).opacity).toBeLessThan(look(0, options()).opacity);
    expect(look(2, options()).fill).toBe(theme.faint);
  });

  it("shows doubt by strength", () => {
    const sure = options({ by: "doubt" });
    sure.marks.doubt[1] = 1;
    expect(look(1, options({ by: "doubt" })).opacity).toBeGreaterThan(look(1, sure).opacity);
  });

  it("is that of the column, from its scale or its categories, and grey without a value", () => {
    const scale = { shades: Uint8Array.of(0, 254, NONE), palette: null };
    const fills = (column: Column, dark = false): string[] =>
      [0, 1, 2].map((i) => look(i, options({ by: "column", column, theme: { ...theme, dark } })).fill);
    expect(fills(scale)).toEqual([ramp(false)[0], ramp(false)[254], theme.faint]);
    expect(fills(scale, true)[0]).not.toBe(fills(scale)[0]);
    expect(fills({ shades: Uint8Array.of(1, 0, NONE), palette: ["#aaaaaa", "#bbbbbb"] })).toEqual([
      "#bbbbbb",
      "#aaaaaa",
      theme.faint,
    ]);
  });

  it("without groups yet is the label's", () => {
    expect(look(0, options({ by: "group", clusters: null })).fill).toBe(PALETTE[1]);
  });
});

describe("a selection", () => {
  it("dims the others, with row 0 as good as any", () => {
    const only = options({ choosing: true, flags: Uint8Array.of(CHOSEN, 0, 0) });
    expect(look(0, only).opacity).toBe(1);
    expect(look(1, only).opacity).toBeCloseTo(look(1, options()).opacity / 4);
    const other = options({ choosing: true, flags: Uint8Array.of(0, CHOSEN, 0) });
    expect(look(0, other).opacity).toBeLessThan(0.5);
    expect(look(1, other).opacity).toBe(1);
    expect(look(1, other).width).toBeGreaterThan(0);
    expect(look(1, other).top).toBe(true);
  });
});

it("groups next to each other have colours apart, in both themes", () => {
  const colours = Array.from({ length: 30 }, (_, i) => groupColour(i, false));
  expect(new Set(colours).size).toBe(30);
  expect(groupColour(1, true)).not.toBe(groupColour(1, false));
});

it("points are smaller in larger pools, and never vanish", () => {
  expect(pointArea(100)).toBeGreaterThan(pointArea(10_000));
  expect(pointArea(1e9)).toBeGreaterThanOrEqual(5);
  expect(pointArea(1)).toBeLessThanOrEqual(60);
});

describe("a million points, coloured by a table", () => {
  const theirs = { ...theme, text: "#111111", faint: "#999999", accent: "#0066cc" };
  it.each<ColourBy>(["label", "prediction", "doubt", "column"])("by %s look as each of them would", (by) => {
    const flags = Uint8Array.of(0, RINGED, CHOSEN, CHOSEN | RINGED, 0, CHOSEN);
    const marks = {
      label: Uint8Array.of(1, NONE, NONE, NONE, NONE, 0),
      predicted: Uint8Array.of(0, 1, NONE, 0, NONE, 1),
      doubt: Uint8Array.of(0, 15, 0, 7, 3, 9),
    };
    const column = { shades: Uint8Array.of(0, 254, NONE, 7, 1, NONE), palette: null };
    for (const choosing of [true, false]) {
      const looks = new Looks(options({ marks, flags, by, choosing, column, theme: theirs }));
      const order = Uint32Array.of(5, 3, 1, 0, 2, 4);
      const [colours, kinds] = [new Uint32Array(6), new Uint8Array(6)];
      looks.fill(order, colours, kinds);
      for (const [s, i] of order.entries()) {
        const { fill, opacity, top, stroke, width } = looks.of(i);
        expect(colours[s]).toBe(packed(fill, opacity));
        expect(kinds[s] !== KIND.plain).toBe(top);
        expect(looks.ring(kinds[s], fill)).toEqual({ stroke, width });
      }
    }
  });
});

it("colours become the bytes of an image", () => {
  expect(rgba("#e69f00")).toEqual([0xe6, 0x9f, 0, 255]);
  expect(rgba("#fa0")).toEqual([255, 0xaa, 0, 255]);
  expect(packed("#102030", 1)).toBe(0xff302010);
  expect(packed("#102030", 0.5)).toBe(0x80302010);
});
