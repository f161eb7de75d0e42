// Tracks which sessions have a view on this page and a responding kernel.

const SLOT = Symbol.for("hitl-widgets.live.2");
/** A kernel that has not responded for this long is considered gone. */
const SILENT_MS = 10_000;
type Seen = { views: number; spoken: number | null };
type Page = { [SLOT]?: Map<string, Seen> };

function sessions(): Map<string, Seen> {
  const page = globalThis as Page;
  page[SLOT] ??= new Map();
  return page[SLOT];
}

export function isLive(session: string): boolean {
  const seen = sessions().get(session);
  return seen !== undefined && (seen.spoken === null || Date.now() - seen.spoken < SILENT_MS);
}

/** Notes a message to or from the session's kernel. */
export function spoke(session: string, byKernel: boolean): void {
  const seen = sessions().get(session);
  if (seen) seen.spoken = byKernel ? null : (seen.spoken ?? Date.now());
}

/** Registers a view of a session; returns the function that unregisters it. */
export function enter(session: string): () => void {
  const seen = sessions().get(session) ?? { views: 0, spoken: null };
  sessions().set(session, seen);
  seen.views++;
  return () => {
    seen.views--;
    if (!seen.views) sessions().delete(session);
  };
}
