import type { Ask, LabelClass, Progress, Sample, Selection } from "../host/protocol";

export type Chosen = { rows: number[]; how: Selection; sample: Sample | null };

export type LabelerState = Progress & {
  ready: boolean;
  classes: LabelClass[];
  question: string;
  pool: string;
  queue: Ask[];
  current: Ask | null;
  chosen: Chosen | null;
  /** Keys acted on here: an older queue may still hold them. */
  acted: ReadonlySet<string>;
  waiting: number;
  stalled: boolean;
  note: string;
};

export type LabelerEvent =
  | {
      type: "welcome";
      progress: Progress;
      classes: LabelClass[];
      question: string;
      pool: string;
      queue: Ask[];
    }
  | { type: "queue"; progress: Progress; queue: Ask[] }
  | { type: "progress"; progress: Progress }
  | { type: "acted"; keys: string[]; n: number }
  | { type: "back"; ask: Ask }
  | { type: "chosen"; chosen: Chosen | null }
  | { type: "sample"; sample: Sample }
  | { type: "waiting"; n: number; stalled: boolean }
  | { type: "note"; words: string };

export const initial: LabelerState = {
  ready: false,
  classes: [],
  question: "",
  pool: "",
  queue: [],
  current: null,
  chosen: null,
  acted: new Set(),
  waiting: 0,
  stalled: false,
  note: "",
  n_items: 0,
  n_labels: 0,
  n_left: 0,
  n_skipped: 0,
  undo: false,
  redo: false,
  behind: 0,
  stage: null,
  error: "",
};

export function reduce(state: LabelerState, event: LabelerEvent): LabelerState {
  switch (event.type) {
    case "welcome": {
      const { classes, question, pool } = event;
      const fresh = { ...state, ...event.progress, ready: true, classes, question, pool };
      return withQueue(fresh, event.queue);
    }
    case "queue":
      return withQueue({ ...state, ...event.progress }, event.queue);
    case "progress":
      return { ...state, ...event.progress };
    case "acted":
      return acted(state, event.keys, event.n);
    case "back": {
      const gone = new Set(state.acted);
      gone.delete(event.ask.key);
      const queue = [event.ask, ...state.queue.filter((ask) => ask.key !== event.ask.key)];
      return { ...state, acted: gone, queue, current: event.ask, chosen: null };
    }
    case "chosen":
      return { ...state, chosen: event.chosen, note: "" };
    case "sample":
      return state.chosen ? { ...state, chosen: { ...state.chosen, sample: event.sample } } : state;
    case "waiting":
      return { ...state, waiting: event.n, stalled: event.stalled };
    case "note":
      return { ...state, note: event.words };
  }
}

/** The item on the card stays until it is answered; only what comes behind it changes. */
function withQueue(state: LabelerState, incoming: Ask[]): LabelerState {
  const open = incoming.filter((ask) => !state.acted.has(ask.key));
  // What the kernel sends no more was labelled there: its echo has arrived.
  const here = new Set(incoming.map((ask) => ask.key));
  const acted = new Set([...state.acted].filter((key) => here.has(key)));
  const current = state.current && !state.acted.has(state.current.key) ? state.current : null;
  if (!current) return { ...state, acted, queue: open, current: open[0] ?? null };
  const same = open.find((ask) => ask.key === current.key);
  const kept = same ?? current;
  return { ...state, acted, queue: [kept, ...open.filter((ask) => ask.key !== kept.key)], current: kept };
}

function acted(state: LabelerState, keys: string[], n: number): LabelerState {
  const gone = new Set([...state.acted, ...keys]);
  const queue = state.queue.filter((ask) => !gone.has(ask.key));
  return {
    ...state,
    acted: gone,
    queue,
    current: queue[0] ?? null,
    chosen: null,
    undo: true,
    redo: false,
    n_labels: Math.min(state.n_items, state.n_labels + n),
    note: "",
  };
}

/** One short sentence for an empty card. */
export function emptyWords(state: LabelerState): string {
  if (!state.ready) return "Waiting for the kernel";
  if (state.n_items && state.n_left === 0) {
    const skipped = state.n_skipped ? `, ${state.n_skipped} skipped` : "";
    return `Everything is labelled${skipped}`;
  }
  return "Choosing the next item";
}
