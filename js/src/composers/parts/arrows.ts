import { shortened } from "../../items/registry";
import { svg } from "../../ui/dom";
import type { Link } from "./marking";
import type { Pages } from "./pages";
import type { Piece } from "./pieces";

/** A relation, and how it looks. */
export type Arrow = Link & { link: Link; idea: boolean; on: boolean };
/** A span on one line of the page. */
type Box = { left: number; right: number; top: number; bottom: number; rtl: boolean };
/** What is above a line: from, to, and in which lane. */
type Taken = Map<number, [number, number, number][]>;

/** The distance of the lowest arrows from the text, and of the next ones from these, in pixels. */
const [ABOVE, LANE] = [7, 8];
const HEAD = 5;
/** The width of a letter of a label, roughly. */
const LETTER = 6;

/** Draws arrows over the text, between the spans that are in the page, whenever its pages are drawn; returns what sets them. */
export function arrows(pages: Pages, choose: (link: Link) => void) {
  const layer = svg("svg", { class: "hitl-arrows", "aria-hidden": "true" });
  pages.element.append(layer);
  let shown: readonly Arrow[] = [];
  let spanOf: (nr: number) => { at: Piece } | undefined = () => undefined;
  let wordsOf: (nr: number) => string = () => "";
  pages.drawn = draw;

  function draw(): void {
    if (!shown.length) {
      layer.replaceChildren();
      return;
    }
    const boxes = boxesOf();
    const taken: Taken = new Map();
    const nodes: Node[] = [];
    for (const arrow of shown) {
      const [from, to] = [boxes.get(arrow.from), boxes.get(arrow.to)];
      if (from && to) {
        const [a, b] = nearest(from, to);
        nodes.push(...(a.top === b.top ? along(arrow, a, b, taken) : across(arrow, a, b)));
      } else if (from) nodes.push(...away(arrow, from[0], arrow.to, taken));
      else if (to) nodes.push(...away(arrow, to[0], arrow.from, taken));
    }
    layer.replaceChildren(...nodes);
  }

  /** The lines of the spans in the page, by their numbers. */
  function boxesOf(): Map<number, Box[]> {
    const { left, top } = pages.element.getBoundingClientRect();
    const { scrollLeft, scrollTop } = pages.element;
    const [dx, dy] = [scrollLeft - left, scrollTop - top];
    const boxes = new Map<number, Box[]>();
    for (const element of pages.element.querySelectorAll<HTMLElement>("[data-nrs]")) {
      const rtl = getComputedStyle(element).direction === "rtl";
      const lines = [...element.getClientRects()].map((rect) => ({
        left: rect.left + dx,
        right: rect.right + dx,
        top: Math.round(rect.top + dy),
        bottom: Math.round(rect.bottom + dy),
        rtl,
      }));
      // Before the card is on the page, nothing has a place.
      for (const nr of lines.length ? (element.dataset.nrs ?? "").split(" ").map(Number) : [])
        boxes.set(nr, [...(boxes.get(nr) ?? []), ...lines]);
    }
    return boxes;
  }

  /** The lowest lane above a line that is free there. */
  function laneOf(taken: Taken, top: number, low: number, high: number): number {
    const others = taken.get(top) ?? [];
    let lane = 0;
    while (others.some(([from, to, other]) => other === lane && from < high && to > low)) lane++;
    taken.set(top, [...others, [low, high, lane]]);
    return top - ABOVE - LANE * Math.min(lane, 1);
  }

  /** Between two spans of a line: above it, higher where others are in the way. */
  function along(arrow: Arrow, a: Box, b: Box, taken: Taken): Node[] {
    const way = Math.sign(middle(b) - middle(a)) || 1;
    const [x0, x1] = [middle(a) + 3 * way, middle(b) - 3 * way];
    const [low, high] = [Math.min(x0, x1), Math.max(x0, x1)];
    const y = laneOf(taken, a.top, low, high);
    const r = Math.min(4, (high - low) / 2);
    const d =
      `M${x0} ${a.top} V${y + r} Q${x0} ${y} ${x0 + r * way} ${y} ` +
      `H${x1 - r * way} Q${x1} ${y} ${x1} ${y + r} V${b.top - HEAD}`;
    return made(arrow, d, [x1, b.top], 1, [(x0 + x1) / 2, y + 3.5]);
  }

  /** From a line to another. */
  function across(arrow: Arrow, a: Box, b: Box): Node[] {
    const down = a.top < b.top;
    const [x0, y0] = [middle(a), down ? a.bottom + 2 : a.top];
    const [x1, y1] = [middle(b), down ? b.top : b.bottom + 2];
    const way = down ? 1 : -1;
    const bend = Math.min(40, Math.abs(y1 - y0) * 0.6) * way;
    const end = y1 - HEAD * way;
    const d = `M${x0} ${y0} C${x0} ${y0 + bend} ${x1} ${end - bend} ${x1} ${end}`;
    // The label is between the lines, near where the arrow begins.
    const label: [number, number] = [x0 + (x1 - x0) * 0.12, y0 + (down ? 9 : -3)];
    return made(arrow, d, [x1, y1], way, label);
  }

  /** To, or from, a span that is not in the page. */
  function away(arrow: Arrow, { left, right, top, rtl }: Box, other: number, taken: Taken): Node[] {
    const leaves = other === arrow.to;
    const here = leaves ? arrow.from : arrow.to;
    const up = (spanOf(other)?.at.start ?? 0) < (spanOf(here)?.at.start ?? 0) ? "↑" : "↓";
    const there = `“${shortened(wordsOf(other), 24)}”`;
    const words = leaves ? `${up} ${arrow.type} ${there}` : `${up} from ${there} ${arrow.type}`;
    const [x, way] = rtl ? [right - 8, -1] : [left + 8, 1];
    const end = x + (words.length * LETTER + 6) * way;
    const y = laneOf(taken, top, Math.min(x, end), Math.max(x, end));
    const d = leaves ? `M${x} ${top} V${y}` : `M${x} ${y} V${top - HEAD}`;
    return made(arrow, d, leaves ? null : [x, top], 1, [(x + end) / 2, y + 2], words);
  }

  function made(
    arrow: Arrow,
    d: string,
    head: [number, number] | null,
    way: number,
    [x, y]: [number, number],
    words = arrow.type,
  ): Node[] {
    const { link, idea, on } = arrow;
    const look = `${idea ? " hitl-arrow-idea" : ""}${on ? " hitl-arrow-on" : ""}`;
    const label = svg("text", { class: `hitl-arrow-label${look}`, x, y });
    label.textContent = words;
    label.addEventListener("click", (event) => {
      event.stopPropagation();
      choose(link);
    });
    const nodes: Node[] = [svg("path", { class: `hitl-arrow${look}`, d })];
    if (head) {
      const [hx, hy] = head;
      const base = hy - (HEAD + 1) * way;
      const points = `${hx},${hy} ${hx - HEAD / 1.4},${base} ${hx + HEAD / 1.4},${base}`;
      nodes.push(svg("polygon", { class: `hitl-arrow-head${look}`, points }));
    }
    return [...nodes, label];
  }

  return (all: readonly Arrow[], span: typeof spanOf, words: typeof wordsOf): void => {
    [shown, spanOf, wordsOf] = [all, span, words];
  };
}

const middle = ({ left, right }: Box): number => (left + right) / 2;

/** The lines of two spans that are nearest to each other. */
function nearest(from: readonly Box[], to: readonly Box[]): [Box, Box] {
  const pairs = from.flatMap((a) => to.map((b): [Box, Box] => [a, b]));
  const apart = ([a, b]: [Box, Box]): number => Math.abs(a.top - b.top);
  return pairs.reduce((best, pair) => (apart(pair) < apart(best) ? pair : best));
}
