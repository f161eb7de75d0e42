// Written by `make protocol` from the messages in src/hitl_widgets/widgets: change them there.

export const PROTOCOL = 1;

// -- All widgets

/** How items were chosen. */
export type Selection = "audit" | "clicked" | "cluster" | "lasso" | "rectangle" | "search" | "suggested";

/** What an item shows. Each kind of item knows what else it holds: see items/. */
export type Content = { kind: string } & Record<string, unknown>;

/** A view is here and wants the whole state. */
export type Hello = { type: "hello"; id: string; view: string };

/** A view was taken off its page. */
export type Bye = { type: "bye"; id: string; view: string };

/** The message cannot be used, now or later. */
export type Refused = { type: "refused"; id: string; why: string };

/** It could not be done now. `stuck`: the store takes nothing, so later acts wait for this one. */
export type Failed = { type: "failed"; id: string; why: string; stuck?: boolean };

// -- All views of a session

/** A view wants the content of some items, as many as `most` bytes hold; small ones for a hover. */
export type Show = { type: "show"; id: string; view: string; rows: number[]; small?: boolean; most?: number };

/** A view wants a part of an item, of at most `most` bytes; the kind knows what can be asked. */
export type More = {
  type: "more";
  id: string;
  view: string;
  row: number;
  ask: Record<string, string | number | boolean>;
  most: number;
};

/** What failed in the background is to be done again. */
export type Retry = { type: "retry"; id: string; view: string };

/** The page has no Vega yet. */
export type Vega = { type: "vega"; id: string; view: string };

/**
 * Label one item by its key, or a selection by rows of the pool with this fingerprint. `answer` is what the
 * kind of question takes, in ids of classes, so that it does not depend on what they are called when this
 * arrives; `value` is the same in words. `of`, the id of the one class, is what pages of earlier versions
 * have kept.
 */
export type Label = {
  type: "label";
  id: string;
  pool?: string;
  late_ms?: number;
  value: string;
  selection: Selection;
  answer?: Record<string, unknown>;
  of?: string;
  key?: string;
  rows?: string;
  elapsed_ms?: number;
};

/** Leave an item unanswered. */
export type Skip = { type: "skip"; id: string; pool?: string; late_ms?: number; key: string };

/** Keep or drop the label of an item that has changed since, or of all such items. */
export type Settle = {
  type: "settle";
  id: string;
  pool?: string;
  late_ms?: number;
  keep: boolean;
  key?: string;
};

/** Take back the annotator's last act. */
export type Undo = { type: "undo"; id: string; pool?: string; late_ms?: number };

/** Bring back what the last undo took. */
export type Redo = { type: "redo"; id: string; pool?: string; late_ms?: number };

/** Go to the moment after one of the annotator's acts. */
export type Jump = { type: "jump"; id: string; pool?: string; late_ms?: number; act: string };

/** Bring back acts of the annotator that were undone and left behind, in this order. */
export type Restore = { type: "restore"; id: string; pool?: string; late_ms?: number; acts: string[] };

/** A class to be made. */
export type NewClass = { name: string; guidance?: string; key?: string; color?: string };

/** What is to change about a class. */
export type ClassEdit = { guidance?: string; example?: string; key?: string; color?: string };

/** Change the classes: see questions/vocabulary.py. */
export type Change = {
  type: "change";
  id: string;
  pool?: string;
  late_ms?: number;
  change: "add" | "ask" | "edit" | "merge" | "rename" | "reorder" | "restore" | "retire" | "split";
  of?: string[];
  classes?: NewClass[];
  name?: string;
  question?: string;
  set?: ClassEdit;
};

/**
 * What the acts of a session are meant for. `session`, `pool` (its table), `place` (of its store) and `who`
 * (acts) are opaque; `store` and `task` are names for people.
 */
export type About = {
  session: string;
  pool: string;
  place: string;
  who: string;
  store: string;
  task: string;
};

/** A class as people know it. */
export type PlainClass = { name: string; guidance: string; example: string; key: string; color: string };

/**
 * A class of the question. Its place in the list is its code; the id outlives a rename; retired ones come
 * last and cannot be chosen.
 */
export type LabelClass = PlainClass & { id: string; retired: boolean };

/** A class with labels that the cell no longer names, and the new ones that it may be called now. */
export type Lost = { name: string; to: string[] };

/** What the model thinks: the classes by code, and what else is to be said of it in words. */
export type Guess = { codes: number[]; confidence: number; words: string };

/**
 * An item to label, and why. `blind`: neither the model's guess nor anybody's label is told before it is
 * answered. `changed`: the item says something else now than when it was labelled.
 */
export type Ask = {
  row: number;
  key: string;
  reason: string;
  audit: boolean;
  blind: boolean;
  guess: Guess | null;
  changed?: boolean;
};

/** What is done in the background, and how far it is where that is known. */
export type Stage = { words: string; fraction: number | null };

/** The question, its kind (`asks`), and its classes by code. */
export type Asked = { classes: LabelClass[]; question: string; asks: string; lost: Lost[] };

/** The question or its classes changed. */
export type ClassesMessage = Asked & { type: "classes" };

/** What an item shows, and the types of its media. */
export type ShownItem = { row: number; content: Content; media: string[] };

/**
 * Items that were asked for. Buffers: the media of all of them, in order. `left` are rows that did not fit;
 * `took_ms` is how long the kernel has worked on the answer so far.
 */
export type ItemsMessage = { type: "items"; to: string; items: ShownItem[]; left: number[]; took_ms: number };

/** A part of an item. Buffers: its bytes. `took_ms` is how long the kernel needed. */
export type PartMessage = { type: "part"; to: string; id: string; content: Content; took_ms: number };

/** Buffers: the code of Vega. */
export type VegaMessage = { type: "vega"; to: string };

/**
 * The `n` rows that an act was about, as one string (see codecs.ts). `missing` of its items are not in this
 * table.
 */
export type ActItems = { rows: string; n: number; how: Selection; missing: number };

/**
 * The act is saved, and what holds now. `back` is the item that an undo gives back to the card, `chosen` the
 * selection that it gives back to the map; `gone` is the key of the item that a redo takes.
 */
export type Ack = {
  type: "ack";
  id: string;
  back: Ask | null;
  chosen: ActItems | null;
  gone: string | null;
  note: string | null;
  undo: boolean;
  redo: boolean;
  n_labels: number;
  n_events: number;
};

// -- Explorer

/** The map is to show finer (below 1) or coarser groups. */
export type Groups = { type: "groups"; id: string; view: string; scale: number };

/** The map is to be coloured in one of the ways that the question knows. */
export type Shade = { type: "shade"; id: string; view: string; by: string };

/** What was typed into the find field. */
export type Find = { type: "find"; id: string; view: string; query: string };

/** Items in an order: `rows` of them, all where that is empty; `down` puts the largest first. */
export type List = { type: "list"; id: string; view: string; rows?: string; by?: string; down?: boolean };

/** Some lines of the list that a view asked for last, by its number. */
export type Window = { type: "window"; id: string; view: string; number: number; start: number; n: number };

/** A way to colour the map, and its name for people. */
export type Way = { by: string; words: string };

/** A shade of the map. */
export type LegendEntry = { name: string; color: string };

/** The question, the ways to colour its map, which of them is used, and the shades of that. */
export type Coloured = Asked & { ways: Way[]; by: string; legend: LegendEntry[] };

/** The question, its classes or the colours changed. */
export type ColouredClasses = Coloured & { type: "classes" };

/**
 * What a new Explorer needs before the map and the marks. `chart` is for the Altair engine; `trouble` is what
 * failed in the background and is not tried again by itself.
 */
export type ExplorerWelcome = Coloured & {
  type: "welcome";
  to: string;
  about: About;
  n_items: number;
  kind: string;
  engine: "altair" | "canvas" | "raster" | "webgl";
  chart: Record<string, unknown> | null;
  stage: Stage | null;
  trouble: string;
};

/**
 * The map. Buffers: places (float32, x and y of each item), groups (uint16), outlines (float32). `settled` is
 * false for a frame of a map that still moves: its groups have no names and no outlines. `scale` is that of
 * the groups; `corners` is how many each outline has.
 */
export type MapMessage = {
  type: "map";
  to: string | null;
  method: string;
  settled: boolean;
  scale: number;
  names: string[];
  corners: number[];
};

/**
 * How items are drawn. Buffers: rows (uint32, nothing where `full`), and of each row the shades of label and
 * guess (255 for none) and the doubt (uint8). `rings` are the rows to ask next.
 */
export type MarksMessage = {
  type: "marks";
  to: string | null;
  number: number;
  full: boolean;
  rings: number[];
  behind: number;
};

/** What is done in the background, or failed. */
export type StageMessage = { type: "stage"; stage: Stage | null; trouble: string };

/** A condition of a query as it was typed, and how many items meet it. */
export type Part = { typed: string; n: number };

/** The items that a query found, as one string of rows; `why` says what is wrong with it. */
export type FoundMessage = {
  type: "found";
  to: string;
  query: string;
  rows: string;
  parts: Part[];
  why: string;
};

/**
 * A list is there: how many lines it has, what it can be ordered by, and the columns beside the items. `why`
 * says what is wrong with the order that was asked for.
 */
export type ListMessage = {
  type: "list";
  to: string;
  number: number;
  n: number;
  by: string;
  down: boolean;
  orders: string[];
  columns: string[];
  why: string;
};

/** Lines of a list from `start` on. Buffer: their rows (uint32). `cells`: the columns beside each. */
export type WindowMessage = { type: "window"; to: string; number: number; start: number; cells: string[][] };

// -- Labeler

/** A view wants to look into a selection before it is labelled. */
export type Sample = { type: "sample"; id: string; view: string; rows: string };

/** A view wants the items that this annotator skipped again. */
export type Skipped = { type: "skipped"; id: string; view: string };

/**
 * An item that was asked lately and is labelled by now. By this annotator (`mine`), here or elsewhere, or by
 * another, whose answer is not told.
 */
export type Known = { key: string; codes: number[] | null; mine: boolean };

/** How far the labeling is. One of `known` may be on a card. */
export type Progress = {
  n_items: number;
  n_labels: number;
  n_events: number;
  n_left: number;
  n_skipped: number;
  undo: boolean;
  redo: boolean;
  behind: number;
  stage: Stage | null;
  known: Known[];
  error: string;
};

/** Everything that a new Labeler needs. */
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

/** What to ask next, the first first. */
export type QueueMessage = Progress & { type: "queue"; queue: Ask[] };

/** The state changed, and what to ask did not. */
export type StateMessage = Progress & { type: "state" };

/** The items that this annotator skipped. */
export type SkippedItems = { type: "skipped"; to: string; queue: Ask[] };

/**
 * An item of a selection, the classes of its label and what the model thinks. Of one that is asked blind,
 * label and guess are left out.
 */
export type Member = {
  row: number;
  key: string;
  codes: number[] | null;
  guess: Guess | null;
  blind: boolean;
  changed: boolean;
};

/** How many items the model thinks are of a class. */
export type ClassCount = { code: number; n: number };

/** What is in a selection: some items at random, the odd ones, and the mix of classes. */
export type SampleMessage = {
  type: "sample";
  to: string;
  id: string;
  n: number;
  n_labelled: number;
  random: Member[];
  odd: Member[];
  mix: ClassCount[];
};

// -- Lesson

/** A view wants the moment after `index` questions of a strategy, from the cold start of a seed. */
export type Step = { type: "step"; id: string; view: string; strategy: string; seed: number; index: number };

/** A student chose these points, in this order; the strategy plays against them. */
export type Play = {
  type: "play";
  id: string;
  view: string;
  strategy: string;
  seed: number;
  picks: number[];
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
 * A moment of a run. Buffers: cells (class, then lead over the second), points (class, then probability), and
 * where `heat` is true the utilities of cells and of points; all uint8.
 */
export type Moment = {
  labelled: number[];
  accuracy: number;
  query: number | null;
  why: string;
  heat: boolean;
};

/** A moment of the strategy's run, and its accuracy up to there: see `Moment`. */
export type MomentMessage = {
  type: "moment";
  to: string;
  strategy: string;
  seed: number;
  index: number;
  last: number;
  curve: number[];
  labelled: number[];
  accuracy: number;
  query: number | null;
  why: string;
  heat: boolean;
};

/** You against the machine. Buffers: the student's moment, then the machine's. */
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

/** A strategy or a learner failed. */
export type TroubleMessage = { type: "trouble"; to: string; words: string };

// -- Monitor

/** A view wants the items of one of the annotator's acts. */
export type Open = { type: "open"; id: string; view: string; act: string };

/** What the estimate is, and its ends. */
export type Measure = { name: string; worst: number; best: number };

/** An estimate from `n` audited labels, with its 95 % interval. */
export type Estimate = { value: number | null; low: number | null; high: number | null; n: number };

/** The estimate after `n` labels. */
export type CurvePoint = { n: number; value: number | null; low: number | null; high: number | null };

/** The store, why the last act is not saved, and how many acts were written to an older copy again. */
export type StoreState = { name: string; where: string; unsaved: string; restored: number };

/** Somebody who labelled this task. */
export type Person = { annotator: string; labels: number; here: boolean };

/**
 * An act of the annotator. `codes` are the classes that a label means now, none where one of them is no more.
 * Undone acts come back by a redo; those left behind, undone before the annotator acted anew, by a restore.
 * `way` is how many acts and labels a jump there undoes or brings back. `apart`: it is older than the last
 * acts, and listed because it is left behind.
 */
export type HistoryEntry = {
  id: string;
  kind: "label" | "schema" | "skip";
  n: number;
  value: string | null;
  codes: number[] | null;
  selection: string | null;
  time: string;
  state: "brought back" | "holds" | "left behind" | "undone";
  way: [number, number] | null;
  apart: boolean;
};

/**
 * The state of a session. `n_none` labels name no class. `n_hidden` labels of others are left out of the
 * balance, for their items are asked of this person too. `notices` say what does not fit between the store
 * and the table; `n_changed` labelled items say something else now. `people` is everybody who labelled, where
 * that is more than one.
 */
export type MonitorState = {
  n_items: number;
  n_labels: number;
  n_audited: number;
  audit_share: number;
  balance: number[];
  n_none: number;
  n_hidden: number;
  measure: Measure;
  estimate: Estimate;
  curve: CurvePoint[];
  behind: number;
  model: string;
  explanation: string;
  strategy: string;
  stage: string;
  store: StoreState;
  task: string;
  annotator: string;
  closed: boolean;
  error: string;
  undo: boolean;
  redo: boolean;
  notices: string[];
  n_changed: number;
  people: Person[];
  history: HistoryEntry[];
};

/** Everything that a new Monitor needs; `chart` is that of the learning curve. */
export type MonitorWelcome = MonitorState & {
  type: "welcome";
  to: string;
  about: About;
  classes: LabelClass[];
  question: string;
  asks: string;
  lost: Lost[];
  chart: Record<string, unknown>;
};

/** The state changed. */
export type MonitorUpdate = MonitorState & { type: "state" };

/** The items of an act: see `ActItems`. */
export type OpenedMessage = {
  type: "opened";
  to: string;
  act: string;
  rows: string;
  n: number;
  how: Selection;
  missing: number;
};

// -- All of a sort

/**
 * What writes to the log. It is kept until the kernel has acknowledged it. `pool` is the fingerprint of the
 * table that it is about: it is done on no other. `late_ms` is how long ago it was made, where it is sent
 * again.
 */
export type Act = Label | Skip | Settle | Undo | Redo | Jump | Restore | Change;

/** What a view asks for. It is not kept: a view that gets no answer may ask again. */
export type Request =
  | Hello
  | Bye
  | Show
  | More
  | Retry
  | Vega
  | Groups
  | Shade
  | Find
  | List
  | Window
  | Sample
  | Skipped
  | Step
  | Play
  | Open;

/** What became of the message with this id. */
export type Reply = Refused | Failed | Ack;
