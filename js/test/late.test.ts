// @vitest-environment happy-dom
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import type { Ask, LabelClass, ProposedMessage } from "../src/host/protocol";
import { lateTeaching } from "../src/widgets/labeler/late";
import { NO_GUIDANCE } from "../src/widgets/labeler/state";
import { type Shown, type Teaching, teachingView } from "../src/widgets/labeler/teaching";

const ask = (row: number): Ask => ({ row, key: `k${row}`, reason: "", selection: "suggested" }) as Ask;
const classes = ["spam", "ham"].map((name, i) => ({ id: name, name, key: `${i + 1}` }) as LabelClass);
const shown = (row: number, how: Partial<Shown> = {}): Shown => ({
  ask: ask(row),
  item: ask(row),
  drawn: row,
  showGuess: true,
  classes,
  guidance: NO_GUIDANCE,
  ...how,
});
const proposed: ProposedMessage = {
  type: "proposed",
  to: null,
  name: "class 1",
  kind: "class",
  text: "Is a class missing?",
  rows: "AQ",
  n: 40,
  classes: [],
};

let root: HTMLElement;
let places: Record<"card" | "notes" | "line" | "fold", HTMLElement>;
let on: { source: ReturnType<typeof vi.fn>; why: ReturnType<typeof vi.fn>; keep: ReturnType<typeof vi.fn> };
let load: ReturnType<typeof vi.fn>;
/** Ends the loading that was begun last. */
let [come, fail] = [(): void => {}, (_: Error): void => {}];
let late: ReturnType<typeof lateTeaching>;
let end: AbortController;
const settled = () => vi.advanceTimersByTimeAsync(0);
const line = (): string => (late.element.hidden ? "" : (late.element.textContent ?? ""));
const part = (name: string): HTMLElement => root.querySelector(name) as HTMLElement;

function begin(explains = false): void {
  root = document.createElement("div");
  root.className = "hitl";
  root.tabIndex = 0;
  end = new AbortController();
  const [card, notes, fold] = ["div", "div", "details"].map((tag) => document.createElement(tag));
  on = { source: vi.fn(), why: vi.fn(), keep: vi.fn() };
  const none: object = {};
  const made = (): Teaching =>
    teachingView(
      places,
      {
        edit: { ...none, source: on.source, keep: on.keep } as never,
        because: { ...none, ask: on.why, always: vi.fn() } as never,
        guide: { ...none, keep: on.keep } as never,
        proposal: none as never,
        change: vi.fn(),
        say: vi.fn(),
        leave: () => root.focus(),
      },
      explains,
      end.signal,
    );
  load = vi.fn(
    () =>
      new Promise<Teaching>((resolve, reject) => {
        [come, fail] = [() => resolve(made()), reject];
      }),
  );
  late = lateTeaching(load as never, explains, () => root.focus(), end.signal);
  places = { card, notes, line: late.element, fold };
  root.append(card, notes, late.element, fold);
  document.body.replaceChildren(root);
  root.focus();
}

beforeEach(() => {
  vi.useFakeTimers();
  begin();
  late.update(shown(7));
});
afterEach(() => {
  end.abort();
  expect(vi.getTimerCount()).toBe(0);
  vi.useRealTimers();
});

test("what is pressed first is done once it is there, and keys in between are not for the card", async () => {
  expect(load).not.toHaveBeenCalled();
  expect(late.edit()).toBe(true);
  expect([late.press("1", false), late.press("s", false), late.press("?", true)]).toEqual([
    true,
    true,
    false,
  ]);
  expect(on.source).not.toHaveBeenCalled();
  come();
  await settled();
  expect(on.source).toHaveBeenCalledWith(7);
  expect(places.card.hidden).toBe(true);
  const item = { row: 7, text: "free", cells: [], more: 0, labelled: false, missing: "" };
  late.came({ type: "source", to: "v", ...item });
  expect((document.activeElement as HTMLTextAreaElement).value).toBe("free");
  expect([late.press("Escape", false), line(), load.mock.calls.length]).toEqual([true, "", 1]);
});

test("it is loaded in advance soon after the first key, and then nothing waits", async () => {
  expect(late.press("1", false)).toBe(false);
  await vi.advanceTimersByTimeAsync(1000);
  expect(load).toHaveBeenCalledTimes(1);
  expect(line()).toBe("");
  come();
  await settled();
  expect(late.example([1])).toBe(true);
  expect((part(".hitl-keeping select") as HTMLSelectElement).selectedIndex).toBe(1);
  expect(document.activeElement).toBe(part(".hitl-keeping input"));
});

test("a press is dropped with its item, and by Escape; without an item there is none", async () => {
  expect(late.why()).toBe(true);
  late.update(shown(8));
  late.edit();
  await vi.advanceTimersByTimeAsync(1000);
  expect(line()).toContain("Loading");
  expect(late.press("Escape", false)).toBe(true);
  expect([line(), late.press("Escape", false)]).toEqual(["", false]);
  late.update(shown(9, { item: null }));
  expect([late.why(), late.strike(), late.edit(), late.accept(), late.dismiss()]).toEqual(
    Array(5).fill(false),
  );
  come();
  await settled();
  expect([on.why.mock.calls, on.source.mock.calls]).toEqual([[], []]);
});

test("what was pressed does not take the focus from somebody who types elsewhere by then", async () => {
  late.example([]);
  const cell = document.body.appendChild(document.createElement("textarea"));
  cell.focus();
  come();
  await settled();
  expect(document.activeElement).toBe(cell);
});

test("what cannot be loaded is said, and tried again", async () => {
  late.strike();
  fail(new Error("The JavaScript is missing."));
  await settled();
  expect(line()).toContain("proposals could not be loaded. The JavaScript is missing.");
  // The keys are the card's again.
  expect(late.press("1", false)).toBe(false);
  const [again] = late.element.querySelectorAll("button");
  again.focus();
  again.click();
  expect([document.activeElement, again.hidden]).toEqual([root, true]);
  expect(line()).toContain("Loading");
  come();
  await settled();
  expect([line(), on.why.mock.calls]).toEqual(["", [[7, []]]]);
});

test("what nobody has asked for fails in silence, and is tried when somebody does", async () => {
  late.press("s", false);
  await vi.advanceTimersByTimeAsync(1000);
  fail(new Error("no"));
  await settled();
  expect(line()).toBe("");
  late.press("s", false);
  await vi.advanceTimersByTimeAsync(1000);
  expect(load).toHaveBeenCalledTimes(1);
  late.why();
  expect(load).toHaveBeenCalledTimes(2);
});

test("what the kernel has to show loads it, and only the last of each kind is shown", async () => {
  late.came({ ...proposed, name: "" });
  late.came({ type: "struck", to: null, struck: [] } as never);
  expect(load).not.toHaveBeenCalled();
  late.came(proposed);
  late.came({ ...proposed, text: "Is another class missing?" });
  expect(load).toHaveBeenCalledTimes(1);
  late.update(shown(8));
  come();
  await settled();
  expect(part(".hitl-proposal-words").textContent).toBe("Is another class missing?");
});

test("where each item is explained, the place of the reasons is there from the start", async () => {
  begin(true);
  late.update(shown(7, { item: null }));
  expect(late.element.hidden).toBe(true);
  late.update(shown(7));
  expect([late.element.hidden, late.element.hasAttribute("data-explains")]).toEqual([false, true]);
  expect([...late.element.querySelectorAll("button")].every((one) => one.hidden)).toBe(true);
  come();
  await settled();
  expect([late.element.hidden, part(".hitl-because").hidden]).toEqual([true, false]);
  expect(on.why).toHaveBeenCalledWith(7, []);
});
