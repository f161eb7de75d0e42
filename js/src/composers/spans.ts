import "./spans.css";
import type { Composer, Composing } from "../questions/registry";
import { count, h } from "../ui/dom";
import { Offsets } from "../ui/offsets";
import { Edged, touch } from "./parts/edges";
import { keyButton, statusLine } from "./parts/line";
import { keysOfMarks, type Mark } from "./parts/marking";
import { Pages } from "./parts/pages";
import { PRELABEL_KEYS, prelabelOf } from "./parts/prelabel";
import { RELATION_KEYS, relationsOf } from "./parts/relations";
import { occurrences, type Range, snapped, trim, untaken, wordFrom } from "./parts/words";

type Span = Mark<Range>;

/** Places of a piece of text that are marked at once. */
const MOST_SAME = 1000;

/** Spans of a text: marked with the mouse or by word, changed, relabelled and removed by key. */
export function compose(on: Composing): Composer {
  const { classes, settings, stage, say, leave } = on;
  const snap = settings.snap !== false;
  const content = on.item?.content as { text?: string; cut?: number } | undefined;
  let text = content?.text ?? "";
  const offsets = new Offsets(text);
  let whole = !content?.cut;
  let mouse = false;
  /** Other places with the text of the selected span; found once for each selection. */
  let others: { of: Span | null; among: readonly Span[]; found: Range[] } | null = null;

  const pages = new Pages(fill, lookOf, stage.signal);
  const accept = keyButton("=", () => marking.accept());
  const same = keyButton("*", markSame);
  const relate = keyButton(">", () => {
    relations?.begin();
    leave();
  });
  const find = keyButton("#", () => prelabel.open());
  const status = statusLine(find, relate, same, accept);
  pages.element.setAttribute("aria-label", "Text to mark");
  pages.element.setAttribute("role", "group");
  const marking = new Edged(on, {
    name: "spans",
    one: "span",
    many: "spans",
    whole: "text",
    read: ([start, end]) => ({ start: offsets.position(Number(start)), end: offsets.position(Number(end)) }),
    write: ({ start, end }) => [offsets.points(start), offsets.points(end)],
    stray: ({ end }) => end > text.length,
    words: pieceOf,
    draw,
  });
  const prelabel = prelabelOf({
    classes,
    marking,
    stage,
    place: ([start, end]) => ({ start: offsets.position(start), end: offsets.position(end) }),
    selected: () => {
      const at = marking.current?.at ?? marking.draft;
      return at ? text.slice(at.start, at.end) : "";
    },
    rules: (on.suggested?.rules ?? []) as [string, string, number][],
    say,
    leave,
  });
  const element = h("div", { class: "hitl-spans" }, pages.element, prelabel.element, status.element);
  const types = (settings.relations ?? []) as string[];
  const relations = types.length ? relationsOf({ types, marking, pages, draw, say, leave }) : null;
  if (relations) {
    element.append(relations.element);
    element.classList.add("hitl-related");
  }

  function pieceOf({ start, end }: Range): string {
    return shortened(text.slice(start, end));
  }

  // -- drawing

  /** The spans in a block, and the selection without a class. */
  function shownIn(block: Range) {
    const { ordered, current, draft } = marking;
    const looks = (mark: Span): string =>
      [
        marking.isIdea(mark) ? "idea" : "own",
        mark === relations?.from && mark !== current ? "from" : "",
        mark === current ? "current" : "",
      ]
        .filter(Boolean)
        .join(" ");
    const here = ordered.filter(({ at }) => touch(at, block)).map((mark) => ({ ...mark, look: looks(mark) }));
    return draft && touch(draft, block)
      ? [...here, { at: draft, id: "", text: "", nr: -1, look: "selection" }]
      : here;
  }

  function lookOf(block: Range): string {
    return shownIn(block)
      .map(({ at, id, nr, look }) => [at.start, at.end, id, nr, look].join())
      .join(";");
  }

  /** The text of a block, with its spans as elements. */
  function fill(block: Range): Node[] {
    const { start, end } = block;
    const here = shownIn(block);
    const edges = [...new Set([start, end, ...here.flatMap(({ at }) => [at.start, at.end])])]
      .filter((at) => at >= start && at <= end)
      .sort((a, b) => a - b);
    return edges.slice(1).map((to, i) => {
      const from = edges[i];
      const over = here.filter(({ at }) => at.start <= from && at.end >= to);
      if (!over.length) return document.createTextNode(text.slice(from, to));
      const marks = over.filter(({ nr }) => nr >= 0);
      const last = marks.findLast(({ at }) => at.end === to);
      const looks = new Set(over.flatMap(({ look }) => look.split(" ")));
      return h("mark", {
        class: ["hitl-span", ...[...looks].map((look) => `hitl-span-${look}`)].join(" "),
        text: text.slice(from, to),
        title: marks.map(marking.nameOf).join(", "),
        attrs: {
          "data-nr": marks.at(-1)?.nr,
          "data-nrs": relations && marks.map(({ nr }) => nr).join(" "),
          "data-id": marks.at(-1)?.id,
          "data-label": last && marking.nameOf(last),
        },
        style: {
          "--class": marks.length ? marking.colorOf(marks[marks.length - 1]) : "transparent",
          "--depth": String(Math.min(3, marks.length)),
        },
      });
    });
  }

  function draw(): void {
    relations?.update();
    pages.refresh();
    drawLine();
  }

  function drawLine(): void {
    const { failure, left } = marking;
    status.tell(failure || relations?.words() || words(), failure !== "");
    accept.offer(left ? `accept ${count(left, "suggestion")}` : null);
    relate.offer(relations?.ready ? "relate" : null);
    find.offer(whole && !marking.current ? "suggest words" : null);
    const n = othersOf().length;
    same.offer(n ? `suggest ${count(n, "other")}` : null);
  }

  function words(): string {
    const { current, draft, armed, moving } = marking;
    if (!whole) return `Loading the text: ${count(text.length, "character")} so far.`;
    if (current && marking.isIdea(current))
      return `Suggested: ${told(current)}. = accepts it, Del removes it.`;
    if (current)
      return `${told(current)}. A class relabels it, Del removes it, ⇧← ⇧→ move its ${moving}, Space the other end.`;
    if (draft) return "Press a class to mark the selection. ⇧← ⇧→ change it.";
    if (armed >= 0) return `Select text to mark it as ${classes[armed].name}.`;
    return "Select text, then press a class. ← → go from word to word.";
  }

  const told = (span: Span): string => `${marking.nameOf(span)} “${pieceOf(span.at)}”`;

  // -- the same text in other places

  function othersOf(): Range[] {
    const { current, ordered } = marking;
    if (others?.of !== current || others.among !== ordered) {
      const taken = ordered.map(({ at }) => at);
      const own = current && !marking.isIdea(current) ? text.slice(current.at.start, current.at.end) : "";
      others = { of: current, among: ordered, found: untaken(occurrences(text, own, MOST_SAME), taken) };
    }
    return others.found;
  }

  function markSame(): void {
    if (marking.current) marking.suggest(othersOf(), marking.current.id);
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

  /** What is selected in the browser: whole words, unless `exact`. */
  function selected(exact = false): Range | null {
    const root = home.getRootNode() as ShadowRoot & { getSelection?: () => Selection | null };
    const found = (root instanceof ShadowRoot && root.getSelection?.()) || document.getSelection();
    if (!whole || !found?.rangeCount || found.isCollapsed) return null;
    const { startContainer, startOffset, endContainer, endOffset } = found.getRangeAt(0);
    const [start, end] = [positionOf(startContainer, startOffset), positionOf(endContainer, endOffset)];
    if (start === null || end === null || start >= end) return null;
    return snap && !exact ? snapped(text, { start, end }) : trim(text, { start, end });
  }

  function took(exact: boolean): boolean {
    const found = selected(exact);
    if (!found) return false;
    document.getSelection()?.removeAllRanges();
    leave();
    marking.take(found);
    return true;
  }

  const { element: home } = pages;
  home.addEventListener("pointerdown", ({ pointerType }) => (mouse = pointerType === "mouse"), {
    signal: stage.signal,
  });
  home.addEventListener(
    "click",
    ({ target, altKey, detail }) => {
      if (!took(altKey) && detail < 2) clicked(target as HTMLElement);
    },
    { signal: stage.signal },
  );
  // A selection by touch ends without a click: it waits for a class.
  document.addEventListener(
    "selectionchange",
    () => {
      const found = mouse ? null : selected();
      if (found) marking.select(found);
    },
    { signal: stage.signal },
  );
  // A drag may end outside of the text.
  document.addEventListener(
    "pointerup",
    ({ target, altKey }) => {
      if (mouse && !home.contains(target as Node)) took(altKey);
    },
    { signal: stage.signal },
  );

  function clicked(target: HTMLElement): void {
    const nr = Number(target.closest<HTMLElement>("[data-nr]")?.dataset.nr ?? -1);
    marking.choose(marking.ordered.find((span) => span.nr === nr) ?? null);
    leave();
  }

  // -- the keyboard

  /** Selects the next word, or the one before. */
  function step(forward: boolean): void {
    const from = marking.draft ?? marking.current?.at;
    const at = from ? (forward ? from.end : from.start) : forward ? 0 : text.length;
    const word = wordFrom(text, at, forward);
    if (!word) return;
    marking.select(word);
    pages.reveal(word.start);
    say(text.slice(word.start, word.end));
  }

  /** Moves one end of the selection, or of the span, by a word. */
  function stretch(piece: Range, forward: boolean): void {
    const { moving } = marking;
    const next = { ...piece, [moving]: stretched(piece, forward) };
    if (next.start >= next.end) return;
    marking.put(next);
    say(text.slice(next.start, next.end));
    pages.reveal(next[moving]);
  }

  /** Where the moving end of a range is after a step. */
  function stretched({ start, end }: Range, forward: boolean): number {
    const { moving } = marking;
    const word = wordFrom(text, moving === "end" ? end : start, forward);
    if (moving === "end")
      return (forward ? word?.end : word && wordFrom(text, word.start, false)?.end) ?? end;
    return (forward ? word && wordFrom(text, word.end, true)?.start : word?.start) ?? start;
  }

  function press(key: string, shift: boolean): boolean | "again" {
    if (key === "PageDown" || key === "PageUp") {
      home.scrollBy({ top: (key === "PageDown" ? 0.9 : -0.9) * home.clientHeight });
      return "again";
    }
    if (!whole) return false;
    const related = relations?.press(key, shift);
    if (related) return related;
    const { piece } = marking;
    const arrow = key === "ArrowRight" || key === "ArrowLeft";
    if (arrow && shift) {
      if (piece) stretch(piece, key === "ArrowRight");
      return piece !== null && "again";
    }
    if (arrow) {
      step(key === "ArrowRight");
      return "again";
    }
    if (key === " ") marking.moveEdge(marking.moving === "end" ? "start" : "end");
    else if (key === "*" && marking.current) markSame();
    else if (key === "#") prelabel.open();
    else {
      // A selected word is no step that undo could take back.
      if (key === "z") marking.choose(null);
      const done = marking.press(key, shift);
      if (done && (key === "." || key === ",") && marking.current) pages.reveal(marking.current.at.start);
      return done;
    }
    return true;
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
    marking.load();
    draw();
    on.changed(false);
  }

  pages.set(text);
  if (!text) pages.element.append(h("div", { class: "hitl-empty", text: "This item has no text." }));
  queueMicrotask(() => pages.draw());
  // Places in a text that is not here yet cannot be counted in units of a string.
  if (whole) marking.load();
  draw();
  if (!whole && on.item)
    load().catch((error: unknown) => {
      if (!stage.signal.aborted)
        marking.refuse(
          `The rest of the text did not come: ${error instanceof Error ? error.message : error}`,
        );
    });

  return {
    element,
    press,
    pick: (code) => {
      if (whole) marking.pick(code);
      else marking.refuse("The text is still being loaded: mark it then.");
    },
    picked: () => marking.picked(),
    read: () => {
      if (!whole) return `The text is still being loaded: ${count(text.length, "character")} so far.`;
      return relations?.from ? "The new relation has no type yet: Esc drops it." : marking.read();
    },
    waits: () => marking.draft !== null || marking.current !== null,
    keys: keysOfMarks("span", "spans", [
      ["← →", "the next word; with ⇧ more words"],
      ["Space", "move the other end"],
      ["*", "suggest all places of the same text"],
      ...PRELABEL_KEYS,
      ...(relations ? RELATION_KEYS : []),
    ]),
  };
}

const shortened = (text: string): string => (text.length > 40 ? `${text.slice(0, 39)}…` : text);
