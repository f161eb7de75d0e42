/** Scripts that put no spaces between words: each character counts. The same as in items/strikes.py. */
const BLOCKS =
  "\\u0e00-\\u0eff\\u1000-\\u109f\\u1780-\\u17ff\\u3040-\\u30ff\\u31f0-\\u31ff\\u3400-\\u9fff\\ua9e0-\\ua9ff\\uaa60-\\uaa7f" +
  "\\uf900-\\ufaff\\uff66-\\uff9f\\u{1b000}-\\u{1b16f}\\u{20000}-\\u{3ffff}";
/** Marks that combine with a letter, and joiners between letters. */
const MORE = "[\\p{M}\\u200c\\u200d]*";
const RUN = `(?:(?![${BLOCKS}])[\\p{L}\\p{N}]${MORE})+`;
const WORD = new RegExp(`[${BLOCKS}]${MORE}|${RUN}(?:['\u2019]${RUN})*`, "gu");

/** Finds words, or several words in a row, in a text: whole, and regardless of case. */
export function placesOf(text: string, wanted: readonly string[]): [number, number][] {
  if (!wanted.length) return [];
  const found = wordsIn(text);
  return wanted.flatMap((phrase) => {
    const words = wordsIn(phrase);
    return found.flatMap(({ start }, i): [number, number][] => {
      const fits = words.length > 0 && words.every(({ word }, k) => found[i + k]?.word === word);
      return fits ? [[start, found[i + words.length - 1].end]] : [];
    });
  });
}

/** The words of a text, regardless of case, and their places. */
const wordsIn = (text: string): { word: string; start: number; end: number }[] =>
  [...text.matchAll(WORD)].map(({ 0: word, index }) => ({
    word: folded(word),
    start: index,
    end: index + word.length,
  }));

/** The same for two words that differ only in case, or in whether accents are characters of their own. */
const folded = (word: string): string =>
  [...word.normalize("NFD")]
    // Upper and then lower case is as Python's casefold, except for a Turkish letter.
    .map((char) => (char === "\u0131" ? char : char.toUpperCase().toLowerCase()))
    .join("")
    .normalize("NFC");
