import type {
  Ack,
  Ask,
  Doubtful,
  GuidanceMessage,
  Known,
  LabelClass,
  LabelerWelcome,
  Lost,
  Progress,
  SampleMessage,
  Selection,
} from "../../host/protocol";
import { minus, type Rows } from "../../plot/rows";
import { type Codes, namesOf } from "../../questions/registry";
import { count } from "../../ui/dom";

export type Chosen = {
  rows: Rows;
  how: Selection;
  /** Set if the history or an undo restored the selection, or if it is one member of another. */
  from?: "history" | "undo" | "member";
  /** The search that found all of the rows. */
  query?: string;
  /** Rows that are left out of the act. */
  out: Rows;
  /** The selection that this one is a part of. */
  wider?: Chosen;
  /** The unusual rows as they were first listed: the order stays while others are left out. */
  first?: readonly number[];
  /** The member that was open before. */
  at?: number;
  /** The kernel's summary of the rows that are not left out. */
  sample: SampleMessage | null;
};

const sampled = (chosen: Chosen, sample: SampleMessage): Chosen => ({
  ...chosen,
  sample,
  first: chosen.first ?? sample.odd,
});

const keptRows = new WeakMap<Chosen, Rows>();

/** The rows that an act applies to. */
export function kept(chosen: Chosen): Rows {
  const { rows, out } = chosen;
  if (!out.length) return rows;
  const found = keptRows.get(chosen) ?? minus(rows, out);
  keptRows.set(chosen, found);
  return found;
}

export type Turn = "undo" | "redo";
type Mode = LabelerWelcome["mode"];

/** The state after an act was saved. */
type Counts = Pick<Ack, "n_labels" | "n_events" | "undo" | "redo">;

export type LabelerState = Progress & {
  ready: boolean;
  classes: LabelClass[];
  question: string;
  /** The kind of question, and its settings. */
  asks: string;
  settings: Readonly<Record<string, unknown>>;
  /** Whether answers are more than their classes, and whether several items can get the same answer. */
  composed: boolean;
  bulk: boolean;
  /** Whether there are suggested answers, and what the user does with them. */
  suggests: boolean;
  mode: Mode;
  /** The kind of the items. */
  kind: string;
  /** The classes chosen so far for the current item, if an answer can have several. */
  draft: Codes;
  /** Whether the user has changed the draft, which otherwise gives way to a suggestion. */
  edited: boolean;
  /** A class of the draft has changed: the classes must be chosen again before answering. */
  unsure: boolean;
  lost: readonly Lost[];
  queue: Ask[];
  /** Items of earlier queues, used while those of the newest queue are not loaded yet. */
  spare: readonly Ask[];
  /** Skipped items that are shown again, before the queue. */
  again: readonly Ask[];
  current: Ask | null;
  chosen: Chosen | null;
  /** Whether the next class makes a rule of what is selected, instead of labels. */
  ruling: boolean;
  /**
   * Keys that were acted on here, each with the number of log events from which on the kernel knows the act (infinite
   * until it is acknowledged). Older queues may still contain them.
   */
  acted: ReadonlyMap<string, number>;
  /** Unacknowledged acts by id, in order: the number of labels that each adds, and its keys. */
  flying: ReadonlyMap<string, { kind: "act" | Turn; n: number; keys: string[] }>;
  /** Keys of the items that undo showed again, in order; redo removes them again. */
  returned: readonly string[];
  /** Keys of the items whose answers were begun before the page was loaded. */
  begun: readonly string[];
  waiting: number;
  stalled: boolean;
  note: string;
  /** What would have been suggested for the item that was answered last, or what was done beside the answers. */
  beside: string;
  /** Recent answers that did not count, and the reason for the last one. */
  missed: { n: number; why: string };
};

export type LabelerEvent =
  | {
      type: "welcome";
      progress: Progress;
      classes: LabelClass[];
      question: string;
      asks: string;
      settings: Readonly<Record<string, unknown>>;
      composed: boolean;
      bulk: boolean;
      suggests: boolean;
      mode: Mode;
      kind: string;
      lost: Lost[];
      queue: Ask[];
    }
  | {
      type: "classes";
      classes: LabelClass[];
      question: string;
      settings: Readonly<Record<string, unknown>>;
      lost: Lost[];
    }
  | { type: "draft"; codes: Codes }
  | { type: "queue"; progress: Progress; queue: Ask[] }
  | { type: "progress"; progress: Progress }
  /** An item is left as it is; for good, if it is not to be asked again. */
  | { type: "passed"; key: string; forGood?: boolean }
  /** An answer did not count; without a reason, earlier ones are forgotten. */
  | { type: "missed"; why: string }
  | { type: "again"; asks: Ask[] }
  /** Answers to these items were begun before the page was loaded. */
  | { type: "begun"; asks: Ask[] }
  | { type: "acted"; id: string; keys: string[]; n: number }
  | { type: "landed"; id: string; counts?: Counts; gone?: string | null; beside?: string | null }
  | { type: "turned"; id: string; kind: Turn }
  | { type: "back"; ask: Ask }
  | { type: "chosen"; chosen: Chosen | null }
  | { type: "ruling"; on: boolean }
  | { type: "exclude"; out: Rows }
  | { type: "sample"; sample: SampleMessage }
  /** Something was done beside the answers. */
  | { type: "beside"; words: string }
  | { type: "waiting"; n: number; stalled: boolean }
  | { type: "note"; words: string };

export const initial: LabelerState = {
  ready: false,
  classes: [],
  question: "",
  asks: "choice",
  settings: {},
  composed: false,
  bulk: true,
  suggests: false,
  mode: "annotate",
  kind: "",
  draft: [],
  edited: false,
  unsure: false,
  lost: [],
  queue: [],
  spare: [],
  again: [],
  current: null,
  known: [],
  chosen: null,
  ruling: false,
  acted: new Map(),
  flying: new Map(),
  begun: [],
  returned: [],
  n_events: 0,
  waiting: 0,
  stalled: false,
  note: "",
  beside: "",
  missed: { n: 0, why: "" },
  n_items: 0,
  n_labels: 0,
  n_left: 0,
  n_skipped: 0,
  left_out: "",
  undo: false,
  redo: false,
  behind: 0,
  stage: null,
  suggestions: 0,
  error: "",
  withdrawn: "",
  n_machine: 0,
};

/** The subject of the draft. A new subject starts with its current label, or with nothing. */
const subjectOf = (state: LabelerState): unknown => onCard(state)?.key ?? state.chosen?.rows ?? null;

export function reduce(state: LabelerState, event: LabelerEvent): LabelerState {
  const next = reduced(state, event);
  if (subjectOf(next) === subjectOf(state)) return next;
  const held = next.chosen?.sample?.only?.codes ?? meanwhile(next)?.codes ?? [];
  return {
    ...next,
    draft: next.chosen && next.chosen.rows.length > 1 ? [] : held,
    edited: false,
    unsure: false,
  };
}

function reduced(state: LabelerState, event: LabelerEvent): LabelerState {
  switch (event.type) {
    case "welcome": {
      const { classes, question, asks, settings, composed, bulk, suggests, mode, kind, lost } = event;
      const asked = { classes, question, asks, settings, composed, bulk, suggests, mode, kind, lost };
      const fresh = { ...state, ...event.progress, ready: true, ...asked };
      return withQueue(fresh, event.queue, event.progress.n_events);
    }
    case "classes":
      // Guesses in earlier queues refer to the previous classes.
      return {
        ...state,
        classes: event.classes,
        question: event.question,
        settings: event.settings,
        lost: event.lost,
        spare: [],
        ...moved(state.draft, state.classes, event.classes),
      };
    case "draft":
      return {
        ...state,
        draft: event.codes,
        edited: true,
        unsure: false,
        note: state.unsure ? "" : state.note,
      };
    case "queue":
      return withQueue({ ...state, ...newer(state, event.progress) }, event.queue, event.progress.n_events);
    case "progress":
      return { ...state, ...newer(state, event.progress) };
    case "passed":
      return without(
        event.forGood
          ? { ...state, acted: new Map(state.acted).set(event.key, Number.POSITIVE_INFINITY) }
          : state,
        event.key,
      );
    case "missed":
      return { ...state, missed: event.why ? { n: state.missed.n + 1, why: event.why } : initial.missed };
    case "again":
      return lookAgain(state, event.asks);
    case "begun": {
      const queue = joined(event.asks, state.queue).filter((ask) => !state.acted.has(ask.key));
      return { ...state, queue, current: queue[0] ?? null, begun: event.asks.map(({ key }) => key) };
    }
    case "acted":
      return acted(state, event.id, event.keys, event.n);
    case "landed": {
      const flying = new Map(state.flying);
      const acted = new Map(state.acted);
      for (const key of flying.get(event.id)?.keys ?? []) {
        if (event.counts) acted.set(key, event.counts.n_events);
        else acted.delete(key);
      }
      flying.delete(event.id);
      if (event.gone && event.counts) acted.set(event.gone, event.counts.n_events);
      const counts = event.counts && event.counts.n_events >= state.n_events ? event.counts : {};
      const beside = event.beside ?? state.beside;
      return without({ ...state, flying, acted, beside, ...counts }, event.gone);
    }
    case "turned":
      return turned(state, event.id, event.kind);
    case "back":
      return back(state, event.ask);
    case "chosen":
      return { ...state, chosen: event.chosen, ruling: false, note: "" };
    case "ruling":
      return { ...state, ruling: event.on && canRule(state), note: "" };
    case "exclude":
      return state.chosen ? { ...state, chosen: { ...state.chosen, out: event.out } } : state;
    case "sample":
      return state.chosen ? { ...state, chosen: sampled(state.chosen, event.sample) } : state;
    case "beside":
      return { ...state, beside: event.words, note: "" };
    case "waiting":
      return { ...state, waiting: event.n, stalled: event.stalled };
    case "note":
      return { ...state, note: event.words };
  }
}

/** Converts the draft to the codes of other classes; if one is missing, the classes must be chosen again. */
function moved(
  draft: Codes,
  before: readonly LabelClass[],
  after: readonly LabelClass[],
): Partial<LabelerState> {
  const ids = draft.map((code) => before[code]?.id);
  const codes = [...after.keys()].filter((code) => ids.includes(after[code].id) && !after[code].retired);
  if (codes.length === draft.length) return { draft: codes };
  return { draft: [], unsure: true, note: "The classes have changed: choose those of this item again." };
}

/** The current item stays until it is answered; only what follows it changes. */
function withQueue(state: LabelerState, incoming: Ask[], n_events: number): LabelerState {
  const acted = new Map([...state.acted].filter(([, since]) => since > n_events));
  const open = joined(state.again, incoming).filter((ask) => !acted.has(ask.key));
  const current = state.current && !acted.has(state.current.key) ? state.current : null;
  const kept = open.find((ask) => ask.key === current?.key) ?? current;
  const queue = kept ? joined([kept], open) : open;
  const answered = new Set([...acted.keys(), ...state.known.map(({ key }) => key)]);
  const spare = joined(queue, state.queue, state.spare)
    .slice(queue.length)
    .filter((ask) => !answered.has(ask.key))
    .slice(0, SPARE);
  return { ...state, acted, queue, spare, current: queue[0] ?? null };
}

const SPARE = 20;

/** Concatenates lists without duplicates. */
function joined(...lists: (readonly Ask[])[]): Ask[] {
  const found = new Map<string, Ask>();
  for (const ask of lists.flat()) if (!found.has(ask.key)) found.set(ask.key, ask);
  return [...found.values()];
}

/**
 * If the next item is not loaded yet, uses one that is: a new queue may contain other items than the last one, and a
 * user who labels ten a second gets there before they are loaded. Items that the user requested are not replaced.
 */
export function atHand(state: LabelerState, here: (row: number) => boolean): LabelerState {
  const { current, queue, spare, returned, begun, again, known } = state;
  if (current && (here(current.row) || [...returned, ...begun].includes(current.key))) return state;
  if (again.some((ask) => ask.key === current?.key)) return state;
  const answered = new Set(known.map(({ key }) => key));
  const next = [...queue, ...spare].find((ask) => here(ask.row) && !answered.has(ask.key));
  if (!next) return state;
  const rest = spare.filter((ask) => ask !== next);
  return { ...state, queue: joined([next], queue), spare: rest, current: next };
}

/** Puts the skipped items before the queue; without any, returns to the queue. */
function lookAgain(state: LabelerState, asks: readonly Ask[]): LabelerState {
  const open = asks.filter((ask) => !state.acted.has(ask.key));
  const before = new Set(state.again.map((ask) => ask.key));
  const others = state.queue.filter((ask) => !before.has(ask.key));
  const queue = joined(open, others);
  return { ...state, again: open, queue, current: queue[0] ?? null, chosen: null };
}

/** What shows what the classes mean, and the versions of that. */
export type Guidance = Pick<GuidanceMessage, "precedents" | "guidelines" | "waiting">;

export const NO_GUIDANCE: Guidance = { precedents: [], guidelines: [], waiting: [] };

/** Whether there is something to read about a class. */
export const isGuided = (c: LabelClass, code: number, { precedents }: Guidance): boolean =>
  !c.retired && Boolean(c.guidance || c.example || precedents.some(({ codes }) => codes.includes(code)));

/** Ignores counts that the kernel sent before it received our newest act. */
function newer(state: LabelerState, progress: Progress): Partial<Progress> {
  if (progress.n_events >= state.n_events) return progress;
  const { stage, error, behind, suggestions, withdrawn } = progress;
  return { stage, error, behind, suggestions, withdrawn };
}

/** Whether there will be something to undo and to redo after the unacknowledged acts. */
export function turnable(state: LabelerState): Record<Turn, boolean> {
  let { undo, redo } = state;
  for (const { kind } of state.flying.values()) {
    if (kind === "act") redo = false;
    if (kind === "undo") redo = true;
    else undo = true;
  }
  return { undo, redo };
}

/** A redone item is removed from the card immediately, so that the next key does not apply to it. */
function turned(state: LabelerState, id: string, kind: Turn): LabelerState {
  const flying = new Map(state.flying).set(id, { kind, n: 0, keys: [] });
  if (kind === "undo") return { ...state, flying, beside: "" };
  const last = state.returned.at(-1);
  const onCard = state.current?.key === last ? last : null;
  return { ...without(state, onCard), flying, returned: state.returned.slice(0, -1) };
}

/** Shows an undone item again; after the current one if a pending redo may remove it. */
function back(state: LabelerState, ask: Ask): LabelerState {
  const acted = new Map(state.acted);
  acted.delete(ask.key);
  const others = state.queue.filter((one) => one.key !== ask.key);
  const redone = [...state.flying.values()].some((act) => act.kind === "redo");
  if (redone && state.current && others[0]?.key === state.current.key)
    return { ...state, acted, queue: [others[0], ask, ...others.slice(1)] };
  const returned = [...state.returned, ask.key];
  const again = ask.doubtful ? joined([ask], state.again) : state.again;
  return { ...state, acted, again, queue: [ask, ...others], current: ask, chosen: null, returned };
}

function without(state: LabelerState, key: string | null | undefined): LabelerState {
  if (!key || !joined(state.queue, state.spare, state.again).some((ask) => ask.key === key)) return state;
  const left = (asks: readonly Ask[]): Ask[] => asks.filter((ask) => ask.key !== key);
  const queue = left(state.queue);
  const current = state.current?.key === key ? (queue[0] ?? null) : state.current;
  return { ...state, queue, current, spare: left(state.spare), again: left(state.again) };
}

/** The number of labels, including unacknowledged ones. */
export function labelsGiven(state: LabelerState): number {
  let n = state.n_labels;
  for (const act of state.flying.values()) n += act.n;
  return Math.min(n, state.n_items);
}

function acted(state: LabelerState, id: string, keys: string[], n: number): LabelerState {
  const gone = new Map(state.acted);
  for (const key of keys) gone.set(key, Number.POSITIVE_INFINITY);
  const open = (asks: readonly Ask[]): Ask[] => asks.filter((ask) => !gone.has(ask.key));
  const queue = open(state.queue);
  return {
    ...state,
    acted: gone,
    queue,
    spare: open(state.spare),
    again: open(state.again),
    current: queue[0] ?? null,
    chosen: null,
    ruling: false,
    returned: [],
    flying: new Map(state.flying).set(id, { kind: "act", n, keys }),
    note: "",
    beside: "",
  };
}

/** Whether an undo or redo is pending; then only its result is shown, not that of an earlier one. */
export const turning = (state: LabelerState): boolean =>
  [...state.flying.values()].some(({ kind }) => kind !== "act");

/** The card shows a single selected point, or otherwise the question. */
export function onCard(state: LabelerState): Ask | null {
  const { chosen } = state;
  if (!chosen) return state.current;
  const member = chosen.rows.length === 1 ? chosen.sample?.only : null;
  if (!member) return null;
  const from = {
    history: "From the history",
    undo: "Undone",
    member: "One of the selection",
    hand: "Selected",
  }[chosen.from ?? "hand"];
  // The two of a pair have other names on the card, which shows the label.
  const label = state.asks === "pair" ? "" : member.said || namesOf(member.codes ?? [], state.classes);
  const held = member.codes ? `labelled ${label}`.trim() : "not labelled yet";
  return {
    ...member,
    reason: `${from}, ${member.blind ? "asked without a hint" : held}`,
    selection: "clicked",
  };
}

/**
 * The classes chosen so far, given the suggested ones: where suggestions are corrected, the answer starts with them.
 */
export const draftOf = (state: LabelerState, idea: Codes | null): Codes =>
  state.mode === "correct" && idea && !state.edited && !state.draft.length ? idea : state.draft;

/** Whether what is selected can become a rule: several items, and one class for each. */
export const canRule = ({ chosen, asks }: LabelerState): boolean =>
  asks === "choice" && chosen !== null && chosen.rows.length > 1 && chosen.from !== "history";

/** Whether what is shown has a label that can be removed. */
export function clearable(state: LabelerState): boolean {
  const { chosen } = state;
  if (!chosen) return doubtful(state)?.by === "" || meanwhile(state)?.mine === true;
  if (!chosen.sample) return false;
  return chosen.rows.length > 1 ? chosen.sample.n_labelled > 0 : chosen.sample.only?.codes != null;
}

/** The label that the current item got elsewhere while it was shown here. */
export function meanwhile(state: LabelerState): Known | null {
  const key = state.chosen ? null : state.current?.key;
  return state.known.find((item) => item.key === key) ?? null;
}

/** The label on the card that is to be kept or corrected; null if there is none. */
export function doubtful(state: LabelerState): Doubtful | null {
  return (state.chosen ? null : state.current?.doubtful) ?? null;
}

/** Whether the card shows a skipped item or a doubtful label again. */
export function isAgain(state: LabelerState): boolean {
  const key = state.chosen ? null : state.current?.key;
  return state.again.some((ask) => ask.key === key);
}

/** The note for users who label faster than items load. */
export function missedWords({ missed: { n, why } }: LabelerState): string {
  return n ? `${count(n, "answer")} did not count: ${why}.` : "";
}

/** Whether nothing is left to ask. */
export const isDone = (state: LabelerState): boolean =>
  state.ready && state.n_items > 0 && state.n_left === 0;

/** A short text for an empty card. */
export function emptyWords(state: LabelerState): string {
  if (!state.ready) return "Waiting for the kernel";
  if (isDone(state)) {
    const { n_items, n_skipped, n_machine } = state;
    const by = n_machine ? `, ${count(n_machine, "item")} by machine` : "";
    if (!n_skipped) return `Everything is labelled${by}`;
    if (n_skipped === n_items) return "Every item was skipped";
    return `Nothing is left to ask: ${(n_items - n_skipped).toLocaleString("en")} labelled${by}, ${state.left_out}`;
  }
  if (state.error) return "No item could be selected";
  return "Selecting the next item";
}
