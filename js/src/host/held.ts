// Types for acts that the browser keeps; they are not part of the messages.

import type { About, Act } from "./protocol";

/**
 * An act that no kernel has acknowledged, with its target. `why` is the kernel's reason for refusing it; a refused act
 * is sent again only if the user asks for it.
 */
export type Entry = {
  key: string;
  order: string;
  at: number;
  act: Act;
  about: About | null;
  why?: string;
  /** The store could not save it yet. Later acts wait, because an undo refers to the act before it. */
  stuck?: boolean;
};

/**
 * Acts that are not sent automatically, grouped by store, table and reason: the kernel refused them, or they are for
 * another table, another task of this store, or another store.
 */
export type Held = { reason: "refused" | "table" | "task" | "store"; entries: Entry[] };
