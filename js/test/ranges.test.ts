// @vitest-environment happy-dom
import { beforeEach, describe, expect, it, vi } from "vitest";
import { Bands } from "../src/composers/parts/bands";
import { between, edgeNear, gapAt, gridOf, moved, type Piece, rowsOf } from "../src/composers/parts/pieces";
import { compose } from "../src/composers/ranges";
import type { LabelClass } from "../src/host/protocol";
import "./viewers";
import { renderItem } from "../src/items/index";
import type { Press } from "../src/ui/keys";

const all = { start: 0, end: 10 };
const grid = gridOf(10);

describe("pieces of a recording", () => {
  it("have room up to their neighbours, and none within another", () => {
    const pieces = [
      { start: 1, end: 2 },
      { start: 4, end: 5 },
    ];
    expect(gapAt(pieces, 3, grid)).toEqual({ start: 2, end: 4 });
    expect(gapAt(pieces, 0.5, grid)).toEqual({ start: 0, end: 1 });
    expect(gapAt(pieces, 2, grid)).toEqual({ start: 2, end: 4 });
    expect(gapAt(pieces, 7, grid)).toEqual({ start: 5, end: 10 });
    expect(gapAt(pieces, 1.5, grid)).toBeNull();
  });

  it("are in milliseconds, in either direction, and not empty", () => {
    expect(between(3.00049, 1.2, all, grid)).toEqual({ start: 1.2, end: 3 });
    expect(between(-1, 12, all, grid)).toEqual(all);
    expect(between(3, 3.004, all, grid)).toBeNull();
    expect(gridOf(2.0005).last).toBe(2);
    expect(gridOf(2.3).last).toBe(2.3);
  });

  it("keep their edges apart and within limits", () => {
    const piece = { start: 2, end: 3 };
    expect(moved(piece, "end", 12, { start: 0, end: 5 }, grid)).toEqual({ start: 2, end: 5 });
    expect(moved(piece, "end", 1, all, grid)).toEqual({ start: 2, end: 2.01 });
    expect(moved(piece, "start", 9, all, grid)).toEqual({ start: 2.99, end: 3 });
    expect(moved(piece, "start", 0.12345, { start: 1, end: 5 }, grid)).toEqual({ start: 1, end: 3 });
  });

  it("are taken by the nearest edge; where two meet, on the side of the pointer", () => {
    const marks = [{ at: { start: 1, end: 2 } }, { at: { start: 2, end: 3 } }];
    expect(edgeNear(marks, 1.05, 0.1)).toEqual({ of: marks[0], edge: "start" });
    expect(edgeNear(marks, 1.5, 0.1)).toBeNull();
    expect(edgeNear(marks, 1.99, 0.1)).toEqual({ of: marks[0], edge: "end" });
    expect(edgeNear(marks, 2.01, 0.1)).toEqual({ of: marks[1], edge: "start" });
  });

  it("that overlap are below each other", () => {
    expect(rowsOf([])).toEqual({ rows: [], n: 1 });
    const pieces = [
      { start: 0, end: 5 },
      { start: 1, end: 2 },
      { start: 2, end: 6 },
      { start: 5, end: 7 },
    ];
    expect(rowsOf(pieces)).toEqual({ rows: [0, 1, 1, 0], n: 2 });
  });
});

/** As a browser plays: the position is where it was put. */
class FakeAudio extends EventTarget {
  currentTime = 0;
  duration = 10;
  constructor() {
    super();
    setTimeout(() => this.dispatchEvent(new Event("loadedmetadata")));
  }
  async play(): Promise<void> {}
  pause(): void {}
}

describe("ranges of a recording", () => {
  let said: string[];
  let pressItem: Press;
  const classes = ["speech", "music"].map(
    (name, i) => ({ id: name, name, key: `${i + 1}`, color: "#0072b2", retired: false }) as LabelClass,
  );
  const content = { kind: "audio", seconds: 10, rate: 8000, channels: 1, peaks: "", bins: 0, bytes: 1e9 };

  beforeEach(() => {
    said = [];
    vi.stubGlobal("Audio", FakeAudio);
    vi.stubGlobal("matchMedia", () => ({ matches: true }));
  });

  function opened(more: object = {}, seen: object = content) {
    const made = compose({
      item: { content: seen as never, media: [] },
      stage: {
        signal: new AbortController().signal,
        more: () => Promise.reject(new Error("no")),
        gather: () => Promise.reject(new Error("no")),
        keys: (press) => {
          pressItem = press;
        },
      },
      pressItem: (key, shift) => pressItem(key, shift),
      classes,
      settings: {},
      changed: vi.fn(),
      give: vi.fn(),
      say: (words) => said.push(words),
      leave: vi.fn(),
      render: renderItem,
      chance: 0,
      ...more,
    });
    const press = (...keys: string[]): void => {
      for (const key of keys) {
        const shift = key.startsWith("⇧");
        const plain = key.replace("⇧", "");
        const code = classes.findIndex((c) => c.key === plain);
        if (made.press(plain, shift) || (code < 0 && pressItem(plain, shift))) continue;
        made.pick(code);
      }
    };
    const ranges = () => {
      const found = made.read();
      return typeof found === "string" ? found : found.answer.ranges;
    };
    return { made, press, ranges };
  }

  it("are made, corrected, relabelled, removed and undone by keyboard alone", () => {
    const { press, ranges, made } = opened();
    expect(made.read()).toMatchObject({ blank: true, words: "no ranges" });
    press("ArrowRight", "-", "ArrowRight", "ArrowRight");
    expect(ranges()).toMatch("The new range has no end");
    press("-", "1");
    expect(ranges()).toEqual([[1, 3, "speech"]]);
    press("ArrowRight", "⇧ArrowRight", "Home", "ArrowLeft");
    expect(ranges()).toEqual([[0.98, 3.22, "speech"]]);
    press("2");
    expect(ranges()).toEqual([[0.98, 3.22, "music"]]);
    expect(made.picked()).toEqual([1]);
    press("z");
    expect(ranges()).toEqual([[0.98, 3.22, "speech"]]);
    press("⇧z", ".", "Delete");
    expect(ranges()).toEqual([]);
    press("z", "z", "z", "z", "z");
    expect(ranges()).toEqual([]);
    expect(made.press("z", false)).toBe(false);
  });

  it("end with a class key as well, and do not grow into each other", () => {
    const { press, ranges } = opened({ answer: { ranges: [[2, 4, "music"]] } });
    press("ArrowRight", "-", "End", "1");
    expect(ranges()).toEqual([
      [1, 2, "speech"],
      [2, 4, "music"],
    ]);
    press("ArrowRight");
    expect(said.at(-1)).toBe("It goes no further");
    press("Escape", "ArrowRight", "-");
    expect(said.at(-1)).toContain("cannot overlap");
  });

  it("are accepted from suggestions, one by one or all that fit, and rejected", () => {
    const suggested = {
      ranges: [
        [0, 1, "music"],
        [2, 3, "speech"],
        [2.5, 4, "speech"],
      ],
    };
    const { press, ranges, made } = opened({ suggested });
    expect(ranges()).toBe("3 suggestions left: press = to accept, or Del to dismiss.");
    expect(made.element?.querySelectorAll(".hitl-range-idea").length).toBe(3);
    press(".", "1");
    expect(ranges()).toMatch("2 suggestions left");
    press("Escape", "=");
    expect(ranges()).toMatch("1 suggestion left");
    expect(said.at(-1)).toBe("Left, as they overlap your ranges: 1 suggestion.");
    press(".", ".", ".", "Delete");
    expect(made.element?.querySelectorAll(".hitl-range-idea").length).toBe(0);
    expect(ranges()).toEqual([
      [0, 1, "speech"],
      [2, 3, "speech"],
    ]);
    const others = opened({ suggested });
    others.press("Delete");
    expect(others.ranges()).toEqual([]);
    expect(opened({ suggested, verify: true }).ranges()).toEqual([
      [0, 1, "music"],
      [2, 3, "speech"],
    ]);
  });

  it("are not changed by choosing the class of the next ones", () => {
    const changed = vi.fn();
    const { press, made } = opened({ changed });
    press("1");
    expect(made.picked()).toEqual([0]);
    press("Escape");
    expect(made.picked()).toEqual([]);
    expect(changed.mock.calls).toEqual([[false], [false]]);
    press("1", "-", "ArrowRight", "-");
    expect(changed).toHaveBeenLastCalledWith();
  });

  it("are drawn again only where they change", () => {
    const layer = document.createElement("div");
    const bands = new Bands<{ at: Piece }>(layer, (at) => at / 30);
    const all = [{ at: { start: 1, end: 2 } }, { at: { start: 4, end: 5 } }];
    const draw = (): void => bands.draw(all, () => ({ look: "", label: "speech", colour: "red" }));
    draw();
    const watch = new MutationObserver(() => undefined);
    watch.observe(layer, { attributes: true, childList: true, subtree: true });
    draw();
    expect(watch.takeRecords()).toEqual([]);
    bands.put(all[1], { start: 4, end: 6 });
    expect(new Set(watch.takeRecords().map(({ target }) => target))).toEqual(new Set([layer.children[1]]));
    expect(layer.children[1].getAttribute("data-end")).toBe("6");
  });

  it("beyond the recording must be removed, and what cannot be read is not answered", () => {
    const { press, ranges } = opened({ answer: { ranges: [[9, 11, "music"]] } });
    expect(ranges()).toMatch("1 range from an earlier version of the recording does not fit it");
    press(".", "Delete");
    expect(ranges()).toEqual([]);
    const broken = opened({}, { kind: "broken", why: "no" });
    expect(broken.made.element).toBeUndefined();
    expect(broken.ranges()).toMatch("cannot be read");
  });
});
