// @vitest-environment happy-dom
import { afterEach, beforeEach, expect, it, vi } from "vitest";
import "../src/items/text";
import type { Item } from "../src/items/index";
import { hoverView } from "../src/widgets/explorer/hover";

const items = new Map<number, Item>();
const text = (row: number): Item => ({
  content: { kind: "text", text: `item ${row}` },
  media: [],
  context: [],
});
const want = vi.fn();
let hover: ReturnType<typeof hoverView>;

beforeEach(() => {
  vi.useFakeTimers();
  want.mockClear();
  items.clear();
  hover = hoverView(
    {
      item: (row) => items.get(row),
      known: () => ({ before: "Model: ", name: "spam", after: "", colour: "red" }),
      plot: () => ({ near: (row) => [row, row + 1, row + 2] }),
      want: () => want([...hover.rows, ...hover.near]),
    },
    new AbortController().signal,
  );
  document.createElement("div").append(hover.element);
});
afterEach(() => {
  vi.useRealTimers();
});

it("asks for the item at once, and for those around it while the pointer rests", () => {
  hover.set(3, [10, 10], 0);
  expect(want.mock.calls).toEqual([[[3]]]);
  hover.set(4, [12, 10], 0);
  expect(want.mock.lastCall).toEqual([[4]]);
  vi.advanceTimersByTime(100);
  expect(want.mock.lastCall).toEqual([[4, 5, 6]]);
  expect(want).toHaveBeenCalledTimes(3);
});

it("shows what is known immediately, and the item when it is here", () => {
  hover.set(3, [10, 10], 0);
  expect(hover.element.textContent).toBe("Model: spam…");
  items.set(3, text(3));
  hover.draw();
  expect(hover.element.textContent).toBe("Model: spamitem 3");
  hover.set(3, [10, 10], 4);
  expect(hover.element.textContent).toContain("4 others at the same place: click to fan out");
  hover.set(3, [10, 10], 198);
  expect(hover.element.textContent).toContain(
    "198 others at the same place: click to fan out 24 of them, Enter for the next",
  );
  hover.set(3, [10, 10], 999);
  expect(hover.element.textContent).toContain("999 or more at the same place");
});

it("has the value of the column that colours the map", () => {
  items.set(3, { ...text(3), context: [["price", "12.5"]] });
  hover.set(3, [10, 10], 0);
  expect(hover.element.textContent).toBe("Model: spamitem 3price: 12.5");
});

it("goes away with the pointer, and asks for nothing more", () => {
  items.set(3, text(3));
  hover.set(3, [10, 10], 0);
  hover.set(null, [0, 0], 0);
  vi.advanceTimersByTime(100);
  expect(hover.element.hidden).toBe(true);
  expect(hover.rows).toEqual([]);
  expect(want).not.toHaveBeenCalled();
});
