// @vitest-environment happy-dom
import { describe, expect, it } from "vitest";
import type { Case, LabelClass, ReviewerWelcome, Said } from "../src/host/protocol";
import "../src/items/index";
import {
  emptyWords,
  initial,
  isWaiting,
  progressWords,
  type ReviewerState,
  reduce,
} from "../src/widgets/reviewer/state";
import { reviewerView } from "../src/widgets/reviewer/view";

const named = (name: string, key: string): LabelClass => ({
  id: name,
  name,
  key,
  guidance: "",
  example: "",
  color: "#0072b2",
  retired: false,
});
const classes = [named("spam", "1"), named("ham", "2"), named("other", "3")];
const said = (code: number, ...people: string[]): Said => ({
  answer: { class: classes[code].id, word: classes[code].name },
  codes: [code],
  words: classes[code].name,
  n: people.length,
  experts: 0,
  people,
  notes: [],
  share: null,
});
const dispute = (row: number): Case => ({
  row,
  key: `r${row}`,
  agree: 0,
  mine: false,
  answers: [said(0, "ann"), said(1, "bob")],
});
const welcome = (rows: number[], more: Partial<ReviewerWelcome> = {}): ReviewerWelcome =>
  ({
    type: "welcome",
    to: "view",
    classes,
    question: "Which?",
    asks: "choice",
    settings: {},
    composed: false,
    names: true,
    queue: rows.map(dispute),
    n_left: rows.length,
    n_decided: 0,
    n_shared: 5,
    n_people: 2,
    n_events: 10,
    ready: true,
    why: "",
    undo: false,
    redo: false,
    closed: false,
    ...more,
  }) as ReviewerWelcome;
const begun = (rows: number[], more: Partial<ReviewerWelcome> = {}): ReviewerState =>
  reduce(initial, { type: "welcome", welcome: welcome(rows, more) });

describe("the disputes", () => {
  it("go to the next one at once, and do not come back with an older queue", () => {
    let state = reduce(begun([4, 7]), { type: "decided", id: "one", key: "r4", words: "spam" });
    expect([state.current?.key, state.n_left, state.n_decided]).toEqual(["r7", 1, 1]);
    state = reduce(state, { type: "state", state: { ...welcome([4, 7]) } });
    expect([state.current?.key, state.n_left, state.n_decided]).toEqual(["r7", 1, 1]);
    state = reduce(state, { type: "landed", id: "one", n_events: 11, undo: true, redo: false });
    state = reduce(state, { type: "state", state: { ...welcome([4, 7]) } });
    expect([state.current?.key, state.n_left, state.n_decided]).toEqual(["r7", 1, 1]);
    state = reduce(state, {
      type: "state",
      state: { ...welcome([7]), n_events: 11, n_decided: 1 },
    });
    expect([state.decided.size, state.n_left, state.n_decided]).toEqual([0, 1, 1]);
  });

  it("count a decision once if the news of it overtakes its acknowledgement", () => {
    let state = reduce(begun([4, 7]), { type: "decided", id: "one", key: "r4", words: "spam" });
    state = reduce(state, { type: "state", state: { ...welcome([7]), n_events: 11, n_decided: 1 } });
    expect([state.n_left, state.n_decided, state.undo]).toEqual([1, 1, true]);
  });

  it("leave the card after an undo only for the one that is undone", () => {
    let state = reduce(begun([9, 7]), { type: "landed", id: "one", n_events: 11, back: "r4" });
    state = reduce(state, { type: "state", state: welcome([7, 9]) });
    expect([state.current?.key, state.back]).toEqual(["r9", "r4"]); // news from before the undo
    state = reduce(state, { type: "state", state: welcome([7, 9, 4]) });
    expect([state.current?.key, state.back]).toEqual(["r4", ""]);
  });

  it("come back if the decision is refused or undone", () => {
    let state = reduce(begun([4, 7]), { type: "decided", id: "one", key: "r4", words: "spam" });
    state = reduce(state, { type: "landed", id: "one" });
    expect([state.current?.key, state.n_left, state.n_decided]).toEqual(["r4", 2, 0]);
    state = reduce(state, { type: "decided", id: "two", key: "r4", words: "spam" });
    state = reduce(state, { type: "landed", id: "two", n_events: 11 });
    state = reduce(state, { type: "landed", id: "three", n_events: 12, back: "r4" });
    expect(state.current?.key).toBe("r4");
  });

  it("stay on the card while the order of the others changes, with the newest answers", () => {
    const state = begun([4, 7]);
    const more = { ...dispute(4), answers: [said(0, "ann", "cem"), said(1, "bob")] };
    const next = reduce(state, {
      type: "state",
      state: { ...welcome([7]), queue: [dispute(7), more] },
    });
    expect([next.current?.key, next.current?.answers[0].n]).toEqual(["r4", 2]);
  });

  it("are put off to the end", () => {
    let state = reduce(begun([4, 7, 9]), { type: "later" });
    expect(state.current?.key).toBe("r7");
    state = reduce(reduce(state, { type: "later" }), { type: "later" });
    expect(state.current?.key).toBe("r4");
  });

  it("say what is missing where there is none", () => {
    expect(emptyWords(initial)).toBe("Looking for disputes");
    const failed = begun([], { ready: false, why: "no file" });
    expect([emptyWords(failed), isWaiting(failed)]).toEqual([
      "The search for disputes failed, and is repeated after the next label: no file",
      false,
    ]);
    expect(emptyWords(begun([], { n_people: 1 }))).toContain("only one person has labelled");
    expect(emptyWords(begun([], { n_shared: 0 }))).toContain("overlap=0.1");
    expect(emptyWords(begun([]))).toBe("No disputes: the annotators agree on 5 items with several answers.");
    expect(emptyWords(begun([], { n_decided: 2 }))).toContain("All disputes are decided: 2 decisions");
    expect(emptyWords(begun([], { closed: true }))).toContain("run the cell again");
    expect(progressWords(begun([1, 2], { n_decided: 3 }))).toBe("2 disputes left, 3 decided");
  });
});

describe("the card of a dispute", () => {
  function shown(more: Partial<ReviewerWelcome> = {}, names = false) {
    const root = document.body.appendChild(document.createElement("div"));
    root.className = "hitl hitl-reviewer";
    root.tabIndex = 0;
    const decided: [Record<string, unknown>, string][] = [];
    let toggled = 0;
    const view = reviewerView(root, {
      decide: (answer, words) => decided.push([answer, words]),
      later() {},
      undo() {},
      redo() {},
      toggleNames: () => toggled++,
      reason: (key) => (key === "r4" ? "It sells." : ""),
      reveal() {},
      parts: () => ({ more: () => Promise.reject(), gather: () => Promise.reject() }),
      say() {},
    });
    const state = begun([4], more);
    const item = () => ({ content: { kind: "text", text: "words" }, media: [] });
    const draw = (named = names, of = state): void => view.update({ state: of, item, compose: null, named });
    draw();
    return { root, view, decided, draw, state, toggled: () => toggled };
  }
  const texts = (root: HTMLElement, of: string): string[] =>
    [...root.querySelectorAll<HTMLElement>(of)].filter((e) => !e.hidden).map((e) => e.textContent ?? "");

  it("shows the answers side by side, and who gave them only if asked to", () => {
    const { root, draw } = shown();
    expect(texts(root, ".hitl-answer-words")).toEqual(["spam", "ham"]);
    expect(texts(root, ".hitl-answer-who")).toEqual(["1 annotator", "1 annotator"]);
    draw(true);
    expect(texts(root, ".hitl-answer-who")).toEqual(["ann", "bob"]);
  });

  it("decides with the key of a class, also of one that nobody answered", () => {
    const { view, decided, root } = shown();
    expect(view.press("2", false)).toBe(true);
    view.press("3", false);
    expect(decided.map(([, words]) => words)).toEqual(["ham", "other"]);
    expect(texts(root, ".hitl-class .hitl-class-name")).toEqual(["other"]);
    expect(view.press("9", false)).toBe(false);
  });

  it("decides for the first or second answer where a class alone is no answer, and edits it", () => {
    const answers: Said[] = [
      { ...said(0, "ann"), answer: { classes: ["spam"] } },
      { ...said(1, "bob"), answer: { classes: ["ham"] } },
    ];
    const queue = [{ ...dispute(4), answers }];
    const { view, decided, root } = shown({ asks: "choices", queue });
    view.press("2", false);
    expect(decided[0][0]).toEqual({ classes: ["ham"] });
    view.press("e", true);
    expect(texts(root, ".hitl-class[aria-pressed=true] .hitl-class-name")).toEqual(["spam"]);
    view.press("3", false);
    view.press("Enter", false);
    expect(decided[1][1]).toBe("spam, other");
    view.press("e", true);
    expect(view.press("Escape", false)).toBe(true);
    expect(view.press("Escape", false)).toBe(false);
  });

  it("gives the reason and whether it is gold with the decision", () => {
    const { view, root } = shown();
    const because = root.querySelector<HTMLInputElement>(".hitl-because");
    view.press("w", true);
    expect(document.activeElement).toBe(because);
    if (because) because.value = " It sells. ";
    view.press("g", true);
    expect(view.said()).toEqual({ because: "It sells.", gold: true });
  });

  it("shows the reason that was given for this item, and none of another", () => {
    const { root, draw, state } = shown();
    const because = root.querySelector<HTMLInputElement>(".hitl-because");
    draw(false, reduce(state, { type: "state", state: welcome([7]) }));
    expect(because?.value).toBe("");
    draw(false, reduce(state, { type: "state", state: welcome([]) }));
    draw();
    expect(because?.value).toBe("It sells.");
    if (because) because.value = "No, it does not.";
    draw();
    expect(because?.value).toBe("No, it does not.");
  });

  it("says beside the card why the last search for disputes failed", () => {
    const { root } = shown({ why: "no file" });
    expect(texts(root, ".hitl-note")).toEqual([
      "The search for disputes failed, and is repeated after the next label: no file",
    ]);
  });

  it("has no switch of names where they stay in the kernel", () => {
    const { view, toggled } = shown({ names: false });
    view.press("n", true);
    expect(toggled()).toBe(0);
  });
});
