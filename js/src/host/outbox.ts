import type { Act } from "./protocol";

/** What the outbox needs of localStorage. */
export type Shelf = Pick<Storage, "getItem" | "setItem" | "removeItem" | "key" | "length">;

type Entry = { order: string; act: Act };

let counter = 0;

/**
 * Acts that the kernel has not acknowledged, oldest first. They outlive the widget, the cell, the kernel and a reload of
 * the page, under a key that is the same when the cell is run again.
 */
export class Outbox {
  private readonly prefix: string;
  /** Only what the shelf would not take: it is full, or closed to this page. */
  private readonly memory = new Map<string, Entry>();

  constructor(
    key: string,
    private readonly shelf: Shelf | null = browserShelf(),
  ) {
    this.prefix = `hitl:${key}:`;
  }

  put(act: Act): void {
    const entry = { order: `${Date.now().toString(36)}-${String(counter++).padStart(8, "0")}`, act };
    try {
      if (!this.shelf) throw new Error("no shelf");
      this.shelf.setItem(this.prefix + act.id, JSON.stringify(entry));
    } catch {
      this.memory.set(act.id, entry);
    }
  }

  drop(id: string): void {
    this.memory.delete(id);
    this.shelf?.removeItem(this.prefix + id);
  }

  pending(): Act[] {
    const found = [...this.memory.values()];
    for (let i = 0; this.shelf && i < this.shelf.length; i++) {
      const name = this.shelf.key(i);
      const entry = name?.startsWith(this.prefix) ? parse(this.shelf.getItem(name)) : null;
      if (entry) found.push(entry);
    }
    return found.sort((a, b) => (a.order < b.order ? -1 : 1)).map((entry) => entry.act);
  }
}

function parse(text: string | null): Entry | null {
  try {
    const entry = JSON.parse(text ?? "") as Entry;
    return typeof entry?.act?.id === "string" && typeof entry.order === "string" ? entry : null;
  } catch {
    return null;
  }
}

function browserShelf(): Shelf | null {
  try {
    return globalThis.localStorage ?? null;
  } catch {
    return null;
  }
}
