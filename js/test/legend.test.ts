// @vitest-environment happy-dom
import { beforeEach, describe, expect, it, vi } from "vitest";
import { type Filter, hiddenBy, type Marks, NONE, NOTHING_HIDDEN } from "../src/plot/look";
import { legendView } from "../src/widgets/explorer/legend";

const MARKS: Marks = {
  label: Uint8Array.of(0, 1, NONE, NONE, NONE),
  predicted: Uint8Array.of(0, 0, 1, 1, NONE),
  doubt: new Uint8Array(5),
};
const SHADES = [
  { name: "spam", color: "#0072b2" },
  { name: "ham", color: "#e69f00" },
];

describe("what a filter hides", () => {
  const hidden = (changes: Partial<Filter>, by: "label" | "prediction" = "label"): number[] | null => {
    const found = hiddenBy({ ...NOTHING_HIDDEN, ...changes }, MARKS, by);
    return found && [...found];
  };
  it("is nothing, the labelled, the unlabelled, or those of a shade as it is shown", () => {
    expect(hidden({})).toBeNull();
    expect(hidden({ labelled: true })).toEqual([1, 1, 0, 0, 0]);
    expect(hidden({ unlabelled: true })).toEqual([0, 0, 1, 1, 1]);
    expect(hidden({ shades: new Set([1]) })).toEqual([0, 1, 1, 1, 0]);
    expect(hidden({ shades: new Set([1]) }, "prediction")).toEqual([0, 0, 1, 1, 0]);
    expect(hidden({ labelled: true, shades: new Set([NONE]) })).toEqual([1, 1, 0, 0, 1]);
  });
});

describe("the legend", () => {
  let legend: ReturnType<typeof legendView>;
  const filter = vi.fn();
  const isolate = vi.fn();
  const entry = (name: string): HTMLElement =>
    [...legend.element.querySelectorAll("button")].find((b) =>
      b.textContent?.startsWith(name),
    ) as HTMLElement;
  const click = (name: string, altKey = false): Filter => {
    entry(name).dispatchEvent(new MouseEvent("click", { altKey, bubbles: true }));
    return filter.mock.lastCall?.[0];
  };
  const off = (): string[] =>
    [...legend.element.querySelectorAll("[aria-pressed=false]")].map((b) => b.textContent ?? "");

  beforeEach(() => {
    filter.mockClear();
    isolate.mockClear();
    legend = legendView({ filter, isolate });
    legend.setShades(SHADES);
    legend.count(MARKS, "label");
  });

  it("counts what is shown", () => {
    const words = [...legend.element.querySelectorAll(".hitl-legend-entry")].map((b) => b.textContent);
    expect(words).toEqual(["Labelled2", "Not labelled3", "spam1", "ham3"]);
    legend.count(MARKS, "prediction");
    expect(entry("ham").textContent).toBe("ham2");
  });

  it("hides and shows a shade, and shows all again", () => {
    expect([...click("ham").shades]).toEqual([1]);
    expect(off()).toEqual(["ham3"]);
    expect([...click("spam").shades]).toEqual([1, 0]);
    expect([...click("ham").shades]).toEqual([0]);
    expect(click("Labelled")).toMatchObject({ labelled: true, unlabelled: false });
    expect(click("show all")).toEqual(NOTHING_HIDDEN);
    expect(off()).toEqual([]);
    expect(entry("show all").hidden).toBe(true);
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

  it("hides nothing while the colours mean something else", () => {
    click("ham");
    legend.setVisible(false);
    expect(filter.mock.lastCall?.[0]).toEqual(NOTHING_HIDDEN);
    legend.setVisible(true);
    expect(off()).toEqual([]);
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
