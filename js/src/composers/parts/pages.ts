import { h } from "../../ui/dom";
import type { Range } from "./words";

/** Characters from which on a block ends at the next line, and at which it ends in any case. */
const [BLOCK, LONGEST] = [800, 2400];
/** Blocks that are drawn beyond the visible ones, in pixels. */
const BEYOND = 400;

/** A long text in blocks, of which only those in sight are in the page. */
export class Pages {
  readonly tall = h("div", { class: "hitl-pages-tall" });
  readonly element = h("div", { class: "hitl-pages" }, this.tall);
  private blocks: Range[] = [];
  private text = "";
  /** The height of each block: measured, or estimated by its length. */
  private heights: number[] = [];
  private measured: boolean[] = [];
  private width = 0;
  private shown = new Map<number, HTMLElement>();
  /** Called when other blocks are in the page, or they look different. */
  drawn: () => void = () => undefined;
  /** What the blocks in the page show besides their text. */
  private looks = new Map<number, string>();
  private line = 24;
  private perLine = 80;

  constructor(
    /** Draws the content of a block. */
    private readonly fill: (range: Range) => Node[],
    /** What a block shows besides its text, as a key: it is drawn again when that changes. */
    private readonly look: (range: Range) => string,
    signal: AbortSignal,
  ) {
    this.element.addEventListener("scroll", () => this.draw(), { signal, passive: true });
    const resized = new ResizeObserver(() => {
      if (this.element.clientWidth === this.width) return;
      this.width = this.element.clientWidth;
      this.measured = this.measured.map(() => false);
      requestAnimationFrame(() => this.draw());
    });
    resized.observe(this.element);
    signal.addEventListener("abort", () => resized.disconnect());
  }

  /** Shows a text, of which more may follow. */
  set(text: string): void {
    this.text = text;
    const last = this.blocks.pop();
    for (let at = last?.start ?? 0; at < text.length; ) {
      const end = endOf(text, at);
      this.blocks.push({ start: at, end });
      at = end;
    }
    const kept = Math.max(0, this.blocks.length - 1);
    this.heights.length = this.measured.length = Math.min(kept, this.heights.length);
    for (const [i] of this.shown) if (i >= kept - 1) this.drop(i);
    this.draw();
  }

  /** Draws the blocks again that look different now. */
  refresh(): void {
    for (const [i, element] of this.shown) {
      const look = this.look(this.blocks[i]);
      if (look === this.looks.get(i)) continue;
      this.looks.set(i, look);
      element.replaceChildren(...this.fill(this.blocks[i]));
    }
    this.drawn();
  }

  draw(): void {
    const n = this.blocks.length;
    for (let i = this.heights.length; i < n; i++) {
      this.heights.push(this.estimate(i));
      this.measured.push(false);
    }
    const top = this.element.scrollTop - BEYOND;
    const bottom = this.element.scrollTop + (this.element.clientHeight || 800) + BEYOND;
    let y = 0;
    let first = -1;
    const wanted = new Map<number, number>();
    for (let i = 0; i < n; i++) {
      if (y + this.heights[i] >= top && y <= bottom) {
        if (first < 0) first = i;
        wanted.set(i, y);
      }
      y += this.heights[i];
    }
    for (const [i] of this.shown) if (!wanted.has(i)) this.drop(i);
    let before: HTMLElement | null = null;
    for (const [i] of wanted) {
      let element = this.shown.get(i);
      if (!element) {
        element = h("div", {
          class: "hitl-page",
          attrs: { dir: "auto", "data-start": this.blocks[i].start },
        });
        element.append(...this.fill(this.blocks[i]));
        this.shown.set(i, element);
        this.looks.set(i, this.look(this.blocks[i]));
        if (before) before.after(element);
        else this.tall.prepend(element);
      }
      before = element;
    }
    this.tall.style.paddingTop = `${wanted.get(first) ?? 0}px`;
    const end = [...wanted].reduce((sum, [i]) => sum + this.heights[i], wanted.get(first) ?? 0);
    this.tall.style.paddingBottom = `${Math.max(0, y - end)}px`;
    this.measure();
    this.drawn();
  }

  /** The block element in which a position lies, if it is drawn. */
  at(position: number): HTMLElement | undefined {
    return this.shown.get(this.blockOf(position));
  }

  /** Scrolls to a position. */
  reveal(position: number): void {
    const i = this.blockOf(position);
    if (i < 0) return;
    const top = this.heights.slice(0, i).reduce((sum, one) => sum + one, 0);
    const { start, end } = this.blocks[i];
    const y = top + (this.heights[i] * (position - start)) / Math.max(1, end - start);
    const { scrollTop, clientHeight } = this.element;
    if (!clientHeight || (y >= scrollTop + 8 && y <= scrollTop + clientHeight - 2 * this.line)) return;
    this.element.scrollTop = Math.max(0, y - clientHeight / 3);
    this.draw();
  }

  private blockOf(position: number): number {
    let [low, high] = [0, this.blocks.length - 1];
    while (low < high) {
      const mid = (low + high + 1) >> 1;
      if (this.blocks[mid].start <= position) low = mid;
      else high = mid - 1;
    }
    return high < 0 ? -1 : low;
  }

  private drop(i: number): void {
    this.shown.get(i)?.remove();
    this.shown.delete(i);
  }

  private estimate(i: number): number {
    const { start, end } = this.blocks[i];
    const rows = this.text
      .slice(start, end)
      .split("\n")
      .reduce((sum, row) => sum + Math.max(1, Math.ceil(row.length / this.perLine)), 0);
    return rows * this.line;
  }

  /** Replaces estimates by what the visible blocks measure, without moving what is in sight. */
  private measure(): void {
    const scroll = this.element.scrollTop;
    let moved = 0;
    let changed = false;
    for (const [i, element] of this.shown) {
      if (this.measured[i]) continue;
      const height = element.offsetHeight;
      if (!height) return;
      if (Math.abs(height - this.heights[i]) > 0.5) {
        if (element.offsetTop < scroll) moved += height - this.heights[i];
        this.heights[i] = height;
        changed = true;
      }
      this.measured[i] = true;
    }
    if (!changed) return;
    if (moved) this.element.scrollTop = scroll + moved;
    this.draw();
  }
}

/** Where the block that starts at a position ends: after a line, else after a word. */
function endOf(text: string, start: number): number {
  const line = text.indexOf("\n", start + BLOCK);
  if (line >= 0 && line < start + LONGEST) return line + 1;
  if (text.length <= start + LONGEST) return text.length;
  const space = text.lastIndexOf(" ", start + LONGEST);
  if (space > start + BLOCK) return space + 1;
  const end = start + LONGEST;
  const unit = text.charCodeAt(end);
  return unit >= 0xdc00 && unit <= 0xdfff ? end + 1 : end;
}
