/** Pieces of a recording in seconds, or of a series in the units of its axis. */
export type Piece = { start: number; end: number };
export type Edge = keyof Piece;

/** Where pieces may be: between two places, at places that are `exact`, and no shorter than `least`. */
export type Grid = { first: number; last: number; least: number; exact: (at: number) => number };

/** Of a recording, whose answers are stored in whole milliseconds. */
export const gridOf = (seconds: number): Grid => ({
  first: 0,
  last: Math.floor(seconds * 1000 + 1e-6) / 1000,
  least: 0.01,
  exact: (time) => Math.round(time * 1000) / 1000,
});

/** The time around a place that no piece takes; null within a piece. */
export function gapAt(pieces: readonly Piece[], at: number, { first, last }: Grid): Piece | null {
  let [start, end] = [first, last];
  for (const piece of pieces) {
    if (piece.end <= at) start = Math.max(start, piece.end);
    else if (piece.start >= at) end = Math.min(end, piece.start);
    else return null;
  }
  return { start, end };
}

/** The piece between two places, within limits; null if that is too short. */
export function between(a: number, b: number, within: Piece, { exact, least }: Grid): Piece | null {
  const start = Math.max(within.start, exact(Math.min(a, b)));
  const end = Math.min(within.end, exact(Math.max(a, b)));
  return end > start && end - start >= least - 1e-9 ? { start, end } : null;
}

/** The piece with one edge moved to a place, within limits. */
export function moved(piece: Piece, edge: Edge, to: number, within: Piece, { exact, least }: Grid): Piece {
  const [low, high] =
    edge === "start" ? [within.start, exact(piece.end - least)] : [exact(piece.start + least), within.end];
  const next = { ...piece, [edge]: Math.max(low, Math.min(exact(to), high)) };
  return next.start < next.end ? next : piece;
}

/** The mark with an edge at a place, give or take `reach` seconds; the nearest one, else the later one. */
export function edgeNear<M extends { at: Piece }>(
  marks: readonly M[],
  at: number,
  reach: number,
): { of: M; edge: Edge } | null {
  let [best, found] = [reach, null as { of: M; edge: Edge } | null];
  for (const of of marks) {
    for (const edge of ["start", "end"] as const) {
      const distance = Math.abs(of.at[edge] - at);
      // Where two pieces meet, the side of the pointer decides.
      const outside = edge === "start" ? at < of.at.start : at > of.at.end;
      if (distance > best || (found && distance === best && outside)) continue;
      [best, found] = [distance, { of, edge }];
    }
  }
  return found;
}

/** The row of each piece, given by start, so that pieces that overlap are below each other; and their number. */
export function rowsOf(pieces: readonly Piece[]): { rows: number[]; n: number } {
  const ends: number[] = [];
  const rows = pieces.map(({ start, end }) => {
    const free = ends.findIndex((other) => other <= start);
    const row = free < 0 ? ends.length : free;
    ends[row] = end;
    return row;
  });
  return { rows, n: Math.max(1, ends.length) };
}
