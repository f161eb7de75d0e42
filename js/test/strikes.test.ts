// @vitest-environment happy-dom
import { beforeEach, expect, test, vi } from "vitest";
import type { EffectMessage, WhyMessage } from "../src/host/protocol";
import { placesOf } from "../src/ui/words";
import { effectWords } from "../src/widgets/labeler/strikes";
import { becauseView } from "../src/widgets/labeler/why";
import shared from "./words.json";

test.each(shared)("of $text, the words $wanted are found as a whole", ({ text, wanted, found }) => {
  const places = placesOf(text, wanted).sort(([a], [b]) => a - b);
  expect(places.map(([start, end]) => text.slice(start, end))).toEqual(found);
});

const effect = (changes: Partial<EffectMessage> = {}): EffectMessage => ({
  type: "effect",
  to: "v",
  word: "free",
  column: null,
  items: 40,
  of: 120,
  n: 24,
  measure: "accuracy",
  shares: true,
  before: 0.81,
  after: 0.84,
  low: -0.02,
  high: 0.08,
  audited: null,
  missing: "",
  ...changes,
});

const words = (parts: (string | HTMLElement)[]): string =>
  parts.map((part) => (typeof part === "string" ? part : part.textContent)).join("");

test("what striking a word out would do is said with its interval, or why it is not known", () => {
  expect(words(effectWords(effect()))).toBe(
    "In 40 of 120 items. Accuracy on 24 labels: 81 % \u2192 84 % (+3, between \u22122 and +8 points)",
  );
  expect(words(effectWords(effect({ audited: [5, 0.6, 0.8] })))).toContain(
    "; 60 % \u2192 80 % on 5 audited ones",
  );
  const rating = { measure: "mean absolute error", shares: false, before: 0.9, after: 0.75, low: -0.31 };
  expect(words(effectWords(effect({ ...rating, high: 0.02, audited: [5, 1, 0.5] })))).toBe(
    "In 40 of 120 items. Mean absolute error on 24 labels: 0.90 \u2192 0.75 (\u22120.15, between \u22120.31 and +0.02)" +
      "; 1.00 \u2192 0.50 on 5 audited ones",
  );
  const none = { before: null, after: null, low: null, high: null };
  expect(words(effectWords(effect({ ...none, missing: "There are no labels yet." })))).toBe(
    "In 40 of 120 items. There are no labels yet.",
  );
});

const on = {
  ask: vi.fn(),
  open: vi.fn(),
  always: vi.fn(),
  preview: vi.fn(),
  strike: vi.fn(),
  leave: vi.fn(),
  say: vi.fn(),
  find: vi.fn(),
};
const subject = {
  row: 3,
  key: "k",
  guess: {
    codes: [0],
    confidence: 0.9,
    words: "",
    shares: [
      [0, 0.9],
      [1, 0.1],
    ] as [number, number][],
  },
};
const why: WhyMessage = {
  type: "why",
  to: "v",
  row: 3,
  code: 0,
  other: 1,
  parts: [{ name: "words", share: 1 }],
  places: [],
  words: [
    { shown: "free", word: "free", column: null },
    { shown: "sender b", word: null, column: "sender" },
  ],
  against: [{ shown: "lunch", word: "lunch", column: null }],
  beside: [],
  missing: "",
};
const classes = ["spam", "ham"].map((name, i) => ({
  name,
  color: "#000",
  key: String(i),
  id: name,
  retired: false,
  guidance: "",
  example: "",
}));
let view: ReturnType<typeof becauseView>;
const press = (key: string): void => {
  document.activeElement?.dispatchEvent(
    new KeyboardEvent("keydown", { key, bubbles: true, cancelable: true }),
  );
};
const here = (): string => document.activeElement?.textContent ?? "";

beforeEach(() => {
  for (const one of Object.values(on)) one.mockReset();
  document.body.replaceChildren();
  view = becauseView(document.createElement("div"), on, false, new AbortController().signal);
  document.body.append(view.element);
  view.update(subject);
  view.enter();
  expect(on.ask).toHaveBeenCalledWith(3, [0, 1]);
  view.came(why, classes);
});

test("a word is chosen by the arrows and struck out only after it was said what that would do", () => {
  expect(here()).toBe("free");
  press("ArrowRight");
  expect(here()).toBe("sender b");
  press("ArrowLeft");
  press("ArrowLeft");
  expect(here()).toBe("lunch");
  press("x");
  expect(on.preview).toHaveBeenCalledWith({ word: "lunch", column: null });
  (document.activeElement as HTMLElement).click();
  expect(on.strike).not.toHaveBeenCalled();
  view.effect(effect({ word: "free" }));
  (document.activeElement as HTMLElement).click();
  expect(on.strike).not.toHaveBeenCalled();
  view.effect(effect({ word: "lunch" }));
  (document.activeElement as HTMLElement).click();
  expect(on.strike).toHaveBeenCalledWith({ word: "lunch", column: null }, true);
  expect(on.leave).toHaveBeenCalled();
});

test("Escape leaves the question, then the words; a newer explanation keeps the word that has the focus", () => {
  press("ArrowRight");
  press("Delete");
  expect(on.preview).toHaveBeenCalledWith({ word: null, column: "sender" });
  press("Escape");
  expect(here()).toBe("sender b");
  view.came(why, classes);
  expect(here()).toBe("sender b");
  expect(on.leave).not.toHaveBeenCalled();
  press("Escape");
  expect(on.leave).toHaveBeenCalled();
  expect(on.strike).not.toHaveBeenCalled();
});

test("what is struck out is listed and brought back, except for hidden words", () => {
  view.struck([
    { name: "free", word: "free", column: null, more: false },
    { name: "[name]", word: null, column: null, more: false },
    { name: "lunch", word: "lunch", column: null, more: true },
  ]);
  const list = view.element.querySelector(".hitl-strikes-list") as HTMLElement;
  expect(list.textContent).toBe("struck outfreebring back[name]count morelunchbring back");
  (list.querySelector("button") as HTMLElement).click();
  expect(on.strike).toHaveBeenCalledWith({ word: "free", column: null }, false);
});

test("the reasons of a newer model than the guess say so", () => {
  expect(view.element.textContent).not.toContain("newer model");
  view.came({ ...why, code: 1, other: 0 }, classes);
  expect(view.element.textContent).toContain("ham rather than spam");
  expect(view.element.textContent).toContain("newer model than the guess above");
});

test("a word that is chosen is found, to make a rule of it; a column is not", () => {
  const always = (): void =>
    void document.activeElement?.dispatchEvent(
      new KeyboardEvent("keydown", { key: "A", shiftKey: true, bubbles: true, cancelable: true }),
    );
  always();
  expect(on.find).toHaveBeenLastCalledWith('"free"');
  press("ArrowRight");
  always();
  expect(on.find).toHaveBeenCalledTimes(1);
  expect(on.say).toHaveBeenLastCalledWith("Only a word can become a rule");
  expect(on.preview).not.toHaveBeenCalled();
});
