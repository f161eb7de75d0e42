// @vitest-environment happy-dom
import { beforeEach, expect, test, vi } from "vitest";
import type { LabelClass, SourceMessage } from "../src/host/protocol";
import { editView } from "../src/widgets/labeler/edit";

const named = (name: string, key: string): LabelClass => ({
  id: `id-${name}`,
  name,
  key,
  guidance: "",
  example: "",
  color: "",
  retired: false,
});
const CLASSES = [named("spam", "1"), named("ham", "2")];
const SOURCE: Omit<SourceMessage, "text"> = {
  type: "source",
  to: "v",
  row: 7,
  cells: [],
  more: 0,
  labelled: true,
  missing: "",
};

let card: HTMLElement;
let on: Record<"source" | "guess" | "flip" | "keep" | "say" | "leave", ReturnType<typeof vi.fn>>;
let view: ReturnType<typeof editView>;
const part = (name: string): HTMLElement => view.element.querySelector(name) as HTMLElement;
const status = (): string | null => part(".hitl-rewrite-guess").textContent;
const text = (): HTMLTextAreaElement => part("textarea") as HTMLTextAreaElement;

function type(field: HTMLInputElement | HTMLTextAreaElement, words: string): void {
  field.value = words;
  field.dispatchEvent(new Event("input", { bubbles: true }));
}

beforeEach(() => {
  vi.useFakeTimers();
  document.body.replaceChildren();
  card = document.createElement("div");
  let n = 0;
  on = {
    source: vi.fn(),
    guess: vi.fn(() => `try-${++n}`),
    flip: vi.fn(),
    keep: vi.fn(),
    say: vi.fn(),
    leave: vi.fn(),
  };
  view = editView(card, on as never, new AbortController().signal);
  document.body.append(card, view.element);
  view.update({ row: 7, key: "k" }, CLASSES, true);
});

function openText(words = "free money"): void {
  view.open();
  view.source({ ...SOURCE, text: words });
}

test("it opens in the place of the card, waits for the item, and closes on Escape", () => {
  expect(view.open()).toBe(true);
  expect(on.source).toHaveBeenCalledWith(7);
  expect([card.hidden, status()]).toEqual([true, "Loading the item"]);
  view.source({ ...SOURCE, text: "free money" });
  expect([text().value, document.activeElement, status()]).toEqual([
    "free money",
    text(),
    "Nothing is changed yet.",
  ]);
  text().dispatchEvent(new KeyboardEvent("keydown", { key: "Escape", bubbles: true }));
  expect([card.hidden, view.element.hidden]).toEqual([false, true]);
  expect(on.leave).toHaveBeenCalled();
});

test("what cannot be edited is said, and nothing can be kept", () => {
  view.open();
  view.source({ ...SOURCE, text: null, missing: "This item is asked without a hint." });
  expect(status()).toBe("This item is asked without a hint.");
  expect(view.keep(0)).toBe(true);
  expect(on.keep).not.toHaveBeenCalled();
  expect(view.press("Escape", false)).toBe(true);
  expect(card.hidden).toBe(false);
});

test("the guess is asked for after a pause, one request at a time, and a flip is said", () => {
  openText();
  type(text(), "fre");
  type(text(), "free lunch");
  expect(on.guess).not.toHaveBeenCalled();
  vi.advanceTimersByTime(200);
  expect(on.guess).toHaveBeenCalledWith(7, { text: "free lunch" });
  type(text(), "lunch");
  vi.advanceTimersByTime(200);
  expect(on.guess).toHaveBeenCalledTimes(1);
  const tried = { type: "tried", to: "v", row: 7, missing: "" } as const;
  view.guess({ ...tried, id: "try-1", shares: [[0, 0.6]], was: [[0, 0.9]] });
  expect(on.guess).toHaveBeenLastCalledWith(7, { text: "lunch" });
  view.guess({ ...tried, id: "try-2", shares: [[1, 0.7]], was: [[0, 0.9]] });
  expect(status()).toBe("The guess is now ham (70 %), no longer spam (90 %)");
  expect(view.element.hasAttribute("data-flipped")).toBe(true);
  type(text(), "free lunch");
  vi.advanceTimersByTime(200);
  view.guess({
    ...tried,
    id: "try-3",
    shares: [
      [0, 0.6],
      [1, 0.4],
    ],
    was: [
      [0, 0.9],
      [1, 0.1],
    ],
  });
  expect([status(), view.element.hasAttribute("data-flipped")]).toEqual([
    "Model: spam (60 %), before 90 %",
    false,
  ]);
});

test("a class keeps what was changed, and nothing else", () => {
  openText();
  expect(view.keep(1)).toBe(true);
  expect(on.keep).not.toHaveBeenCalled();
  expect(on.say).toHaveBeenCalledWith(expect.stringContaining("Nothing is changed yet"));
  type(text(), "free lunch");
  expect(view.keep(1)).toBe(true);
  expect(on.keep).toHaveBeenCalledWith("k", CLASSES[1], { text: "free lunch" }, true);
  expect(view.keep(1)).toBe(false);
});

test("only the changed cells of a row are sent", () => {
  view.open();
  view.source({
    ...SOURCE,
    text: null,
    more: 3,
    cells: [
      ["age", "62"],
      ["town", "Bern"],
    ],
  });
  expect(view.element.textContent).toContain("3 more columns");
  const [age] = view.element.querySelectorAll("input");
  type(age, "41");
  expect(age.hasAttribute("data-changed")).toBe(true);
  vi.advanceTimersByTime(200);
  expect(on.guess).toHaveBeenCalledWith(7, { cells: { age: "41" } });
  view.keep(0);
  expect(on.keep).toHaveBeenCalledWith("k", CLASSES[0], { cells: { age: "41" } }, true);
});

test("the smallest change is filled in and named", () => {
  openText();
  expect(view.press("e", true)).toBe(true);
  expect([on.flip.mock.calls, status()]).toEqual([[[7]], "Looking for the smallest change"]);
  const swaps = [{ column: "", before: "free", after: "" }];
  view.flip({ type: "flip", to: "v", row: 7, text: "money", cells: {}, swaps, missing: "" });
  expect([text().value, part(".hitl-rewrite-swaps").textContent]).toEqual(["money", "without free"]);
  expect(on.guess).toHaveBeenCalledWith(7, { text: "money" });
  view.flip({ type: "flip", to: "v", row: 7, text: null, cells: {}, swaps: [], missing: "No change." });
  expect(status()).toBe("No change.");
});

test("keys that are not for the editor do nothing to the item, and another item ends the editing", () => {
  openText();
  for (const key of ["s", "z", "Delete", "ArrowUp"]) expect(view.press(key, false)).toBe(true);
  for (const key of ["1", "?"]) expect(view.press(key, false)).toBe(false);
  expect(view.press("Enter", false)).toBe(true);
  view.update({ row: 8, key: "other" }, CLASSES, true);
  expect([card.hidden, view.element.hidden, view.press("s", false)]).toEqual([false, true, false]);
});

test("hidden guesses stay hidden", () => {
  view.update({ row: 7, key: "k" }, CLASSES, false);
  openText();
  type(text(), "free lunch");
  vi.advanceTimersByTime(200);
  view.press("e", true);
  expect([on.guess.mock.calls.length, on.flip.mock.calls.length]).toEqual([0, 0]);
  expect(status()).toContain("guess is hidden");
});
