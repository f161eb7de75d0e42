import { svg } from "../../ui/dom";
import type { Link } from "./marking";
import type { Pages } from "./pages";
import type { Piece } from "./pieces";

/** A relation, and how it looks. */
export type Arrow = Link & { link: Link; idea: boolean; on: boolean };
/** Where a span begins on the page. */
type Box = { left: number; right: number; top: number; bottom: number };

/** Space between the arrows that are above each other, and their distance from the text, in pixels. */
const [LANE, ABOVE] = [6, 7];
const HEAD = 5;

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
    /** The lanes that are taken above a line, by the top of the line. */
    const taken = new Map<number, [number, number, number][]>();
    const nodes: Node[] = [];
    for (const arrow of shown) {
      const [a, b] = [boxes.get(arrow.from), boxes.get(arrow.to)];
      if (a && b)
        nodes.push(...(Math.abs(a.top - b.top) < 4 ? along(arrow, a, b, taken) : across(arrow, a, b)));
      else if (a || b)
        nodes.push(...away(arrow, (a ?? b) as Box, a ? arrow.to : arrow.from, a !== undefined));
    }
    layer.replaceChildren(...nodes);
  }

  /** Where the spans in the page begin, by their numbers. */
  function boxesOf(): Map<number, Box> {
    const { left, top } = pages.element.getBoundingClientRect();
    const { scrollLeft, scrollTop } = pages.element;
    const boxes = new Map<number, Box>();
    for (const element of pages.element.querySelectorAll<HTMLElement>("[data-nrs]")) {
      const nrs = (element.dataset.nrs ?? "")
        .split(" ")
        .map(Number)
        .filter((nr) => !boxes.has(nr));
      const rect = nrs.length ? element.getClientRects()[0] : undefined;
      if (!rect) continue;
      const [x, y] = [scrollLeft - left, scrollTop - top];
      for (const nr of nrs)
        boxes.set(nr, {
          left: rect.left + x,
          right: rect.right + x,
          top: rect.top + y,
          bottom: rect.bottom + y,
        });
    }
    return boxes;
  }

  /** Between two spans of a line: above it, higher where others are in the way. */
  function along(arrow: Arrow, a: Box, b: Box, taken: Map<number, [number, number, number][]>): Node[] {
    const way = Math.sign(middle(b) - middle(a)) || 1;
    const [x0, x1] = [middle(a) + 3 * way, middle(b) - 3 * way];
    const [low, high] = [Math.min(x0, x1), Math.max(x0, x1)];
    const line = Math.round(a.top / 4);
    const others = taken.get(line) ?? [];
    let lane = 0;
    while (others.some(([from, to, other]) => other === lane && from < high && to > low)) lane++;
    taken.set(line, [...others, [low, high, lane]]);
    const y = a.top - ABOVE - LANE * Math.min(lane, 2);
    const r = Math.min(4, (high - low) / 2);
    const d =
      `M${x0} ${a.top} V${y + r} Q${x0} ${y} ${x0 + r * way} ${y} ` +
      `H${x1 - r * way} Q${x1} ${y} ${x1} ${y + r} V${b.top - HEAD}`;
    return made(arrow, d, [x1, b.top], 1, [(x0 + x1) / 2, y + 3.5], arrow.type);
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
    return made(arrow, d, [x1, y1], way, label, arrow.type);
  }

  /** To, or from, a span that is not in the page. */
  function away(arrow: Arrow, box: Box, other: number, leaves: boolean): Node[] {
    const here = leaves ? arrow.from : arrow.to;
    const up = (spanOf(other)?.at.start ?? 0) < (spanOf(here)?.at.start ?? 0);
    const [x, y] = [middle(box), box.top];
    const words = `${up ? "↑" : "↓"} ${leaves ? "" : "from "}${leaves ? `${arrow.type} ` : ""}“${wordsOf(other)}”${leaves ? "" : ` ${arrow.type}`}`;
    const d = leaves ? `M${x} ${y} v${-ABOVE}` : `M${x} ${y - ABOVE} V${y - HEAD}`;
    return made(arrow, d, leaves ? null : [x, y], 1, [x, y - ABOVE - 2], words);
  }

  function made(
    { link, idea, on }: Arrow,
    d: string,
    head: [number, number] | null,
    way: number,
    [x, y]: [number, number],
    words: string,
  ): Node[] {
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
