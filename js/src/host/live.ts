// Which sessions have a view on this page.

const SLOT = Symbol.for("hitl-widgets.live.1");
type Page = { [SLOT]?: Map<string, number> };

function views(): Map<string, number> {
  const page = globalThis as Page;
  page[SLOT] ??= new Map();
  return page[SLOT];
}

export const isLive = (session: string): boolean => views().has(session);

/** Count a view of a session in; the function that is returned counts it out. */
export function enter(session: string): () => void {
  const change = (by: number): void => {
    const n = (views().get(session) ?? 0) + by;
    if (n > 0) views().set(session, n);
    else views().delete(session);
  };
  change(1);
  return () => change(-1);
}
