// Which sessions have a view on this page, and a kernel that answers.

const SLOT = Symbol.for("hitl-widgets.live.2");
/** A kernel that has said nothing for so long since it was last spoken to is taken to be gone. */
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

/** Note that something was said to the session's kernel, or by it. */
export function spoke(session: string, byKernel: boolean): void {
  const seen = sessions().get(session);
  if (seen) seen.spoken = byKernel ? null : (seen.spoken ?? Date.now());
}

/** Count a view of a session in; the function that is returned counts it out. */
export function enter(session: string): () => void {
  const seen = sessions().get(session) ?? { views: 0, spoken: null };
  sessions().set(session, seen);
  seen.views++;
  return () => {
    seen.views--;
    if (!seen.views) sessions().delete(session);
  };
}
