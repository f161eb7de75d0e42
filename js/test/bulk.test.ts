// @vitest-environment happy-dom
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import type { LabelClass, Member, SampleMessage, TogetherMessage } from "../src/host/protocol";
import { NO_ROWS } from "../src/plot/rows";
import { bulkCard, effect } from "../src/widgets/labeler/bulk";
import type { Chosen } from "../src/widgets/labeler/state";
import "../src/items/text";

const classes = ["spam", "ham", "new release"].map((name) => ({
  name,
  color: "#000",
  id: name,
})) as LabelClass[];
const sample = (more: Partial<SampleMessage> = {}): SampleMessage => ({
  type: "sample",
  to: "view",
  id: "1",
  n: 100,
  n_labelled: 0,
  n_others: 0,
  had: [],
  mix: [],
  odd: [],
  only: null,
  ...more,
});

beforeEach(() => void vi.useFakeTimers());
afterEach(() => {
  vi.useRealTimers();
  document.body.replaceChildren();
});

function card(n = 100, told: Partial<SampleMessage> = {}) {
  const rows = Uint32Array.from({ length: n }, (_, i) => 10 * i);
  let chosen: Chosen = { rows, how: "lasso", out: NO_ROWS, sample: null };
  const member = (row: number): Member => ({
    row,
    key: `k${row}`,
    codes: null,
    said: "",
    note: "",
    guess: null,
    blind: false,
    changed: false,
    decided: "",
  });
  const on = {
    item: (row: number) => ({ content: { kind: "text" as const, text: `item ${row}` }, media: [] }),
    member,
    want: vi.fn(),
    exclude: vi.fn((out) => update({ out })),
    open: vi.fn(),
    narrow: vi.fn(),
    widen: vi.fn(),
    always: vi.fn(),
    together: vi.fn((_: Uint32Array) => "asked"),
  };
  const view = bulkCard(on, new AbortController().signal);
  document.body.append(view.element);
  const list = view.element.querySelector(".hitl-members") as HTMLElement;
  // Ten lines and a half are visible.
  Object.defineProperty(list, "clientHeight", { value: 336 });
  function update(more: Partial<Chosen>): void {
    chosen = { ...chosen, ...more };
    view.update(chosen, classes, false, false);
    vi.runAllTimers();
  }
  update({});
  update({ sample: sample({ n, ...told }) });
  const lines = (): HTMLElement[] => [...list.querySelectorAll<HTMLElement>(".hitl-member")];
  const click = (place: number, shiftKey = false): void => {
    lines()[place].dispatchEvent(new MouseEvent("click", { bubbles: true, shiftKey }));
    vi.runAllTimers();
  };
  const press = (key: string, shift = false): void => {
    view.press(key, shift);
    vi.runAllTimers();
  };
  const text = (selector: string): string => view.element.querySelector(selector)?.textContent ?? "";
  return {
    on,
    view,
    update,
    lines,
    click,
    press,
    text,
    out: (): number[] => [...chosen.out],
    chosen: () => chosen,
  };
}

describe("the list of a selection", () => {
  it("shows the unusual items first and draws only what is visible of many", () => {
    const { lines, on } = card(100_000, { odd: [70, 30] });
    expect(lines().length).toBeLessThan(25);
    expect(
      lines()
        .slice(0, 4)
        .map((one) => one.dataset.row),
    ).toEqual(["70", "30", "0", "10"]);
    expect(on.want.mock.lastCall?.[0].slice(0, 3)).toEqual([70, 30, 0]);
    expect(lines()[0].textContent).toContain("item 70");
  });

  it("opens an item by key or double click, and returns to its line", () => {
    const { lines, press, update, chosen, out, on, view } = card(100, { odd: [70] });
    press("ArrowRight"); // the first key enters the list
    expect(on.open).not.toHaveBeenCalled();
    press("ArrowDown");
    press("ArrowRight");
    press("o");
    expect(on.open.mock.calls).toEqual([[0], [0]]);
    for (const type of ["click", "click", "dblclick"])
      lines()[3].dispatchEvent(new MouseEvent(type, { bubbles: true }));
    expect(on.open).toHaveBeenLastCalledWith(20);
    expect(out()).toEqual([]);
    update({ rows: chosen().rows.slice(), at: 20 });
    expect(view.element.querySelector("[data-current]")?.getAttribute("data-row")).toBe("20");
    expect(view.focused).toBe(true);
  });

  it("excludes by click, by range and by Space, and says how many are left", () => {
    const { lines, click, press, text, out } = card();
    click(2);
    expect(out()).toEqual([20]);
    expect(lines()[2].getAttribute("aria-selected")).toBe("false");
    expect(text(".hitl-bulk-all")).toBe("99 of 100 items");
    click(5, true);
    expect(out()).toEqual([20, 30, 40, 50]);
    // The range gets the state of its first item.
    click(3);
    expect(out()).toEqual([20, 40, 50]);
    click(5, true);
    expect(out()).toEqual([20]);
    press("ArrowDown");
    press(" ");
    press("ArrowDown", true);
    expect(out()).toEqual([20, 60, 70]);
    expect(text(".hitl-bulk-all")).toBe("97 of 100 items");
  });

  it("is entered by the first key, which checks nothing", () => {
    const { press, out, lines } = card();
    press(" ");
    expect(out()).toEqual([]);
    expect(lines()[0].hasAttribute("data-current")).toBe(true);
    expect(document.activeElement?.getAttribute("aria-activedescendant")).toBe(lines()[0].id);
    press(" ");
    expect(out()).toEqual([0]);
  });

  it("is checked and unchecked as a whole", () => {
    const { view, out } = card(3);
    const all = view.element.querySelector(".hitl-bulk-all") as HTMLElement;
    expect(all.getAttribute("aria-checked")).toBe("true");
    all.click();
    expect(out()).toEqual([0, 10, 20]);
    expect(all.getAttribute("aria-checked")).toBe("false");
    all.click();
    expect(out()).toEqual([]);
  });
});

describe("what a bulk label would replace", () => {
  const told = {
    n_labelled: 15,
    n_others: 0,
    had: [
      { code: 1, n: 12 },
      { code: 0, n: 3 },
    ],
  };

  it("is told before a class is pressed, and for the class under the pointer", () => {
    const { view, text } = card(100, told);
    expect(text(".hitl-bulk-labels")).toBe(
      "15 already labelled: ham (12), spam (3). A new label replaces yours.",
    );
    view.preview(1);
    const words = "12 have this label, 3 of another class will be replaced, 85 are new";
    expect(text(".hitl-bulk-labels")).toBe(`ham: ${words}`);
    view.preview(-1);
    expect(text(".hitl-bulk-labels")).toContain("15 already labelled");
  });

  it("leaves the labels of others", () => {
    const { text } = card(100, { ...told, n_others: 15 });
    expect(text(".hitl-bulk-labels")).toBe(
      "15 already labelled: ham (12), spam (3). 15 labels of others stay.",
    );
  });

  it("names only what there is", () => {
    expect(effect(sample({ n: 3 }), 0)).toBe("3 are new");
    expect(effect(sample({ n: 1, n_labelled: 1, had: [{ code: 0, n: 1 }] }), 0)).toBe("1 has this label");
  });
});

describe("the split", () => {
  const mix = [
    { code: 2, n: 61 },
    { code: 0, n: 39 },
  ];
  const buttons = (view: { element: HTMLElement }): HTMLElement[] => [
    ...view.element.querySelectorAll<HTMLElement>(".hitl-only:not([hidden])"),
  ];

  it("keeps what the model predicts, or what is unlabelled, with the number", () => {
    const { view, on, text } = card(100, { n_labelled: 41, mix });
    expect(text(".hitl-bulk-only")).toBe("Only unlabelled 59Predicted new release 61spam 39");
    expect(buttons(view).map((one) => one.textContent)).toEqual([
      "unlabelled 59",
      "new release 61",
      "spam 39",
    ]);
    for (const one of buttons(view)) one.click();
    expect(on.narrow.mock.calls).toEqual([["unlabelled"], ['predicted:"new release"'], ["predicted:spam"]]);
    (view.element.querySelector(".hitl-mix > :last-child") as HTMLElement).click();
    expect(on.narrow).toHaveBeenLastCalledWith("predicted:spam");
  });

  it("says when the model predicts one class for all, and only then", () => {
    const one = (n: number): string => card(100, { mix: [{ code: 0, n }] }).text(".hitl-bulk-only");
    expect(one(100)).toBe("The model predicts spam for all of them. ");
    expect(one(60)).toBe("Predicted spam 60");
  });

  it("can be undone", () => {
    const { view, update, chosen, on } = card(100, { mix });
    update({ rows: Uint32Array.of(1, 2), wider: chosen(), sample: sample({ n: 2 }) });
    buttons(view)[0].click();
    expect(buttons(view)[0].textContent).toBe("all 100 again");
    expect(on.widen).toHaveBeenCalled();
  });
});

describe("why a selection hangs together", () => {
  const mark = { words: "how", query: "/\\bhow\\b/", n: 30, of: 40, rest: 10, of_rest: 400 };
  const message: TogetherMessage = {
    type: "together",
    to: "view",
    id: "asked",
    marks: [mark, { ...mark, words: "rare", query: "", rest: 0 }],
    near: 0.82,
    chance: 0.04,
    missing: "",
  };

  it("is asked only on demand, and again when items are excluded", () => {
    const { view, on, click, update } = card();
    expect(on.together).not.toHaveBeenCalled();
    expect(view.element.querySelector<HTMLElement>(".hitl-together")?.hidden).toBe(true);
    view.why();
    expect(on.together.mock.calls.map(([rows]) => rows.length)).toEqual([100]);
    click(0);
    update({ sample: sample({ n: 99 }) });
    update({ sample: sample({ n: 99, n_labelled: 1 }) }); // a label changes nothing
    expect(on.together.mock.calls.map(([rows]) => rows.length)).toEqual([100, 99]);
    view.why();
    click(1);
    update({ sample: sample({ n: 98 }) });
    expect(on.together).toHaveBeenCalledTimes(2);
  });

  it("tells counts and ratios, and keeps only the items with a word", () => {
    const { view, on, text } = card();
    view.why();
    view.together({ ...message, id: "older" });
    expect(text(".hitl-together")).toBe("Comparing them with the others…");
    view.together(message);
    expect(text(".hitl-together")).toBe(
      "more common herehow 30 of 40, 30×rare 30 of 40, only here" +
        "82 % of their neighbours are selected, too (4 % by chance).",
    );
    const [button, ...others] = view.element.querySelectorAll<HTMLElement>(".hitl-together button");
    expect(others).toEqual([]); // no query finds the other one
    expect(button.title).toBe("30 of these 40, 10 of 400 others. Keep only these");
    button.click();
    expect(on.narrow).toHaveBeenCalledWith("/\\bhow\\b/");
  });

  it("says when nothing is commoner, and why nothing can be told", () => {
    const { view, text } = card();
    view.why();
    view.together({ ...message, marks: [], near: null });
    expect(text(".hitl-together")).toBe("No word and no column is more common here than elsewhere.");
    view.together({ ...message, missing: "All items are in the group." });
    expect(text(".hitl-together")).toBe("All items are in the group.");
  });
});
