// @vitest-environment happy-dom
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import type { ListMessage } from "../src/host/protocol";
import { type Line, listView } from "../src/widgets/explorer/list";

const message = (n: number, more: Partial<ListMessage> = {}): ListMessage => ({
  type: "list",
  to: "view",
  number: 1,
  n,
  by: "doubt",
  down: true,
  orders: ["row", "doubt", "sender"],
  columns: [],
  why: "",
  ...more,
});
const plain: Line = { label: null, guess: null, machine: false, doubt: null, hidden: false };

function list(n: number, line: (row: number) => Line = () => plain) {
  const on = {
    order: vi.fn(),
    lines: vi.fn(),
    line,
    item: () => undefined,
    want: vi.fn(),
    check: vi.fn(),
    open: vi.fn(),
    say: vi.fn(),
  };
  const view = listView(on, new AbortController().signal);
  document.body.replaceChildren(view.element);
  view.element.hidden = false;
  const scroll = view.element.querySelector(".hitl-list-scroll") as HTMLElement;
  // Ten lines and a half are seen.
  Object.defineProperty(scroll, "clientHeight", { value: 336 });
  view.show(message(n), null);
  vi.runAllTimers();
  /** The kernel's answer: the list is that of the rows from the last to the first. */
  const fill = (start: number, some = 100): void => {
    const rows = Uint32Array.from({ length: Math.min(some, n - start) }, (_, i) => n - 1 - start - i);
    view.fill(
      1,
      start,
      rows,
      [...rows].map(() => []),
    );
    vi.runAllTimers();
  };
  const press = (key: string, shift = false): boolean => {
    const taken = view.press(key, shift);
    vi.runAllTimers();
    return taken;
  };
  const shown = (): string[] =>
    [...view.element.querySelectorAll<HTMLElement>(".hitl-line")].map((e) => e.dataset.row ?? "");
  const status = (): string => view.element.querySelector("[role=status]")?.textContent ?? "";
  return { on, view, scroll, fill, press, shown, status };
}

describe("the list", () => {
  beforeEach(() => {
    vi.useFakeTimers({ toFake: ["requestAnimationFrame", "cancelAnimationFrame", "setTimeout"] });
  });
  afterEach(() => {
    vi.useRealTimers();
  });

  it("asks for the lines that are seen, once, and draws few", () => {
    const { on, fill, shown, status } = list(100_000);
    expect(on.lines.mock.calls).toEqual([[1, 0, 100]]);
    fill(0);
    expect(on.lines).toHaveBeenCalledOnce();
    expect(shown().length).toBeLessThan(30);
    expect(shown()[0]).toBe("99999");
    expect(on.want.mock.lastCall?.[0]).toHaveLength(shown().length);
    expect(status()).toBe("100,000 items");
  });

  it("goes by keys, and to both ends", () => {
    const { on, view, fill, press } = list(250);
    fill(0);
    press("ArrowDown");
    expect(on.open).toHaveBeenLastCalledWith(249);
    press("PageDown");
    expect(on.open).toHaveBeenLastCalledWith(239);
    press("End");
    expect(on.lines).toHaveBeenLastCalledWith(1, 200, 50);
    fill(200);
    expect(view.current).toBe(0);
    press("ArrowDown");
    expect(view.current).toBe(0);
    press("Home");
    expect(view.current).toBe(249);
    expect(press("1")).toBe(false);
    expect(press("Enter")).toBe(false);
  });

  it("goes on to the next line after an answer, unless boxes are checked", () => {
    const { view, fill, press } = list(5);
    fill(0);
    view.next();
    expect(view.current).toBe(-1);
    press("ArrowDown");
    view.next();
    expect(view.current).toBe(3);
    press(" ");
    view.next();
    expect(view.current).toBe(3);
  });

  it("checks lines one by one, as ranges and all at once", () => {
    const { on, view, fill, press, status } = list(5);
    fill(0);
    press("ArrowDown");
    press("ArrowDown", true);
    press("ArrowDown", true);
    expect(on.check).toHaveBeenLastCalledWith(Uint32Array.of(2, 3, 4));
    expect(status()).toBe("3 items selected of 5");
    press("ArrowUp");
    press(" ");
    expect(on.check).toHaveBeenLastCalledWith(Uint32Array.of(2, 4));
    const all = view.element.querySelector(".hitl-list-all input") as HTMLInputElement;
    expect(all.indeterminate).toBe(true);
    all.checked = true;
    all.dispatchEvent(new Event("change"));
    expect(on.check).toHaveBeenLastCalledWith(Uint32Array.of(0, 1, 2, 3, 4));
    expect(on.open).toHaveBeenCalledOnce();
  });

  it("waits for the lines of a range that were never seen, and refuses one without end", () => {
    const { on, fill, press } = list(50_000);
    fill(0);
    press("ArrowDown");
    press("PageDown");
    for (let i = 0; i < 12; i++) press("PageDown", true);
    expect(on.check.mock.lastCall?.[0].length).toBeLessThan(101);
    fill(100);
    expect(on.check.mock.lastCall?.[0]).toHaveLength(12 * 10 + 1);
    on.check.mockClear();
    press("End", true);
    expect(on.check).not.toHaveBeenCalled();
    expect(on.say.mock.lastCall?.[0]).toMatch(/at most 10,000 lines/);
  });

  it("ignores lines of a list that is no more", () => {
    const { view, fill, shown } = list(5);
    fill(0);
    view.show(message(3, { number: 2 }), null);
    vi.runAllTimers();
    fill(0); // of number 1
    expect(shown().every((row) => row === "")).toBe(true);
  });

  it("keeps the line that is being pressed when a round comes in between", () => {
    const { on, view, fill, shown } = list(5);
    fill(0);
    const pressed = view.element.querySelector(".hitl-line") as HTMLElement;
    view.draw();
    vi.runAllTimers();
    expect(pressed.isConnected).toBe(true);
    pressed.click();
    expect(on.open).toHaveBeenCalledWith(4);
    vi.runAllTimers();
    expect(shown()).toHaveLength(5);
  });

  it("begins anew at the top when it is sorted again", () => {
    const { on, view, fill, press } = list(5);
    fill(0);
    press("End");
    view.show(message(5), null);
    fill(0);
    press("ArrowDown");
    expect(on.open).toHaveBeenLastCalledWith(4);
  });

  it("says the label, else the guess, and where both differ", () => {
    const [ham, spam] = [
      { name: "ham", colour: "#123456" },
      { name: "spam", colour: "#654321" },
    ];
    const says: Line[] = [
      { label: ham, guess: spam, machine: false, doubt: 0.4, hidden: false },
      { label: ham, guess: ham, machine: false, doubt: 0, hidden: false },
      { label: null, guess: spam, machine: false, doubt: 1, hidden: false },
      { label: null, guess: null, machine: false, doubt: null, hidden: true },
      plain,
    ];
    const { view, fill } = list(5, (row) => says[4 - row]);
    fill(0);
    const words = [...view.element.querySelectorAll(".hitl-cell-says")].map((e) => e.textContent);
    expect(words).toEqual(["ham ≠ spam", "ham", "spam", "no hint", "—"]);
    const doubts = [...view.element.querySelectorAll(".hitl-cell-doubt")].map((e) => e.textContent);
    expect(doubts).toEqual(["40 %", "0 %", "100 %", "", ""]);
  });

  it("names its columns, and sorts by them", () => {
    const { on, view } = list(5);
    view.show(message(5, { by: "sender", down: false, columns: ["sender"] }), null);
    vi.runAllTimers();
    const heads = [...view.element.querySelectorAll<HTMLElement>("[role=columnheader]")];
    const names = heads.map((e) => e.getAttribute("aria-label") ?? e.textContent);
    expect(names).toEqual(["Selected", "Label", "Uncertainty", "Item", "sender ↑"]);
    expect(heads.map((e) => e.getAttribute("aria-sort"))).toEqual([null, null, null, null, "ascending"]);
    expect(heads.slice(1).every((e) => e.querySelector("button")?.title)).toBe(true);
    for (const head of heads) head.querySelector("button")?.click();
    expect(on.order.mock.calls).toEqual([
      ["label", false],
      ["doubt", true],
      ["row", false],
      ["sender", true],
    ]);
  });

  it("shows lines, items and marks as they come, and keeps the elements", () => {
    let said: Line = { ...plain, doubt: 0.4 };
    const { view, fill } = list(5, () => said);
    const line = view.element.querySelector(".hitl-line") as HTMLElement;
    expect(line.dataset.row).toBe(undefined);
    fill(0);
    expect([line.dataset.row, line.querySelector(".hitl-cell-doubt")?.textContent]).toEqual(["4", "40 %"]);
    said = { ...plain, doubt: 0.1 };
    view.setChecked(Uint32Array.of(4));
    vi.runAllTimers();
    expect(line.querySelector(".hitl-cell-doubt")?.textContent).toBe("10 %");
    expect([line.isConnected, line.getAttribute("aria-selected")]).toEqual([true, "true"]);
    expect(line.querySelector("input")?.checked).toBe(true);
  });
});
