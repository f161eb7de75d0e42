/** The name under which the style sheet of the list knows the words that were found. */
const NAME = "hitl-hit";
/** The class of a line that no longer starts with its first word. */
const MOVED = "hitl-moved";
/** Of more words in a line than this, the others stay plain. */
const MOST = 20;
/** A word further to the right than this share of a line is scrolled to this place. */
const [LATE, PLACE] = [0.7, 0.3];

/** What the words, phrases and patterns of a query match; null if it has none. */
export function hitPattern(typed: readonly string[]): RegExp | null {
  const parts = typed.flatMap((part) => sourceOf(part) ?? []);
  try {
    return parts.length ? new RegExp(parts.join("|"), "giu") : null;
  } catch {
    return null; // a pattern that only Python understands
  }
}

function sourceOf(part: string): string | null {
  const pattern = /^\/(.+)\/$/.exec(part)?.[1];
  if (pattern) return `(?:${pattern})`;
  const phrase = /^"([^"]+)"?$/.exec(part)?.[1];
  // Conditions, and what must not occur, are not words of the items.
  const word = phrase ?? (/^-|[:<>=]|^(and|or)$/i.test(part) ? "" : part);
  return word ? word.replace(/[\\^$.*+?()[\]{}|/]/g, "\\$&").replace(/\s+/g, "\\s+") : null;
}

/** The places in an element's text that a pattern matches. */
export function hitRanges(element: Element, pattern: RegExp): Range[] {
  const ranges: Range[] = [];
  const nodes = document.createTreeWalker(element, NodeFilter.SHOW_TEXT);
  for (let node = nodes.nextNode(); node; node = nodes.nextNode()) {
    for (const { index, 0: found } of (node as Text).data.matchAll(pattern)) {
      if (!found) continue;
      const range = document.createRange();
      range.setStart(node, index);
      range.setEnd(node, index + found.length);
      if (ranges.push(range) >= MOST) return ranges;
    }
  }
  return ranges;
}

/** Marks the words that were found in the visible lines, and scrolls the first of each line into it. */
export function hitMarks(signal: AbortSignal) {
  let pattern: RegExp | null = null;
  let mine: Range[] = [];
  let moved = new Set<HTMLElement>();

  function clear(): void {
    const all = typeof CSS === "undefined" ? undefined : CSS.highlights?.get(NAME);
    for (const range of mine) all?.delete(range);
    mine = [];
  }
  signal.addEventListener("abort", clear);

  return {
    /** The conditions of the query whose result is listed; none for another list. */
    set(typed: readonly string[]): void {
      pattern = hitPattern(typed);
      for (const line of moved) {
        line.scrollLeft = 0;
        line.classList.remove(MOVED);
      }
      moved = new Set();
    },
    /** Marks the words in these elements, each one line of text. */
    mark(lines: Iterable<HTMLElement>): void {
      clear();
      // Older browsers do without.
      if (!pattern || typeof Highlight === "undefined") return;
      // All lists on the page share one entry.
      const all = CSS.highlights.get(NAME) ?? new Highlight();
      CSS.highlights.set(NAME, all);
      for (const line of lines) {
        const ranges = hitRanges(line, pattern);
        for (const range of ranges) all.add(range);
        mine.push(...ranges);
        if (!moved.has(line) && ranges[0] && reveal(line, ranges[0])) moved.add(line);
      }
    },
  };
}

/** Scrolls a line to a word that is too far to the right; returns whether it was. */
function reveal(line: HTMLElement, range: Range): boolean {
  const left = range.getBoundingClientRect().left - line.getBoundingClientRect().left;
  if (!line.clientWidth || left < LATE * line.clientWidth) return false;
  line.classList.add(MOVED);
  line.scrollLeft = left - PLACE * line.clientWidth;
  return true;
}
