import { type Item, renderGlimpse } from "../../items/index";
import type { Point } from "../../plot/geometry";
import type { MapPlot } from "../../plot/map";
import { MOST_COUNTED, MOST_FANNED } from "../../plot/stacks";
import { count, h, said, show } from "../../ui/dom";
import type { Known } from "./points";

/** While the pointer rests for this long, the items around it are requested too. */
const REST_MS = 12;
const MOST_NEAR = 48;
const GAP = 14;

export type HoverCallbacks = {
  item: (row: number) => Item | undefined;
  known: (row: number) => Known;
  plot: () => Pick<MapPlot, "near"> | null;
  /** Items are needed: `rows`, then `near`. */
  want: () => void;
};

/** The tip with the item under the pointer. */
export function hoverView(on: HoverCallbacks, signal: AbortSignal) {
  let under: { row: number; at: Point; others: number } | null = null;
  let near: number[] = [];
  let resting: ReturnType<typeof setTimeout> | undefined;
  const element = h("div", { class: "hitl-tip", attrs: { hidden: true } });
  signal.addEventListener("abort", () => clearTimeout(resting));

  function draw(): void {
    show(element, under !== null);
    if (!under) return;
    const { row, at, others } = under;
    const item = on.item(row);
    const { before, name, after, colour } = on.known(row);
    const dot = h("span", { class: "hitl-dot" });
    dot.style.background = colour;
    element.replaceChildren(
      h("div", { class: "hitl-tip-head" }, dot, h("span", {}, before, said(name), after)),
      item ? renderGlimpse(item, 220) : h("div", { class: "hitl-faint", text: "…" }),
      ...(item?.context ?? []).map(([name, value]) =>
        h("div", { class: "hitl-faint hitl-tip-context" }, said(`${name}: ${value}`)),
      ),
      ...(others ? [h("div", { class: "hitl-faint", text: atSamePlace(others) })] : []),
    );
    // For measurements.
    element.dataset.row = item ? String(row) : "";
    place(at);
  }

  function place([x, y]: Point): void {
    const { clientWidth, clientHeight } = element.parentElement as HTMLElement;
    const [left, below] = [x > clientWidth / 2, y < clientHeight / 2];
    element.style.left = left ? "" : `${x + GAP}px`;
    element.style.right = left ? `${clientWidth - x + GAP}px` : "";
    element.style.top = below ? `${y + GAP}px` : "";
    element.style.bottom = below ? "" : `${clientHeight - y + GAP}px`;
  }

  return {
    element,
    /** The row under the pointer, whose item is needed at once. */
    get rows(): number[] {
      return under ? [under.row] : [];
    },
    /** The rows around it, whose items may be needed next. */
    get near(): number[] {
      return near;
    },
    draw,
    /** The pointer is at this row, whose point is at `at`, with others at the same place; null for none. */
    set(row: number | null, at: Point, others: number): void {
      clearTimeout(resting);
      near = [];
      under = row === null ? null : { row, at, others };
      draw();
      if (row === null) return;
      if (!on.item(row)) on.want();
      resting = setTimeout(() => {
        near = (on.plot()?.near(row, MOST_NEAR) ?? []).filter((one) => one !== row);
        on.want();
      }, REST_MS);
    },
  };
}

function atSamePlace(others: number): string {
  const many = others + 1 >= MOST_COUNTED;
  const some = others + 1 > MOST_FANNED ? ` ${MOST_FANNED} of them, Enter for the next` : "";
  return `${many ? `${others} or more` : count(others, "other")} at the same place: click to fan out${some}`;
}
