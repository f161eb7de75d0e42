import type { LessonWelcome, Moment, PlainClass } from "../../host/protocol";

/** A moment with its arrays: class and lead of the cells, class and probability of the points, and utilities. */
export type Frame = Moment & {
  cells: Uint8Array;
  points: Uint8Array;
  heat: boolean;
  heatCells: Uint8Array | null;
  worth: Uint8Array | null;
};
export type Behind = "model" | "utilities" | "nothing";
export type Mode = "steps" | "game";

export type Game = {
  seed: number;
  /** The points chosen here; the kernel may not know the last ones yet. */
  picks: number[];
  you: Frame;
  machine: Frame;
  yours: number[];
  theirs: number[];
};

export type LessonState = {
  ready: boolean;
  classes: PlainClass[];
  learner: string;
  strategies: string[];
  budget: number;
  start: number;
  n: number;
  /** A saved lesson, which has no model and so no game. */
  recorded: boolean;
  mode: Mode;
  strategy: string;
  seed: number;
  /** The wanted step; until it arrives, an earlier one is shown. */
  index: number;
  last: number;
  shown: { strategy: string; index: number; frame: Frame } | null;
  frames: ReadonlyMap<string, Frame>;
  curves: ReadonlyMap<string, number[]>;
  playing: boolean;
  game: Game | null;
  gameSeed: number;
  behind: Behind;
  truth: boolean;
  cursor: number;
  /** An error; nothing is requested until the user does something. */
  note: string;
  /** The kernel has not answered for a while. */
  slow: boolean;
};

export type LessonEvent =
  | { type: "welcome"; welcome: LessonWelcome }
  | {
      type: "moment";
      strategy: string;
      seed: number;
      index: number;
      last: number;
      curve: number[];
      frame: Frame;
    }
  | { type: "game"; strategy: string; game: Game }
  | { type: "go"; index: number }
  | { type: "tick" }
  | { type: "play" }
  | { type: "strategy"; strategy: string }
  | { type: "mode"; mode: Mode }
  | { type: "behind"; behind: Behind }
  | { type: "truth"; show: boolean }
  | { type: "pick"; row: number }
  | { type: "again" }
  | { type: "cursor"; row: number }
  | { type: "trouble"; words: string }
  | { type: "slow"; slow: boolean };

export type Wanted =
  | { type: "step"; strategy: string; seed: number; index: number }
  | { type: "play"; strategy: string; seed: number; picks: number[] };

export const initial: LessonState = {
  ready: false,
  classes: [],
  learner: "",
  strategies: [],
  budget: 0,
  start: 0,
  n: 0,
  recorded: false,
  mode: "steps",
  strategy: "",
  seed: 0,
  index: 0,
  last: 0,
  shown: null,
  frames: new Map(),
  curves: new Map(),
  playing: false,
  game: null,
  gameSeed: 0,
  behind: "model",
  truth: false,
  cursor: -1,
  note: "",
  slow: false,
};

export function reduce(state: LessonState, event: LessonEvent): LessonState {
  switch (event.type) {
    case "welcome": {
      const { classes, learner, strategies, strategy, seed, budget, n, n_start, recorded } = event.welcome;
      const last = Math.max(0, budget - n_start);
      const told = {
        classes,
        learner,
        strategies,
        strategy,
        seed,
        budget,
        n,
        start: n_start,
        last,
        recorded,
      };
      return { ...initial, ...told, gameSeed: seed, ready: true };
    }
    case "moment":
      return withMoment(state, event);
    case "game":
      return withGame(state, event.strategy, event.game);
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
      return showing({ ...state, strategy, index: 0, playing: false, game: null, cursor: -1, note: "" });
    }
    case "mode": {
      const rest = { playing: false, truth: false, note: "", cursor: -1 };
      return event.mode === state.mode ? state : { ...state, mode: event.mode, ...rest };
    }
    case "behind":
      return { ...state, behind: event.behind };
    case "truth":
      return { ...state, truth: event.show };
    case "pick":
      return picked(state, event.row);
    case "again":
      return { ...state, gameSeed: state.gameSeed + 1, game: null, truth: false, cursor: -1, note: "" };
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
  const { strategy, seed, index, mode, game, gameSeed } = state;
  if (!state.ready || state.note) return null;
  if (mode === "steps") {
    return state.frames.has(key(strategy, index)) ? null : { type: "step", strategy, seed, index };
  }
  if (game && game.yours.length > game.picks.length) return null;
  return { type: "play", strategy, seed: gameSeed, picks: game?.picks ?? [] };
}

/** The number of labels in the game, including the cold start. */
export function labelsOf(state: LessonState): number {
  return state.start + (state.game?.picks.length ?? 0);
}

export const over = (state: LessonState): boolean => state.game !== null && labelsOf(state) >= state.budget;

/** The student's labels, including those that the kernel does not know yet. */
export function labelledByYou(game: Game): number[] {
  return [...game.you.labelled.filter((row) => !game.picks.includes(row)), ...game.picks];
}

export function scoreWords(state: LessonState): string {
  const { game, strategy, start, budget } = state;
  if (!game) return "Choosing a new start";
  const done = game.yours.length - 1;
  if (done === 0 && !game.picks.length) {
    return `Click the point that you would label next to see its true class. ${strategy} chooses its own points. You both have ${budget - start} questions.`;
  }
  const [you, machine] = [game.yours[done], game.theirs[done]];
  const ends = over(state) && done === game.picks.length;
  const now = `You ${you.toFixed(2)}, ${strategy} ${machine.toFixed(2)} after ${start + done} labels`;
  if (!ends) return `${now}: ${lead(you, machine, strategy, "is", "are")}.`;
  const [mine, its] = [mean(game.yours), mean(game.theirs)];
  const whole = `Over the whole game: you ${mine.toFixed(2)}, ${strategy} ${its.toFixed(2)}`;
  return `${now}. ${whole}: ${lead(mine, its, strategy, "was", "were")}.`;
}

function lead(you: number, machine: number, strategy: string, is: string, are: string): string {
  // Compare the numbers as displayed.
  const points = Math.round(100 * you) - Math.round(100 * machine);
  if (points === 0) return is === "is" ? "a draw so far" : "a draw";
  const far = `ahead by ${(Math.abs(points) / 100).toFixed(2)}`;
  return points > 0 ? `you ${are} ${far}` : `${strategy} ${is} ${far}`;
}

/** Describes the current step for screen readers. */
export function stepWords(state: LessonState): string {
  const { shown, last } = state;
  if (!shown) return "";
  const { frame, index } = shown;
  const what = `Step ${index} of ${last}. ${frame.labelled.length} labels, accuracy ${frame.accuracy.toFixed(2)}.`;
  return frame.query === null ? `${what} The budget is spent.` : `${what} ${frame.why}`;
}

const key = (strategy: string, index: number): string => `${index}/${strategy}`;
const clamp = (index: number, last: number): number => Math.max(0, Math.min(index, last));
const mean = (values: number[]): number => values.reduce((a, b) => a + b, 0) / values.length;

function stepped(state: LessonState): LessonState {
  const index = clamp(state.index + 1, state.last);
  return showing({ ...state, index, playing: state.playing && index < state.last });
}

/** Shows the wanted step if it is here; otherwise the previous one stays. */
function showing(state: LessonState): LessonState {
  const { strategy, index } = state;
  const frame = state.frames.get(key(strategy, index));
  return frame ? { ...state, shown: { strategy, index, frame } } : state;
}

function withMoment(state: LessonState, event: Extract<LessonEvent, { type: "moment" }>): LessonState {
  if (event.seed !== state.seed) return state;
  const frames = new Map(state.frames).set(key(event.strategy, event.index), event.frame);
  const known = state.curves.get(event.strategy) ?? [];
  const curves =
    event.curve.length > known.length ? new Map(state.curves).set(event.strategy, event.curve) : state.curves;
  const last = event.strategy === state.strategy ? event.last : state.last;
  return showing({ ...state, frames, curves, last, index: clamp(state.index, last) });
}

function withGame(state: LessonState, strategy: string, game: Game): LessonState {
  if (strategy !== state.strategy || game.seed !== state.gameSeed) return state;
  const picks = state.game?.picks ?? [];
  if (game.picks.some((row, i) => picks[i] !== row)) return state;
  return { ...state, game: { ...game, picks } };
}

function picked(state: LessonState, row: number): LessonState {
  const { game, mode, n } = state;
  if (mode !== "game" || !game || over(state) || row < 0 || row >= n) return state;
  if (labelledByYou(game).includes(row)) return state;
  const cursor = state.cursor === row ? row : -1;
  return { ...state, game: { ...game, picks: [...game.picks, row] }, cursor, note: "" };
}

/** Returns to the last good state, so that a failing request is not repeated forever. */
function troubled(state: LessonState, words: string): LessonState {
  const { game, shown } = state;
  const kept = game && { ...game, picks: game.picks.slice(0, Math.max(0, game.yours.length - 1)) };
  const back =
    state.mode === "steps" && shown
      ? { strategy: shown.strategy, index: shown.index }
      : { strategy: state.strategy, index: state.index };
  return { ...state, ...back, game: kept, playing: false, note: words };
}
