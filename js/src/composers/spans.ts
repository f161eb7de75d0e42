import "./spans.css";
import type { LabelClass } from "../host/protocol";
import type { Composed, Composer, Composing } from "../questions/registry";
import { count, h } from "../ui/dom";
import { keyButton, statusLine } from "./parts/line";
import { Offsets } from "./parts/offsets";
import { Pages } from "./parts/pages";
import { Timeline } from "./parts/timeline";
import { occurrences, type Range, snapped, trim, wordFrom } from "./parts/words";

/** A span, in positions of the string. */
type Span = Range & { id: string };
type Settings = { overlap?: boolean; snap?: boolean };
type Marked = readonly Span[];

/** Places of a piece of text that are marked at once. */
const MOST_SAME = 1000;
const NONE: Marked = [];

/** Spans of a text: marked with the mouse or by word, changed, relabelled and removed by key. */
export function compose(on: Composing): Composer {
  const { classes, settings, stage, say, changed, leave } = on;
  const { overlap = false, snap = true } = settings as Settings;
  const content = on.item?.content as { text?: string; cut?: number } | undefined;
  const offered = classes.filter((c) => !c.retired);
  let text = content?.text ?? "";
  const offsets = new Offsets(text);
  const known = new Map(classes.map((c) => [c.id, c]));
  let whole = !content?.cut;
  // Places in a text that is not here yet cannot be counted in units of a string.
  let suggested: Marked = whole && !on.answer ? spansOf(on.suggested) : NONE;
  const marked = new Timeline<Marked, Marked>(whole ? spansOf(on.answer) : NONE, {
    get: () => suggested,
    set: (ideas) => {
      suggested = ideas;
    },
  });
  /** The span that keys change. */
  let current: Span | null = null;
  /** What is selected but has no class yet; `end` moves with the arrow keys, or `start` after Space. */
  let selection: Range | null = null;
  let moving: keyof Range = "end";
  /** The class that the next selections get. */
  let armed = offered.length === 1 ? classes.indexOf(offered[0]) : -1;
  let failure = on.why ?? "";
  let mouse = false;

  const pages = new Pages(fill, stage.signal);
  const accept = keyButton("=", acceptAll);
  const same = keyButton("*", markSame);
  const status = statusLine(same, accept);
  const element = h("div", { class: "hitl-spans" }, pages.element, status.element);
  pages.element.setAttribute("aria-label", "Text to mark");
  pages.element.setAttribute("role", "group");

  // -- reading and writing

  function spansOf(answer: Readonly<Record<string, unknown>> | undefined): Marked {
    const rows = (answer?.spans ?? []) as [number, number, string][];
    return sorted(
      rows.map(([start, end, id]) => ({ start: offsets.position(start), end: offsets.position(end), id })),
    );
  }

  function read(): Composed | string {
    if (!whole) return `The text is still being loaded: ${count(text.length, "character")} so far.`;
    if (selection) return "The selection has no class: press a class, or Esc to drop it.";
    if (suggested.length && !on.verify)
      return `${count(suggested.length, "suggestion")} left: press = to accept, or Del to dismiss.`;
    const spans = sorted([...marked.now, ...fitting()]);
    const beyond = spans.filter(({ end }) => end > text.length);
    if (beyond.length)
      return `${count(beyond.length, "span")} from an earlier version of the text ${
        beyond.length === 1 ? "is" : "are"
      } beyond its end. Select with . and remove with Del.`;
    const ids = new Set(spans.map(({ id }) => id));
    return {
      answer: {
        spans: spans.map(({ start, end, id }) => [offsets.points(start), offsets.points(end), id]),
      },
      codes: classes.flatMap(({ id }, code) => (ids.has(id) ? [code] : [])),
      words: spans.length ? `with ${count(spans.length, "span")}` : "no spans",
      blank: !spans.length,
    };
  }

  // -- drawing

  /** The text of a block, with its spans as elements. */
  function fill({ start, end }: Range): Node[] {
    const here = [
      ...marked.now.filter(inside).map((span) => ({ ...span, look: span === current ? "current" : "own" })),
      ...suggested.filter(inside).map((span) => ({ ...span, look: span === current ? "current" : "idea" })),
      ...(selection && inside(selection) ? [{ ...selection, id: "", look: "selection" }] : []),
    ];
    function inside(span: Range): boolean {
      return span.start < end && span.end > start;
    }
    const edges = [...new Set([start, end, ...here.flatMap((span) => [span.start, span.end])])]
      .filter((at) => at >= start && at <= end)
      .sort((a, b) => a - b);
    return edges.slice(1).map((to, i) => {
      const from = edges[i];
      const over = here.filter((span) => span.start <= from && span.end >= to);
      if (!over.length) return document.createTextNode(text.slice(from, to));
      const last = over.filter((span) => span.end === to && span.look !== "selection").at(-1);
      const colours = over.filter(({ id }) => id).map(({ id }) => known.get(id)?.color ?? "#8c8c8c");
      return h("mark", {
        class: `hitl-span ${[...new Set(over.map(({ look }) => `hitl-span-${look}`))].join(" ")}`,
        text: text.slice(from, to),
        title: over.map(({ id }) => known.get(id)?.name ?? "").join(", "),
        attrs: {
          "data-span": over.findLast(({ id }) => id)?.start ?? null,
          "data-id": over.findLast(({ id }) => id)?.id ?? null,
          "data-label": last ? (known.get(last.id)?.name ?? "?") : null,
        },
        style: {
          "--class": colours.at(-1) ?? "transparent",
          "--depth": String(Math.min(3, colours.length)),
        },
      });
    });
  }

  function draw(...ranges: (Range | null)[]): void {
    pages.refresh(ranges.filter((range) => range !== null));
    drawLine();
  }

  function drawLine(): void {
    const name = current ? nameOf(current) : "";
    const piece = current ? shortened(text.slice(current.start, current.end)) : "";
    const ends = moving === "end" ? "end" : "start";
    let words = `Select text, then press a class. ← → go from word to word.`;
    if (armed >= 0) words = `Select text to mark it as ${classes[armed].name}.`;
    if (selection) words = "Press a class to mark the selection. ⇧← ⇧→ change it.";
    if (current)
      words = isIdea(current)
        ? `Suggested: ${name} “${piece}”. = accepts it, Del removes it.`
        : `${name} “${piece}”. A class relabels it, Del removes it, ⇧← ⇧→ move its ${ends}, Space the other end.`;
    if (!whole) words = `Loading the text: ${count(text.length, "character")} so far.`;
    status.tell(failure || words, failure !== "");
    accept.offer(suggested.length ? `accept ${count(suggested.length, "suggestion")}` : null);
    const others = current && !isIdea(current) ? othersOf(current).length : 0;
    same.offer(others ? `suggest ${count(others, "other")}` : null);
  }

  const nameOf = ({ id }: Span): string => known.get(id)?.name ?? "a removed class";
  const isIdea = (span: Span): boolean => suggested.includes(span);

  // -- changing

  function write(next: Marked, words: string, touched: (Range | null)[]): void {
    failure = "";
    marked.set(sorted(next));
    draw(...touched);
    changed();
    if (words) say(words);
  }

  /** Refuses a change, and says why. */
  function refuse(words: string): false {
    failure = words;
    drawLine();
    say(words);
    return false;
  }

  function clashes({ start, end }: Range, except?: Span): Span | undefined {
    if (overlap) return undefined;
    return marked.now.find((span) => span !== except && span.start < end && span.end > start);
  }

  function add(range: Range, code: number): void {
    const { id, name } = classes[code];
    const clash = clashes(range);
    if (clash) {
      refuse(
        `It overlaps ${nameOf(clash)} “${shortened(text.slice(clash.start, clash.end))}”: remove that first.`,
      );
      return;
    }
    const span = { ...range, id };
    const [before, idea] = [
      selection,
      suggested.find((one) => one.start < range.end && one.end > range.start),
    ];
    selection = null;
    if (idea) suggested = suggested.filter((one) => one !== idea);
    choose(span);
    write([...marked.now, span], `${name}: ${shortened(text.slice(range.start, range.end))}`, [
      span,
      before,
      idea ?? null,
    ]);
  }

  function change(span: Span, next: Span | null, words: string): void {
    if (isIdea(span)) {
      suggested = suggested.filter((one) => one !== span);
      marked.set(next ? sorted([...marked.now, next]) : marked.now);
      choose(next);
      draw(span, next);
      changed();
      say(words);
      return;
    }
    choose(next);
    write([...marked.now.filter((one) => one !== span), ...(next ? [next] : [])], words, [span, next]);
  }

  /** Chooses the span that keys change. */
  function choose(span: Span | null): void {
    const before = current;
    current = span;
    moving = "end";
    if (before !== span) draw(before, span);
  }

  function select(range: Range | null): void {
    const before = selection;
    selection = range;
    if (range) choose(null);
    draw(before, range);
  }

  function pick(code: number): void {
    const c = classes[code];
    if (!whole) refuse("The text is still being loaded: mark it then.");
    else if (current) {
      if (isIdea(current)) acceptOne(current, c);
      else if (current.id !== c.id) change(current, { ...current, id: c.id }, `Now ${c.name}`);
    } else if (selection) add(selection, code);
    else {
      armed = armed === code && offered.length > 1 ? -1 : code;
      drawLine();
      changed();
      say(armed < 0 ? "No class" : `${c.name}: select text`);
    }
  }

  function acceptOne(span: Span, as?: LabelClass): boolean {
    const clash = clashes(span);
    if (clash) return refuse(`It overlaps ${nameOf(clash)}: remove that first.`);
    change(span, { ...span, id: as?.id ?? span.id }, `Accepted: ${as?.name ?? nameOf(span)}`);
    return true;
  }

  /** The suggestions that overlap nothing which they may not. */
  function fitting(): Span[] {
    const fits: Span[] = [];
    for (const span of suggested) {
      const over = (one: Range): boolean => one.start < span.end && one.end > span.start;
      if (!clashes(span) && (overlap || !fits.some(over))) fits.push(span);
    }
    return fits;
  }

  function acceptAll(): void {
    const fits = fitting();
    const left = suggested.length - fits.length;
    suggested = suggested.filter((span) => !fits.includes(span));
    choose(null);
    write([...marked.now, ...fits], `${count(fits.length, "span")} accepted`, [
      { start: 0, end: text.length },
    ]);
    if (left) refuse(`${count(left, "suggestion")} overlap your spans and were left.`);
  }

  function dismissAll(): void {
    say(`${count(suggested.length, "suggestion")} dismissed`);
    suggested = NONE;
    marked.set(marked.now);
    draw({ start: 0, end: text.length });
    changed();
  }

  /** Other places of the same text that have no span. */
  function othersOf(span: Span): Range[] {
    const taken = [...marked.now, ...suggested];
    return occurrences(text, text.slice(span.start, span.end), MOST_SAME).filter(
      (at) => !taken.some((one) => one.start < at.end && one.end > at.start),
    );
  }

  function markSame(): void {
    if (!current || isIdea(current)) return;
    const { id } = current;
    const found = othersOf(current).map((range) => ({ ...range, id }));
    suggested = sorted([...suggested, ...found]);
    marked.set(marked.now);
    draw({ start: 0, end: text.length });
    say(`${count(found.length, "suggestion")}`);
  }

  // -- the mouse, and selections of the browser

  /** The position of a place in the page; null outside of the text. */
  function positionOf(node: Node, offset: number): number | null {
    const at = (node instanceof Element ? node : node.parentElement)?.closest<HTMLElement>(".hitl-page");
    if (!at || !pages.element.contains(at)) return null;
    const range = document.createRange();
    range.setStart(at, 0);
    range.setEnd(node, offset);
    return Number(at.dataset.start) + range.toString().length;
  }

  function selected(): Range | null {
    const home = pages.element.getRootNode() as ShadowRoot & { getSelection?: () => Selection | null };
    const found = (home instanceof ShadowRoot && home.getSelection?.()) || document.getSelection();
    if (!found?.rangeCount || found.isCollapsed) return null;
    const { startContainer, startOffset, endContainer, endOffset } = found.getRangeAt(0);
    const [start, end] = [positionOf(startContainer, startOffset), positionOf(endContainer, endOffset)];
    return start === null || end === null || start >= end ? null : { start, end };
  }

  function took(exact: boolean): void {
    const found = whole ? selected() : null;
    if (!found) return;
    const range = snap && !exact ? snapped(text, found) : trim(text, found);
    document.getSelection()?.removeAllRanges();
    leave();
    if (!range) return;
    if (armed >= 0) add(range, armed);
    else select(range);
  }

  const { element: home } = pages;
  home.addEventListener("pointerdown", ({ pointerType }) => (mouse = pointerType === "mouse"), {
    signal: stage.signal,
  });
  home.addEventListener(
    "click",
    ({ target, altKey, detail }) => {
      if (selected()) took(altKey);
      else if (detail < 2) clicked(target as HTMLElement);
    },
    { signal: stage.signal },
  );
  // A selection by touch ends without a click: it waits for a class.
  document.addEventListener(
    "selectionchange",
    () => {
      const found = mouse || !whole ? null : selected();
      if (found) select(snap ? snapped(text, found) : trim(text, found));
    },
    { signal: stage.signal },
  );
  // A drag may end outside of the text.
  document.addEventListener(
    "pointerup",
    ({ target, altKey }) => {
      if (mouse && !home.contains(target as Node) && selected()) took(altKey);
    },
    { signal: stage.signal },
  );

  function clicked(target: HTMLElement): void {
    const at = target.closest<HTMLElement>("[data-span]");
    const [start, id] = [Number(at?.dataset.span), at?.dataset.id];
    const found = [...suggested, ...marked.now].find((span) => span.start === start && span.id === id);
    select(null);
    choose(at && found ? found : null);
    drawLine();
    leave();
  }

  // -- the keyboard

  function step(forward: boolean): void {
    const from = selection ?? current;
    const at = from ? (forward ? from.end : from.start) : forward ? 0 : text.length;
    const word = wordFrom(text, at, forward);
    if (!word) return;
    choose(null);
    select(word);
    pages.reveal(word.start);
    say(text.slice(word.start, word.end));
  }

  /** Moves one end of the selection, or of the span, by a word. */
  function stretch(forward: boolean): boolean {
    const from = current && !isIdea(current) ? current : selection;
    if (!from) return false;
    const next = { ...from, [moving]: stretched(from, forward) };
    if (next.start >= next.end) return true;
    if (from === selection) select(next);
    else if (current) {
      const clash = clashes(next, current);
      if (clash) return refuse(`It would overlap ${nameOf(clash)}.`) || true;
      const end = moving;
      change(current, { ...current, ...next }, text.slice(next.start, next.end));
      moving = end;
      drawLine();
    }
    pages.reveal(next[moving]);
    return true;
  }

  /** Where the moving end of a range is after a step. */
  function stretched({ start, end }: Range, forward: boolean): number {
    const word = wordFrom(text, moving === "end" ? end : start, forward);
    if (moving === "end")
      return (forward ? word?.end : word && wordFrom(text, word.start, false)?.end) ?? end;
    return (forward ? word && wordFrom(text, word.end, true)?.start : word?.start) ?? start;
  }

  /** The next span, or the one before. */
  function walk(forward: boolean): boolean {
    const all = sorted([...marked.now, ...suggested]);
    if (!all.length) return false;
    const at = current ? all.indexOf(current) : forward ? -1 : 0;
    const next = all[(at + (forward ? 1 : -1) + all.length) % all.length];
    select(null);
    choose(next);
    pages.reveal(next.start);
    drawLine();
    say(`${isIdea(next) ? "Suggested " : ""}${nameOf(next)}: ${shortened(text.slice(next.start, next.end))}`);
    return true;
  }

  function press(key: string, shift: boolean): boolean | "again" {
    if (key === "PageDown" || key === "PageUp") {
      home.scrollBy({ top: (key === "PageDown" ? 0.9 : -0.9) * home.clientHeight });
      return "again";
    }
    if (!whole) return false;
    const arrow = key === "ArrowRight" || key === "ArrowLeft";
    if (arrow && shift) return stretch(key === "ArrowRight") && "again";
    if (arrow) step(key === "ArrowRight");
    else if (key === "." || key === ",") return walk(key === ".") && "again";
    else if (key === " ") {
      // Without anything to move, it must not scroll the page.
      if (current || selection) moving = moving === "end" ? "start" : "end";
      drawLine();
      return true;
    } else if ((key === "Delete" || key === "Backspace") && current) {
      change(current, null, "Removed");
      return true;
    } else if ((key === "Delete" || key === "Backspace") && suggested.length) {
      dismissAll();
      return true;
    } else if (key === "=" && suggested.length) {
      if (current && isIdea(current)) acceptOne(current);
      else acceptAll();
      return true;
    } else if (key === "*" && current) {
      markSame();
      return true;
    } else if (key === "z" && marked.step(!shift)) {
      [current, selection, failure] = [null, null, ""];
      draw({ start: 0, end: text.length });
      changed();
      say(shift ? "Redone" : "Undone");
      return true;
    } else if (key === "Escape" && (current || selection || (armed >= 0 && offered.length > 1))) {
      if (!current && !selection) {
        armed = -1;
        changed();
      }
      select(null);
      choose(null);
      drawLine();
      return true;
    } else return false;
    return "again";
  }

  // -- the rest of a long text

  async function load(): Promise<void> {
    for (let total = Number.POSITIVE_INFINITY, points = offsets.points(text.length); points < total; ) {
      const { content } = await stage.more({ from: points });
      const part = String(content.text ?? "");
      total = Number(content.total);
      if (!part) throw new Error("The kernel sent only a part of the text.");
      offsets.extend(part, text.length);
      text += part;
      points = offsets.points(text.length);
      pages.set(text);
      drawLine();
    }
    whole = true;
    suggested = on.answer ? NONE : spansOf(on.suggested);
    marked.amend(spansOf(on.answer));
    draw({ start: 0, end: text.length });
    changed();
  }

  pages.set(text);
  if (!text) pages.element.append(h("div", { class: "hitl-empty", text: "This item has no text." }));
  queueMicrotask(() => pages.draw());
  drawLine();
  if (!whole && on.item)
    load().catch((error: unknown) => {
      if (!stage.signal.aborted)
        refuse(`The rest of the text did not come: ${error instanceof Error ? error.message : error}`);
    });

  return {
    element,
    press,
    pick,
    picked: () => (current ? [classes.findIndex(({ id }) => id === current?.id)] : armed >= 0 ? [armed] : []),
    read,
    waits: () => selection !== null || current !== null,
    keys: [
      ["← →", "the next word; with ⇧ more words"],
      [". ,", "the next and the previous span"],
      ["A–Z 1–9", "mark the selection, or relabel the span"],
      ["Space", "move the other end"],
      ["=", "accept suggestions"],
      ["*", "suggest all places of the same text"],
      ["Z ⇧Z", "undo and redo in this item"],
    ],
  };
}

const sorted = (spans: readonly Span[]): Span[] =>
  [...spans].sort((a, b) => a.start - b.start || a.end - b.end);

const shortened = (text: string): string => (text.length > 40 ? `${text.slice(0, 39)}…` : text);
