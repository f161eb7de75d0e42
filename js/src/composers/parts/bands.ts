import { h, show } from "../../ui/dom";
import { type Piece, rowsOf } from "./pieces";

export type Look = { look: string; label: string; colour: string };

/** Bands that are narrower have no label, in pixels. */
const NARROW = 14;
/** The width of a card before it is on the page. */
const USUAL_WIDTH = 800;

/** Bands over a waveform or a series, one for each mark; only what changes is drawn again, because there may be many. */
export class Bands<M extends { at: Piece }> {
  /** The band of what is marked but has no class yet. */
  readonly newest = h("div", { attrs: { "data-label": "", hidden: true } });
  /** Where they are, as the browser gives back styles rounded. */
  private readonly placed = new WeakMap<HTMLElement, string>();
  private readonly known = new Map<M, { element: HTMLElement; key: string }>();

  constructor(
    private readonly layer: HTMLElement,
    /** Where a place is in sight, from 0 at the left to 1 at the right. */
    private readonly xOf: (at: number) => number,
  ) {}

  /** Draws the marks, given by start; those that overlap are below each other. */
  draw(all: readonly M[], looks: (mark: M) => Look): void {
    const { rows, n } = rowsOf(all.map(({ at }) => at));
    const width = this.layer.clientWidth || USUAL_WIDTH;
    const there = new Set(all);
    for (const [mark, { element }] of this.known) {
      if (there.has(mark)) continue;
      element.remove();
      this.known.delete(mark);
    }
    let place = this.layer.firstElementChild;
    all.forEach((mark, i) => {
      const { look, label, colour } = looks(mark);
      const shown = (this.xOf(mark.at.end) - this.xOf(mark.at.start)) * width < NARROW ? "" : label;
      const key = [look, shown, colour, rows[i], n].join();
      const { element, key: before } = this.known.get(mark) ?? { element: h("div", {}), key: "" };
      this.known.set(mark, { element, key });
      if (before !== key) {
        element.className = `hitl-range ${look}`;
        element.dataset.label = shown;
        element.style.setProperty("--class", colour);
        element.style.top = `${(100 * rows[i]) / n}%`;
        element.style.height = `${100 / n}%`;
      }
      this.put(mark, mark.at);
      if (place === element) place = element.nextElementSibling;
      else this.layer.insertBefore(element, place);
    });
  }

  /** Shows a mark at another place, while it is moved. */
  put(mark: M, at: Piece): void {
    const element = this.known.get(mark)?.element;
    if (element) this.place(element, at);
  }

  drawNew(piece: Piece | null, look: string): void {
    show(this.newest, piece !== null);
    if (!piece) return;
    this.newest.className = `hitl-range ${look}`;
    this.place(this.newest, piece);
  }

  private place(element: HTMLElement, { start, end }: Piece): void {
    const [left, right] = [this.xOf(start), this.xOf(end)];
    const key = [start, end, left, right].join();
    if (this.placed.get(element) === key) return;
    this.placed.set(element, key);
    element.dataset.start = `${start}`;
    element.dataset.end = `${end}`;
    element.style.left = `${100 * left}%`;
    element.style.width = `${100 * (right - left)}%`;
  }
}
