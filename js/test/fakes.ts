// What the tests put in place of the notebook.
import type { AnyModel } from "@anywidget/types";
import type { Shelf } from "../src/host/keep";
import type { About, LabelerWelcome, MonitorState } from "../src/host/protocol";

type Sent = { type: string; id: string; [field: string]: unknown };
type Listener = (message: unknown, buffers?: DataView[]) => void;

/** The front end's half of a widget: keeps what is sent, and says what a kernel would. */
export class FakeModel {
  readonly sent: Sent[] = [];
  readonly listeners = new Set<Listener>();
  broken = false;

  constructor(
    readonly key = "k",
    readonly session = "s",
  ) {}

  on(name: string, listener: Listener): void {
    if (name === "msg:custom") this.listeners.add(listener);
  }

  off(name: string, listener: Listener): void {
    if (name === "msg:custom") this.listeners.delete(listener);
  }

  get(name: string): unknown {
    return { _key: this.key, _session: this.session }[name];
  }

  send(message: Sent): void {
    if (this.broken) throw new Error("the comm is closed");
    this.sent.push(structuredClone(message));
  }

  say(message: unknown, buffers: DataView[] = []): void {
    for (const listener of [...this.listeners]) listener(message, buffers);
  }

  of(type: string): Sent[] {
    return this.sent.filter((message) => message.type === type);
  }

  get any(): AnyModel {
    return this as unknown as AnyModel;
  }
}

type Render = (context: { model: unknown; el: HTMLElement }) => () => void;
/** Puts a view into an element, with nothing but what every host of anywidget gives. */
export const mount = (widget: unknown, model: FakeModel, el: HTMLElement): (() => void) =>
  (widget as { render: Render }).render({ model: model.any, el });

/** What a session says of itself. */
export const about = (changes: Partial<About> = {}): About => ({
  session: "s",
  pool: "p",
  place: "here",
  who: "ada",
  store: "labels.sqlite",
  task: "labels",
  ...changes,
});

/** localStorage, without a browser. */
export class FakeShelf implements Shelf {
  readonly items = new Map<string, string>();
  full = false;

  get length(): number {
    return this.items.size;
  }

  key(i: number): string | null {
    return [...this.items.keys()][i] ?? null;
  }

  getItem(name: string): string | null {
    return this.items.get(name) ?? null;
  }

  setItem(name: string, value: string): void {
    if (this.full) throw new Error("QuotaExceededError");
    this.items.set(name, value);
  }

  removeItem(name: string): void {
    this.items.delete(name);
  }
}

/** A small generator of numbers in [0, 1): the same for the same seed. */
export function seeded(seed: number): () => number {
  let state = seed + 1;
  return () => {
    state = (state * 1664525 + 1013904223) % 2 ** 32;
    return state / 2 ** 32;
  };
}

/** What a Monitor is told. */
export const monitorState: MonitorState = {
  n_items: 1797,
  n_labels: 50,
  n_audited: 5,
  audit_share: 0.1,
  balance: [30, 20],
  n_none: 0,
  shades: [],
  verified: null,
  yours: null,
  measure: { name: "accuracy", worst: 0, best: 1 },
  n_hidden: 0,
  estimate: { value: null, low: null, high: null, n: 5 },
  provisional: null,
  rising: false,
  curve: [],
  behind: 0,
  model: "neighbours 78 %, linear 22 %",
  explanation: "with each of 50 labels left out in turn, neighbours got 41 right, a linear model 36",
  strategy: "doubt",
  stage: "",
  store: { name: "labels.sqlite", where: "/here/labels.sqlite", unsaved: "", restored: 0 },
  task: "labels",
  annotator: "ada",
  closed: false,
  error: "",
  undo: true,
  redo: false,
  notices: [],
  consensus: "",
  handable: true,
  machine: null,
  n_changed: 0,
  people: [],
  slices: [],
  history: [],
};

/** What a Labeler is told. */
export const labelerWelcome: LabelerWelcome = {
  type: "welcome",
  to: "",
  classes: [
    { id: "spam", retired: false, name: "spam", guidance: "", example: "", key: "1", color: "#e69f00" },
    { id: "ham", retired: false, name: "ham", guidance: "", example: "", key: "2", color: "#56b4e9" },
  ],
  question: "",
  asks: "choice",
  settings: {},
  composed: false,
  bulk: true,
  suggests: false,
  mode: "annotate",
  lost: [],
  about: about(),
  kind: "text",
  queue: [0, 1, 2].map((row) => ({
    row,
    key: `k${row}`,
    reason: "",
    selection: row === 1 ? "audit" : "suggested",
    blind: false,
    guess: null,
    note: "",
  })),
  n_items: 10,
  n_labels: 0,
  n_events: 1,
  n_left: 10,
  n_skipped: 0,
  left_out: "",
  undo: false,
  redo: false,
  behind: 0,
  stage: null,
  error: "",
  known: [],
  suggestions: 0,
  withdrawn: "",
  n_machine: 0,
};
