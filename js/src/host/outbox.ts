import type { Entry } from "./held";
import { Keep } from "./keep";
import type { About, Act } from "./protocol";

const PREFIX = "hitl:";
let counter = 0;

/**
 * Acts that the kernel has not acknowledged, oldest first. They survive the widget, the cell, the kernel and, if the
 * browser can store them, a reload of the page, under a key that is the same when the cell is run again.
 */
export class Outbox {
  constructor(
    private readonly key: string,
    private readonly keep: Keep = Keep.ofPage(),
  ) {}

  /** Resolves once the acts of earlier pages are loaded. */
  get ready(): Promise<void> {
    return this.keep.ready;
  }

  put(act: Act, about: About | null): void {
    const at = Date.now();
    const order = `${at.toString(36)}-${String(counter++).padStart(8, "0")}`;
    this.save({ key: this.key, order, at, act, about });
  }

  save(entry: Entry): void {
    const { key, ...rest } = entry;
    this.keep.put(nameOf(key, entry.act.id), JSON.stringify(rest));
  }

  drop(key: string, id: string): void {
    this.keep.drop(nameOf(key, id));
  }

  /** Marks an act as refused by the kernel, with the reason. */
  refuse(id: string, why: string): void {
    this.change(id, { why, stuck: false });
  }

  /** Marks an act that the store could not save yet. */
  stick(id: string): void {
    this.change(id, { stuck: true });
  }

  private change(id: string, changes: Partial<Entry>): void {
    for (const entry of this.entries()) if (entry.act.id === id) this.save({ ...entry, ...changes });
  }

  /** The acts under this key. */
  entries(): Entry[] {
    return this.all().filter(({ key }) => key === this.key);
  }

  /** The acts of all stores in this browser. */
  all(): Entry[] {
    const found = this.keep.all(PREFIX).flatMap(([name, text]) => parse(name, text));
    return found.sort((a, b) => (a.order < b.order ? -1 : 1));
  }

  /** The number of acts that are lost if this page is closed. */
  get unsafe(): number {
    return this.keep.unsafe(`${PREFIX}${this.key}:`).length;
  }
}

const nameOf = (key: string, id: string): string => `${PREFIX}${key}:${id}`;

function parse(name: string, text: string): Entry[] {
  const [, key, id] = name.split(":");
  try {
    const entry = JSON.parse(text) as Entry;
    if (entry?.act?.id !== id || typeof entry.order !== "string") return [];
    const at = entry.at ?? (Number.parseInt(entry.order, 36) || 0);
    return [{ ...entry, key, at, about: entry.about ?? null }];
  } catch {
    return [];
  }
}

/** Labels and skips that remain after the undos among them, which can be applied elsewhere. */
export function answersOf(entries: readonly Entry[]): Entry[] {
  const done: Entry[] = [];
  const undone: Entry[] = [];
  for (const entry of entries) {
    const { type } = entry.act;
    if (type === "undo") undone.push(...done.splice(-1));
    else if (type === "redo") done.push(...undone.splice(-1));
    else {
      done.push(entry);
      undone.length = 0;
    }
  }
  return done.filter(({ act }) => ["label", "skip", "decide"].includes(act.type));
}

/** The acts as JSON lines, which `session.import_labels()` reads. */
export function exported(entries: readonly Entry[]): string {
  const lines = answersOf(entries).map(({ act, at, about, why }) => {
    const { type, id: event_id, ...rest } = act;
    const { store, task, pool } = about ?? {};
    return JSON.stringify({
      hitl_act: type,
      event_id,
      time: new Date(at).toISOString(),
      store,
      task,
      pool,
      ...rest,
      why,
    });
  });
  return lines.map((line) => `${line}\n`).join("");
}
