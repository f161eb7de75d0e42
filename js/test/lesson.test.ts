// @vitest-environment happy-dom
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import type { ExerciseMessage, LessonWelcome, RunCurve } from "../src/host/protocol";
import { open } from "../src/pages/recorded";
import { ticks } from "../src/widgets/lesson/curve";
import lesson from "../src/widgets/lesson/entry";
import { boundary, contour, pixelsOf, rgb } from "../src/widgets/lesson/raster";
import {
  blank,
  frameOfSketch,
  lacking,
  type SketchEvent,
  sketched,
  sketchOf,
  sketchWords,
  usable,
} from "../src/widgets/lesson/sketch";
import { FRONT, seen, turned } from "../src/widgets/lesson/space";
import {
  expectedOf,
  type Frame,
  type Game,
  initial,
  type Kept,
  keptOf,
  type LessonEvent,
  type LessonState,
  labelledByYou,
  membersOf,
  over,
  type Report,
  readKept,
  reduce,
  wanted,
} from "../src/widgets/lesson/state";
import { scoreWords, stepWords, stopWords } from "../src/widgets/lesson/words";
import { FakeModel, seeded } from "./fakes";

const N = 10;
const welcome: LessonWelcome = {
  type: "welcome",
  to: "",
  classes: [
    { name: "circle", guidance: "", example: "", key: "1", color: "#0072b2" },
    { name: "square", guidance: "", example: "", key: "2", color: "#e69f00" },
  ],
  learner: "logistic regression",
  strategies: ["margin", "random"],
  strategy: "margin",
  lesson: "abc",
  starts: [
    { name: "kmeans", words: "The middles.", n: 2 },
    { name: "none", words: "No labels at all.", n: 0 },
  ],
  start: "kmeans",
  measures: [
    { name: "accuracy", words: "Accuracy on all points, labels included" },
    { name: "recall of circle", words: "Recall of circle" },
  ],
  exercises: [
    { name: "predict", words: "Predict the next question" },
    { name: "break-margin", words: "Find a start that breaks margin" },
  ],
  exercise: "",
  annotators: [],
  mistakes: false,
  batch: 1,
  seed: 3,
  budget: 6,
  cells: 2,
  n: N,
  recorded: false,
  committees: ["margin"],
  compare: [],
  draws: true,
};
/** A run whose two measures are equal. */
const along = (values: number[], stop: number | null = null): RunCurve => ({
  measures: [values, values],
  spent: values.map((_, i) => 2 + i),
  stop,
});
const frame = (labelled: number[], query: number | null = 9, accuracy = 0.5): Frame => ({
  labelled,
  said: labelled.map(() => 0),
  measures: [accuracy, accuracy],
  queries: query === null ? [] : [query],
  why: "Because.",
  heat: false,
  cells: new Uint8Array(8),
  points: new Uint8Array(2 * N),
  heatCells: null,
  worth: null,
});
const run = (state: LessonState, ...events: LessonEvent[]): LessonState => events.reduce(reduce, state);
const welcomed = run(initial, { type: "welcome", welcome });
const moment = (index: number, strategy = "margin", seed = 3, start = "kmeans"): LessonEvent => ({
  type: "moment",
  strategy,
  start,
  seed,
  index,
  last: 4,
  curve: along(Array.from({ length: index + 1 }, (_, i) => 0.5 + i / 10)),
  frame: frame([0, 1, 2, 3, 4, 5].slice(0, 2 + index), index === 4 ? null : 9),
});
const ready = run(welcomed, moment(0), moment(1), moment(2));

describe("stepping", () => {
  it("asks for the first step, and for a step that is not here, once", () => {
    expect(wanted(initial)).toBeNull();
    expect(wanted(welcomed)).toEqual({
      type: "step",
      strategy: "margin",
      start: "kmeans",
      seed: 3,
      index: 0,
    });
    expect(wanted(ready)).toBeNull();
    expect(wanted(reduce(ready, { type: "go", index: 4 }))).toMatchObject({ index: 4 });
  });

  it("goes back without the kernel, and shows what was there", () => {
    const there = run(ready, { type: "go", index: 2 });
    const back = reduce(there, { type: "go", index: 1 });
    expect(back.shown?.frame).toBe(ready.frames.get("1/kmeans/margin"));
    expect(wanted(back)).toBeNull();
  });

  it("keeps what is shown until the wanted step comes, and never leaves the trace", () => {
    const far = reduce(ready, { type: "go", index: 99 });
    expect(far).toMatchObject({ index: 4, shown: { index: 0 } });
    expect(reduce(far, moment(4)).shown?.index).toBe(4);
    expect(reduce(ready, { type: "go", index: -3 }).index).toBe(0);
  });

  it("hears nothing of another seed", () => {
    expect(reduce(welcomed, moment(0, "margin", 8))).toBe(welcomed);
  });

  it("plays to the end, waits for each step, and stops there", () => {
    let state = reduce(ready, { type: "play" });
    expect(state).toMatchObject({ playing: true, index: 1 });
    state = run(state, { type: "tick" }, { type: "tick" });
    expect(state).toMatchObject({ playing: true, index: 3, shown: { index: 2 } });
    expect(reduce(state, { type: "tick" })).toBe(state);
    state = run(state, moment(3), { type: "tick" });
    expect(state).toMatchObject({ playing: false, index: 4 });
    expect(reduce(run(state, moment(4)), { type: "play" })).toMatchObject({ playing: true, index: 0 });
  });

  it("pauses, also when the person steps", () => {
    const playing = reduce(ready, { type: "play" });
    expect(reduce(playing, { type: "play" }).playing).toBe(false);
    expect(reduce(playing, { type: "go", index: 2 }).playing).toBe(false);
  });

  it("keeps the curve of each strategy, the longest that it has heard", () => {
    const both = run(ready, { type: "strategy", strategy: "random" }, moment(0, "random"), moment(1));
    expect(both).toMatchObject({ strategy: "random", index: 0, shown: { strategy: "random" } });
    expect(both.curves.get("margin")?.spent).toHaveLength(3);
    expect(both.curves.get("random")?.spent).toHaveLength(1);
    expect(reduce(both, { type: "strategy", strategy: "nonsense" })).toBe(both);
  });

  it("says each step in words", () => {
    expect(stepWords(ready)).toBe("Step 0 of 4. 2 labels, accuracy 0.50. Because.");
    expect(stepWords(run(ready, moment(4), { type: "go", index: 4 }))).toContain("The budget is spent.");
  });

  it("goes back to what is shown when a strategy fails, and asks no more", () => {
    const failed = run(ready, { type: "strategy", strategy: "random" }, { type: "trouble", words: "NaN" });
    expect(failed).toMatchObject({ strategy: "margin", index: 0, note: "NaN" });
    expect(wanted(failed)).toBeNull();
    expect(wanted(reduce(failed, { type: "go", index: 3 }))).toMatchObject({ index: 3 });
  });
});

const answer = (picks: number[], yours: number[], theirs: number[]): LessonEvent => ({
  type: "game",
  strategy: "margin",
  start: "kmeans",
  game: {
    seed: 3,
    picks,
    you: { ...frame([0, 1, ...picks]), why: "" },
    machine: frame([0, 1, 9, 8, 7, 6].slice(0, 2 + picks.length)),
    yours: along(yours),
    theirs: along(theirs),
  } satisfies Game,
});
const started = run(welcomed, { type: "mode", mode: "game" }, answer([], [0.5], [0.5]));

describe("the game", () => {
  it("asks for a start, then for what each pick makes of it", () => {
    expect(wanted(run(welcomed, { type: "mode", mode: "game" }))).toMatchObject({ type: "play", picks: [] });
    expect(wanted(started)).toBeNull();
    const one = reduce(started, { type: "pick", row: 5 });
    expect(wanted(one)).toEqual({
      type: "play",
      strategy: "margin",
      start: "kmeans",
      seed: 3,
      picks: [5],
    });
    const two = reduce(one, { type: "pick", row: 4 });
    const late = reduce(two, answer([5], [0.5, 0.6], [0.5, 0.7]));
    expect(late.game?.picks).toEqual([5, 4]);
    expect(wanted(late)).toMatchObject({ picks: [5, 4] });
    expect(labelledByYou(late.game as Game)).toEqual([0, 1, 5, 4]);
  });

  it("takes no labelled point, none beyond the pool, and none beyond the budget", () => {
    for (const row of [0, 1, -1, N]) expect(reduce(started, { type: "pick", row })).toBe(started);
    const full = [2, 3, 4, 5].reduce((s, row) => reduce(s, { type: "pick", row }), started);
    expect(over(full)).toBe(true);
    expect(reduce(full, { type: "pick", row: 6 })).toBe(full);
    expect(reduce(full, { type: "pick", row: 5 })).toBe(full);
  });

  it("draws a new start when it begins again, and forgets answers to the old one", () => {
    const again = run(started, { type: "pick", row: 5 }, { type: "again" });
    expect(again.game).toBeNull();
    expect(wanted(again)).toMatchObject({ seed: 4, picks: [] });
    expect(reduce(again, answer([5], [0.5, 0.6], [0.5, 0.7])).game).toBeNull();
  });

  it("says the score, and who won over the whole game", () => {
    expect(scoreWords(started)).toContain("You both have 4 questions.");
    const ahead = run(started, { type: "pick", row: 5 }, answer([5], [0.5, 0.75], [0.5, 0.7]));
    expect(scoreWords(ahead)).toBe("You 0.75, margin 0.70 after 3 labels: you are ahead by 0.05.");
    const draw = run(started, { type: "pick", row: 5 }, answer([5], [0.5, 0.704], [0.5, 0.7]));
    expect(scoreWords(draw)).toContain("a draw so far");
    const full = [2, 3, 4, 5].reduce((s, row) => reduce(s, { type: "pick", row }), started);
    const end = reduce(full, answer([2, 3, 4, 5], [0.5, 0.5, 0.5, 0.5, 0.9], [0.5, 0.8, 0.8, 0.8, 0.8]));
    expect(scoreWords(end)).toBe(
      "You 0.90, margin 0.80 after 6 labels. Over the whole game: you 0.58, margin 0.74: margin was ahead by 0.16.",
    );
  });

  it("takes back what the kernel refused", () => {
    const refused = run(started, { type: "pick", row: 5 }, { type: "trouble", words: "no" });
    expect(refused.game?.picks).toEqual([]);
    expect(wanted(refused)).toBeNull();
  });

  it("keeps its rules under any order of events", () => {
    for (let seed = 0; seed < 200; seed++) {
      const random = seeded(seed);
      const pick = (n: number): number => Math.floor(random() * n);
      let state = started;
      for (let i = 0; i < 40; i++) {
        const what = pick(4);
        if (what < 2) state = reduce(state, { type: "pick", row: pick(N + 2) - 1 });
        else if (what === 2 && state.game) {
          const picks = state.game.picks.slice(0, pick(5));
          const curve = picks.map(() => 0.5).concat(0.5);
          const event = answer(picks, curve, curve) as Extract<LessonEvent, { type: "game" }>;
          state = reduce(state, { ...event, game: { ...event.game, seed: state.gameSeed } });
        } else if (what === 3 && pick(6) === 0) state = reduce(state, { type: "again" });
        if (!state.game) {
          const begin = answer([], [0.5], [0.5]) as Extract<LessonEvent, { type: "game" }>;
          state = reduce(state, { ...begin, game: { ...begin.game, seed: state.gameSeed } });
        }
        const rows = labelledByYou(state.game as Game);
        expect(new Set(rows).size).toBe(rows.length);
        expect(rows.length).toBeLessThanOrEqual(welcome.budget);
      }
    }
  });
});

describe("points in 3-D", () => {
  const points = Float32Array.from([1, 0, 0, 0, 1, 0, 0, 0, 1]);

  it("are seen from the front, and turn around the vertical axis, then towards the viewer", () => {
    const front = seen(points, [0, 0]);
    expect([...front.xy].map((v) => Math.round(100 * v))).toEqual([98, 50, 50, 2, 50, 50]);
    expect([...front.depth].map((v) => Math.round(100 * v))).toEqual([50, 50, 0]);
    const side = seen(points, [Math.PI / 2, 0]);
    expect([...side.xy].map((v) => Math.round(100 * v))).toEqual([50, 50, 50, 2, 98, 50]);
    const above = seen(points, [0, Math.PI / 2]);
    expect([...above.xy].map((v) => Math.round(100 * v))).toEqual([98, 50, 50, 50, 50, 98]);
    expect(Math.round(100 * above.depth[1])).toBe(0);
  });

  it("stay in the square, however they are turned, and never stand on their head", () => {
    let turn = FRONT;
    for (const [dx, dy] of [
      [1, 9],
      [2, -99],
      [-7, 0.3],
    ]) {
      turn = turned(turn, dx, dy);
      expect(Math.abs(turn[1])).toBeLessThanOrEqual(Math.PI / 2);
      for (const v of seen(points, turn).xy) expect(Math.abs(v - 0.5)).toBeLessThanOrEqual(0.5);
    }
  });
});

describe("starts, measures and stopping", () => {
  it("begins again from another start, and keeps the curve of the one before under its name", () => {
    const none = run(ready, { type: "start", start: "none" });
    expect(none).toMatchObject({ index: 0, last: 6, start: "none" });
    expect(wanted(none)).toMatchObject({ start: "none", index: 0 });
    const both = run(none, moment(0, "margin", 3, "none"));
    expect([...both.curves.keys()]).toEqual(["margin", "margin, no labels"]);
    expect(wanted(reduce(both, { type: "start", start: "kmeans" }))).toBeNull();
    expect(reduce(ready, { type: "start", start: "nonsense" })).toBe(ready);
  });

  it("draws a new start, and forgets the runs from the old one", () => {
    const fresh = run(ready, { type: "go", index: 2 }, { type: "again" });
    expect(wanted(fresh)).toMatchObject({ type: "step", seed: 4, index: 0 });
    expect(fresh.curves.size).toBe(0);
    expect(reduce(fresh, moment(1))).toBe(fresh);
  });

  it("says where a rule would have stopped", () => {
    expect(stopWords(ready)).toBe("");
    const event = moment(3) as Extract<LessonEvent, { type: "moment" }>;
    const stopped = reduce(ready, { ...event, curve: along([0.5, 0.6, 0.7, 0.8], 2) });
    expect(stopWords(stopped)).toContain("would stop at 4 labels, with accuracy 0.70");
  });
});

describe("exercises", () => {
  const opened = run(welcomed, { type: "mode", mode: "exercise" });
  const report = (change: Partial<Report> = {}): LessonEvent => ({
    type: "report",
    report: {
      ...({ type: "exercise", to: "", exercise: "predict", strategy: "margin", start: "kmeans" } as const),
      ...{ seed: 3, picks: [], hints: 0, next: false, task: "", place: "", said: "", hint: "" },
      ...{ more_hints: true, clickable: true, going: false, done: false, solved: false },
      ...{ ring: null, pick: null, lines: [], you: frame([0, 1]), machine: null },
      ...change,
    },
  });

  it("asks how an attempt stands after each click, hint and question", () => {
    expect(wanted(opened)).toEqual({
      ...{ type: "attempt", strategy: "margin", start: "kmeans", exercise: "predict" },
      ...{ seed: 3, picks: [], hints: 0, next: false },
    });
    const there = reduce(opened, report());
    expect(wanted(there)).toBeNull();
    expect(wanted(reduce(there, { type: "hint" }))).toMatchObject({ hints: 1, picks: [] });
    const one = reduce(there, { type: "pick", row: 5 });
    expect(wanted(one)).toMatchObject({ picks: [5] });
    expect(reduce(one, { type: "pick", row: 6 }), "until it is checked").toBe(one);
    expect(reduce(one, { type: "next" }), "there is no next question yet").toBe(one);
    const checked = reduce(one, report({ picks: [5], clickable: false, going: true }));
    expect(reduce(checked, { type: "pick", row: 6 })).toBe(checked);
    expect(wanted(reduce(checked, { type: "next" }))).toMatchObject({ picks: [5], next: true });
  });

  it("takes no point that has a label, and hears nothing of another exercise", () => {
    const there = reduce(opened, report());
    expect(reduce(there, { type: "pick", row: 1 })).toBe(there);
    for (const other of [
      { exercise: "break-margin" },
      { seed: 4 },
      { strategy: "random" },
      { start: "none" },
    ]) {
      expect(reduce(opened, report(other)).report).toBeNull();
    }
  });

  it("tries again from another start, where what was seen would help", () => {
    const tried = run(opened, report(), { type: "hint" }, report({ hints: 1 }), { type: "pick", row: 5 });
    expect(reduce(tried, { type: "again" }).attempt).toMatchObject({ picks: [], hints: 0, seed: 4 });
    const other = run(opened, { type: "exercise", exercise: "break-margin" });
    const broken = run(
      other,
      report({ exercise: "break-margin" }),
      { type: "pick", row: 5 },
      { type: "again" },
    );
    expect(broken.attempt).toMatchObject({ picks: [], seed: 3 });
  });

  it("takes back what the kernel refused", () => {
    const refused = run(opened, report(), { type: "pick", row: 5 }, { type: "trouble", words: "no" });
    expect(refused.attempt.picks).toEqual([]);
    expect(wanted(refused)).toBeNull();
  });

  it("opens where it was left, if it is the same lesson", () => {
    const left = run(opened, report(), { type: "pick", row: 5 }, { type: "start", start: "none" });
    const kept = readKept(JSON.stringify(keptOf(left))) as Kept;
    const back = run(initial, { type: "welcome", welcome, kept });
    expect(wanted(back)).toMatchObject({ type: "attempt", start: "none" });
    const game = run(started, { type: "pick", row: 5 });
    const again = run(initial, { type: "welcome", welcome, kept: keptOf(game) });
    expect(wanted(again)).toMatchObject({ type: "play", picks: [5] });
    expect(reduce(again, answer([5], [0.5, 0.6], [0.5, 0.7])).game?.picks).toEqual([5]);
    for (const text of [null, "", "{}", "[]", '{"mode": 3}', '{"picks": [1.5], "attempt": {}}']) {
      expect(readKept(text)).toBeNull();
    }
    const other = { ...kept, strategy: "gone" };
    expect(run(initial, { type: "welcome", welcome, kept: other })).toMatchObject({ mode: "steps" });
  });

  it("opens the exercise that the teacher chose", () => {
    const set = { ...welcome, exercise: "break-margin" };
    const kept = keptOf(run(opened, report(), { type: "pick", row: 5 }));
    expect(wanted(run(initial, { type: "welcome", welcome: set, kept }))).toMatchObject({
      exercise: "break-margin",
      picks: [],
    });
  });
});

describe("the picture", () => {
  // Two cells of class 0 left, two of class 1 right; the left ones lead by 3, the right ones by 1.
  const surface = Uint8Array.from([0, 1, 0, 1, 90, 30, 90, 30]);

  it("draws the line between classes where their leads meet", () => {
    const [line] = boundary(surface, 2);
    expect(boundary(surface, 2)).toHaveLength(1);
    const [x0, y0, x1, y1] = line;
    expect(x0).toBeCloseTo(0.25 + 0.75 * 0.5);
    expect(x1).toBeCloseTo(x0);
    expect([y0, y1].sort()).toEqual([0.25, 0.75]);
  });

  it("draws no line through one class, and lets three classes meet in a point", () => {
    expect(boundary(new Uint8Array(8), 2)).toEqual([]);
    const three = boundary(Uint8Array.from([0, 1, 2, 1, 9, 9, 9, 9]), 2);
    expect(three).toHaveLength(3);
    for (const [, , x, y] of three) expect([x, y]).toEqual([0.5, 0.5]);
  });

  it("is stronger where the model leads, and takes the accent for utilities", () => {
    const palette = welcome.classes.map((c) => rgb(c.color));
    const f = { ...frame([]), cells: surface, heatCells: Uint8Array.from([0, 255, 0, 255]) };
    const model = pixelsOf(f, "model", 2, palette, [1, 2, 3], false) as Uint8ClampedArray;
    expect([...model.slice(0, 3)]).toEqual([0, 0x72, 0xb2]);
    expect(model[3]).toBeGreaterThan(model[7]);
    const heat = pixelsOf(f, "utilities", 2, palette, [1, 2, 3], false) as Uint8ClampedArray;
    expect([...heat.slice(4, 7)]).toEqual([1, 2, 3]);
    expect([heat[3], heat[7]]).toEqual([0, Math.round(255 * 0.78)]);
    expect(pixelsOf({ ...f, heatCells: null }, "utilities", 2, palette, [1, 2, 3], false)).toBeNull();
    expect(pixelsOf(f, "nothing", 2, palette, [1, 2, 3], false)).toBeNull();
  });

  it("reads colours as the style sheet gives them", () => {
    expect(rgb(" #ff7ad9")).toEqual([255, 0x7a, 0xd9]);
    expect(rgb("rgb(1, 2, 3)")).toEqual([1, 2, 3]);
  });

  it("has round numbers at its axes", () => {
    expect(ticks(2, 30, 5)).toEqual([10, 20, 30]);
    expect(ticks(0.7, 1, 4).map((t) => t.toFixed(1))).toEqual(["0.7", "0.8", "0.9", "1.0"]);
    expect(ticks(1, 1, 3)).toEqual([1]);
  });
});

describe("the widget", () => {
  type Render = (context: { model: unknown; el: HTMLElement }) => () => void;
  const view = (bytes: Uint8Array | Float32Array): DataView =>
    new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const still = [
    view(Float32Array.from({ length: 2 * N }, (_, i) => i / 20)),
    view(new Uint8Array(N)),
    view(new Float32Array(0)),
    view(new Float32Array(0)),
  ];
  const arrays = [view(new Uint8Array(8)), view(new Uint8Array(2 * N))];
  const said = (index: number): object => ({
    type: "moment",
    strategy: "margin",
    start: "kmeans",
    seed: 3,
    index,
    last: 4,
    curve: along([0.5]),
    labelled: [0, 1],
    said: [0, 0],
    measures: [0.5, 0.5],
    queries: [2],
    why: "Because.",
    heat: false,
  });
  const { labelled, said: given, measures, queries, why, heat } = said(0) as never as Frame;
  const one = { labelled, said: given, measures, queries, why, heat };
  const told = (change: Partial<ExerciseMessage>): object => ({
    type: "exercise",
    exercise: "predict",
    strategy: "margin",
    start: "kmeans",
    seed: 3,
    picks: [],
    hints: 0,
    next: false,
    task: "Which point?",
    place: "Question 1 of 5",
    said: "",
    hint: "",
    more_hints: true,
    clickable: true,
    going: false,
    done: false,
    solved: false,
    ring: null,
    pick: null,
    lines: [],
    you: one,
    machine: null,
    ...change,
  });
  let el: HTMLElement;
  let model: FakeModel;
  let end: () => void;

  beforeEach(() => {
    vi.useFakeTimers();
    el = document.createElement("div");
    document.body.append(el);
    localStorage.clear();
    model = new FakeModel();
    end = (lesson as unknown as { render: Render }).render({ model: model.any, el });
    model.say(welcome, still);
  });
  afterEach(() => {
    end();
    el.remove();
    vi.useRealTimers();
  });

  const press = (key: string): void => {
    el.firstElementChild?.dispatchEvent(new KeyboardEvent("keydown", { key, bubbles: true }));
  };

  it("asks one question at a time, and then for what is wanted by then", () => {
    expect(model.of("step")).toMatchObject([{ index: 0, strategy: "margin", seed: 3 }]);
    for (const _ of "123") press("ArrowRight");
    expect(model.of("step")).toHaveLength(1);
    model.say(said(0), arrays);
    expect(model.of("step").map((m) => m.index)).toEqual([0, 3]);
  });

  it("shows the reason, and tells it to a screen reader", () => {
    model.say(said(0), arrays);
    expect(el.querySelector(".hitl-lesson-reason")?.textContent).toBe("Because.");
    expect(el.querySelector("[aria-live=polite]")?.textContent).toContain("Step 0 of 4. 2 labels");
    expect(el.querySelector("canvas")?.getAttribute("aria-label")).toContain("2 of 10 points are labelled");
  });

  it("plays a game by keyboard alone", () => {
    model.say(said(0), arrays);
    (el.querySelector("[data-value=game]") as HTMLElement).click();
    expect(model.of("play")).toMatchObject([{ picks: [] }]);
    const start = {
      type: "game",
      strategy: "margin",
      start: "kmeans",
      seed: 3,
      picks: [],
      yours: along([0.5]),
      theirs: along([0.5]),
    };
    model.say({ ...start, you: one, machine: one }, [...arrays, ...arrays]);
    press("ArrowRight");
    press("Enter");
    const [, pick] = model.of("play");
    expect(pick.picks).toHaveLength(1);
    expect([0, 1]).not.toContain((pick.picks as number[])[0]);
    press("Enter");
    expect(model.of("play")).toHaveLength(2);
  });

  it("does an exercise by keyboard, and goes on where it was after the page is loaded again", () => {
    model.say(said(0), arrays);
    (el.querySelector("[data-value=exercise]") as HTMLElement).click();
    expect(model.of("attempt")).toMatchObject([{ exercise: "predict", picks: [], hints: 0, next: false }]);
    model.say(told({}), arrays);
    expect(el.querySelector(".hitl-lesson-reason")?.textContent).toBe("Which point?");
    press("ArrowRight");
    press("Enter");
    const [, pick] = model.of("attempt");
    expect(pick.picks).toHaveLength(1);
    const picks = pick.picks as number[];
    model.say(
      told({ picks, said: "Right.", clickable: false, going: true, ring: 2, pick: picks[0] }),
      arrays,
    );
    expect(el.querySelector("[aria-live=polite]")?.textContent).toBe("Right.");
    press("Enter");
    expect(model.of("attempt").at(-1)).toMatchObject({ picks, next: true });

    end();
    model = new FakeModel();
    end = (lesson as unknown as { render: Render }).render({ model: model.any, el });
    model.say(welcome, still);
    expect(model.of("attempt")).toMatchObject([{ picks, next: true, seed: 3 }]);
  });

  it("says so when the kernel is silent, or in trouble", () => {
    vi.advanceTimersByTime(6000);
    const note = el.querySelector(".hitl-lesson-note") as HTMLElement;
    expect(note.textContent).toContain("Waiting for the kernel");
    model.say(said(0), arrays);
    expect(note.hidden).toBe(true);
    press("ArrowRight");
    model.say({ type: "trouble", words: "The strategy 'mine' returned NaN" });
    expect(note.textContent).toContain("returned NaN");
    expect(model.of("step")).toHaveLength(2);
  });

  it("leaves nothing behind", () => {
    end();
    vi.advanceTimersByTime(60_000);
    expect(vi.getTimerCount()).toBe(0);
    expect(model.listeners.size).toBe(0);
  });
});

describe("a saved lesson", () => {
  it("answers from its file as the kernel would, and nothing else", () => {
    const head = {
      sides: [2],
      messages: {
        hello: { content: { type: "welcome", to: "" }, sizes: [3] },
        "step/margin/1": { content: { type: "moment", to: "" }, sizes: [4, 2] },
      },
    };
    const text = new TextEncoder().encode(JSON.stringify(head));
    // One picture of 2 x 2 cells: 5 6 / 4 250, as differences.
    const bytes = new Uint8Array([text.length, 0, 0, 0, ...text, 7, 8, 9, 5, 1, 255, 245, 1, 2]);
    const answer = open(bytes);
    const parts = (buffers: DataView[]) => buffers.map((b) => [...new Uint8Array(b.buffer)]);
    const [told, buffers] = answer({ type: "step", view: "v", strategy: "margin", index: 1 }) ?? [];
    expect(told).toEqual({ type: "moment", to: "v" });
    expect(parts(buffers ?? [])).toEqual([
      [5, 6, 4, 250],
      [1, 2],
    ]);
    expect(parts(answer({ type: "hello", view: "v" })?.[1] ?? [])).toEqual([[7, 8, 9]]);
    expect(answer({ type: "bye", view: "v" })).toBeNull();
    expect(answer({ type: "step", view: "v", strategy: "margin", index: 2 })).toBeNull();
  });
});

describe("looking inside", () => {
  const seen = run(welcomed, moment(0));

  it("asks for the committee where it is shown, and for what is expected of the point under the pointer", () => {
    const here = { strategy: "margin", start: "kmeans", seed: 3, index: 0 };
    expect(wanted(seen)).toBeNull();
    const looking = run(seen, { type: "behind", behind: "committee" });
    expect(wanted(looking)).toEqual({ type: "committee", ...here });
    const found = { surfaces: [new Uint8Array(8)], side: 2, words: "One model." };
    const known = run(looking, { type: "members", ...here, found });
    expect(wanted(known)).toBeNull();
    expect(membersOf(known)).toBe(found);
    expect(membersOf(run(known, { type: "go", index: 1 }, moment(1)))).toBeNull();
    // Another strategy has no committee in this lesson.
    expect(wanted(run(known, { type: "strategy", strategy: "random" }, moment(0, "random")))).toBeNull();

    const over = run(seen, { type: "hover", row: 7 });
    expect(wanted(over)).toEqual({ type: "expect", ...here, row: 7 });
    expect(wanted(run(over, { type: "hover", row: 1 }))).toBeNull(); // it has a label
    expect(wanted({ ...over, recorded: true })).toBeNull();
    const told = run(over, { type: "expected", ...here, row: 7, words: "3 errors" });
    expect([wanted(told), expectedOf(told, 7), expectedOf(told, 8)]).toEqual([null, "3 errors", ""]);
  });

  it("asks for whole curves of compared strategies, at most five", () => {
    const both = run(seen, { type: "compare", strategy: "random", on: true });
    expect(wanted(both)).toEqual({ type: "step", strategy: "random", start: "kmeans", seed: 3, index: 4 });
    expect(wanted(run(both, moment(4, "random")))).toBeNull();
    expect(run(both, moment(4, "random")).shown).toEqual(seen.shown);
    expect(run(both, { type: "compare", strategy: "random", on: false }).compare).toEqual([]);
    const full = { ...seen, compare: ["a", "b", "c", "d", "e"] };
    expect(run(full, { type: "compare", strategy: "random", on: true })).toBe(full);
  });

  it("goes back to the model when a committee or a compared strategy fails", () => {
    const looking = run(
      seen,
      { type: "behind", behind: "committee" },
      { type: "compare", strategy: "random", on: true },
    );
    const failed = run(looking, { type: "trouble", words: "No." });
    expect([failed.behind, failed.compare, wanted(failed)]).toEqual(["model", [], null]);
    expect(wanted(run(failed, { type: "go", index: 0 }))).toBeNull();
  });

  it("draws lines where the lead has a value, also where it falls on both sides of a class", () => {
    // One row of 4 cells repeated: the class changes in the middle.
    const cells = 4;
    const codes = [0, 0, 1, 1];
    const leads = [200, 50, 50, 200];
    const surface = new Uint8Array(2 * cells * cells);
    for (let i = 0; i < cells * cells; i++) {
      surface[i] = codes[i % cells];
      surface[cells * cells + i] = leads[i % cells];
    }
    const xs = contour(surface, cells, 125 / 255).flatMap(([x0, , x1]) => [x0, x1]);
    expect([...new Set(xs.map((x) => x.toFixed(4)))].sort()).toEqual(["0.2500", "0.7500"]);
    expect(contour(surface, cells, 0.9)).toEqual([]);
  });
});

describe("drawing points", () => {
  const put = (x: number, y: number, more = false): SketchEvent => ({ type: "put", x, y, more });
  const draw = (...events: SketchEvent[]) => events.reduce(sketched, blank);

  it("draws with the pen, deletes with the eraser, and undoes a whole stroke", () => {
    const two = draw(put(0.1, 0.2), { type: "pen", pen: 1 }, put(0.5, 0.5), put(0.6, 0.5, true));
    expect(two.spots).toEqual([
      [0.1, 0.2, 0],
      [0.5, 0.5, 1],
      [0.6, 0.5, 1],
    ]);
    expect(sketched(two, { type: "undo" }).spots).toHaveLength(1);
    const erased = sketched(sketched(two, { type: "pen", pen: null }), put(0.51, 0.51));
    expect(erased.spots).toHaveLength(2);
    expect(sketched(erased, put(0.9, 0.9))).toBe(erased); // nothing is near
    expect(sketched(erased, { type: "undo" }).spots).toEqual(two.spots);
    expect(sketched(two, put(1.2, 0.5))).toBe(two);
    expect(sketched(sketched(two, { type: "clear" }), { type: "undo" }).spots).toEqual(two.spots);
  });

  it("moves a cross by keys, which begins in the middle and stays inside", () => {
    const begun = draw({ type: "cross", dx: 1, dy: 0 });
    expect(begun.cross).toEqual([0.5, 0.5]);
    let at = begun;
    for (let i = 0; i < 40; i++) at = sketched(at, { type: "cross", dx: 1, dy: 0 });
    expect(at.cross).toEqual([1, 0.5]);
  });

  it("says what is missing until there are ten points of two classes", () => {
    const ten = draw(...Array.from({ length: 10 }, (_, i) => put(i / 10, 0.5)));
    expect([lacking(draw(put(0, 0))), usable(ten), lacking(ten)]).toEqual([
      "9 more needed",
      false,
      "A second class is needed",
    ]);
    const done = sketched(sketched(ten, { type: "pen", pen: 1 }), put(0.5, 0.9));
    expect([usable(done), lacking(done)]).toEqual([true, ""]);
    expect(sketchWords(done, welcome.classes)).toBe("11 points: 10 circle, 1 square");
    expect(frameOfSketch(done).xy).toHaveLength(22);
  });

  it("begins with the points of the lesson, and with nothing else to do where there are none", () => {
    const xy = Float32Array.of(0, 0.5, 1, 0.25);
    expect(sketchOf(xy, Uint8Array.of(1, 0)).spots).toEqual([
      [0, 0.5, 1],
      [1, 0.25, 0],
    ]);
    const empty = run(initial, { type: "welcome", welcome: { ...welcome, n: 0, strategies: [] } });
    expect([empty.mode, wanted(empty)]).toEqual(["draw", null]);
  });
});
