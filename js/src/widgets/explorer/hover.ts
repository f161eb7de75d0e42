import { type Item, renderGlimpse } from "../../items/index";
import type { Point } from "../../plot/geometry";
import { h, said, show } from "../../ui/dom";
import type { Known } from "./points";

const HOVER_MS = 60;

export type HoverCallbacks = {
  item: (row: number) => Item | undefined;
  known: (row: number) => Known;
  /** The item of the row under the pointer is needed. */
  want: () => void;
};

/** The tip with the item under the pointer. */
export function hoverView(on: HoverCallbacks) {
  let under: { row: number; at: Point } | null = null;
  const element = h("div", { class: "hitl-tip", attrs: { hidden: true } });

  function draw(): void {
    show(element, under !== null);
    if (!under) return;
    const item = on.item(under.row);
    const { before, name, after, colour } = on.known(under.row);
    const dot = h("span", { class: "hitl-dot" });
    dot.style.background = colour;
    element.replaceChildren(
      h("div", { class: "hitl-tip-head" }, dot, h("span", {}, before, said(name), after)),
      item ? renderGlimpse(item, 220) : h("div", { class: "hitl-faint", text: "…" }),
    );
    place(under.at);
  }

  function place([x, y]: Point): void {
    const { clientWidth, clientHeight } = element.parentElement as HTMLElement;
    const [left, below] = [x > clientWidth / 2, y < clientHeight / 2];
    element.style.left = left ? "" : `${x + 14}px`;
    element.style.right = left ? `${clientWidth - x + 14}px` : "";
    element.style.top = below ? `${y + 14}px` : "";
    element.style.bottom = below ? "" : `${clientHeight - y + 14}px`;
  }

  return {
    element,
    /** The row under the pointer; none if it is nowhere near a point. */
    get rows(): number[] {
      return under ? [under.row] : [];
    },
    draw,
    /** The pointer is at this row, whose point is at `at`; null for none. */
    set(row: number | null, at: Point): void {
      under = row === null ? null : { row, at };
      draw();
      if (row === null || on.item(row)) return;
      setTimeout(() => {
        if (under?.row === row) on.want();
      }, HOVER_MS);
    },
  };
}
