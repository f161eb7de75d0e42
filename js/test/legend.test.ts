// @vitest-environment happy-dom
import { beforeEach, describe, expect, it, vi } from "vitest";
import { type ColourBy, type Filter, hiddenBy, type Marks, NONE, NOTHING_HIDDEN } from "../src/plot/look";
import { legendView } from "../src/widgets/explorer/legend";

const MARKS: Marks = {
  label: Uint8Array.of(0, 1, NONE, NONE, NONE),
  predicted: Uint8Array.of(0, 0, 1, 1, NONE),
  doubt: new Uint8Array(5),
};
const COLUMN = { shades: Uint8Array.of(0, 1, 2, 0, NONE), palette: null };
const SHADES = [
  { name: "spam", color: "#0072b2" },
  { name: "ham", color: "#e69f00" },
];

describe("what a filter hides", () => {
  const hidden = (changes: Partial<Filter>, by: ColourBy = "label"): number[] | null => {
    const found = hiddenBy({ ...NOTHING_HIDDEN, ...changes }, { marks: MARKS, by, column: COLUMN });
    return found && [...found];
  };
  it("is nothing, the labelled, the unlabelled, or those of a shade as it is shown", () => {
    expect(hidden({})).toBeNull();
    expect(hidden({ labelled: true })).toEqual([1, 1, 0, 0, 0]);
    expect(hidden({ unlabelled: true })).toEqual([0, 0, 1, 1, 1]);
    expect(hidden({ shades: new Set([1]) })).toEqual([0, 1, 1, 1, 0]);
    expect(hidden({ shades: new Set([1]) }, "prediction")).toEqual([0, 0, 1, 1, 0]);
    expect(hidden({ labelled: true, shades: new Set([NONE]) })).toEqual([1, 1, 0, 0, 1]);
    expect(hidden({ shades: new Set([0]) }, "column")).toEqual([1, 0, 0, 1, 0]);
  });
});

describe("the legend", () => {
  let legend: ReturnType<typeof legendView>;
  const filter = vi.fn();
  const isolate = vi.fn();
  const next = vi.fn();
  const entry = (name: string): HTMLElement =>
    [...legend.element.querySelectorAll("button")].find((b) =>
      b.textContent?.startsWith(name),
    ) as HTMLElement;
  const click = (name: string, altKey = false): Filter => {
    entry(name).dispatchEvent(new MouseEvent("click", { altKey, bubbles: true }));
    return filter.mock.lastCall?.[0];
  };
  const shown = (): (string | null)[] =>
    [...legend.element.querySelectorAll(".hitl-legend-entry:not([hidden])")].map((b) => b.textContent);
  const off = (): string[] =>
    [...legend.element.querySelectorAll("[aria-pressed=false]:not([hidden])")].map(
      (b) => b.textContent ?? "",
    );

  beforeEach(() => {
    filter.mockClear();
    isolate.mockClear();
    legend = legendView({ filter, isolate, next });
    legend.setShades(SHADES);
    legend.count({ marks: MARKS, by: "label" }, 0);
  });

  it("counts what is shown", () => {
    expect(shown()).toEqual(["Labelled2", "Suggested0", "Predicted3", "spam1", "ham3"]);
    legend.count({ marks: MARKS, by: "prediction" }, 0);
    expect(entry("ham").textContent).toBe("ham2");
    legend.count({ marks: { ...MARKS, predicted: new Uint8Array(5).fill(NONE) }, by: "label" }, 0);
    expect(shown()).toContain("Not labelled3");
  });

  it("hides and shows a shade, and shows all again", () => {
    expect([...click("ham").shades]).toEqual([1]);
    expect(off()).toEqual(["ham3"]);
    expect([...click("spam").shades]).toEqual([1, 0]);
    expect([...click("ham").shades]).toEqual([0]);
    expect(click("Labelled")).toMatchObject({ labelled: true, unlabelled: false });
    const all = legend.element.querySelector(".hitl-link") as HTMLElement;
    expect(all.textContent).toBe("3 of 5 shown: show all");
    all.click();
    expect(filter.mock.lastCall?.[0]).toEqual(NOTHING_HIDDEN);
    expect(off()).toEqual([]);
    expect(all.hidden).toBe(true);
  });

  it("shows only one with Alt, and all with Alt again", () => {
    expect([...click("ham", true).shades]).toEqual([0, NONE]);
    expect(off()).toEqual(["spam1"]);
    expect([...click("ham", true).shades]).toEqual([]);
  });

  it("lets the points of a shade stand out below the pointer, but not those that were just hidden", () => {
    entry("ham").dispatchEvent(new PointerEvent("pointerenter"));
    expect(isolate.mock.lastCall).toEqual([1]);
    click("ham");
    expect(isolate.mock.lastCall).toEqual([null]);
  });

  it("says what the circles are, and selects the next of them", () => {
    legend.count({ marks: MARKS, by: "label" }, 10);
    expect(shown()[1]).toBe("Suggested10");
    click("Suggested");
    expect(next).toHaveBeenCalledOnce();
  });

  it("counts and hides the categories of a column, and the items without a value", () => {
    legend.setShades(["a", "b", "2 others"].map((name) => ({ name, color: "#000000" })));
    legend.count({ marks: MARKS, by: "column", column: COLUMN }, 0);
    expect(shown()).toEqual([
      "Labelled2",
      "Suggested0",
      "Not labelled3",
      "a2",
      "b1",
      "2 others1",
      "no value1",
    ]);
    expect([...click("no value").shades]).toEqual([NONE]);
    expect(off()).toEqual(["no value1"]);
    legend.showShades();
    expect(off()).toEqual([]);
  });

  it("has the ticks of a scale, and its words", () => {
    const ticks = [
      { at: 0, text: "10" },
      { at: 1, text: "20" },
    ];
    legend.setShades([]);
    legend.setScale({ gradient: "linear-gradient(red, blue)", ticks, note: "logarithmic" });
    const scale = legend.element.querySelector(".hitl-scale") as HTMLElement;
    expect(scale.getAttribute("aria-label")).toBe("Scale: 10, 20; logarithmic");
    expect(scale.textContent).toBe("1020");
    expect([...click("no value", true).shades]).toHaveLength(255);
    legend.setScale(null);
    expect(scale.hidden).toBe(true);
  });

  it("starts anew with other shades, and keeps what is hidden with the same", () => {
    click("ham");
    legend.setShades(SHADES.map((shade) => ({ ...shade })));
    expect(off()).toEqual(["ham3"]);
    legend.setShades([{ name: "1 class", color: "#000000" }]);
    expect(filter.mock.lastCall?.[0].shades.size).toBe(0);
    expect(off()).toEqual([]);
  });
});
