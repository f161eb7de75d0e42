import { describe, expect, it } from "vitest";
import type { Ask, Progress, SampleMessage } from "../src/host/protocol";
import { NO_ROWS } from "../src/plot/rows";
import {
  atHand,
  emptyWords,
  initial,
  type LabelerState,
  labelsGiven,
  meanwhile,
  reduce,
  turnable,
} from "../src/widgets/labeler/state";
import { seeded } from "./fakes";

const ask = (row: number, confidence = 0.5): Ask => ({
  row,
  key: `k${row}`,
  reason: "",
  selection: "suggested",
  blind: false,
  guess: { codes: [0], confidence, words: "", shares: [] },
  note: "",
});
const progress: Progress = {
  n_items: 100,
  n_labels: 0,
  n_events: 0,
  n_left: 100,
  n_skipped: 0,
  left_out: "",
  undo: false,
  redo: false,
  behind: 0,
  stage: null,
  error: "",
  known: [],
  suggestions: 0,
  withdrawn: "",
  n_machine: 0,
};
const queue = (...rows: number[]) => ({ type: "queue" as const, progress, queue: rows.map((r) => ask(r)) });
const welcomed = (...rows: number[]): LabelerState =>
  reduce(initial, {
    type: "welcome",
    progress,
    classes: [],
    question: "",
    asks: "choice",
    settings: {},
    composed: false,
    bulk: true,
    suggests: false,
    mode: "annotate",
    kind: "text",
    lost: [],
    queue: rows.map((r) => ask(r)),
  });
const act = (row: number) => ({ type: "acted" as const, id: "act-1", keys: [`k${row}`], n: 1 });
const rows = (state: LabelerState): number[] => state.queue.map((a) => a.row);

describe("the card", () => {
  it("shows the first of the queue", () => {
    expect(welcomed(1, 2).current?.row).toBe(1);
  });

  it("keeps its item through a new queue, with the newer guess", () => {
    const state = reduce(welcomed(1, 2), {
      type: "queue",
      progress,
      queue: [ask(7), ask(1, 0.9), ask(8)],
    });
    expect(state.current?.row).toBe(1);
    expect(state.current?.guess?.confidence).toBe(0.9);
    expect(rows(state)).toEqual([1, 7, 8]);
  });

  it("keeps its item where the new queue has it no more", () => {
    expect(rows(reduce(welcomed(1, 2), queue(5, 6)))).toEqual([1, 5, 6]);
  });

  it("goes on to the next at once, without the kernel", () => {
    const state = reduce(welcomed(1, 2, 3), act(1));
    expect(state.current?.row).toBe(2);
    expect(state.chosen).toBeNull();
    expect(turnable(state)).toEqual({ undo: true, redo: false });
    expect(labelsGiven(state)).toBe(1);
  });

  it("never counts backwards: what the kernel said before it took the act is old", () => {
    const sent = reduce(welcomed(1, 2, 3), act(1));
    const told = reduce(sent, { type: "progress", progress: { ...progress, n_events: 4, n_labels: 4 } });
    expect(labelsGiven(told)).toBe(5);
    const landed = reduce(told, {
      type: "landed",
      id: "act-1",
      counts: { n_labels: 5, n_events: 5, undo: true, redo: false },
    });
    expect(labelsGiven(landed)).toBe(5);
    const late = reduce(landed, { type: "progress", progress: { ...progress, n_events: 4, n_labels: 4 } });
    expect(labelsGiven(late)).toBe(5);
    expect(labelsGiven(reduce(sent, { type: "landed", id: "act-1" }))).toBe(0);
  });

  it("takes a queue after it was empty", () => {
    const empty = reduce(welcomed(1), act(1));
    expect(empty.current).toBeNull();
    expect(reduce(empty, queue(4)).current?.row).toBe(4);
  });

  it("is not asked again by a queue made before the kernel knew of its label", () => {
    const old = (n_events: number, ...rows: number[]) => ({
      ...queue(...rows),
      progress: { ...progress, n_events },
    });
    let state = reduce(welcomed(1, 2, 3), act(1));
    state = reduce(state, old(3, 2, 3)); // lacks it by chance
    state = reduce(state, {
      type: "landed",
      id: "act-1",
      counts: { n_labels: 1, n_events: 5, undo: true, redo: false },
    });
    state = reduce(state, old(4, 1, 2, 3)); // overtaken on the way
    expect(rows(state)).toEqual([2, 3]);
    expect(rows(reduce(state, old(6, 2, 3, 1)))).toEqual([2, 3, 1]); // undone elsewhere
  });

  it("never counts more labels than items", () => {
    const state = reduce(welcomed(1), { type: "acted", id: "act-1", keys: [], n: 1000 });
    expect(labelsGiven(state)).toBe(100);
  });
});

describe("undo and redo", () => {
  const counts = { n_labels: 1, n_events: 2, undo: true, redo: false };
  const turn = (kind: "undo" | "redo", id = kind) => ({ type: "turned" as const, id, kind });
  const undone = { n_labels: 0, n_events: 3, undo: false, redo: true };
  const given = (): LabelerState => {
    const labelled = reduce(welcomed(1, 2, 3), act(1));
    return reduce(labelled, { type: "landed", id: "act-1", counts });
  };

  it("can be pressed before the kernel has answered, whatever it answers meanwhile", () => {
    let state = reduce(reduce(welcomed(1, 2, 3), act(1)), turn("undo"));
    expect(turnable(state)).toEqual({ undo: true, redo: true });
    state = reduce(state, { type: "landed", id: "act-1", counts });
    expect(turnable(state).redo).toBe(true);
    state = reduce(state, turn("redo"));
    state = reduce(state, act(2));
    expect(turnable(state)).toEqual({ undo: true, redo: false });
  });

  it("give the item back to the card, and take it from there at once", () => {
    let state = reduce(given(), turn("undo"));
    state = reduce(state, { type: "landed", id: "undo", counts: undone });
    state = reduce(state, { type: "back", ask: ask(1) });
    expect(state.current?.row).toBe(1);
    state = reduce(state, turn("redo"));
    expect(state.current?.row).toBe(2);
    const again = { n_labels: 1, n_events: 4, undo: true, redo: false };
    state = reduce(state, { type: "landed", id: "redo", counts: again, gone: "k1" });
    expect(rows(state)).toEqual([2, 3]);
    const old = { ...progress, n_events: 3 };
    expect(rows(reduce(state, { ...queue(1, 2, 3), progress: old }))).toEqual([2, 3]);
  });

  it("leave the card alone where redo is pressed before undo has answered", () => {
    let state = reduce(reduce(given(), turn("undo")), turn("redo"));
    state = reduce(state, { type: "landed", id: "undo", counts: undone });
    state = reduce(state, { type: "back", ask: ask(1) });
    expect(state.current?.row).toBe(2);
    const again = { n_labels: 1, n_events: 4, undo: true, redo: false };
    state = reduce(state, { type: "landed", id: "redo", counts: again, gone: "k1" });
    expect(rows(state)).toEqual([2, 3]);
  });

  it("of two undone items bring back the last", () => {
    let state = given();
    for (const [id, row] of [
      ["a", 5],
      ["b", 6],
    ] as const) {
      state = reduce(state, turn("undo", id as "undo"));
      state = reduce(state, { type: "landed", id, counts: undone });
      state = reduce(state, { type: "back", ask: ask(row) });
    }
    expect(state.current?.row).toBe(6);
    state = reduce(state, turn("redo"));
    expect(state.current?.row).toBe(5);
  });
});

describe("the next item, where it is not here yet", () => {
  const here =
    (...rows: number[]) =>
    (row: number): boolean =>
      rows.includes(row);

  it("lets one that is here go first, and comes after it", () => {
    const state = reduce(welcomed(1, 2, 3), act(1));
    expect(rows(atHand(state, here(2, 3)))).toEqual([2, 3]);
    const ahead = atHand(state, here(3));
    expect(ahead.current?.row).toBe(3);
    expect(rows(ahead)).toEqual([3, 2]);
    expect(rows(atHand(state, here()))).toEqual([2, 3]);
  });

  it("is one of an earlier queue, where all of the newest are on their way", () => {
    let state = reduce(welcomed(1, 2, 3), queue(7, 8));
    expect(rows(state)).toEqual([1, 7, 8]);
    state = atHand(reduce(state, act(1)), here(2, 3));
    expect(rows(state)).toEqual([2, 7, 8]);
    state = atHand(reduce(state, act(2)), here(2, 3));
    expect(rows(state)).toEqual([3, 7, 8]);
    expect(rows(atHand(reduce(state, act(3)), here(2, 3)))).toEqual([7, 8]);
  });

  it("is none that is labelled by now, or whose guess is in classes of then", () => {
    const known = [{ key: "k2", codes: [0], said: "", mine: false }];
    const told = { ...queue(7), progress: { ...progress, known } };
    const state = reduce(reduce(welcomed(1, 2, 3), told), act(1));
    expect(atHand(state, here(2, 3)).current?.row).toBe(3);
    const renamed = reduce(state, { type: "classes", classes: [], question: "", settings: {}, lost: [] });
    expect(atHand(renamed, here(2, 3)).current?.row).toBe(7);
  });

  it("is waited for where it was asked for by hand", () => {
    const undone = reduce(reduce(welcomed(1, 2), act(1)), { type: "back", ask: ask(1) });
    expect(atHand(undone, here(2)).current?.row).toBe(1);
    const again = reduce(welcomed(1, 2), { type: "again", asks: [ask(5)] });
    expect(atHand(again, here(1, 2)).current?.row).toBe(5);
  });
});

describe("an item whose answer was begun", () => {
  it("comes first, unless it was answered meanwhile", () => {
    const state = reduce(reduce(welcomed(1, 2, 3), act(1)), { type: "begun", asks: [ask(1), ask(7)] });
    expect(rows(state)).toEqual([7, 2, 3]);
    expect(state.current?.row).toBe(7);
    expect(atHand(state, (row) => row === 2).current?.row).toBe(7);
    expect(rows(reduce(state, queue(2, 4)))).toEqual([7, 2, 4]);
    expect(reduce(welcomed(), { type: "begun", asks: [] }).current).toBeNull();
  });
});

describe("what was acted on", () => {
  it("does not come back from an older queue", () => {
    const state = reduce(reduce(welcomed(1, 2, 3), act(1)), queue(1, 2, 3));
    expect(rows(state)).toEqual([2, 3]);
  });

  it("does not come back in a welcome", () => {
    const state = reduce(welcomed(1, 2), act(1));
    const again = reduce(state, {
      type: "welcome",
      progress,
      classes: [],
      question: "",
      asks: "choice",
      settings: {},
      composed: false,
      bulk: true,
      suggests: false,
      mode: "annotate",
      kind: "text",
      lost: [],
      queue: [ask(1), ask(2)],
    });
    expect(again.current?.row).toBe(2);
  });

  it("comes back to the card after an undo, and stays", () => {
    const undone = reduce(reduce(welcomed(1, 2), act(1)), { type: "back", ask: ask(1) });
    expect(undone.current?.row).toBe(1);
    expect(rows(undone)).toEqual([1, 2]);
    expect(reduce(undone, queue(1, 3)).current?.row).toBe(1);
  });
});

describe("a selection", () => {
  const sample = { type: "sample", n: 2 } as SampleMessage;

  it("replaces the last one, and is not the question", () => {
    const first = reduce(welcomed(1, 2), {
      type: "chosen",
      chosen: { rows: Uint32Array.of(5, 6), how: "lasso", out: NO_ROWS, sample: null },
    });
    const seen = reduce(first, { type: "sample", sample });
    expect(seen.chosen?.sample).toBe(sample);
    const second = reduce(seen, {
      type: "chosen",
      chosen: { rows: Uint32Array.of(7), how: "clicked", out: NO_ROWS, sample: null },
    });
    expect(second.chosen).toEqual({ rows: Uint32Array.of(7), how: "clicked", out: NO_ROWS, sample: null });
    expect(second.current?.row).toBe(1);
    expect(reduce(second, act(7)).chosen).toBeNull();
  });

  it("gets no sample once it is let go", () => {
    const state = welcomed(1);
    expect(reduce(state, { type: "sample", sample })).toBe(state);
  });
});

describe("an empty card", () => {
  it("says why", () => {
    expect(emptyWords(initial)).toBe("Waiting for the kernel");
    expect(emptyWords(welcomed())).toBe("Selecting the next item");
    expect(emptyWords({ ...welcomed(), n_left: 0 })).toBe("Everything is labelled");
    const done = { ...welcomed(), n_left: 0 };
    expect(emptyWords({ ...done, n_skipped: 3, left_out: "2 skipped, 1 bad" })).toBe(
      "Nothing is left to ask: 97 labelled, 2 skipped, 1 bad",
    );
    expect(emptyWords({ ...done, n_skipped: 100 })).toBe("Every item was skipped");
  });
});

describe("any order of events", () => {
  it("leaves a current item that is first of the queue, and never one acted on", () => {
    for (let seed = 0; seed < 300; seed++) {
      const random = seeded(seed);
      const pick = (n: number): number => Math.floor(random() * n);
      const some = (): number[] => [...new Set(Array.from({ length: pick(6) }, () => pick(12)))];
      let state = welcomed(...some());
      for (let step = 0; step < 40; step++) {
        const what = pick(7);
        if (what === 5) state = atHand(state, (row) => row % 3 === step % 3);
        if (what === 6) state = reduce(state, { type: "again", asks: some().map((r) => ask(r)) });
        if (what === 0) state = reduce(state, queue(...some()));
        else if (what === 1 && state.current) state = reduce(state, act(state.current.row));
        else if (what === 2) state = reduce(state, { type: "back", ask: ask(pick(12)) });
        else if (what === 3)
          state = reduce(state, { type: "acted", id: "act-1", keys: some().map((r) => `k${r}`), n: 1 });
        else state = reduce(state, { type: "progress", progress });
        const keys = state.queue.map((a) => a.key);
        // Each call of expect takes a while: one for all that is wrong.
        const wrong = keys.filter((key, i) => state.acted.has(key) || keys.indexOf(key) !== i);
        if (state.current?.key !== keys[0]) wrong.push(`current: ${state.current?.key}`);
        expect(wrong.join()).toBe("");
      }
    }
  });
});

describe("an item that is labelled elsewhere while it is on the card", () => {
  const known = [{ key: "k1", codes: [0], said: "", mine: true }];
  const told = reduce(welcomed(1, 2), { type: "progress", progress: { ...progress, n_events: 1, known } });

  it("stays, and is known to be", () => {
    expect(told.current?.row).toBe(1);
    expect(meanwhile(told)).toEqual(known[0]);
    expect(meanwhile(reduce(told, act(1)))).toBeNull();
  });

  it("can be passed without an act", () => {
    const passed = reduce(told, { type: "passed", key: "k1" });
    expect(passed.current?.row).toBe(2);
    expect(passed.flying.size).toBe(0);
  });
});

describe("an answer that is put together", () => {
  const named = (id: string, retired = false) => ({
    id,
    retired,
    name: id,
    guidance: "",
    example: "",
    key: "",
    color: "",
  });
  const classes = [named("a"), named("b"), named("c")];
  const asked = (now: typeof classes) => ({
    type: "classes" as const,
    classes: now,
    question: "",
    settings: {},
    lost: [],
  });
  const begun = reduce(reduce(welcomed(1, 2), asked(classes)), { type: "draft", codes: [0, 2] });

  it("follows its classes to other places", () => {
    const moved = reduce(begun, asked([classes[2], classes[1], classes[0]]));
    expect([moved.draft, moved.unsure]).toEqual([[0, 2], false]);
  });

  it("is forgotten, and not given, where one of its classes is gone, until classes are chosen anew", () => {
    for (const now of [classes.slice(0, 2), [classes[0], classes[1], named("c", true)]]) {
      const lost = reduce(begun, asked(now));
      expect([lost.draft, lost.unsure]).toEqual([[], true]);
      expect(lost.note).toContain("choose those of this item again");
      const anew = reduce(lost, { type: "draft", codes: [1] });
      expect([anew.draft, anew.unsure, anew.note]).toEqual([[1], false, ""]);
    }
  });

  it("begins with nothing on the next item", () => {
    expect(reduce(begun, act(1)).draft).toEqual([]);
  });
});
