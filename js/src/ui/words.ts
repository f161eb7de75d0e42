/** Scripts that put no spaces between words: each character counts. The same as in items/strikes.py. */
const BLOCKS = "\\u0e00-\\u0eff\\u3040-\\u30ff\\u3400-\\u9fff\\uf900-\\ufaff\\u{20000}-\\u{3ffff}";
const RUN = `(?:(?![${BLOCKS}])[\\p{L}\\p{N}])+`;
const WORD = new RegExp(`[${BLOCKS}]|${RUN}(?:['\u2019]${RUN})*`, "gu");

/** Finds words, or several words in a row, in a text: whole, and regardless of case. */
export function placesOf(text: string, wanted: readonly string[]): [number, number][] {
  if (!wanted.length) return [];
  const found = [...text.matchAll(WORD)].map((match) => ({ word: match[0].toLowerCase(), at: match.index }));
  return wanted.flatMap((phrase) => {
    const words = (phrase.match(WORD) ?? []).map((word) => word.toLowerCase());
    return found.flatMap(({ at }, i): [number, number][] => {
      const last = found[i + words.length - 1];
      const fits = words.length > 0 && words.every((word, k) => found[i + k]?.word === word);
      return fits ? [[at, last.at + last.word.length]] : [];
    });
  });
}
