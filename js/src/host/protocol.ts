// The twin of src/hitl_widgets/widgets/messages.py; a test compares the two.

export const PROTOCOL = 1;

export type Selection = "suggested" | "audit" | "clicked" | "lasso" | "rectangle" | "cluster";

// -- browser -> kernel

export type HelloMessage = { type: "hello"; id: string; view: string };
export type ByeMessage = { type: "bye"; id: string; view: string };
export type ShowMessage = {
  type: "show";
  id: string;
  view: string;
  rows: number[];
  small?: boolean;
  most?: number;
};
/** A part of an item, of at most so many bytes. */
export type MoreMessage = {
  type: "more";
  id: string;
  view: string;
  row: number;
  ask: Record<string, string | number | boolean>;
  most: number;
};
/** Rows of a selection are one string: see codecs.ts. */
export type SampleMessage = { type: "sample"; id: string; view: string; rows: string };
/** The items that this annotator skipped are wanted again. */
export type SkippedMessage = { type: "skipped"; id: string; view: string };
/** The items of one of the annotator's acts. */
export type OpenMessage = { type: "open"; id: string; view: string; act: string };
export type GroupsMessage = { type: "groups"; id: string; view: string; scale: number };
/** Colour the map in one of the ways of `ways`. */
export type ShadeMessage = { type: "shade"; id: string; view: string; by: string };
export type RetryMessage = { type: "retry"; id: string; view: string };
export type VegaMessage = { type: "vega"; id: string; view: string };
/** Of acts, `pool` is the table that they are about: the kernel takes them for no other. `late_ms`: made so long ago. */
export type LabelMessage = {
  type: "label";
  id: string;
  pool?: string;
  late_ms?: number;
  /** The answer in words. */
  value: string;
  selection: Selection;
  /** What the kind of question takes, in ids of classes: their names may be others' when this arrives. */
  answer?: Record<string, unknown>;
  /** What pages of earlier versions have kept: the id of the one class. */
  of?: string;
  key?: string;
  rows?: string;
  elapsed_ms?: number;
};
export type SkipMessage = { type: "skip"; id: string; pool?: string; late_ms?: number; key: string };
/** Keep or drop the label of an item that has changed since, or of all such items. */
export type SettleMessage = {
  type: "settle";
  id: string;
  pool?: string;
  late_ms?: number;
  keep: boolean;
  key?: string;
};
export type UndoMessage = { type: "undo"; id: string; pool?: string; late_ms?: number };
export type RedoMessage = { type: "redo"; id: string; pool?: string; late_ms?: number };
export type JumpMessage = { type: "jump"; id: string; pool?: string; late_ms?: number; act: string };
export type RestoreMessage = { type: "restore"; id: string; pool?: string; late_ms?: number; acts: string[] };
export type ChangeMessage = {
  type: "change";
  id: string;
  pool?: string;
  late_ms?: number;
  change: "add" | "rename" | "merge" | "split" | "retire" | "restore" | "reorder" | "edit" | "ask";
  of?: string[];
  classes?: NewClass[];
  name?: string;
  question?: string;
  set?: ClassEdit;
};
export type StepMessage = {
  type: "step";
  id: string;
  view: string;
  strategy: string;
  seed: number;
  index: number;
};
export type PlayMessage = {
  type: "play";
  id: string;
  view: string;
  strategy: string;
  seed: number;
  picks: number[];
};

/** What writes to the log: kept in the outbox until the kernel has acknowledged it. */
export type Act =
  | LabelMessage
  | SkipMessage
  | SettleMessage
  | UndoMessage
  | RedoMessage
  | JumpMessage
  | RestoreMessage
  | ChangeMessage;
export type NewClass = Pick<LabelClass, "name"> & Partial<Pick<LabelClass, "guidance" | "key" | "color">>;
export type ClassEdit = Partial<Pick<LabelClass, "guidance" | "example" | "key" | "color">>;
export type Question =
  | HelloMessage
  | ByeMessage
  | ShowMessage
  | MoreMessage
  | SampleMessage
  | SkippedMessage
  | OpenMessage
  | GroupsMessage
  | ShadeMessage
  | RetryMessage
  | VegaMessage
  | StepMessage
  | PlayMessage;

// -- kernel -> browser

/** What the acts of a session are meant for: the session, its table, the place of its store, and who acts (all opaque); and names for people. */
export type About = {
  session: string;
  pool: string;
  place: string;
  who: string;
  store: string;
  task: string;
};

/** Its place in the list is its code; the id outlives a rename; retired ones come last and cannot be chosen. */
export type LabelClass = PlainClass & { id: string; retired: boolean };
export type PlainClass = { name: string; guidance: string; example: string; key: string; color: string };
/** `asks`: what kind of question it is. The map is told how it is coloured as well. */
export type ClassesMessage = {
  type: "classes";
  classes: LabelClass[];
  question: string;
  asks: string;
  lost: Lost[];
} & Partial<Colouring>;
/** The ways to colour a map, which of them is used, and the shades of that. */
export type Colouring = {
  ways: { by: string; words: string }[];
  by: string;
  legend: { name: string; color: string }[];
};
/** A class with labels that the cell no longer names, and the new ones that it may be called now. */
export type Lost = { name: string; to: string[] };
/** `codes`: the classes; `words`: what else is to be said of it. */
export type Guess = { codes: number[]; confidence: number; words: string };
export type Ask = {
  row: number;
  key: string;
  reason: string;
  audit: boolean;
  /** Neither the model's guess nor anybody's label is told before it is answered. */
  blind?: boolean;
  guess: Guess | null;
  /** Whether the item says something else now than when it was labelled. */
  changed?: boolean;
};
export type Stage = { words: string; fraction: number | null } | null;
/** What an item shows; each kind of item knows what else there is: see items/. */
export type Content = { kind: string } & Record<string, unknown>;
/** Of one that is asked blind, label and guess are left out. */
export type Member = {
  row: number;
  key: string;
  /** The classes of its label; null where it has none. */
  codes: number[] | null;
  guess: Guess | null;
  blind?: boolean;
  changed?: boolean;
};

/**
 * An item that was asked lately and is labelled by now: by this annotator, here or elsewhere, or by another, whose answer is
 * not told (null).
 */
export type Known = { key: string; codes: number[] | null; mine: boolean };

export type Progress = {
  n_items: number;
  n_labels: number;
  n_events: number;
  n_left: number;
  n_skipped: number;
  undo: boolean;
  redo: boolean;
  behind: number;
  stage: Stage;
  error: string;
  /** One of these may be on a card. */
  known: Known[];
};

export type LabelerWelcome = Progress & {
  type: "welcome";
  to: string;
  about: About;
  classes: LabelClass[];
  question: string;
  asks: string;
  lost: Lost[];
  kind: string;
  queue: Ask[];
};
export type QueueMessage = Progress & { type: "queue"; queue: Ask[] };
export type SkippedItems = { type: "skipped"; to: string; queue: Ask[] };
export type StateMessage = Progress & { type: "state" };
/** The buffers are the media of all items, in order; `media` has the type of each. */
export type ItemsMessage = {
  type: "items";
  to: string;
  items: { row: number; content: Content; media: string[] }[];
  /** Rows that were asked for and did not fit. */
  left?: number[];
  /** How long the kernel worked on the answer so far. */
  took_ms?: number;
};
/** The buffers are the part's bytes; `took_ms` is how long the kernel needed. */
export type PartMessage = { type: "part"; to: string; id: string; content: Content; took_ms: number };
export type Sample = {
  type: "sample";
  to: string;
  id: string;
  n: number;
  n_labelled: number;
  random: Member[];
  odd: Member[];
  mix: { code: number; n: number }[];
};

export type ExplorerWelcome = Colouring & {
  type: "welcome";
  to: string;
  about: About;
  classes: LabelClass[];
  asks: string;
  n_items: number;
  kind: string;
  engine: "altair" | "canvas" | "webgl" | "raster";
  /** For the Altair engine. */
  chart: Record<string, unknown> | null;
  stage: Stage;
  /** What failed in the background, and is not made again by itself. */
  trouble: string;
};
/** Buffers: places (float32, x and y of each item), groups (uint16), outlines (float32). */
export type MapMessage = {
  type: "map";
  to: string | null;
  method: string;
  /** False for a frame of a map that is still moving: its groups have no names and no outlines. */
  settled: boolean;
  /** Of the groups: below 1 finer, above 1 coarser. */
  scale: number;
  names: string[];
  corners: number[];
};
/** Buffers: rows (uint32, nothing where `full`), and of each row the shades of label and guess (255 for none) and doubt (uint8). */
export type MarksMessage = {
  type: "marks";
  to: string | null;
  number: number;
  full: boolean;
  rings: number[];
  behind: number;
};
/** The `n` rows that an act was about, in one string: see codecs.ts. `missing` of its items are not in this table. */
export type ActItems = { rows: string; n: number; how: Selection; missing: number };
export type OpenedMessage = ActItems & { type: "opened"; to: string; act: string };
export type StageMessage = { type: "stage"; stage: Stage; trouble: string };

export type Estimate = { value: number | null; low: number | null; high: number | null; n: number };
export type HistoryEntry = {
  id: string;
  kind: "label" | "skip" | "schema";
  n: number;
  value: string | null;
  /** Of a label: the classes that it means now, null where one of them is no more. */
  codes: number[] | null;
  selection: string | null;
  time: string;
  /** Undone acts come back by redo; those left behind, which is undone before the annotator acted anew, by a restore. */
  state: "holds" | "undone" | "left behind" | "brought back";
  /** How many acts and labels a jump there undoes, or brings back. */
  way: [number, number] | null;
  /** Older than the last acts, and listed because it is left behind. */
  apart: boolean;
};
export type Person = { annotator: string; labels: number; here: boolean };
export type MonitorState = {
  n_items: number;
  n_labels: number;
  n_audited: number;
  audit_share: number;
  balance: number[];
  /** Labels that name no class. */
  n_none: number;
  /** What the estimate is, and its ends. */
  measure: { name: string; worst: number; best: number };
  /** Labels of others that are left out of the balance, for the items are asked of this person too. */
  n_hidden: number;
  estimate: Estimate;
  curve: { n: number; value: number; low: number; high: number }[];
  behind: number;
  model: string;
  explanation: string;
  strategy: string;
  stage: string;
  /** Why the last act is not saved, if it is not; how many acts were written to an older copy again. */
  store: { name: string; where: string; unsaved: string; restored: number };
  task: string;
  annotator: string;
  closed: boolean;
  error: string;
  undo: boolean;
  redo: boolean;
  /** What does not fit between the store and the table. */
  notices: string[];
  /** Labelled items that say something else now. */
  n_changed: number;
  /** Everybody who labelled this task, where that is more than one. */
  people: Person[];
  history: HistoryEntry[];
};
export type MonitorWelcome = MonitorState & {
  type: "welcome";
  to: string;
  about: About;
  classes: LabelClass[];
  chart: Record<string, unknown>;
};

/** Buffers: points (float32, x and y in the unit square from the top left), truth (uint8). */
export type LessonWelcome = {
  type: "welcome";
  to: string;
  classes: PlainClass[];
  learner: string;
  strategies: string[];
  strategy: string;
  seed: number;
  budget: number;
  n_start: number;
  cells: number;
  n: number;
};
/**
 * A moment of a run. Buffers: cells (class, then lead over the second), points (class, then probability), and where `heat` is true utilities of
 * cells and of points; all uint8.
 */
export type Moment = {
  labelled: number[];
  accuracy: number;
  query: number | null;
  why: string;
  heat: boolean;
};
export type MomentMessage = Moment & {
  type: "moment";
  to: string;
  strategy: string;
  seed: number;
  index: number;
  last: number;
  curve: number[];
};
/** Buffers: the student's moment, then the machine's. */
export type GameMessage = {
  type: "game";
  to: string;
  strategy: string;
  seed: number;
  picks: number[];
  you: Moment;
  machine: Moment;
  yours: number[];
  theirs: number[];
};
export type TroubleMessage = { type: "trouble"; to: string; words: string };

/** What holds once an act is on disk. */
export type Counts = { n_labels: number; n_events: number; undo: boolean; redo: boolean };

export type Reply =
  | ({
      type: "ack";
      id: string;
      /** The item that an undo gives back to the card, or the selection that it gives back to the map. */
      back?: Ask | null;
      chosen?: ActItems | null;
      gone?: string | null;
      note?: string | null;
    } & Counts)
  | { type: "refused"; id: string; why: string }
  /** `stuck`: the store takes nothing now, so that what comes after this act waits for it. */
  | { type: "failed"; id: string; why: string; stuck?: boolean };

// -- what the browser keeps

/**
 * An act that no kernel has acknowledged, with what it was meant for. `why` is what the kernel said that refused it: it
 * is sent again only if the person says so.
 */
export type Entry = {
  key: string;
  order: string;
  at: number;
  act: Act;
  about: About | null;
  why?: string;
  /** The store did not take it yet: later acts wait, since an undo means the act before it. */
  stuck?: boolean;
};

/** Acts that are not sent by themselves, together: of one store and table, and for one reason. */
export type Held = { reason: "refused" | "table" | "store"; entries: Entry[] };
