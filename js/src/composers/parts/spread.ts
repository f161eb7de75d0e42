import type { Piece } from "./pieces";

/** How far from its place a text is rather cut at the end of a sentence, as a share of a piece. */
const NEAR = 0.5;

/**
 * A text without times, in parts for pieces of a recording: by lines, if there are as many, else by how long each piece is,
 * between words, and at the end of a sentence if one is near.
 */
export function spread(text: string, pieces: readonly Piece[]): string[] {
  const lines = text.split("\n").flatMap((line) => line.trim() || []);
  if (lines.length === pieces.length) return lines;
  const words = text.split(/\s+/).filter(Boolean);
  const lengths = pieces.map(({ start, end }) => end - start);
  const whole = lengths.reduce((sum, length) => sum + length, 0);
  // Where each word ends, as a share of all characters.
  const characters = words.reduce((sum, word) => sum + word.length + 1, 0);
  let so = 0;
  const ends = words.map((word) => {
    so += word.length + 1;
    return so / characters;
  });
  const parts: string[] = [];
  let [from, heard] = [0, 0];
  lengths.forEach((length, i) => {
    heard += length;
    const share = length / whole;
    const to = i === pieces.length - 1 ? words.length : cut(words, ends, heard / whole, NEAR * share, from);
    parts.push(words.slice(from, to).join(" "));
    from = to;
  });
  return parts;
}

/** The number of words before a place: up to the nearest end of a sentence, or of a word if there is none near. */
function cut(
  words: readonly string[],
  ends: readonly number[],
  at: number,
  near: number,
  from: number,
): number {
  let [best, found] = [Number.POSITIVE_INFINITY, from];
  for (let k = from; k < words.length; k++) {
    const distance = Math.abs(ends[k] - at);
    // Any end of a sentence that is near comes before all other words.
    const cost = distance <= near && /[.!?…。！？]["'”’)»]*$/.test(words[k]) ? distance - 2 : distance;
    if (cost < best) [best, found] = [cost, k + 1];
  }
  return found;
}

/** A piece and its text, cut in two at a place in the text; the time is `now` if that is within the piece. */
export function cutAt(piece: Piece, text: string, caret: number, now: number): [Piece, string][] | null {
  const [before, after] = [text.slice(0, caret).trim(), text.slice(caret).trim()];
  const least = 0.05;
  const inside = now > piece.start + least && now < piece.end - least;
  const share = text.length ? caret / text.length : 0.5;
  const at = inside ? now : piece.start + share * (piece.end - piece.start);
  const place = Math.round(1000 * Math.max(piece.start + least, Math.min(at, piece.end - least))) / 1000;
  if (piece.end - piece.start < 2 * least || (text.trim() && !inside && (!before || !after))) return null;
  return [
    [{ start: piece.start, end: place }, before],
    [{ start: place, end: piece.end }, after],
  ];
}
