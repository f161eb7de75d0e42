import type { ReplayMoment, ReplayWelcome } from "../../host/protocol";

export type Run = { contestant: string; repeat: number };

export type ReplayState = {
  contestants: string[];
  repeats: number[];
  metric: string;
  /** What the kernel shows; null before the first moment. */
  shown: ReplayMoment | null;
  /** The wanted run and step; until it arrives, an earlier one is shown. */
  run: Run;
  step: number;
  playing: boolean;
  note: string;
};

export type ReplayEvent =
  | { type: "welcome"; welcome: ReplayWelcome }
  | { type: "moment"; moment: ReplayMoment }
  | { type: "go"; step: number }
  | { type: "run"; run: Run }
  | { type: "play" }
  | { type: "tick" }
  | { type: "note"; words: string };

export const initial: ReplayState = {
  contestants: [],
  repeats: [],
  metric: "",
  shown: null,
  run: { contestant: "", repeat: 0 },
  step: 0,
  playing: false,
  note: "",
};

export function reduce(state: ReplayState, event: ReplayEvent): ReplayState {
  const last = state.shown?.last ?? 0;
  switch (event.type) {
    case "welcome": {
      const { contestants, repeats, metric } = event.welcome;
      return { ...initial, contestants, repeats, metric };
    }
    case "moment": {
      const { moment } = event;
      const { contestant, repeat, step } = moment;
      const goal = wanted(state);
      // Not an answer to an earlier request; it may be a step that Python chose.
      const here = !goal || (goal.contestant === contestant && goal.repeat === repeat && goal.step === step);
      const now = here ? { run: { contestant, repeat }, step } : {};
      const playing = state.playing && !(here && step >= moment.last);
      return { ...state, ...now, playing, shown: moment, note: "" };
    }
    case "go":
      return { ...state, step: Math.max(0, Math.min(last, event.step)), playing: false, note: "" };
    case "run":
      return { ...state, run: event.run, step: 0, playing: false, note: "" };
    case "play":
      if (state.playing) return { ...state, playing: false };
      return { ...state, playing: last > 0, step: state.step >= last ? 0 : state.step + 1, note: "" };
    case "tick":
      // Wait until the current step is shown.
      if (!state.playing || wanted(state)) return state;
      return state.step >= last ? { ...state, playing: false } : { ...state, step: state.step + 1 };
    case "note":
      return { ...state, note: event.words, playing: false };
  }
}

/** The next request to the kernel; null if it is shown already. */
export function wanted(state: ReplayState): (Run & { step: number }) | null {
  const { shown, run, step, note } = state;
  if (!shown || note) return null;
  const same = shown.contestant === run.contestant && shown.repeat === run.repeat && shown.step === step;
  return same ? null : { ...run, step };
}

/** The last answer as a sentence, without the item and the answer. */
export function askedWords({ question, step, batch }: ReplayMoment): string {
  if (!question) return "No question yet: the map shows the pool without labels.";
  const why = question.audited ? "drawn at random for the audit" : `batch ${batch}`;
  return `Question ${step}, ${why}: row ${question.row}`;
}

/** How far the run is, and how good the model was at the last record. */
export function headWords(state: ReplayState): string {
  const { shown, metric } = state;
  if (!shown) return "";
  const labels = `${shown.n_labels} ${shown.n_labels === 1 ? "label" : "labels"}`;
  return shown.value === null ? labels : `${labels} · ${metric} ${shown.value.toFixed(3)}`;
}

/** The points of a line in a box, as text, from the top left; a flat one lies in the middle. */
export function pointsOf(
  curve: readonly (readonly [number, number])[],
  width: number,
  height: number,
): [string, string][] {
  const [xs, ys] = [curve.map(([x]) => x), curve.map(([, y]) => y)];
  const place = (value: number, all: number[]): number => {
    const [low, high] = [Math.min(...all), Math.max(...all)];
    return high > low ? (value - low) / (high - low) : 0.5;
  };
  return curve.map(([x, y]) => [(place(x, xs) * width).toFixed(1), ((1 - place(y, ys)) * height).toFixed(1)]);
}
