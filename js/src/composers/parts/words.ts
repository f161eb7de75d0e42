/** The words of a text: of any script, and found only around the place where they are needed. */
export type Range = { start: number; end: number };

/** Characters on either side of a place in which its word lies. */
const AROUND = 120;

const segmenter = new Intl.Segmenter(undefined, { granularity: "word" });

/** The segments around a place, words or not, in order. */
function around(text: string, at: number): (Range & { word: boolean })[] {
  let from = Math.max(0, at - AROUND);
  // Not within a character, nor within a word of a script with spaces.
  while (from > 0 && from > at - 2 * AROUND && !/\s/.test(text[from - 1])) from--;
  const part = text.slice(from, at + AROUND);
  return [...segmenter.segment(part)].map(({ segment, index, isWordLike }) => ({
    start: from + index,
    end: from + index + segment.length,
    word: isWordLike === true,
  }));
}

/** Extends a range to whole words, and removes white space at its ends; null if nothing is left. */
export function snapped(text: string, { start, end }: Range): Range | null {
  const trimmed = trim(text, { start, end });
  if (!trimmed) return null;
  const first = around(text, trimmed.start).find((one) => one.end > trimmed.start);
  const last = around(text, trimmed.end - 1).find((one) => one.end >= trimmed.end);
  return {
    start: first?.word ? Math.min(first.start, trimmed.start) : trimmed.start,
    end: last?.word ? Math.max(last.end, trimmed.end) : trimmed.end,
  };
}

/** Removes white space at the ends; null if nothing is left. */
export function trim(text: string, { start, end }: Range): Range | null {
  const part = text.slice(start, end);
  const from = start + part.length - part.trimStart().length;
  const to = end - (part.length - part.trimEnd().length);
  return from < to ? { start: from, end: to } : null;
}

/** The word after a place, or before it; null at the end of the text. */
export function wordFrom(text: string, at: number, forward: boolean): Range | null {
  for (let place = at; forward ? place < text.length : place > 0; ) {
    const near = around(text, place);
    const found = forward
      ? near.find((one) => one.word && one.start >= at)
      : near.findLast((one) => one.word && one.end <= at);
    // A word at the edge of what was looked at may be cut.
    const last = near.at(-1)?.end ?? text.length;
    if (found && (!forward || found.end < last || last >= text.length)) return found;
    if (found && forward) return around(text, found.start).find((one) => one.start === found.start) ?? found;
    place = forward ? Math.max(last, place + 1) : place - AROUND;
  }
  return null;
}

/** The places that overlap none of those that are taken; both are given by start. */
export function untaken(places: readonly Range[], taken: readonly Range[]): Range[] {
  let [next, furthest] = [0, 0];
  return places.filter(({ start, end }) => {
    while (next < taken.length && taken[next].start < end) furthest = Math.max(furthest, taken[next++].end);
    return furthest <= start;
  });
}

/** Every place where a piece of text occurs as a whole, at most `most`. */
export function occurrences(text: string, piece: string, most: number): Range[] {
  const found: Range[] = [];
  if (!piece) return found;
  const letter = /[\p{L}\p{M}\p{N}]/u;
  for (let at = text.indexOf(piece); at >= 0 && found.length < most; at = text.indexOf(piece, at + 1)) {
    const end = at + piece.length;
    const joined =
      (letter.test(piece[0]) && letter.test(text[at - 1] ?? "")) ||
      (letter.test(piece.at(-1) ?? "") && letter.test(text[end] ?? ""));
    if (!joined) found.push({ start: at, end });
  }
  return found;
}
