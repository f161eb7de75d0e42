import type {
  AttemptMessage,
  Committee,
  Draw,
  ExerciseMessage,
  Expect,
  ExpectMessage,
  LessonWelcome,
  Moment,
  MomentMessage,
  Play,
  RunCurve,
  Step,
} from "../../host/protocol";
import { blank, type Sketch, type SketchEvent, sketched } from "./sketch";
import { FRONT, type Turn, turned } from "./space";

/** A moment with its arrays: class and lead of the cells, class and probability of the points, and utilities. */
export type Frame = Moment & {
  cells: Uint8Array;
  points: Uint8Array;
  heatCells: Uint8Array | null;
  worth: Uint8Array | null;
};
export type Behind = "model" | "probability" | "utilities" | "committee" | "space" | "nothing";
/** The models that vote at a step: class and lead of their cells. */
export type Members = { surfaces: Uint8Array[]; side: number; words: string };
/** As many curves as can be told apart. */
export const MOST_COMPARED = 5;
export type Mode = "steps" | "game" | "exercise" | "draw";

export type Game = {
  seed: number;
  /** The points chosen here; the kernel may not know the last ones yet. */
  picks: number[];
  you: Frame;
  machine: Frame;
  yours: RunCurve;
  theirs: RunCurve;
};

/** What a student has done in an exercise. */
export type Attempt = Pick<AttemptMessage, "exercise" | "seed" | "picks" | "hints" | "next">;
/** What the kernel says about it. */
export type Report = Omit<ExerciseMessage, "you" | "machine"> & { you: Frame; machine: Frame | null };

/** What outlives a reload of the page and a restart of the kernel. */
export type Kept = {
  mode: Mode;
  strategy: string;
  start: string;
  gameSeed: number;
  picks: number[];
  attempt: Attempt;
};

/**
 * What the kernel says of the lesson, of which `strategy`, `start`, `seed` and `compare` can be changed here.
 * `mistakes`: answers may be wrong.
 */
type Told = Omit<LessonWelcome, "type" | "to" | "lesson" | "exercise" | "cells">;

export type LessonState = Told & {
  ready: boolean;
  mode: Mode;
  /** How the first labels are chosen if nobody chooses. */
  firstStart: string;
  /** The measure that the curve shows. */
  measure: number;
  /** The wanted step; until it arrives, an earlier one is shown. */
  index: number;
  last: number;
  shown: { strategy: string; index: number; frame: Frame } | null;
  frames: ReadonlyMap<string, Frame>;
  curves: ReadonlyMap<string, RunCurve>;
  /** What is drawn. */
  sketch: Sketch;
  members: ReadonlyMap<string, Members>;
  /** What is expected of a label of the point under the pointer, by step and point. */
  expected: ReadonlyMap<string, string>;
  hover: number;
  playing: boolean;
  game: Game | null;
  /** The points of a game that was interrupted. */
  picks: number[];
  gameSeed: number;
  attempt: Attempt;
  report: Report | null;
  behind: Behind;
  /** How points in space are turned. */
  turn: Turn;
  truth: boolean;
  cursor: number;
  /** An error; nothing is requested until the user does something. */
  note: string;
  /** The kernel has not answered for a while. */
  slow: boolean;
};

export type LessonEvent =
  | { type: "welcome"; welcome: LessonWelcome; kept?: Kept | null; sketch?: Sketch }
  | (Omit<MomentMessage, "to" | keyof Moment> & { frame: Frame })
  | { type: "game"; strategy: string; start: string; game: Game }
  | { type: "report"; report: Report }
  | { type: "members"; strategy: string; start: string; seed: number; index: number; found: Members }
  | Omit<ExpectMessage, "to">
  | { type: "sketch"; what: SketchEvent }
  | { type: "hover"; row: number }
  | { type: "compare"; strategy: string; on: boolean }
  | { type: "go"; index: number }
  | { type: "tick" }
  | { type: "play" }
  | { type: "strategy"; strategy: string }
  | { type: "start"; start: string }
  | { type: "measure"; measure: number }
  | { type: "exercise"; exercise: string }
  | { type: "hint" }
  | { type: "next" }
  | { type: "mode"; mode: Mode }
  | { type: "behind"; behind: Behind }
  | { type: "turn"; dx: number; dy: number }
  | { type: "truth"; show: boolean }
  | { type: "pick"; row: number }
  | { type: "again" }
  | { type: "cursor"; row: number }
  | { type: "trouble"; words: string }
  | { type: "slow"; slow: boolean };

type FromView<T> = T extends unknown ? Omit<T, "id" | "view"> : never;
export type Wanted = FromView<Step | Committee | Expect | Play | AttemptMessage>;
/** What is sent to the kernel. */
export type Sent = Wanted | FromView<Draw>;

const fresh = (exercise: string, seed: number): Attempt => ({
  exercise,
  seed,
  picks: [],
  hints: 0,
  next: false,
});

export const initial: LessonState = {
  ready: false,
  classes: [],
  learner: "",
  strategies: [],
  starts: [],
  measures: [],
  exercises: [],
  annotators: [],
  mistakes: false,
  budget: 0,
  batch: 1,
  n: 0,
  recorded: false,
  mode: "steps",
  strategy: "",
  start: "",
  firstStart: "",
  seed: 0,
  measure: 0,
  index: 0,
  last: 0,
  shown: null,
  frames: new Map(),
  curves: new Map(),
  draws: false,
  sketch: blank,
  compare: [],
  committees: [],
  members: new Map(),
  expected: new Map(),
  hover: -1,
  playing: false,
  game: null,
  picks: [],
  gameSeed: 0,
  attempt: fresh("", 0),
  report: null,
  behind: "model",
  turn: FRONT,
  truth: false,
  cursor: -1,
  note: "",
  slow: false,
};

export function reduce(state: LessonState, event: LessonEvent): LessonState {
  switch (event.type) {
    case "welcome":
      return { ...welcomed(event.welcome, event.kept ?? null), sketch: event.sketch ?? blank };
    case "moment":
      return withMoment(state, event);
    case "game":
      return withGame(state, event);
    case "report":
      return isReport(state, event.report) ? { ...state, report: event.report } : state;
    case "members":
      return event.seed === state.seed
        ? { ...state, members: new Map(state.members).set(key(event, event.index), event.found) }
        : state;
    case "expected":
      return event.seed === state.seed
        ? { ...state, expected: new Map(state.expected).set(rowKey(event, event.row), event.words) }
        : state;
    case "sketch":
      return { ...state, sketch: sketched(state.sketch, event.what), note: "" };
    case "hover":
      return event.row === state.hover ? state : { ...state, hover: event.row };
    case "compare": {
      const others = state.compare.filter((name) => name !== event.strategy);
      if (event.on && others.length >= MOST_COMPARED) return state;
      return { ...state, compare: event.on ? [...others, event.strategy] : others, note: "" };
    }
    case "go":
      return showing({ ...state, index: clamp(event.index, state.last), playing: false, note: "" });
    case "tick":
      // Wait until the current step is shown.
      if (!state.playing || state.shown?.index !== state.index) return state;
      return stepped(state);
    case "play":
      if (state.playing) return { ...state, playing: false };
      if (state.index >= state.last) return showing({ ...state, index: 0, playing: true, note: "" });
      return stepped({ ...state, playing: true, note: "" });
    case "strategy": {
      const { strategy } = event;
      if (!state.strategies.includes(strategy) || strategy === state.strategy) return state;
      return showing({ ...begun(state), strategy });
    }
    case "start": {
      const { start } = event;
      if (!state.starts.some((s) => s.name === start) || start === state.start) return state;
      return showing(withLast({ ...begun(state), start }));
    }
    case "measure":
      return { ...state, measure: event.measure };
    case "exercise": {
      const { exercise } = event;
      if (!state.exercises.some((e) => e.name === exercise) || exercise === state.attempt.exercise)
        return state;
      return { ...state, ...quiet, attempt: fresh(exercise, state.attempt.seed), report: null };
    }
    case "hint":
      return state.report?.more_hints ? tried(state, { hints: state.attempt.hints + 1 }) : state;
    case "next":
      return state.report?.going ? { ...tried(state, { next: true }), cursor: -1 } : state;
    case "mode":
      return event.mode === state.mode ? state : { ...state, ...quiet, mode: event.mode };
    case "behind":
      return { ...state, behind: event.behind };
    case "turn":
      return { ...state, turn: turned(state.turn, event.dx, event.dy) };
    case "truth":
      return { ...state, truth: event.show };
    case "pick":
      return picked(state, event.row);
    case "again":
      return again(state);
    case "cursor":
      return { ...state, cursor: event.row };
    case "trouble":
      return troubled(state, event.words);
    case "slow":
      return state.slow === event.slow ? state : { ...state, slow: event.slow };
  }
}

/** The next request to the kernel; null if everything is here. */
export function wanted(state: LessonState): Wanted | null {
  if (state.mode === "draw") return null;
  const { strategy, start, seed, index, mode, game, gameSeed, attempt } = state;
  if (!state.ready || state.note) return null;
  if (mode === "steps") {
    const here = { strategy, start, seed, index };
    if (!state.frames.has(key(state, index))) return { type: "step", ...here };
    return wantedInside(state) ?? wantedCurve(state);
  }
  if (mode === "exercise") {
    return state.report && isReport(state, state.report) && answers(attempt, state.report)
      ? null
      : { type: "attempt", strategy, start, ...attempt };
  }
  if (game && game.yours.spent.length > game.picks.length) return null;
  return { type: "play", strategy, start, seed: gameSeed, picks: game?.picks ?? state.picks };
}

/** What is to be shown of the models at this step. */
function wantedInside(state: LessonState): Wanted | null {
  const { strategy, start, seed, index, hover, recorded, playing } = state;
  const here = { strategy, start, seed, index };
  if (showsCommittee(state) && !state.members.has(key(state, index))) return { type: "committee", ...here };
  if (hover < 0 || recorded || playing || state.expected.has(rowKey(state, hover))) return null;
  const frame = state.frames.get(key(state, index)) as Frame;
  return frame.labelled.includes(hover) ? null : { type: "expect", ...here, row: hover };
}

/** The end of the next compared curve that is not known as a whole. */
function wantedCurve(state: LessonState): Wanted | null {
  const { start, seed, last } = state;
  const next = state.compare.find(
    (strategy) => (state.curves.get(curveName({ ...state, strategy }))?.spent.length ?? 0) <= last,
  );
  return next ? { type: "step", strategy: next, start, seed, index: last } : null;
}

export const showsCommittee = (state: LessonState): boolean =>
  state.mode === "steps" && state.behind === "committee" && state.committees.includes(state.strategy);

/** The committee at the step that is shown. */
export const membersOf = (state: LessonState): Members | null =>
  (showsCommittee(state) && state.shown && state.members.get(key(state, state.shown.index))) || null;

/** What is expected of a label of this point. */
export const expectedOf = (state: LessonState, row: number): string =>
  state.expected.get(rowKey(state, row)) ?? "";

/** The number of first labels. */
export const startOf = (state: LessonState): number =>
  state.starts.find((s) => s.name === state.start)?.n ?? 0;

/** The number of labels in the game, including the first ones. */
export function labelsOf(state: LessonState): number {
  return startOf(state) + (state.game?.picks.length ?? 0);
}

export const over = (state: LessonState): boolean => state.game !== null && labelsOf(state) >= state.budget;

/** Whether a click labels or chooses a point. */
export function clickable(state: LessonState): boolean {
  if (state.mode === "game") return state.game !== null && !over(state);
  return (
    state.mode === "exercise" && state.report !== null && wanted(state) === null && state.report.clickable
  );
}

/** The points that cannot be chosen. */
export function takenOf(state: LessonState): readonly number[] {
  if (state.mode === "game") return state.game ? labelledByYou(state.game) : [];
  return state.report?.you.labelled ?? [];
}

/** The student's labels, including those that the kernel does not know yet. */
export function labelledByYou(game: Game): number[] {
  return [...game.you.labelled.filter((row) => !game.picks.includes(row)), ...game.picks];
}

/** The name of a curve: that of the strategy, and how its run began if that was changed. */
export function curveName(state: LessonState): string {
  return state.start === state.firstStart ? state.strategy : `${state.strategy}, ${startWords(state.start)}`;
}

export const startWords = (start: string): string =>
  start === "kmeans" ? "k-means" : start === "none" ? "no labels" : start;

/** What is worth keeping, for the next view of this lesson. */
export function keptOf(state: LessonState): Kept {
  const { mode, strategy, start, gameSeed, game, attempt } = state;
  return { mode, strategy, start, gameSeed, picks: game?.picks ?? state.picks, attempt };
}

/** What an earlier view kept; null for anything else. */
export function readKept(text: string | null): Kept | null {
  try {
    const kept = JSON.parse(text ?? "") as Kept;
    const rows = (list: unknown): boolean => Array.isArray(list) && list.every(Number.isSafeInteger);
    const whole = ["mode", "strategy", "start"].every((k) => typeof kept[k as keyof Kept] === "string");
    const { attempt } = kept;
    const fine =
      rows(kept.picks) &&
      rows(attempt.picks) &&
      rows([kept.gameSeed, attempt.seed, attempt.hints]) &&
      typeof attempt.exercise === "string" &&
      typeof attempt.next === "boolean";
    return whole && fine ? kept : null;
  } catch {
    return null;
  }
}

const quiet = { playing: false, truth: false, note: "", cursor: -1 };
type At = { start: string; strategy: string };
const key = (at: At, index: number): string => `${index}/${at.start}/${at.strategy}`;
const rowKey = (at: At & { index: number }, row: number): string => `${row}/${key(at, at.index)}`;
const clamp = (index: number, last: number): number => Math.max(0, Math.min(index, last));

/** The number of the last step, from this start. */
function withLast(state: LessonState): LessonState {
  return { ...state, last: Math.max(0, Math.ceil((state.budget - startOf(state)) / state.batch)) };
}

function welcomed(welcome: LessonWelcome, kept: Kept | null): LessonState {
  const { type, to, lesson, exercise, cells, ...told } = welcome;
  const { strategies, starts, start, exercises, seed, n } = told;
  const state = withLast({
    ...initial,
    ...told,
    ready: true,
    firstStart: start,
    gameSeed: seed,
    mode: exercise ? "exercise" : n ? "steps" : "draw",
    attempt: fresh(exercise || (exercises[0]?.name ?? ""), seed),
  });
  if (!kept || !strategies.includes(kept.strategy) || !starts.some((s) => s.name === kept.start))
    return state;
  const known = exercises.some((e) => e.name === kept.attempt.exercise);
  const same = known && (!exercise || kept.attempt.exercise === exercise);
  return withLast({
    ...state,
    strategy: kept.strategy,
    start: kept.start,
    mode: exercise || (kept.mode === "exercise" && !known) ? state.mode : kept.mode,
    gameSeed: kept.gameSeed,
    picks: kept.picks,
    attempt: same ? kept.attempt : state.attempt,
  });
}

/** Another strategy or start: everything begins again, except what was seen of other runs. */
function begun(state: LessonState): LessonState {
  const attempt = fresh(state.attempt.exercise, state.attempt.seed);
  return { ...state, ...quiet, index: 0, game: null, picks: [], attempt, report: null };
}

function again(state: LessonState): LessonState {
  const cleared = { ...state, ...quiet };
  if (state.mode === "steps") {
    const [frames, curves, members, expected] = [new Map(), new Map(), new Map(), new Map()];
    return { ...cleared, seed: state.seed + 1, index: 0, frames, curves, members, expected };
  }
  if (state.mode === "game") return { ...cleared, gameSeed: state.gameSeed + 1, game: null, picks: [] };
  const { exercise, seed } = state.attempt;
  // What was seen would give the answers away; breaking margin takes many tries at the same points.
  const next = exercise === "break-margin" ? seed : seed + 1;
  return { ...cleared, attempt: fresh(exercise, next), report: null };
}

function stepped(state: LessonState): LessonState {
  const index = clamp(state.index + 1, state.last);
  return showing({ ...state, index, playing: state.playing && index < state.last });
}

/** Shows the wanted step if it is here; otherwise the previous one stays. */
function showing(state: LessonState): LessonState {
  const { strategy, index } = state;
  const frame = state.frames.get(key(state, index));
  return frame ? { ...state, shown: { strategy, index, frame } } : state;
}

function withMoment(state: LessonState, event: Extract<LessonEvent, { type: "moment" }>): LessonState {
  if (event.seed !== state.seed) return state;
  const of = { ...state, strategy: event.strategy, start: event.start };
  const frames = new Map(state.frames).set(key(of, event.index), event.frame);
  const name = curveName(of);
  const longer = event.curve.spent.length > (state.curves.get(name)?.spent.length ?? 0);
  const curves = longer ? new Map(state.curves).set(name, event.curve) : state.curves;
  const here = event.strategy === state.strategy && event.start === state.start;
  const last = here ? event.last : state.last;
  return showing({ ...state, frames, curves, last, index: clamp(state.index, last) });
}

function withGame(state: LessonState, event: Extract<LessonEvent, { type: "game" }>): LessonState {
  const { game } = event;
  if (event.strategy !== state.strategy || event.start !== state.start || game.seed !== state.gameSeed) {
    return state;
  }
  const picks = state.game?.picks ?? state.picks;
  if (game.picks.some((row, i) => picks[i] !== row)) return state;
  return { ...state, game: { ...game, picks } };
}

/** Whether a report is about the exercise, strategy and start that are open. */
function isReport(state: LessonState, report: Report): boolean {
  const { exercise, seed } = state.attempt;
  const here = report.strategy === state.strategy && report.start === state.start;
  return here && report.exercise === exercise && report.seed === seed;
}

function answers(attempt: Attempt, report: Report): boolean {
  const { picks, hints, next } = attempt;
  return report.hints === hints && report.next === next && report.picks.join() === picks.join();
}

const tried = (state: LessonState, change: Partial<Attempt>): LessonState => ({
  ...state,
  note: "",
  attempt: { ...state.attempt, ...change },
});

function picked(state: LessonState, row: number): LessonState {
  if (!clickable(state) || row < 0 || row >= state.n || takenOf(state).includes(row)) return state;
  const cursor = state.cursor === row ? row : -1;
  if (state.mode === "exercise") {
    return { ...tried(state, { picks: [...state.attempt.picks, row], next: false }), cursor: -1 };
  }
  const game = state.game as Game;
  return { ...state, game: { ...game, picks: [...game.picks, row] }, cursor, note: "" };
}

/** Returns to the last good state, so that a failing request is not repeated forever. */
function troubled(state: LessonState, words: string): LessonState {
  const { game, shown, report } = state;
  const kept = game && { ...game, picks: game.picks.slice(0, Math.max(0, game.yours.spent.length - 1)) };
  const back =
    state.mode === "steps" && shown
      ? { strategy: shown.strategy, index: shown.index }
      : { strategy: state.strategy, index: state.index };
  const { exercise, seed } = state.attempt;
  const attempt =
    report && isReport(state, report)
      ? { exercise, seed, picks: report.picks, hints: report.hints, next: report.next }
      : fresh(exercise, seed);
  const behind = state.behind === "committee" ? "model" : state.behind;
  const view = { behind, compare: [], hover: -1 };
  return { ...state, ...back, ...view, game: kept, picks: [], attempt, playing: false, note: words };
}
