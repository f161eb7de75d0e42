// What the browser keeps for itself: no kernel hears of these.

import type { About, Act } from "./protocol";

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
