import type { Composing } from "../../questions/registry";
import { h } from "../../ui/dom";
import "./waves.css";
import { Bands } from "./bands";
import type { Edged } from "./edges";
import type { Mark } from "./marking";
import { between, type Edge, edgeNear, gapAt, moved, type Piece } from "./pieces";
import { further, type Track } from "./track";

type Band = Mark<Piece>;
/** What the pointer does: it moves an edge, or it may mark a new piece from where it went down. */
type Drag = { x: number; from: number; of?: Band; edge?: Edge; now?: Piece };

/** How near the pointer must be to an edge, in pixels. */
const REACH = { mouse: 6, touch: 16 };
/** A pointer that moves less clicks. */
const STILL = 4;
/** How many frames of a video a key with Shift moves an edge by. */
const FRAMES = 10;

export type WaveCallbacks = {
  one: string;
  many: string;
  /** Whether pieces may overlap. */
  overlap: boolean;
  /** A new piece was marked. */
  made: (piece: Piece) => void;
  draw: () => void;
};

/** The pieces of a recording, video or series over what is drawn of it: marked with the pointer, or at the cursor by keys. */
export class Waves {
  /** Where a piece was started by key that is not ended yet, and how far it may go. */
  open: { at: number; within: Piece } | null = null;
  private drag: Drag | null = null;
  private readonly layer = h("div", { class: "hitl-waves-layer" });
  private readonly bands: Bands<Band>;
  /** What the cursor is called. */
  private readonly head: string;

  constructor(
    private readonly card: Composing,
    private readonly track: Track,
    private readonly marking: Edged,
    private readonly on: WaveCallbacks,
  ) {
    this.bands = new Bands<Band>(this.layer, track.xOf);
    this.head = track.play ? "playhead" : "cursor";
    track.place.append(this.layer, this.bands.newest);
    this.listen();
  }

  // -- drawing

  draw(): void {
    const { marking } = this;
    this.bands.draw(marking.ordered, (band) => {
      const [now, idea] = [band === marking.current, marking.isIdea(band)];
      const edge = now && !idea ? ` hitl-range-at-${marking.moving}` : "";
      const look = `hitl-range-${idea ? "idea" : "own"}${edge}${now ? " hitl-range-current" : ""}`;
      return { look, label: band.id ? marking.nameOf(band) : "", colour: marking.colorOf(band) };
    });
    this.drawFresh();
  }

  /** Draws what is not marked yet. */
  private drawFresh(): void {
    const { drag, marking } = this;
    const piece = (drag && !drag.of && drag.now) || this.growing() || marking.draft;
    const look = `hitl-range-draft hitl-range-at-${marking.moving}`;
    this.bands.drawNew(piece, piece === marking.draft ? `${look} hitl-range-current` : look);
  }

  /** The playhead may have moved. */
  follow(): void {
    if (this.open) this.drawFresh();
  }

  // -- room

  /** A piece that was started by key ends at the playhead so far. */
  private growing(): Piece | null {
    return this.open && between(this.open.at, this.track.cursor(), this.open.within, this.track.grid);
  }

  /** How far a piece at this place may go. */
  private roomAt(at: number, except: Band | null = null): Piece | null {
    const { grid } = this.track;
    if (this.on.overlap) return { start: grid.first, end: grid.last };
    const others = this.marking.marks.filter((one) => one !== except);
    return gapAt(
      others.map(({ at }) => at),
      at,
      grid,
    );
  }

  /** How far the edges of a piece may go. */
  private roomOf = ({ start, end }: Piece, of: Band | null): Piece =>
    this.roomAt((start + end) / 2, of) ?? { start, end };

  choose(band: Band | null): void {
    this.open = null;
    this.marking.choose(band);
  }

  // -- the pointer

  private timeAt = (x: number): number => {
    const { left, width } = this.layer.getBoundingClientRect();
    return this.track.atX(Math.max(0, Math.min((x - left) / Math.max(1, width), 1)));
  };

  private edgeAt({ clientX, pointerType }: PointerEvent): { of: Band; edge: Edge } | null {
    const reach = pointerType === "mouse" ? REACH.mouse : REACH.touch;
    const sight = this.track.atX(1) - this.track.atX(0);
    const most = (sight * reach) / Math.max(1, this.layer.clientWidth);
    const at = this.timeAt(clientX);
    const { current, marks } = this.marking;
    // The edges of the selected piece first, where pieces overlap.
    return (
      (current && !this.marking.isIdea(current) && edgeNear([current], at, most)) || edgeNear(marks, at, most)
    );
  }

  private listen(): void {
    const { layer } = this;
    layer.addEventListener("pointerdown", (event) => {
      if (event.button) return;
      event.stopPropagation(); // it would move the playhead
      event.preventDefault(); // no text is selected, and nothing is dragged out of the page
      layer.setPointerCapture(event.pointerId);
      this.drag = { x: event.clientX, from: this.timeAt(event.clientX), ...this.edgeAt(event) };
    });
    layer.addEventListener("pointermove", (event) => this.moved(event));
    layer.addEventListener("pointerup", () => this.dropped());
    layer.addEventListener("pointercancel", () => {
      const { of } = this.drag ?? {};
      if (of) this.bands.put(of, of.at);
      this.drag = null;
      this.drawFresh();
    });
  }

  private moved(event: PointerEvent): void {
    const { drag } = this;
    if (!drag) {
      this.layer.classList.toggle("hitl-on-edge", this.edgeAt(event) !== null);
      return;
    }
    const { of, edge, from, x } = drag;
    if (!drag.now && Math.abs(event.clientX - x) < STILL) return;
    const to = this.timeAt(event.clientX);
    if (of && edge) drag.now = moved(of.at, edge, to, this.roomOf(of.at, of), this.track.grid);
    else {
      const room = this.roomAt(from);
      if (!room) return;
      drag.now = between(from, to, room, this.track.grid) ?? drag.now;
    }
    if (drag.of && drag.now) this.bands.put(drag.of, drag.now);
    else this.drawFresh();
  }

  private dropped(): void {
    const done = this.drag;
    this.drag = null;
    if (!done) return;
    const { of, edge, now, from } = done;
    this.open = null;
    if (of && edge && now) {
      this.choose(of);
      this.marking.moving = edge;
      this.marking.put(now);
      this.card.say(timesOf(this.track)(now));
    } else if (now) this.on.made(now);
    else this.clicked(from);
    this.card.leave();
  }

  /** Selects what is there, and the next one by another click; elsewhere the playhead moves. */
  private clicked(at: number): void {
    const { marking } = this;
    const there = [...marking.marks, ...marking.suggested].filter(
      ({ at: { start, end } }) => start <= at && at <= end,
    );
    if (there.length) this.choose(there[(there.indexOf(marking.current as Band) + 1) % there.length]);
    else {
      this.choose(null);
      this.track.seek(at);
    }
  }

  // -- the keyboard

  startHere(): void {
    const { track } = this;
    const within = this.roomAt(track.cursor());
    if (!within) {
      const { one, many } = this.on;
      this.marking.refuse(`There is a ${one} at the ${this.head}: ${many} cannot overlap here.`);
      return;
    }
    this.choose(null);
    this.open = { at: Math.min(track.cursor(), track.grid.last), within };
    this.on.draw();
    this.card.say(`From ${track.words(this.open.at)}`);
  }

  /** Ends what was started by key; null if it is not long enough. */
  endHere(): Piece | null {
    const piece = this.growing();
    if (piece) this.open = null;
    else {
      const how = this.track.play ? "play or move on" : "move on";
      this.marking.refuse(`The ${this.on.one} is too short: ${how}, then end it.`);
    }
    return piece;
  }

  /** Moves one edge of what is selected. */
  private nudge(piece: Piece, way: 1 | -1, shift: boolean): void {
    const { track } = this;
    const { moving } = this.marking;
    const from = piece[moving];
    const to =
      track.beside?.(from, way * (shift ? FRAMES : 1)) ??
      further(track.grid.exact, from, track.steps()[shift ? 1 : 0], way);
    const next = moved(piece, moving, to, this.roomOf(piece, this.marking.current), track.grid);
    if (next[moving] === piece[moving]) this.card.say("It goes no further");
    else {
      this.marking.put(next);
      this.card.say(track.words(next[moving]));
    }
    if (!track.playing()) track.seek(next[moving]);
  }

  private edgeTo(piece: Piece, edge: Edge): void {
    this.marking.moveEdge(edge);
    this.track.seek(piece[edge]);
    this.card.say(`${edge} at ${this.track.words(piece[edge])}`);
  }

  /** Moves an edge of what is selected to the playhead. */
  pull(piece: Piece, edge: Edge): void {
    this.marking.moving = edge;
    const { track } = this;
    const next = moved(piece, edge, track.cursor(), this.roomOf(piece, this.marking.current), track.grid);
    this.marking.put(next);
    this.card.say(`${edge} at ${track.words(next[edge])}`);
  }

  press(key: string, shift: boolean): boolean | "again" {
    const { marking, on, track } = this;
    const { piece, current, draft } = marking;
    if (piece && (key === "ArrowRight" || key === "ArrowLeft")) {
      this.nudge(piece, key === "ArrowRight" ? 1 : -1, shift);
      return "again";
    }
    const heard = current?.at ?? draft;
    if (piece && (key === "Home" || key === "End")) this.edgeTo(piece, key === "Home" ? "start" : "end");
    else if (key === " " && heard && track.play) track.play(heard);
    else if (key === "-" && !this.open) this.startHere();
    else if (key === "-") {
      const ended = this.endHere();
      if (ended) on.made(ended);
    } else if ((draft || this.open) && (key === "Escape" || (key === "z" && !shift))) {
      this.choose(null);
      on.draw();
      this.card.say("Dropped");
    } else {
      const walks = key === "." || key === ",";
      if (walks) this.open = null;
      const done = marking.press(key, shift);
      if (!done && walks) return marking.refuse(`There are no ${on.many} yet.`);
      if (done && walks && marking.current && !track.playing()) track.seek(marking.current.at.start);
      return done || track.press(key, shift);
    }
    return true;
  }
}

/** A piece in words. */
export const timesOf =
  ({ words }: Track) =>
  ({ start, end }: Piece): string =>
    `${words(start)}–${words(end)}`;

/** Whether a piece lies beyond the ends, more than because it is rounded. */
export const isBeyond =
  ({ grid: { first, last }, rounding }: Track) =>
  ({ start, end }: Piece): boolean =>
    start < first - rounding || end > last + rounding;
