// @vitest-environment happy-dom
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import type { LabelClass, RuleFigures, RuleState, RulesMessage, VotesMessage } from "../src/host/protocol";
import { accuracy, rulesView, triedWords } from "../src/widgets/monitor/rules";

const figures = (more: Partial<RuleFigures> = {}): RuleFigures => ({
  codes: [0],
  n_items: 40,
  n_alone: 40,
  n_conflicts: 0,
  n_labelled: 10,
  accuracy: 0.9,
  low: 0.6,
  high: 0.98,
  ...more,
});
const rule = (name: string, more: Partial<RuleState> = {}): RuleState => ({
  name,
  words: name,
  kind: "query",
  by: "ann",
  retired: false,
  same_as: "",
  why: "",
  bad: "",
  figures: figures(),
  ...more,
});
const message = (rules: RuleState[], more: Partial<RulesMessage> = {}): RulesMessage => ({
  type: "rules",
  to: "",
  why: "",
  n_items: 100,
  trust: "",
  rules,
  ...more,
});
const classes: LabelClass[] = ["ad", "mail"].map((name) => ({
  id: name,
  name,
  color: "#000000",
  key: "",
  guidance: "",
  example: "",
  retired: false,
}));

describe("what is said of a rule", () => {
  it("has its accuracy with the interval, and what other rules say", () => {
    expect(accuracy(figures())).toBe("90 % of 10 labels right (60–98 %)");
    expect(accuracy(figures({ accuracy: null, low: null, high: null, n_labelled: 0 }))).toBe("");
    expect(triedWords(figures({ n_items: 0 }))).toBe("No item.");
    expect(triedWords(figures({ n_alone: 30, n_conflicts: 1 }))).toBe(
      "40 items: 90 % of 10 labels right (60–98 %), 30 that no other rule covers, 1 conflict.",
    );
    expect(triedWords(figures({ accuracy: null, low: null, high: null }))).toBe(
      "40 items: none of them labelled yet.",
    );
  });
});

describe("the rules", () => {
  let view: ReturnType<typeof rulesView>;
  const on = {
    keepRule: vi.fn(),
    retireRule: vi.fn(),
    removeRule: vi.fn(),
    tryRule: vi.fn(),
    preview: vi.fn(),
    look: vi.fn(),
    find: vi.fn(),
    undo: vi.fn(),
    redo: vi.fn(),
    leave: vi.fn(),
  };
  const field = (): HTMLInputElement => view.element.querySelector("input") as HTMLInputElement;
  const tried = (): string => view.element.querySelector(".hitl-rules-tried")?.textContent ?? "";
  const lines = (): HTMLElement[] => [...view.element.querySelectorAll<HTMLElement>("li[data-name]")];
  const press = (at: Element, key: string): void =>
    void at.dispatchEvent(new KeyboardEvent("keydown", { key, bubbles: true, cancelable: true }));
  const answer = (more: Partial<VotesMessage>): void =>
    view.tried(
      { type: "votes", to: "", name: "", query: "", of: "", why: "", figures: figures(), ...more },
      Uint32Array.of(1, 2),
      Uint8Array.of(0, 0),
    );
  const type = (words: string): void => {
    field().value = words;
    field().dispatchEvent(new Event("input"));
    vi.runAllTimers();
  };

  beforeEach(() => {
    vi.useFakeTimers();
    vi.clearAllMocks();
    view = rulesView(on, new AbortController().signal);
    document.body.append(view.element);
    view.element.hidden = false;
    view.setClasses(classes);
  });
  afterEach(() => {
    view.element.remove();
    vi.useRealTimers();
  });

  it("say what they are for while there are none, and why there can be none", () => {
    expect(view.element.textContent).toContain("Being computed");
    view.update(message([]));
    expect(view.element.textContent).toContain("No rules yet");
    view.update(message([], { why: "Rules are for questions with one class." }));
    expect(view.element.textContent).toContain("Rules are for questions with one class.");
    expect(field().closest("[hidden]")).not.toBeNull();
  });

  it("say that they could not be computed, and ask again", () => {
    const again = vi.fn();
    view.failed("it broke", again);
    expect(view.element.textContent).toContain("Not computed: it broke");
    [...view.element.querySelectorAll("button")].find((one) => one.textContent === "try again")?.click();
    expect(again).toHaveBeenCalled();
    view.update(message([rule("a")]));
    view.failed("it broke", again);
    expect(view.element.textContent).toContain("Not up to date");
    expect(lines()).toHaveLength(1);
  });

  it("count and show what is typed, but only for what stands there now", () => {
    view.update(message([]));
    type("free");
    expect(on.tryRule).toHaveBeenLastCalledWith({ name: "", query: "free", of: "ad" });
    expect(tried()).toBe("Looking");
    answer({ query: "fre", of: "ad" });
    expect(tried()).toBe("Looking");
    expect(on.preview).not.toHaveBeenCalled();
    answer({ query: "free", of: "ad" });
    expect(tried()).toContain("40 items");
    expect(on.preview).toHaveBeenCalledTimes(1);
    type("free (");
    answer({ query: "free (", of: "ad", why: "A bracket is missing.", figures: null });
    expect(tried()).toBe("A bracket is missing.");
    expect(on.preview).toHaveBeenLastCalledWith(null);
  });

  it("are kept with Enter; what is refused stays to be corrected", () => {
    view.update(message([]));
    type("free");
    press(field(), "Enter");
    const [kept, answered] = on.keepRule.mock.calls[0];
    expect(kept).toEqual({ name: "", query: "free", of: "ad" });
    answered({ why: "It finds nothing." });
    expect([field().value, tried()]).toEqual(["free", "It finds nothing."]);
    answered(null);
    expect([field().value, tried()]).toEqual(["", ""]);
    press(field(), "Escape");
    expect(on.leave).toHaveBeenCalled();
  });

  it("are walked, shown, retired and undone by keys", () => {
    view.update(message([rule("free"), rule("lunch", { retired: true })]));
    press(field(), "ArrowDown");
    vi.runAllTimers();
    expect(on.tryRule).toHaveBeenLastCalledWith({ name: "free", query: "", of: "" });
    answer({ name: "free" });
    expect(on.preview).toHaveBeenLastCalledWith({
      rows: Uint32Array.of(1, 2),
      codes: Uint8Array.of(0, 0),
    });
    press(document.activeElement as Element, "ArrowDown");
    expect(lines()[1].contains(document.activeElement)).toBe(true);
    press(document.activeElement as Element, "Delete");
    expect(on.retireRule).toHaveBeenLastCalledWith({ name: "lunch", back: true });
    press(document.activeElement as Element, "z");
    expect(on.undo).toHaveBeenCalled();
    // The focus stays on the rule when the list is drawn again.
    view.update(message([rule("new"), rule("free"), rule("lunch")]));
    expect(lines()[2].contains(document.activeElement)).toBe(true);
    press(document.activeElement as Element, "Escape");
    expect(on.preview).toHaveBeenLastCalledWith(null);
  });

  it("say what is wrong with one, and open its items", () => {
    view.update(
      message([
        rule("free", { bad: "It is wrong more often than right." }),
        rule("f", { why: "It is not in this notebook.", kind: "function" }),
        rule("copy", { same_as: "free" }),
      ]),
    );
    expect(lines().map((line) => line.querySelector(".hitl-rule-told")?.textContent)).toEqual([
      "It is wrong more often than right.",
      "It is not in this notebook.",
      "The same votes as “free”, which count once.",
    ]);
    lines()[0].querySelector<HTMLElement>(".hitl-figure")?.click();
    answer({ name: "free" });
    expect(on.look).toHaveBeenCalledWith(Uint32Array.of(1, 2));
  });
});
