// Written by `make protocol` from the messages in src/hitl_widgets/widgets: change them there.

export const PROTOCOL = 1;

// -- All widgets

/** How items were chosen. */
export type Selection =
  | "audit"
  | "clicked"
  | "cluster"
  | "lasso"
  | "rectangle"
  | "review"
  | "search"
  | "spot"
  | "suggested";

/** The content of an item. Its other fields depend on the kind of item: see items/. */
export type Content = { kind: string } & Record<string, unknown>;

/** A new view requests the whole state. */
export type Hello = { type: "hello"; id: string; view: string };

/** A view was removed from its page. */
export type Bye = { type: "bye"; id: string; view: string };

/** The message is invalid, and sending it again will not help. `taken`: unless with `replace`. */
export type Refused = { type: "refused"; id: string; why: string; taken: boolean };

/** The message could not be handled now. `stuck`: the store is not writable, so later acts must wait. */
export type Failed = { type: "failed"; id: string; why: string; stuck?: boolean };

// -- All views of a session

/**
 * Request the content of items, up to `most` bytes; `small` for the preview on hover. A preview comes with
 * the value of `column`, if there is such a column.
 */
export type Show = {
  type: "show";
  id: string;
  view: string;
  rows: number[];
  small?: boolean;
  column?: string;
  most?: number;
};

/** Request a part of an item, at most `most` bytes; `ask` depends on the kind of item. */
export type More = {
  type: "more";
  id: string;
  view: string;
  row: number;
  ask: Record<string, string | number | boolean>;
  most: number;
};

/** Try failed background work again. */
export type Retry = { type: "retry"; id: string; view: string };

/**
 * Request a module that the page does not have yet. It is `vega`, `teach`, `compose-` and a kind of question,
 * or `view-` and a kind of item.
 */
export type Module = { type: "module"; id: string; view: string; name: string };

/**
 * Label one item by its key, or a selection by rows of the pool with this fingerprint. `answer` is the answer
 * with class ids, so that it does not depend on the names of the classes when it arrives; `value` is the same
 * as text. `of`, the id of a single class, comes only from pages of earlier versions.
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

/** Remove the label of one item, or those of a selection; the fields are those of `Label`. */
export type Clear = {
  type: "clear";
  id: string;
  pool?: string;
  late_ms?: number;
  selection: Selection;
  key?: string;
  rows?: string;
};

/** Leave an item unanswered; `why`: nobody may know, or the item cannot be answered. */
export type Skip = {
  type: "skip";
  id: string;
  pool?: string;
  late_ms?: number;
  key: string;
  why?: "bad" | "rejected" | "unknown";
};

/** Write a note on an item, or remove it. */
export type Note = {
  type: "note";
  id: string;
  pool?: string;
  late_ms?: number;
  key: string;
  text: string | null;
};

/**
 * Decide as a reviewer what the answer of an item is, in the form of the log. `gold`: annotators are asked
 * the item unseen.
 */
export type Decide = {
  type: "decide";
  id: string;
  pool?: string;
  late_ms?: number;
  key: string;
  answer: Record<string, unknown>;
  because: string;
  gold: boolean;
};

/** Keep an edited item with its class `of`: its text, or the cells of a table row that are changed. */
export type Edit = {
  type: "edit";
  id: string;
  pool?: string;
  late_ms?: number;
  key: string;
  of: string;
  text?: string;
  cells?: Record<string, string>;
};

/** Display the hidden personal data of an item, which is logged. */
export type Reveal = { type: "reveal"; id: string; pool?: string; late_ms?: number; key: string };

/** Keep the label of an item that was looked at again. */
export type Keep = { type: "keep"; id: string; pool?: string; late_ms?: number; key: string };

/** Keep or drop the label of a changed item, or of all changed items. */
export type Settle = {
  type: "settle";
  id: string;
  pool?: string;
  late_ms?: number;
  keep: boolean;
  key?: string;
};

/** Undo the annotator's last act. */
export type Undo = { type: "undo"; id: string; pool?: string; late_ms?: number };

/** Redo what was last undone. */
export type Redo = { type: "redo"; id: string; pool?: string; late_ms?: number };

/** Go to the state after one of the annotator's acts. */
export type Jump = { type: "jump"; id: string; pool?: string; late_ms?: number; act: string };

/** Restore acts of the annotator that were undone and left behind, in this order. */
export type Restore = { type: "restore"; id: string; pool?: string; late_ms?: number; acts: string[] };

/** A class to be created. */
export type NewClass = { name: string; guidance?: string; key?: string; color?: string };

/** Changes to a class. */
export type ClassEdit = { guidance?: string; example?: string; key?: string; color?: string };

/** Change the classes: see questions/vocabulary.py. */
export type Change = {
  type: "change";
  id: string;
  pool?: string;
  late_ms?: number;
  change: "add" | "ask" | "edit" | "keys" | "merge" | "rename" | "reorder" | "restore" | "retire" | "split";
  of?: string[];
  classes?: NewClass[];
  name?: string;
  question?: string;
  set?: ClassEdit;
};

/**
 * Keep a query under a name, or remove the name if the query is null. A name that keeps another query is
 * refused without `replace`.
 */
export type Slice = {
  type: "slice";
  id: string;
  pool?: string;
  late_ms?: number;
  name: string;
  query: string | null;
  replace?: boolean;
};

/** Keep an item as an example of a class, or as a counter-example; `counter` null removes it. */
export type Guide = {
  type: "guide";
  id: string;
  pool?: string;
  late_ms?: number;
  key: string;
  of: string;
  counter: boolean | null;
  because: string;
};

/** Queue the labels again that the changed guidance of a class may touch. */
export type Requeue = { type: "requeue"; id: string; pool?: string; late_ms?: number; of: string };

/** Keep a rule: what a query finds is of a class, or else these rows of the pool with this fingerprint. */
export type KeepRule = {
  type: "rule";
  id: string;
  pool?: string;
  late_ms?: number;
  of: string;
  query: string;
  rows: string;
};

/** Stop using a rule, or use it again (`back`). */
export type RetireRule = {
  type: "retire_rule";
  id: string;
  pool?: string;
  late_ms?: number;
  name: string;
  back: boolean;
};

/** Remove a rule. */
export type RemoveRule = { type: "remove_rule"; id: string; pool?: string; late_ms?: number; name: string };

/** Hand over to the model what was proposed. */
export type HandOver = { type: "hand_over"; id: string; pool?: string; late_ms?: number; proposal: string };

/** Never propose something again. */
export type Dismiss = { type: "dismiss"; id: string; pool?: string; late_ms?: number; name: string };

/** End the use of machine labels. */
export type TakeBack = { type: "take_back"; id: string; pool?: string; late_ms?: number; act: string };

/**
 * Strike a word or column out of what the model reads, or bring it back. With a word, the column is the one
 * that contains it, if there are several.
 */
export type Strike = {
  type: "strike";
  id: string;
  pool?: string;
  late_ms?: number;
  word: string | null;
  column: string | null;
  on: boolean;
};

/**
 * What the acts of a session refer to. `session`, `pool` (its table), `place` (of its store) and `who` (its
 * annotator) are opaque; `store` and `task` are names to display.
 */
export type About = {
  session: string;
  pool: string;
  place: string;
  who: string;
  store: string;
  task: string;
};

/** The visible properties of a class. */
export type PlainClass = { name: string; guidance: string; example: string; key: string; color: string };

/**
 * A class of the question. Its position in the list is its code. The id does not change when the class is
 * renamed. Retired classes come last and cannot be chosen.
 */
export type LabelClass = PlainClass & { id: string; retired: boolean };

/** A class with labels that is missing from the cell, and the new classes that may be its new name. */
export type Lost = { name: string; to: string[] };

/**
 * The model's prediction: the classes by code, and additional text. `shares` are the most likely classes with
 * their probabilities, if only one can apply.
 */
export type Guess = { codes: number[]; confidence: number; words: string; shares: [number, number][] };

/** A label to look at again: its classes, and who gave it, empty if it was this annotator. */
export type Doubtful = { codes: number[]; by: string };

/**
 * An item to label, and the reason. `selection`: how it was chosen, which its answer is recorded with.
 * `blind`: the model's guess and others' labels are hidden until it is answered. `changed`: the content of
 * the item has changed since it was labelled. `note` is the annotator's own. `doubtful`: it has a label, to
 * keep or to correct. `decided` is what a reviewer decided, and why. `again`: the annotator has labelled it
 * before.
 */
export type Ask = {
  row: number;
  key: string;
  reason: string;
  selection: Selection;
  blind: boolean;
  guess: Guess | null;
  note: string;
  changed?: boolean;
  decided?: string;
  doubtful?: Doubtful;
  again?: boolean;
};

/** The current background work, and its progress if known. */
export type Stage = { words: string; fraction: number | null };

/**
 * The question, its kind (`asks`) with its settings, and its classes by code. `composed`: an answer is more
 * than its classes. `bulk`: several items can get the same answer. `suggests`: there are suggested answers,
 * or there will be once the model has learned enough. `mode`: what annotators do with them.
 */
export type Asked = {
  classes: LabelClass[];
  question: string;
  asks: string;
  settings: Record<string, unknown>;
  composed: boolean;
  bulk: boolean;
  suggests: boolean;
  mode: "annotate" | "correct" | "demonstrate" | "verify";
  lost: Lost[];
};

/** The question or its classes have changed. */
export type ClassesMessage = Asked & { type: "classes" };

/** The content of an item, the types of its media, and names and values of its context. */
export type ShownItem = { row: number; content: Content; media: string[]; context: [string, string][] };

/**
 * Requested items. Buffers: the media of all of them, in order. `small` is that of the request. `left` are
 * the rows that did not fit; `took_ms` is the kernel's time for the answer so far.
 */
export type ItemsMessage = {
  type: "items";
  to: string;
  small: boolean;
  items: ShownItem[];
  left: number[];
  took_ms: number;
};

/** A part of an item. Buffers: its bytes. `took_ms` is the time that the kernel needed. */
export type PartMessage = { type: "part"; to: string; id: string; content: Content; took_ms: number };

/** A module. Buffers: its code and its style sheet, which may be empty. */
export type ModuleMessage = { type: "module"; to: string; name: string };

/**
 * The `n` rows of an act, encoded as a string (see codecs.ts). `missing` is the number of its items that are
 * not in this table.
 */
export type ActItems = { rows: string; n: number; how: Selection; missing: number };

/**
 * The act is saved. Contains the new state. `back` is the item that an undo shows again, `chosen` the
 * selection that it restores on the map; `gone` is the key of the item that a redo removes from view. After a
 * demonstration, `beside` says what would have been suggested.
 */
export type Ack = {
  type: "ack";
  id: string;
  back: Ask | null;
  chosen: ActItems | null;
  gone: string | null;
  note: string | null;
  beside: string | null;
  undo: boolean;
  redo: boolean;
  n_labels: number;
  n_events: number;
};

// -- Explorer

/** Show finer (below 1) or coarser groups on the map. */
export type Groups = { type: "groups"; id: string; view: string; scale: number };

/** Colour the map in one of the ways that the question offers. */
export type Shade = { type: "shade"; id: string; view: string; by: string };

/**
 * Request the values of a column, to colour the map by them; answered by `column`. Or those of a lens: how
 * doubtful the labels are.
 */
export type Colour = { type: "colour"; id: string; view: string; column?: string; lens?: "" | "suspects" };

/** Run a query of the find field. */
export type Find = { type: "find"; id: string; view: string; query: string };

/** Find the unlabelled items that are most like this one; answered as a search. */
export type Alike = { type: "alike"; id: string; view: string; row: number };

/**
 * Sort some rows for the list, or all if `rows` is empty; `down` puts the largest first. `by` may also be
 * `found`: the order of the view's latest search, most similar first.
 */
export type List = { type: "list"; id: string; view: string; rows?: string; by?: string; down?: boolean };

/** Request lines of the view's latest list, identified by its number. */
export type Window = { type: "window"; id: string; view: string; number: number; start: number; n: number };

/** A way to colour the map, and its display name. */
export type Way = { by: string; words: string };

/** A colour of the map and its meaning. */
export type LegendEntry = { name: string; color: string };

/** The question, the ways to colour its map, the one in use, and its legend. */
export type Coloured = Asked & { ways: Way[]; by: string; legend: LegendEntry[] };

/** The question, its classes or the colours have changed. */
export type ColouredClasses = Coloured & { type: "classes" };

/**
 * The state that a new Explorer needs before the map and the marks. `columns` can colour the map; `colour` is
 * what colours it at first: `label`, `prediction`, `doubt`, `group`, or `column:NAME`. `chart` is for the
 * Altair engine; `trouble` describes failures of background work that are not retried automatically.
 */
export type ExplorerWelcome = Coloured & {
  type: "welcome";
  to: string;
  about: About;
  n_items: number;
  kind: string;
  columns: string[];
  colour: string;
  engine: "altair" | "canvas" | "raster" | "webgl";
  chart: Record<string, unknown> | null;
  stage: Stage | null;
  trouble: string;
};

/**
 * The map. Buffers: positions (float32, x and y of each item), groups (uint16), outlines (float32). `settled`
 * is false for a frame of a map that is still moving: its groups have no names or outlines. `scale` is the
 * scale of the groups; `corners` is the number of corners of each outline.
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
 * How items are drawn. Buffers: rows (uint32, empty if `full`), and for each row the shades of label and
 * guess (255 for none) and the uncertainty (uint8). `rings` are the rows to ask next.
 */
export type MarksMessage = {
  type: "marks";
  to: string | null;
  number: number;
  full: boolean;
  rings: number[];
  behind: number;
};

/** A value of a scale as text, and its position from 0 to 1. */
export type Tick = { at: number; text: string };

/**
 * The values of a column or a lens as shades. Buffer: the shade of each item (uint8), 255 for none. `scale`
 * has the ticks of numbers and times, whose shades are 0 to 254, from low to high; null for categories, whose
 * shades are those of `legend`. `note` describes the scale. `why` is the error if there is no such column.
 */
export type ColumnMessage = {
  type: "column";
  to: string;
  column: string;
  lens: string;
  scale: Tick[] | null;
  legend: LegendEntry[];
  note: string;
  why: string;
};

/** The current background work, or its failure. */
export type StageMessage = { type: "stage"; stage: Stage | null; trouble: string };

/** The source of a condition, and the number of items that meet it. */
export type Part = { typed: string; n: number };

/**
 * The result of a query, as encoded rows; `why` is the error if the query is invalid. `ranked`: the query
 * asks for items like another, so the list starts with the most similar.
 */
export type FoundMessage = {
  type: "found";
  to: string;
  query: string;
  rows: string;
  ranked: boolean;
  parts: Part[];
  why: string;
};

/**
 * A new list: its number of lines, the possible orders, and the columns next to the items. `why` is the error
 * if the requested order is unknown.
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

/** Lines of a list from `start` on. Buffer: their rows (uint32). `cells`: the columns of each line. */
export type WindowMessage = { type: "window"; to: string; number: number; start: number; cells: string[][] };

// -- Labeler

/** Request a summary of a selection before it is labelled. */
export type Sample = { type: "sample"; id: string; view: string; rows: string };

/** Request what is known of some items of a selection. */
export type Members = { type: "members"; id: string; view: string; rows: number[] };

/** Request the items that this annotator skipped. */
export type Skipped = { type: "skipped"; id: string; view: string };

/** Request the questions of items whose answers were begun before the page was loaded, newest first. */
export type Begun = { type: "begun"; id: string; view: string; keys: string[] };

/** Request the items whose label is doubtful. */
export type Suspected = { type: "suspected"; id: string; view: string };

/** Request the items of one of the annotator's acts in effect; 0 is the last one. */
export type Past = { type: "past"; id: string; view: string; n: number };

/**
 * Request the labels of items, to change them, and the suggested answers. Only if an answer is more than its
 * classes.
 */
export type Answers = { type: "answers"; id: string; view: string; rows: number[] };

/** Request why the model prefers a class to another for an item; by default its guess to the next. */
export type Why = { type: "why"; id: string; view: string; row: number; codes: number[] };

/** Request what tells the items of a selection from all others. */
export type Together = { type: "together"; id: string; view: string; rows: string };

/** Request an item in the form in which it is edited. */
export type Source = { type: "source"; id: string; view: string; row: number };

/** Request the guess for an edited item: its text, or the cells of a table row that are changed. */
export type Try = {
  type: "try";
  id: string;
  view: string;
  row: number;
  text?: string;
  cells?: Record<string, string>;
};

/** Request the smallest change of an item after which another class is guessed. */
export type Flip = { type: "flip"; id: string; view: string; row: number };

/** Request what striking out a word or column would do to the model. */
export type Preview = {
  type: "preview";
  id: string;
  view: string;
  word: string | null;
  column: string | null;
};

/**
 * An item that was asked recently and has been labelled since. Either by this annotator (`mine`), here or
 * elsewhere, or by another one, whose answer is not sent. `said` is the answer as text, if it is more than
 * its classes.
 */
export type Known = { key: string; codes: number[] | null; said: string; mine: boolean };

/**
 * The progress of the labeling. One of `known` may be displayed. `left_out` says how many items this
 * annotator left unanswered, by reason. `suggestions` is a number that changes when the suggested answers do.
 * `withdrawn` says why machine labels were withdrawn; `n_machine` is the number of those in use.
 */
export type Progress = {
  n_items: number;
  n_labels: number;
  n_events: number;
  n_left: number;
  n_skipped: number;
  left_out: string;
  undo: boolean;
  redo: boolean;
  behind: number;
  stage: Stage | null;
  known: Known[];
  suggestions: number;
  error: string;
  withdrawn: string;
  n_machine: number;
};

/** The whole state for a new Labeler. */
export type LabelerWelcome = Progress & {
  type: "welcome";
  to: string;
  about: About;
  classes: LabelClass[];
  question: string;
  asks: string;
  settings: Record<string, unknown>;
  composed: boolean;
  bulk: boolean;
  suggests: boolean;
  mode: "annotate" | "correct" | "demonstrate" | "verify";
  lost: Lost[];
  kind: string;
  queue: Ask[];
};

/** What to ask next, in order. */
export type QueueMessage = Progress & { type: "queue"; queue: Ask[] };

/** The state has changed, but not what to ask. */
export type StateMessage = Progress & { type: "state" };

/** The items that this annotator skipped. */
export type SkippedItems = { type: "skipped"; to: string; queue: Ask[] };

/** The items whose answers were begun, as far as they are still asked. */
export type BegunItems = { type: "begun"; to: string; queue: Ask[] };

/** The items whose label is doubtful, most doubtful first; `why` there are none. */
export type SuspectItems = { type: "suspects"; to: string; queue: Ask[]; why: string };

/** The items of an act: see `ActItems`; null if there are only `n` acts. */
export type PastMessage = { type: "past"; to: string; n: number; items: ActItems | null };

/**
 * An item of a selection, the classes of its label, and the model's guess. `decided` is what a reviewer
 * decided, and why. `said` is the label as text, if it is more than its classes. For an item that is asked
 * blind, these and the guess are omitted.
 */
export type Member = {
  row: number;
  key: string;
  codes: number[] | null;
  said: string;
  guess: Guess | null;
  blind: boolean;
  changed: boolean;
  note: string;
  decided: string;
};

/** A number of items of a class. */
export type ClassCount = { code: number; n: number };

/**
 * A summary of a selection. `n_labelled` of its items are labelled, `n_others` of these only by others; `had`
 * counts their classes, and `mix` those that the model predicts for all items, most frequent first. `odd` are
 * the rows of unusual items, the most unusual first. `only` is the item of a selection of one.
 */
export type SampleMessage = {
  type: "sample";
  to: string;
  id: string;
  n: number;
  n_labelled: number;
  n_others: number;
  had: ClassCount[];
  mix: ClassCount[];
  odd: number[];
  only: Member | null;
};

/** What is known of some items of a selection. */
export type MembersMessage = { type: "members"; to: string; id: string; members: Member[] };

/**
 * An item that shows what its classes are, or are not (`counter`). It was `kept`, or decided by a reviewer.
 * The item and the reason are text; the reason may be empty.
 */
export type Precedent = {
  row: number;
  codes: number[];
  counter: boolean;
  kept: boolean;
  item: string;
  because: string;
  by: string;
};

/**
 * The last version of the guideline of a class: its number, who made it and when. `n_touched` older labels
 * may have to be looked at again.
 */
export type Guideline = { code: number; version: number; by: string; time: string; n_touched: number };

/**
 * The latest examples and counter-examples, newest first, and the versions of the guidelines. `waiting` are
 * the rows of labels that were queued again. To all views, or to a new one.
 */
export type GuidanceMessage = {
  type: "guidance";
  to: string | null;
  precedents: Precedent[];
  guidelines: Guideline[];
  waiting: number[];
};

/**
 * The label of an item and the suggested answer, in the form of the log, with class ids. Each is null if
 * there is none or it is not shown. `why` says why the suggestion is not an answer.
 */
export type Answer = {
  row: number;
  answer: Record<string, unknown> | null;
  suggested: Record<string, unknown> | null;
  why: string;
};

/** The labels of items. */
export type AnswersMessage = { type: "answers"; to: string; id: string; answers: Answer[] };

/** A part of the text of an item, in characters, and how much it speaks for the guess, -1 to 1. */
export type Place = { start: number; end: number; strength: number };

/** A part of the reasons, and its share of all, negative if it speaks against the guess. */
export type Share = { name: string; share: number };

/** A labelled item nearby: its words, its class, and its share of all labels nearby. */
export type Beside = { row: number; words: string; code: number; share: number };

/** A word or column as it is shown, and what to strike out; neither if personal data is hidden in it. */
export type Spoken = { shown: string; word: string | null; column: string | null };

/**
 * Why the model prefers its guess to the next class; `missing` says why there are no reasons. `words` speak
 * most for the guess, `against` most against it.
 */
export type WhyMessage = {
  type: "why";
  to: string;
  row: number;
  code: number;
  other: number;
  parts: Share[];
  places: Place[];
  words: Spoken[];
  against: Spoken[];
  beside: Beside[];
  missing: string;
};

/**
 * A word or column that is commoner in a selection: in `n` of `of` items, and `rest` of all others. `query`
 * finds the items with it; empty if none can.
 */
export type Mark = { words: string; query: string; n: number; of: number; rest: number; of_rest: number };

/**
 * What tells a selection from all other items, what tells most first. `near` is the share of its edges of the
 * neighbour graph that stay within it, None without a graph, and `chance` that of a random selection.
 * `missing` says why nothing can be told.
 */
export type TogetherMessage = {
  type: "together";
  to: string;
  id: string;
  marks: Mark[];
  near: number | null;
  chance: number;
  missing: string;
};

/**
 * An item to edit: its text, or the columns of a table row with their values. `more` columns are not sent,
 * `labelled` is whether the item has a label, without which the edited one teaches nothing yet, and `missing`
 * says why the item cannot be edited.
 */
export type SourceMessage = {
  type: "source";
  to: string;
  row: number;
  text: string | null;
  cells: [string, string][];
  more: number;
  labelled: boolean;
  missing: string;
};

/** The most likely classes of an edited item, and of the item itself; `missing` says why not. */
export type TriedMessage = {
  type: "tried";
  to: string;
  id: string;
  row: number;
  shares: [number, number][];
  was: [number, number][];
  missing: string;
};

/** A word or a value, and what replaces it; empty for nothing. `column` is that of a table row. */
export type Swap = { column: string; before: string; after: string };

/** The smallest change found: the text, or the changed cells; `missing` says why there is none. */
export type FlipMessage = {
  type: "flip";
  to: string;
  row: number;
  text: string | null;
  cells: Record<string, string>;
  swaps: Swap[];
  missing: string;
};

/**
 * What the model proposes; the name is empty if that is nothing. To all views, or to a new one. `rows` are
 * the items to look at. `classes` are the codes of the two classes to merge.
 */
export type ProposedMessage = {
  type: "proposed";
  to: string | null;
  name: string;
  kind: "" | "class" | "hand_over" | "merge" | "rule";
  text: string;
  rows: string;
  n: number;
  classes: number[];
};

/** What is struck out, or counts more: its name, and the word or column. */
export type Struck = { name: string; word: string | null; column: string | null; more: boolean };

/** All that is struck out or counts more. To all views, or to a new one. */
export type StruckMessage = { type: "struck"; to: string | null; struck: Struck[] };

/**
 * What striking out a word or column would do. It is in `items` of `of` items. `before` and `after` are the
 * `measure` on `n` labels, such as the accuracy, and `low` and `high` the interval of the difference;
 * `audited` is their number among these that were drawn at random, and the measure before and after.
 * `shares`: whether these are shares. `missing` says why there are no figures.
 */
export type EffectMessage = {
  type: "effect";
  to: string;
  word: string | null;
  column: string | null;
  items: number;
  of: number;
  n: number;
  measure: string;
  shares: boolean;
  before: number | null;
  after: number | null;
  low: number | null;
  high: number | null;
  audited: [number, number, number] | null;
  missing: string;
};

// -- Lesson

/** Request the state after `index` questions of a strategy, from the cold start of a seed. */
export type Step = {
  type: "step";
  id: string;
  view: string;
  strategy: string;
  start: string;
  seed: number;
  index: number;
};

/** Request the members of the committee at a step. */
export type Committee = {
  type: "committee";
  id: string;
  view: string;
  strategy: string;
  start: string;
  seed: number;
  index: number;
};

/** Request what the model expects of a label of this point at a step. */
export type Expect = {
  type: "expect";
  id: string;
  view: string;
  strategy: string;
  start: string;
  seed: number;
  index: number;
  row: number;
};

/** Drawn points for a new lesson: x and y in the unit square from the top left, and the class. */
export type Draw = { type: "draw"; id: string; view: string; points: [number, number, number][] };

/** A student has chosen these points, in this order, in a game against the strategy. */
export type Play = {
  type: "play";
  id: string;
  view: string;
  strategy: string;
  start: string;
  seed: number;
  picks: number[];
};

/** A student has chosen these points in an exercise, took some hints, and goes on to the next question. */
export type AttemptMessage = {
  type: "attempt";
  id: string;
  view: string;
  exercise: string;
  strategy: string;
  start: string;
  seed: number;
  picks: number[];
  hints: number;
  next: boolean;
};

/** A way to choose the first labels, and their number. */
export type LessonStart = { name: string; words: string; n: number };

/** What is measured after each label. */
export type LessonMeasure = { name: string; words: string };

/** A task for students. */
export type LessonExercise = { name: string; words: string };

/**
 * Buffers: points, truth (uint8), cost (float32), and places in 3-D (float32, in the unit ball). Points are
 * float32, x and y in the unit square from the top left. The cost is empty if all points cost the same, the
 * places if there are none. `lesson` is the same for the same points and settings. `exercise` is to be
 * opened; "" for none. `recorded`: this is a saved lesson, which has no model. `committees`: the strategies
 * at whose steps a committee can be shown. `compare`: those whose curves are shown from the beginning.
 * `draws`: points can be drawn. Without points there is only that to do.
 */
export type LessonWelcome = {
  type: "welcome";
  to: string;
  lesson: string;
  classes: PlainClass[];
  learner: string;
  strategies: string[];
  strategy: string;
  starts: LessonStart[];
  start: string;
  measures: LessonMeasure[];
  exercises: LessonExercise[];
  exercise: string;
  annotators: string[];
  mistakes: boolean;
  batch: number;
  seed: number;
  budget: number;
  cells: number;
  n: number;
  recorded: boolean;
  committees: string[];
  compare: string[];
  draws: boolean;
};

/**
 * The state of a run. Buffers: cells (class, then lead over the second), points (class, then probability),
 * and if `heat` is true the utilities of cells and of points; all uint8.
 */
export type Moment = {
  labelled: number[];
  said: number[];
  measures: number[];
  queries: number[];
  why: string;
  heat: boolean;
};

/** A run so far: each measure, step by step; what the labels cost; where a rule would have stopped. */
export type RunCurve = { measures: number[][]; spent: number[]; stop: number | null };

/** A state of the strategy's run, and its curve so far: see `Moment`. */
export type MomentMessage = {
  type: "moment";
  to: string;
  strategy: string;
  start: string;
  seed: number;
  index: number;
  last: number;
  curve: RunCurve;
  labelled: number[];
  said: number[];
  measures: number[];
  queries: number[];
  why: string;
  heat: boolean;
};

/** The committee at a step. Buffers: each member's class and lead in `side` x `side` cells. */
export type CommitteeMessage = {
  type: "members";
  to: string;
  strategy: string;
  start: string;
  seed: number;
  index: number;
  side: number;
  words: string;
};

/** What the model expects of a label of a point at a step. */
export type ExpectMessage = {
  type: "expected";
  to: string;
  strategy: string;
  start: string;
  seed: number;
  index: number;
  row: number;
  words: string;
};

/** A game against the strategy. Buffers: those of the student's state, then the machine's. */
export type GameMessage = {
  type: "game";
  to: string;
  strategy: string;
  start: string;
  seed: number;
  picks: number[];
  you: Moment;
  machine: Moment;
  yours: RunCurve;
  theirs: RunCurve;
};

/** A line of a chart: values, and the number of labels of each. */
export type ExerciseLine = { name: string; values: number[]; at: number[] };

/**
 * How an attempt stands. Buffers: those of the student's state, then the machine's if there is one. `ring`
 * and `pick` are the points that the strategy and the student chose.
 */
export type ExerciseMessage = {
  type: "exercise";
  to: string;
  exercise: string;
  strategy: string;
  start: string;
  seed: number;
  picks: number[];
  hints: number;
  next: boolean;
  task: string;
  place: string;
  said: string;
  hint: string;
  more_hints: boolean;
  clickable: boolean;
  going: boolean;
  done: boolean;
  solved: boolean;
  ring: number | null;
  pick: number | null;
  lines: ExerciseLine[];
  you: Moment;
  machine: Moment | null;
};

/** A strategy or learner failed. */
export type TroubleMessage = { type: "trouble"; to: string; words: string };

// -- Monitor

/** Request the items of one of the annotator's acts. */
export type Open = { type: "open"; id: string; view: string; act: string };

/** Request the items labelled from the label with number `first` to that with number `last`. */
export type Span = { type: "span"; id: string; view: string; first: number; last: number };

/**
 * Request a proposal of what to hand over to the model. `error` is the acceptable share of wrong labels;
 * `certainty` that it is not exceeded, null on average.
 */
export type Propose = { type: "propose"; id: string; view: string; error: number; certainty: number | null };

/** Request what is known of the labels and the model; answered by `trust`. */
export type Trust = { type: "trust"; id: string; view: string };

/**
 * Request the items behind a figure of the trust section. `what` is a cell of the confusion matrix (label
 * `a`, predicted `b`), a band of the calibration (number `a`), two annotators (`a` and `b`), hasty labels, or
 * runs of one class.
 */
export type Behind = {
  type: "behind";
  id: string;
  view: string;
  what: "band" | "cell" | "hasty" | "pair" | "runs";
  a?: number;
  b?: number;
};

/** Request the rules; answered by `rules`. */
export type Rules = { type: "rules"; id: string; view: string };

/**
 * Request what a rule would label alone; answered by `votes`. It is the rule of a `name`, or else one that is
 * not kept yet: a query and the class of its items.
 */
export type TryRule = { type: "try_rule"; id: string; view: string; name: string; query: string; of: string };

/** The measure of the estimate, with its worst and best values. */
export type Measure = { name: string; worst: number; best: number };

/** An estimate from `n` audited labels, with its 95 % interval. */
export type Estimate = { value: number | null; low: number | null; high: number | null; n: number };

/** The estimate after `n` labels. */
export type CurvePoint = { n: number; value: number | null; low: number | null; high: number | null };

/** The store, why the last act is not saved, and how many acts were written again to an older copy. */
export type StoreState = { name: string; where: string; unsaved: string; restored: number };

/** An annotator of this task. */
export type Person = { annotator: string; labels: number; here: boolean };

/**
 * A value from `n` observations, its 95 % interval if it is a share, and how it has changed. `lately` is the
 * value of the last observations, `before` that of the earlier ones; null if these are few.
 */
export type Figure = {
  value: number | null;
  n: number;
  low: number | null;
  high: number | null;
  lately: number | null;
  before: number | null;
};

/**
 * What only this annotator sees: pace, agreement with others, answers to known questions, and undos. From
 * their last `limit` acts. Reviewers have decided `reviewed` of the items that they answered, and `upheld` of
 * these as they did. `changed`: a query for the most recent of the others; empty if there are none.
 */
export type Yours = {
  limit: number;
  seconds: Figure;
  agreement: Figure;
  gold: Figure;
  undone: Figure;
  reviewed: number;
  upheld: number;
  changed: string;
};

/**
 * A slice; its numbers are null until they are known. The estimate is that of its unlabelled items. `why`:
 * the reason why its query cannot be run.
 */
export type SliceState = {
  name: string;
  query: string;
  n_items: number | null;
  n_labelled: number | null;
  estimate: Estimate;
  why: string;
};

/**
 * An act of the annotator. `codes` are the classes that a label now stands for, null if one of them no longer
 * exists. Redo restores undone acts, except those left behind, which were undone before the annotator did
 * something else: only restore reaches them. `way` is how many acts and labels a jump to the act undoes or
 * restores. `apart`: the act is older than the last ones, and listed because it is left behind.
 */
export type HistoryEntry = {
  id: string;
  kind: "definition" | "label" | "machine" | "note" | "schema" | "skip" | "slice";
  n: number;
  value: string | null;
  codes: number[] | null;
  selection: string | null;
  time: string;
  state: "brought back" | "holds" | "left behind" | "undone";
  way: [number, number] | null;
  apart: boolean;
};

/** How many answers were given to suggestions, shown or hidden, and how many are the suggested ones. */
export type Verified = { shown: number; shown_same: number; hidden: number; hidden_same: number };

/** The last hand-over to the model: see `Handed` in loop/handing.py. */
export type MachineState = {
  act: string;
  n: number;
  error: number;
  certainty: number | null;
  checked: number;
  wrong: number;
  low: number;
  high: number;
  withdrawn: "asked" | "risen" | null;
};

/** A range of answers: its name and color, and the number of labels. */
export type AnswerRange = { name: string; color: string; n: number };

/**
 * The state of a session. `provisional` is the measure on the labels themselves while nothing is audited, and
 * the points of the curve are the same, without intervals; it is optimistic. `rising`: the curve shows that
 * more labels help. `n_none` is the number of labels without a class; for a question without classes,
 * `shades` counts ranges of answers instead. `n_hidden` labels of others are excluded from the balance,
 * because their items are also asked of this annotator. `notices` describe mismatches of the store and the
 * table; `n_changed` labelled items have changed since. `people` are all annotators, if there is more than
 * one; `yours` is about this one, null before the first label. `consensus` says how many items they answer
 * differently, and how these are decided. `handable`: the model may be given items to label.
 */
export type MonitorState = {
  n_items: number;
  n_labels: number;
  n_audited: number;
  audit_share: number;
  balance: number[];
  n_none: number;
  shades: AnswerRange[];
  verified: Verified | null;
  n_hidden: number;
  measure: Measure;
  estimate: Estimate;
  provisional: number | null;
  curve: CurvePoint[];
  rising: boolean;
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
  yours: Yours | null;
  consensus: string;
  handable: boolean;
  machine: MachineState | null;
  slices: SliceState[];
  history: HistoryEntry[];
};

/** The whole state for a new Monitor; `chart` is the chart of the learning curve. */
export type MonitorWelcome = MonitorState & {
  type: "welcome";
  to: string;
  about: About;
  classes: LabelClass[];
  question: string;
  asks: string;
  settings: Record<string, unknown>;
  composed: boolean;
  bulk: boolean;
  suggests: boolean;
  mode: "annotate" | "correct" | "demonstrate" | "verify";
  lost: Lost[];
  chart: Record<string, unknown>;
};

/** The state has changed. */
export type MonitorUpdate = MonitorState & { type: "state" };

/** The requested items: see `ActItems`. */
export type OpenedMessage = {
  type: "opened";
  to: string;
  rows: string;
  n: number;
  how: Selection;
  missing: number;
};

/**
 * The requested proposal: `n` of `of` items that no person has labelled. `audits` are the audited items that
 * it is calibrated on, and `needed` how many more it needs at the least. `some` are a few of its items, drawn
 * at random. `why`: the reason why there is no proposal.
 */
export type ProposalMessage = {
  type: "proposal";
  to: string;
  id: string;
  error: number;
  certainty: number | null;
  n: number;
  of: number;
  audits: number;
  needed: number;
  some: string;
  why: string;
};

/**
 * How many of the audited items a model predicted correctly that had not seen them. The first interval holds
 * for a number of items that was fixed beforehand, the second at all times.
 */
export type AuditCount = {
  right: number;
  n: number;
  low: number;
  high: number;
  any_low: number;
  any_high: number;
};

/** A class: its number of labels, and the accuracy among the unlabelled items predicted as this class. */
export type ClassTrust = { code: number; n: number; estimate: Estimate };

/** Predictions of similar confidence, their mean confidence, and how many are correct. */
export type Band = { n: number; right: number; confidence: number; low: number; high: number };

/** What `more` labels after the first `n_labels` are expected to add, with the interval. */
export type Projected = { more: number; gain: number; low: number; high: number; n_labels: number };

/** Two annotators by number, and their agreement on the `n` items that both labelled. */
export type Pair = { one: number; two: number; n: number; agree: number; kappa: number | null };

/** Krippendorff's alpha on `n` items with several opinions, with its interval. */
export type Alpha = { n: number; value: number; low: number; high: number };

/**
 * The annotator's own pace. `n` labels one by one, the median time of `n_timed` of them, `n_hasty` far faster
 * than usual, and `n_in_runs` in `n_runs` runs of one class. `again` items were asked twice and `same`
 * answered as before, with the interval of the share.
 */
export type OwnPace = {
  n: number;
  n_timed: number;
  seconds: number | null;
  n_hasty: number;
  n_in_runs: number;
  n_runs: number;
  again: number;
  same: number;
  low: number | null;
  high: number | null;
};

/**
 * What is known of the labels and the model. `why` there is nothing to judge yet. `confusion` counts labels
 * (rows) by the prediction of models that had not seen them. `banded`: the calibration is about audited items
 * only. `advice` is `stop`, `go on` or `unclear`. `n_doubtful` labels are listed to look at, `n_kept` were
 * looked at and kept.
 */
export type TrustMessage = {
  type: "trust";
  to: string;
  why: string;
  measure: Measure;
  estimate: Estimate;
  audit: AuditCount | null;
  classes: ClassTrust[];
  confusion: number[][];
  n_confusion: number;
  bands: Band[];
  banded: boolean;
  projection: Projected | null;
  advice: "go on" | "stop" | "unclear";
  reasons: string[];
  n_doubtful: number;
  n_kept: number;
  people: string[];
  pairs: Pair[];
  alpha: Alpha | null;
  pace: OwnPace;
};

/**
 * What a rule covers, and how good it is on the labels. `n_alone` of its items have no vote of another rule,
 * `n_conflicts` one for another class. It gets `accuracy` of `n_labelled` labels right, with the 95 %
 * interval from `low` to `high`; null without labels.
 */
export type RuleFigures = {
  codes: number[];
  n_items: number;
  n_alone: number;
  n_conflicts: number;
  n_labelled: number;
  accuracy: number | null;
  low: number | null;
  high: number | null;
};

/**
 * A rule: what it goes by (`words`), and who made it. `same_as` is a rule with the same votes, which counts
 * instead. `why` it cannot be used; `bad` is what is wrong with its votes.
 */
export type RuleState = {
  name: string;
  words: string;
  kind: "column" | "function" | "items" | "labels" | "model" | "query";
  by: string;
  retired: boolean;
  same_as: string;
  why: string;
  bad: string;
  figures: RuleFigures;
};

/**
 * The rules in the order of their names' first use, and the part that they have in the model, in words. `why`
 * there can be none for this question; empty if there can.
 */
export type RulesMessage = {
  type: "rules";
  to: string;
  why: string;
  n_items: number;
  trust: string;
  rules: RuleState[];
};

/**
 * What a rule would label alone; `name`, `query` and `of` are those of the request. Buffers: its rows,
 * ascending, and the code of the class of each. `why` it cannot be said; then there are none.
 */
export type VotesMessage = {
  type: "votes";
  to: string;
  name: string;
  query: string;
  of: string;
  why: string;
  figures: RuleFigures | null;
};

// -- Replay

/** Show a run after `step` answers. */
export type Go = { type: "go"; id: string; view: string; contestant: string; repeat: number; step: number };

/** The last question: its row on the map, its text, and the answer; `label` None if there was none. */
export type Question = {
  item: number;
  row: number;
  words: string;
  label: string | null;
  annotator: string;
  audited: boolean;
};

/**
 * A run after `step` of `last` answers, and the metric at its last record, None before the first. `curve` are
 * numbers of labels and values at each record of the run.
 */
export type ReplayMoment = {
  type: "moment";
  contestant: string;
  repeat: number;
  step: number;
  last: number;
  n_labels: number;
  batch: number;
  value: number | null;
  question: Question | null;
  curve: [number, number][];
};

/** What can be chosen, and the metric as text. A :class:`ReplayMoment` follows. */
export type ReplayWelcome = {
  type: "welcome";
  to: string;
  contestants: string[];
  repeats: number[];
  metric: string;
};

// -- Reviewer

/** Request the disputes again, those that the reviewer put off last. */
export type Cases = { type: "cases"; id: string; view: string; later: number[] };

/**
 * An answer in the form of the log, its classes by code, as text, and who gave it. `n` people gave it,
 * `experts` of them are experts of one of its classes. `people` are their names, and `notes` what they wrote
 * on the item; empty if names are not shown at all. `share` is its probability by the consensus, if that is
 * known.
 */
export type Said = {
  answer: Record<string, unknown>;
  codes: number[];
  words: string;
  n: number;
  experts: number;
  people: string[];
  notes: string[];
  share: number | null;
};

/**
 * A dispute: the different answers to an item, the most probable first, and how far they agree, 0-1. `mine`:
 * it is about classes that the reviewer knows best.
 */
export type Case = { row: number; key: string; agree: number; mine: boolean; answers: Said[] };

/**
 * The next disputes, the least certain first; `n_left` in all. `n_decided` items are decided. `n_shared`
 * items have answers of several of the `n_people`. `ready`: the disputes are known. `why` tells why the last
 * search for them failed; empty if it did not.
 */
export type ReviewState = {
  queue: Case[];
  n_left: number;
  n_decided: number;
  n_shared: number;
  n_people: number;
  n_events: number;
  ready: boolean;
  why: string;
  undo: boolean;
  redo: boolean;
  closed: boolean;
};

/** The whole state for a new Reviewer; `names`: whether people's names may be shown. */
export type ReviewerWelcome = ReviewState & {
  type: "welcome";
  to: string;
  about: About;
  classes: LabelClass[];
  question: string;
  asks: string;
  settings: Record<string, unknown>;
  composed: boolean;
  bulk: boolean;
  suggests: boolean;
  mode: "annotate" | "correct" | "demonstrate" | "verify";
  lost: Lost[];
  names: boolean;
};

/** The disputes have changed. */
export type ReviewUpdate = ReviewState & { type: "state" };

// -- Unions

/**
 * A message that writes to the log. The browser keeps it until the kernel has acknowledged it. `pool` is the
 * fingerprint of the table that it refers to; it is refused for any other. `late_ms` is how long ago it was
 * made, if it is sent again.
 */
export type Act =
  | Label
  | Clear
  | Skip
  | Note
  | Decide
  | Edit
  | Reveal
  | Keep
  | Settle
  | Undo
  | Redo
  | Jump
  | Restore
  | Change
  | Slice
  | Guide
  | Requeue
  | KeepRule
  | RetireRule
  | RemoveRule
  | HandOver
  | Dismiss
  | TakeBack
  | Strike;

/** A request of a view. It is not saved: a view that gets no answer may ask again. */
export type Request =
  | Hello
  | Bye
  | Show
  | More
  | Retry
  | Module
  | Groups
  | Shade
  | Colour
  | Find
  | Alike
  | List
  | Window
  | Sample
  | Members
  | Skipped
  | Begun
  | Suspected
  | Past
  | Answers
  | Why
  | Together
  | Source
  | Try
  | Flip
  | Preview
  | Step
  | Committee
  | Expect
  | Draw
  | Play
  | AttemptMessage
  | Open
  | Span
  | Propose
  | Trust
  | Behind
  | Rules
  | TryRule
  | Go
  | Cases;

/** The reply to the message with this id. */
export type Reply = Refused | Failed | Ack;
