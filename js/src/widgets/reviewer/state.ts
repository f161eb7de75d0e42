import type { Case, LabelClass, ReviewerWelcome, ReviewState } from "../../host/protocol";
import { count } from "../../ui/dom";

export type ReviewerState = ReviewState & {
  welcomed: boolean;
  classes: LabelClass[];
  question: string;
  /** The kind of question, and its settings. */
  asks: string;
  settings: Readonly<Record<string, unknown>>;
  composed: boolean;
  /** Whether people's names may be shown. */
  names: boolean;
  /** The dispute on the card. It stays until it is decided or put off. */
  current: Case | null;
  /**
   * Keys that were decided here, each with the number of log events from which on the kernel knows it (infinite until
   * it is acknowledged).
   */
  decided: ReadonlyMap<string, number>;
  /** Unacknowledged decisions, by the id of the act. */
  flying: ReadonlyMap<string, string>;
  /** Rows that were put off, in order. */
  later: readonly number[];
  /** The key of an item that an undo shows again, once it is in the queue. */
  back: string;
  note: string;
  /** What was done last. */
  done: string;
};

export type ReviewerEvent =
  | { type: "welcome"; welcome: ReviewerWelcome }
  | { type: "state"; state: ReviewState }
  | { type: "classes"; classes: LabelClass[]; question: string; settings: Readonly<Record<string, unknown>> }
  | { type: "decided"; id: string; key: string; words: string }
  /** An act was saved, or refused (without the number of events). */
  | { type: "landed"; id: string; n_events?: number; undo?: boolean; redo?: boolean; back?: string }
  | { type: "later" }
  | { type: "note"; words: string };

export const initial: ReviewerState = {
  type: "state",
  welcomed: false,
  classes: [],
  question: "",
  asks: "choice",
  settings: {},
  composed: false,
  names: true,
  queue: [],
  n_left: 0,
  n_decided: 0,
  n_shared: 0,
  n_people: 0,
  n_events: 0,
  ready: false,
  why: "",
  undo: false,
  redo: false,
  closed: false,
  current: null,
  decided: new Map(),
  flying: new Map(),
  later: [],
  back: "",
  note: "",
  done: "",
} as ReviewerState;

export function reduce(state: ReviewerState, event: ReviewerEvent): ReviewerState {
  switch (event.type) {
    case "welcome": {
      const { classes, question, asks, settings, composed, names } = event.welcome;
      const asked = { classes, question, asks, settings, composed, names, welcomed: true };
      return told({ ...state, ...asked }, event.welcome);
    }
    case "state":
      return told(state, event.state);
    case "classes":
      return { ...state, classes: event.classes, question: event.question, settings: event.settings };
    case "decided":
      return next({
        ...state,
        decided: new Map([...state.decided, [event.key, Number.POSITIVE_INFINITY]]),
        flying: new Map([...state.flying, [event.id, event.key]]),
        n_left: Math.max(0, state.n_left - 1),
        n_decided: state.n_decided + 1,
        note: "",
        done: event.words,
        undo: true,
      });
    case "landed":
      return landed(state, event);
    case "later": {
      const { current } = state;
      if (!current) return state;
      const later = [...state.later.filter((row) => row !== current.row), current.row];
      return next({ ...state, later, note: "", done: "Put off: it comes again at the end" });
    }
    case "note":
      return { ...state, note: event.words };
  }
}

/** The news of the kernel. The card stays, with the answers as they are now. */
function told(state: ReviewerState, news: ReviewState): ReviewerState {
  const { queue, n_left, n_decided, n_shared, n_people, n_events, ready, why, undo, redo, closed } = news;
  const decided = new Map([...state.decided].filter(([, known]) => known > n_events));
  // News may overtake the acknowledgement of a decision, and be late after it.
  const ahead = queue.filter(({ key }) => decided.has(key)).length;
  const made = {
    ...state,
    ...{ queue, n_shared, n_people, n_events, ready, why, redo, closed, decided },
    undo: undo || state.flying.size > 0,
    n_left: Math.max(0, n_left - ahead),
    n_decided: n_decided + ahead,
  };
  const { current } = state;
  const again = queue.find(({ key }) => key === state.back) ?? queue.find(({ key }) => key === current?.key);
  const back = again?.key === state.back ? "" : state.back;
  if (again) return { ...made, current: same(again, current) ? current : again, back };
  return next(made);
}

const same = (a: Case, b: Case | null): boolean => JSON.stringify(a) === JSON.stringify(b);

/** Goes to the first dispute that is neither decided nor put off, or else to the first one that was put off. */
function next(state: ReviewerState): ReviewerState {
  const open = state.queue.filter(({ key }) => !state.decided.has(key));
  const fresh = open.find(({ row }) => !state.later.includes(row));
  const put = [...open].sort((a, b) => state.later.indexOf(a.row) - state.later.indexOf(b.row));
  return { ...state, current: fresh ?? put[0] ?? null };
}

function landed(state: ReviewerState, event: ReviewerEvent & { type: "landed" }): ReviewerState {
  const { id, n_events, back } = event;
  const key = state.flying.get(id);
  const flying = new Map([...state.flying].filter(([other]) => other !== id));
  const decided = new Map(state.decided);
  if (key !== undefined && n_events === undefined) decided.delete(key);
  else if (key !== undefined && n_events !== undefined) decided.set(key, n_events);
  const made = { ...state, flying, decided };
  if (event.undo !== undefined) made.undo = event.undo || flying.size > 0;
  if (event.redo !== undefined) made.redo = event.redo;
  if (back) {
    made.decided.delete(back);
    made.back = back;
    const again = state.queue.find((one) => one.key === back);
    if (again) return { ...made, current: again, back: "" };
  }
  if (key === undefined || n_events !== undefined) return made;
  return next({ ...made, n_left: state.n_left + 1, n_decided: state.n_decided - 1 });
}

/** What the card says where there is no dispute. */
export function emptyWords(state: ReviewerState): string {
  const { closed, why, n_people, n_shared, n_decided, n_left } = state;
  if (closed) return "The session is closed: run the cell again.";
  if (isLooking(state)) return "Looking for disputes";
  if (n_left) return "Loading the next dispute";
  if (why) return failedWords(state);
  if (n_decided) return `All disputes are decided: ${count(n_decided, "decision")} so far.`;
  if (n_people < 2)
    return "Nothing to review yet: only one person has labelled. Disputes appear here as soon as others answer the same items (overlap=0.1).";
  if (!n_shared)
    return "Nothing to review yet: no item has answers of two people. Pass overlap=0.1 to the session, so that a tenth of the items is asked of several.";
  return `No disputes: the annotators agree on ${count(n_shared, "item")} with several answers.`;
}

const isLooking = ({ welcomed, ready, why }: ReviewerState): boolean => !welcomed || !(ready || why);

/** Whether the empty card waits for something, rather than being the end. */
export const isWaiting = (state: ReviewerState): boolean =>
  !state.closed && (isLooking(state) || state.n_left > 0);

/** Why the last search for disputes failed; empty if it did not. */
export const failedWords = ({ why }: ReviewerState): string =>
  why && `The search for disputes failed, and is repeated after the next label: ${why}`;

/** How the disputes stand. */
export function progressWords({ n_left, n_decided, ready }: ReviewerState): string {
  if (!ready) return "";
  const left = n_left ? `${count(n_left, "dispute")} left` : "";
  return [left, n_decided ? `${n_decided.toLocaleString("en")} decided` : ""].filter(Boolean).join(", ");
}
