/** The part of localStorage that is used. */
export type Shelf = Pick<Storage, "getItem" | "setItem" | "removeItem" | "key" | "length">;

const SLOT = Symbol.for("hitl-widgets.keep.1");
const STORE = "acts";
type Page = { [SLOT]?: Keep };

/**
 * Stores texts by name beyond the life of a view, a cell and, if the browser allows it, the page: in localStorage, or if
 * that is full or blocked in IndexedDB, or otherwise in memory.
 */
export class Keep {
  /** Texts that localStorage did not accept, and whether they are in IndexedDB. */
  private readonly rest = new Map<string, { text: string; stored: boolean }>();
  private readonly database: Promise<IDBDatabase | null>;
  /** Resolves once the texts of earlier pages are loaded from IndexedDB. */
  readonly ready: Promise<void>;

  constructor(
    private readonly shelf: Shelf | null = browserShelf(),
    factory: IDBFactory | null = browserDatabases(),
  ) {
    this.database = opened(factory);
    this.ready = this.database.then((database) => this.load(database));
    globalThis.addEventListener?.("beforeunload", (event) => {
      if (this.unsafe("").length) event.preventDefault();
    });
  }

  /** The instance that all widgets on this page share. */
  static ofPage(): Keep {
    const page = globalThis as Page;
    page[SLOT] ??= new Keep();
    return page[SLOT];
  }

  put(name: string, text: string): void {
    if (this.onShelf((shelf) => shelf.setItem(name, text))) {
      if (this.rest.delete(name)) void this.write((acts) => acts.delete(name));
      return;
    }
    const entry = { text, stored: false };
    this.rest.set(name, entry);
    void this.write((acts) => acts.put(text, name)).then((stored) => {
      entry.stored = stored;
    });
  }

  drop(name: string): void {
    this.onShelf((shelf) => shelf.removeItem(name));
    if (this.rest.delete(name)) void this.write((acts) => acts.delete(name));
  }

  /** Names with this prefix, and their texts. */
  all(prefix: string): [string, string][] {
    const found: [string, string][] = [];
    for (const [name, { text }] of this.rest) if (name.startsWith(prefix)) found.push([name, text]);
    this.onShelf((shelf) => {
      for (let i = 0; i < shelf.length; i++) {
        const name = shelf.key(i);
        if (!name?.startsWith(prefix) || this.rest.has(name)) continue;
        const text = shelf.getItem(name);
        if (text !== null) found.push([name, text]);
      }
    });
    return found;
  }

  /** Names with this prefix that are lost when the page is closed. */
  unsafe(prefix: string): string[] {
    return [...this.rest]
      .filter(([name, { stored }]) => !stored && name.startsWith(prefix))
      .map(([name]) => name);
  }

  private onShelf(use: (shelf: Shelf) => void): boolean {
    try {
      if (this.shelf) use(this.shelf);
      return this.shelf !== null;
    } catch {
      return false;
    }
  }

  private async load(database: IDBDatabase | null): Promise<void> {
    if (!database) return;
    const acts = database.transaction(STORE).objectStore(STORE);
    const [names, texts] = await Promise.all([finished(acts.getAllKeys()), finished(acts.getAll())]);
    for (const [i, name] of names.entries()) {
      if (!this.rest.has(String(name))) this.rest.set(String(name), { text: String(texts[i]), stored: true });
    }
  }

  /** Returns whether the change was written to IndexedDB. */
  private async write(change: (acts: IDBObjectStore) => void): Promise<boolean> {
    const database = await this.database;
    if (!database) return false;
    try {
      const transaction = database.transaction(STORE, "readwrite", { durability: "strict" });
      change(transaction.objectStore(STORE));
      await new Promise((done, failed) => {
        transaction.oncomplete = done;
        transaction.onabort = failed;
      });
      return true;
    } catch {
      return false;
    }
  }
}

async function opened(factory: IDBFactory | null): Promise<IDBDatabase | null> {
  try {
    const request = factory?.open("hitl-widgets", 1);
    if (!request) return null;
    request.onupgradeneeded = () => request.result.createObjectStore(STORE);
    return await finished(request);
  } catch {
    return null;
  }
}

function finished<T>(request: IDBRequest<T>): Promise<T> {
  return new Promise((done, failed) => {
    request.onsuccess = () => done(request.result);
    request.onerror = () => failed(request.error);
  });
}

function browserShelf(): Shelf | null {
  try {
    return globalThis.localStorage ?? null;
  } catch {
    return null;
  }
}

function browserDatabases(): IDBFactory | null {
  try {
    return globalThis.indexedDB ?? null;
  } catch {
    return null;
  }
}
