/** A place in a text, and the name under which the style sheet knows how it is marked. */
export type TextMark = readonly [start: number, end: number, name: string];

/** Returns what marks places in the text on a card, instead of those that it marked before. */
export function textMarks(card: HTMLElement, signal: AbortSignal) {
  let mine: [name: string, range: Range][] = [];

  function mark(find: (text: string) => readonly TextMark[]): void {
    for (const [name, range] of mine) CSS.highlights?.get(name)?.delete(range);
    mine = [];
    const text = card.querySelector(".hitl-text")?.firstChild;
    // Older browsers do without.
    if (!(text instanceof Text) || typeof Highlight === "undefined") return;
    for (const [start, end, name] of find(text.data)) {
      const range = document.createRange();
      range.setStart(text, start);
      range.setEnd(text, end);
      // All cards on the page share one entry.
      if (!CSS.highlights.has(name)) CSS.highlights.set(name, new Highlight());
      CSS.highlights.get(name)?.add(range);
      mine.push([name, range]);
    }
  }

  signal.addEventListener("abort", () => mark(() => []));
  return mark;
}
