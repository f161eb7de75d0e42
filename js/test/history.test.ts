// @vitest-environment happy-dom
import { beforeEach, describe, expect, it, vi } from "vitest";
import type { HistoryEntry, LabelClass } from "../src/host/protocol";
import { type HistoryCallbacks, historyView } from "../src/widgets/monitor/history";

const entry = (id: string, changes: Partial<HistoryEntry> = {}): HistoryEntry => ({
  id,
  kind: "label",
  n: 1,
  value: "spam",
  codes: [0],
  selection: "suggested",
  time: "2026-11-28T12:00:00.000+00:00",
  state: "holds",
  way: [0, 0],
  apart: false,
  ...changes,
});
const spam = { name: "spam", color: "#e69f00" } as LabelClass;

describe("the history", () => {
  let on: HistoryCallbacks;
  let draw: (...entries: HistoryEntry[]) => HTMLElement[];
  const button = (row: HTMLElement, name: string): HTMLElement => row.querySelector(name) as HTMLElement;
  beforeEach(() => {
    on = { open: vi.fn(), jump: vi.fn(), restore: vi.fn() };
    const view = historyView(on);
    draw = (...entries) => {
      view.update(entries, [spam]);
      return [...view.element.children] as HTMLElement[];
    };
  });

  it("opens an act by a click on it, and changes nothing", () => {
    const [, row] = draw(entry("new"), entry("old", { n: 40, way: [1, 1] }));
    button(row, ".hitl-history-what").click();
    expect(on.open).toHaveBeenCalledWith("old");
    expect(on.jump).not.toHaveBeenCalled();
  });

  it("says what going back undoes before it does", () => {
    const [now, old, oldest] = draw(
      entry("now"),
      entry("old", { way: [1, 1] }),
      entry("oldest", { way: [5, 1174] }),
    );
    expect(now.querySelector(".hitl-history-way")).toBeNull();
    const [one, many] = [old, oldest].map((row) => button(row, ".hitl-history-way"));
    expect(one.textContent).toBe("Go back to here: undoes 1 act, 1 label");
    expect(many.textContent).toBe("Go back to here: undoes 5 acts, 1,174 labels");
    expect(many.getAttribute("aria-label")).toBe(many.textContent);
    many.click();
    expect(on.jump).toHaveBeenCalledWith("oldest");
  });

  it("counts no labels where none is on the way", () => {
    const [, row] = draw(entry("skip", { kind: "skip" }), entry("old", { way: [1, 0] }));
    expect(button(row, ".hitl-history-way").textContent).toBe("Go back to here: undoes 1 act");
  });

  it("goes forward to what was undone", () => {
    const [row] = draw(entry("undone", { state: "undone", way: [2, 3] }), entry("now"));
    expect(row.textContent).toContain("undone");
    expect(button(row, ".hitl-history-way").textContent).toBe(
      "Go forward to here: restores 2 acts, 3 labels",
    );
  });

  it("brings back what was left behind, one act or all of them, the oldest first", () => {
    const left = (id: string, n: number) => entry(id, { n, state: "left behind", way: null });
    const [, branch, third, second, first] = draw(entry("now"), left("3", 40), left("2", 2), left("1", 1));
    expect(branch.textContent).toBe("Left behind: 3 acts, 43 labelsrestore all");
    button(branch, "button").click();
    expect(on.restore).toHaveBeenLastCalledWith(["1", "2", "3"]);
    for (const row of [third, second, first]) expect(row.textContent).toContain("left behind");
    button(second, ".hitl-history-way").click();
    expect(on.restore).toHaveBeenLastCalledWith(["2"]);
  });

  it("offers nothing for what is back, and says where earlier acts begin", () => {
    const back = entry("2", { state: "brought back", way: null });
    const [, row, gap, last] = draw(
      entry("now"),
      back,
      entry("1", { state: "left behind", way: null, apart: true }),
    );
    expect(row.querySelector(".hitl-history-way")).toBeNull();
    expect(gap.textContent).toContain("earlier");
    expect(last.textContent).toContain("restore");
  });

  it("has no items to open of a change of the classes", () => {
    const [, row] = draw(
      entry("now"),
      entry("c", { kind: "schema", n: 0, value: "class new added", way: [1, 1] }),
    );
    expect(row.querySelector("button.hitl-history-what")).toBeNull();
    expect(row.textContent).toContain("class new added");
  });

  it("keeps a row that is as it was, and the focus on it", () => {
    const rows = draw(entry("2"), entry("1", { way: [1, 1] }));
    document.body.append(rows[0].parentElement as HTMLElement);
    const way = button(rows[1], ".hitl-history-way");
    way.focus();
    const [, , old] = draw(entry("3"), entry("2", { way: [1, 1] }), entry("1", { way: [2, 2] }));
    expect(button(old, ".hitl-history-way").textContent).toContain("2 acts");
    draw(entry("3"), entry("2", { way: [1, 1] }), entry("1", { way: [2, 2] }));
    expect(old.isConnected).toBe(true);
  });
});
