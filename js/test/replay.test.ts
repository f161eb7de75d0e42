import { describe, expect, test } from "vitest";
import type { ReplayMoment } from "../src/host/protocol";
import {
  askedWords,
  headWords,
  initial,
  pointsOf,
  type ReplayEvent,
  type ReplayState,
  reduce,
  wanted,
} from "../src/widgets/replay/state";

const moment = (step: number, more: Partial<ReplayMoment> = {}): ReplayMoment => ({
  type: "moment",
  contestant: "margin",
  repeat: 0,
  step,
  last: 4,
  n_labels: step,
  batch: step ? 1 : 0,
  value: null,
  question: step ? { item: 7, row: 9, words: "an item", label: "a", annotator: "", audited: false } : null,
  curve: [],
  ...more,
});
const having = (...events: ReplayEvent[]): ReplayState => events.reduce(reduce, initial);
const welcome: ReplayEvent = {
  type: "welcome",
  welcome: {
    type: "welcome",
    to: "view",
    contestants: ["margin", "random"],
    repeats: [0, 1],
    metric: "accuracy",
  },
};
const at = (step: number, more?: Partial<ReplayMoment>): ReplayEvent => ({
  type: "moment",
  moment: moment(step, more),
});

describe("steps", () => {
  test("the first moment is shown without a request", () => {
    const state = having(welcome, at(2));
    expect([state.step, state.run]).toEqual([2, { contestant: "margin", repeat: 0 }]);
    expect(wanted(state)).toBeNull();
  });

  test("a step is requested until it is shown, and stays within the run", () => {
    const state = having(welcome, at(2), { type: "go", step: 9 });
    expect(wanted(state)).toEqual({ contestant: "margin", repeat: 0, step: 4 });
    expect(wanted(reduce(state, at(4)))).toBeNull();
    expect(reduce(state, { type: "go", step: -1 }).step).toBe(0);
  });

  test("an answer to an earlier request does not move the slider back", () => {
    const state = having(welcome, at(0), { type: "go", step: 1 }, { type: "go", step: 3 }, at(1));
    expect(state.step).toBe(3);
    expect(wanted(state)?.step).toBe(3);
  });

  test("a step that Python chose is followed", () => {
    const state = having(welcome, at(0), at(3, { contestant: "random", repeat: 1 }));
    expect([state.step, state.run]).toEqual([3, { contestant: "random", repeat: 1 }]);
  });

  test("another run starts before its first question", () => {
    const state = having(welcome, at(3), { type: "run", run: { contestant: "random", repeat: 1 } });
    expect(wanted(state)).toEqual({ contestant: "random", repeat: 1, step: 0 });
  });
});

describe("playing", () => {
  test("goes on when a step is shown, ends at the last, and starts again there", () => {
    let state = having(welcome, at(2), { type: "play" });
    expect([state.playing, state.step]).toEqual([true, 3]);
    expect(reduce(state, { type: "tick" }).step).toBe(3); // not shown yet
    state = reduce(reduce(state, at(3)), { type: "tick" });
    expect(state.step).toBe(4);
    state = reduce(state, at(4));
    expect(state.playing).toBe(false);
    expect(reduce(state, { type: "play" }).step).toBe(0);
  });

  test("an error stops it, and nothing is requested until the user does something", () => {
    const state = having(welcome, at(2), { type: "play" }, { type: "note", words: "no" });
    expect([state.playing, state.note, wanted(state)]).toEqual([false, "no", null]);
    expect(wanted(reduce(state, { type: "go", step: 1 }))?.step).toBe(1);
  });
});

test("what was asked and how far the run is, in words", () => {
  expect(askedWords(moment(0))).toBe("No question yet: the map shows the pool without labels.");
  expect(askedWords(moment(2))).toBe("Question 2, batch 1: row 9");
  const audited = { item: 7, row: 9, words: "", label: null, annotator: "", audited: true };
  expect(askedWords(moment(2, { question: audited }))).toBe(
    "Question 2, drawn at random for the audit: row 9",
  );
  expect(headWords(having(welcome, at(1)))).toBe("1 label");
  expect(headWords(having(welcome, at(3, { value: 0.81234 })))).toBe("3 labels · accuracy 0.812");
});

test("a line fills its box, and a flat one lies in the middle", () => {
  expect(
    pointsOf(
      [
        [10, 0.5],
        [20, 0.9],
        [30, 0.7],
      ],
      100,
      20,
    ),
  ).toEqual([
    ["0.0", "20.0"],
    ["50.0", "0.0"],
    ["100.0", "10.0"],
  ]);
  expect(
    pointsOf(
      [
        [1, 2],
        [3, 2],
      ],
      100,
      20,
    ),
  ).toEqual([
    ["0.0", "10.0"],
    ["100.0", "10.0"],
  ]);
});
