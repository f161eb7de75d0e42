import type { Recording } from "../../items/audio/recording";
import { clock } from "../../items/audio/wave";
import type { Composer, Composing } from "../../questions/registry";
import { h } from "../../ui/dom";
import "./waves.css";
import { Bands } from "./bands";
import type { Edged } from "./edges";
import type { Mark } from "./marking";
import { between, type Edge, edgeNear, gapAt, lastOf, moved, type Piece } from "./pieces";

type Band = Mark<Piece>;
/** What the pointer does: it moves an edge, or it may mark a new piece from where it went down. */
type Drag = { x: number; from: number; of?: Band; edge?: Edge; now?: Piece };

/** How near the pointer must be to an edge, in pixels. */
const REACH = { mouse: 6, touch: 16 };
/** A pointer that moves less clicks. */
const STILL = 4;
/** Steps of an edge by key, in seconds: for short and for long recordings. */
const STEPS = { short: [0.02, 0.2], long: [0.1, 1], from: 30 };

export type WaveCallbacks = {
  one: string;
  many: string;
  /** Whether pieces may overlap. */
  overlap: boolean;
  /** A new piece was marked. */
  made: (piece: Piece) => void;
  draw: () => void;
};

/** The pieces of a recording over its waveform: marked and changed with the pointer, or at the playhead by keys. */
export class Waves {
  /** Where a piece was started by key that is not ended yet, and how far it may go. */
  open: { at: number; within: Piece } | null = null;
  private drag: Drag | null = null;
  private readonly layer = h("div", { class: "hitl-waves-layer" });
  private readonly bands: Bands<Band>;
  private readonly last: number;
  private readonly steps: readonly number[];

  constructor(
    private readonly card: Composing,
    private readonly sound: Recording,
    private readonly seconds: number,
    private readonly marking: Edged,
    private readonly on: WaveCallbacks,
  ) {
    this.bands = new Bands<Band>(this.layer, seconds);
    this.last = lastOf(seconds);
    this.steps = this.last < STEPS.from ? STEPS.short : STEPS.long;
    sound.wave.append(this.layer, this.bands.newest);
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
    return this.open && between(this.open.at, this.sound.player.time, this.open.within);
  }

  /** How far a piece at this place may go. */
  private roomAt(at: number, except: Band | null = null): Piece | null {
    if (this.on.overlap) return { start: 0, end: this.last };
    const others = this.marking.marks.filter((one) => one !== except);
    return gapAt(
      others.map(({ at }) => at),
      at,
      this.last,
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
    return (this.seconds * Math.max(0, Math.min(x - left, width))) / Math.max(1, width);
  };

  private edgeAt({ clientX, pointerType }: PointerEvent): { of: Band; edge: Edge } | null {
    const reach = pointerType === "mouse" ? REACH.mouse : REACH.touch;
    const most = (this.seconds * reach) / Math.max(1, this.layer.clientWidth);
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
    if (of && edge) drag.now = moved(of.at, edge, to, this.roomOf(of.at, of));
    else {
      const room = this.roomAt(from);
      if (!room) return;
      drag.now = between(from, to, room) ?? drag.now;
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
      this.card.say(timesOf(now));
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
      this.sound.player.seek(at);
    }
  }

  // -- the keyboard

  startHere(): void {
    const { player } = this.sound;
    const within = this.roomAt(player.time);
    if (!within) {
      const { one, many } = this.on;
      this.marking.refuse(`There is a ${one} at the playhead: ${many} cannot overlap here.`);
      return;
    }
    this.choose(null);
    this.open = { at: Math.min(player.time, this.last), within };
    this.on.draw();
    this.card.say(`From ${clock(this.open.at, 2)}`);
  }

  /** Ends what was started by key; null if it is not long enough. */
  endHere(): Piece | null {
    const piece = this.growing();
    if (piece) this.open = null;
    else this.marking.refuse(`The ${this.on.one} is too short: play or move on, then end it.`);
    return piece;
  }

  /** Moves one edge of what is selected. */
  nudge(piece: Piece, by: number): void {
    const { moving } = this.marking;
    const next = moved(piece, moving, piece[moving] + by, this.roomOf(piece, this.marking.current));
    if (next[moving] === piece[moving]) this.card.say("It goes no further");
    else {
      this.marking.put(next);
      this.card.say(clock(next[moving], 2));
    }
    const { player } = this.sound;
    if (!player.playing) player.seek(next[moving]);
  }

  private edgeTo(piece: Piece, edge: Edge): void {
    this.marking.moveEdge(edge);
    this.sound.player.seek(piece[edge]);
    this.card.say(`${edge} at ${clock(piece[edge], 2)}`);
  }

  /** Moves an edge of what is selected to the playhead. */
  pull(piece: Piece, edge: Edge): void {
    this.marking.moving = edge;
    const next = moved(piece, edge, this.sound.player.time, this.roomOf(piece, this.marking.current));
    this.marking.put(next);
    this.card.say(`${edge} at ${clock(next[edge], 2)}`);
  }

  press(key: string, shift: boolean): boolean | "again" {
    const { marking, on } = this;
    const { player } = this.sound;
    const { piece, current, draft } = marking;
    if (piece && (key === "ArrowRight" || key === "ArrowLeft")) {
      this.nudge(piece, (key === "ArrowRight" ? 1 : -1) * this.steps[shift ? 1 : 0]);
      return "again";
    }
    const heard = current?.at ?? draft;
    if (piece && (key === "Home" || key === "End")) this.edgeTo(piece, key === "Home" ? "start" : "end");
    else if (key === " " && heard) {
      if (player.playing) player.pause();
      else player.playPart(heard.start, heard.end);
    } else if (key === "-" && !this.open) this.startHere();
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
      if (done && walks && marking.current && !player.playing) player.seek(marking.current.at.start);
      return done;
    }
    return true;
  }
}

/** For an item that is not a recording, or cannot be read: it is shown as what it is. */
export const unheard: Composer = {
  press: () => false,
  pick: () => undefined,
  picked: () => [],
  read: () => "This recording cannot be read: skip it.",
};

export const timesOf = ({ start, end }: Piece): string => `${clock(start, 2)}–${clock(end, 2)}`;
