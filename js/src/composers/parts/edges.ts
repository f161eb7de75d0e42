import type { Composing } from "../../questions/registry";
import { type Mark, Marking, type MarkingCallbacks } from "./marking";
import type { Edge, Piece } from "./pieces";

export const touch = (a: Piece, b: Piece): boolean => a.start < b.end && a.end > b.start;

/** Marks from a start to an end, of which keys move one: spans of a text, ranges of a recording. */
export class Edged extends Marking<Piece> {
  /** The edge that keys move. */
  moving: Edge = "end";

  constructor(card: Composing, on: Omit<MarkingCallbacks<Piece>, "start" | "touch">) {
    super(card, { ...on, touch, start: ({ start, end }) => [end, start] });
  }

  override choose(mark: Mark<Piece> | null): void {
    if (mark !== this.current || this.draft) this.moving = "end";
    super.choose(mark);
  }

  /** What the keys change: the selected mark, or the place without a class. */
  get piece(): Piece | null {
    return this.current && !this.isIdea(this.current) ? this.current.at : this.draft;
  }

  moveEdge(edge: Edge): void {
    this.moving = edge;
    this.on.draw();
  }

  /** Puts what the keys change elsewhere. */
  put(next: Piece): void {
    const { current } = this;
    const clash = current && this.clash(next, current);
    if (clash) this.refuse(`It would overlap ${this.spoken(clash)}.`);
    else if (current) this.change(current, { ...current, at: next }, this.moving);
    else {
      this.draft = next;
      this.on.draw();
    }
  }
}
