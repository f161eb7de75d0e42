import "./ranges.css";
import { type Audio, recording } from "../items/audio/recording";
import { clock } from "../items/audio/wave";
import { filmView, type Video } from "../items/video/view";
import type { Composer, Composing } from "../questions/registry";
import { count, h } from "../ui/dom";
import { Bands } from "./parts/bands";
import { Edged } from "./parts/edges";
import { keyButton, statusLine } from "./parts/line";
import { keysOfMarks, type Mark } from "./parts/marking";
import { between, type Edge, edgeNear, gapAt, lastOf, moved, type Piece } from "./parts/pieces";

type Range = Mark<Piece>;
/** What the pointer does: it moves an edge, or it may mark a new piece from where it went down. */
type Drag = { x: number; from: number; of?: Range; edge?: Edge; now?: Piece };

/** How near the pointer must be to an edge, in pixels. */
const REACH = { mouse: 6, touch: 16 };
/** A pointer that moves less clicks. */
const STILL = 4;
/** Steps of an edge by key, in seconds: for short and for long recordings. */
const FAR_FRAMES = 10;
const STEPS = { short: [0.02, 0.2], long: [0.1, 1], from: 30 };

/** Ranges of a recording or a video: marked with the mouse or at the playhead, changed, relabelled and removed by key. */
export function compose(on: Composing): Composer {
  const { classes, settings, stage, say, leave } = on;
  const content = on.item?.content as Audio | Video | undefined;
  if (content?.kind !== "audio" && content?.kind !== "video") return unreadable();
  const overlap = settings.overlap === true;
  const [fine, coarse] = content.seconds < STEPS.from ? STEPS.short : STEPS.long;
  /** The length of a video is only known once all frames are. */
  let { seconds } = content;
  /** Where a range was started by key that is not ended yet, and how far it may go. */
  let open: { at: number; within: Piece } | null = null;
  let drag: Drag | null = null;

  /** The playhead may have moved. */
  let follow = (): void => undefined;
  const isVideo = content.kind === "video";
  const film = isVideo ? filmView(content, on.item?.media[0], stage, { moved: () => follow() }) : null;
  const sound = film ?? recording(content as Audio, stage, () => follow());
  const { element: shown, wave, player } = sound;
  const layer = h("div", { class: "hitl-ranges-layer" });
  const bands = new Bands<Range>(layer, () => seconds);
  wave.append(layer, bands.newest);
  const accept = keyButton("=", () => marking.accept());
  const status = statusLine(accept);
  const element = h(
    "div",
    { class: `hitl-ranges${isVideo ? " hitl-ranges-film" : ""}` },
    shown,
    status.element,
  );
  const marking = new Edged(on, {
    name: "ranges",
    one: "range",
    many: "ranges",
    whole: isVideo ? "video" : "recording",
    read: ([start, end]) => ({ start: Number(start), end: Number(end) }),
    write: ({ start, end }) => [start, end],
    stray: ({ end }) => end > lastOf(seconds),
    words: timesOf,
    draw,
  });

  // -- drawing

  function timesOf({ start, end }: Piece): string {
    return `${clock(start, 2)}–${clock(end, 2)}`;
  }

  /** A range that was started by key ends at the playhead so far. */
  function growing(): Piece | null {
    return open && between(open.at, player.time, open.within);
  }

  function draw(): void {
    bands.draw(marking.ordered, (range) => {
      const [now, idea] = [range === marking.current, marking.isIdea(range)];
      const edge = now && !idea ? ` hitl-range-at-${marking.moving}` : "";
      const look = `hitl-range-${idea ? "idea" : "own"}${edge}${now ? " hitl-range-current" : ""}`;
      return { look, label: marking.nameOf(range), colour: marking.colorOf(range) };
    });
    drawFresh();
    drawLine();
  }

  /** Draws what has no class yet. */
  function drawFresh(): void {
    const piece = (drag && !drag.of && drag.now) || growing() || marking.draft;
    const look = `hitl-range-draft hitl-range-at-${marking.moving}`;
    bands.drawNew(piece, piece === marking.draft ? `${look} hitl-range-current` : look);
  }

  function drawLine(): void {
    const { failure, suggested } = marking;
    status.tell(failure || words(), failure !== "");
    accept.offer(suggested.length ? `accept ${count(suggested.length, "suggestion")}` : null);
  }

  function words(): string {
    const { current, draft, armed } = marking;
    const keys = `← → move its ${marking.moving}, Home End choose the edge, Space plays it.`;
    if (open)
      return `From ${clock(open.at, 2)}: ${armed < 0 ? "a class or " : ""}- ends it here, Esc drops it.`;
    if (draft) return `${timesOf(draft)}: press a class. ${keys}`;
    if (current && marking.isIdea(current))
      return `Suggested: ${marking.spoken(current)}. = accepts it, Del removes it, Space plays it.`;
    if (current) return `${marking.spoken(current)}. A class relabels it, Del removes it, ${keys}`;
    if (armed >= 0) return `Drag, or press - to start and to end a range of ${classes[armed].name}.`;
    return `Drag over the ${isVideo ? "line of time" : "waveform"}, or press - to start and to end a range. Then press a class.`;
  }

  /** How far a piece at this place may go. */
  function roomAt(at: number, except: Range | null = null): Piece | null {
    if (overlap) return { start: 0, end: lastOf(seconds) };
    const others = marking.marks.filter((one) => one !== except);
    return gapAt(
      others.map(({ at }) => at),
      at,
      lastOf(seconds),
    );
  }

  /** How far the edges of a range may go. */
  const roomOf = ({ start, end }: Piece, of: Range | null): Piece =>
    roomAt((start + end) / 2, of) ?? { start, end };

  function choose(range: Range | null): void {
    open = null;
    marking.choose(range);
  }

  // -- the pointer

  const timeAt = (x: number): number => {
    const { left, width } = layer.getBoundingClientRect();
    return (seconds * Math.max(0, Math.min(x - left, width))) / Math.max(1, width);
  };
  function edgeAt({ clientX, pointerType }: PointerEvent): { of: Range; edge: Edge } | null {
    const reach = pointerType === "mouse" ? REACH.mouse : REACH.touch;
    const most = (seconds * reach) / Math.max(1, layer.clientWidth);
    const at = timeAt(clientX);
    const { current, marks } = marking;
    // The edges of the selected range first, where ranges overlap.
    return (
      (current && !marking.isIdea(current) && edgeNear([current], at, most)) || edgeNear(marks, at, most)
    );
  }

  layer.addEventListener("pointerdown", (event) => {
    if (event.button) return;
    event.stopPropagation(); // it would move the playhead
    event.preventDefault(); // no text is selected, and nothing is dragged out of the page
    layer.setPointerCapture(event.pointerId);
    drag = { x: event.clientX, from: timeAt(event.clientX), ...edgeAt(event) };
  });
  layer.addEventListener("pointermove", (event) => {
    if (!drag) {
      layer.classList.toggle("hitl-on-edge", edgeAt(event) !== null);
      return;
    }
    const { of, edge, from, x } = drag;
    if (!drag.now && Math.abs(event.clientX - x) < STILL) return;
    const to = timeAt(event.clientX);
    if (of && edge) drag.now = moved(of.at, edge, to, roomOf(of.at, of));
    else {
      const room = roomAt(from);
      if (!room) return;
      drag.now = between(from, to, room) ?? drag.now;
    }
    if (drag.of && drag.now) bands.put(drag.of, drag.now);
    else drawFresh();
  });
  layer.addEventListener("pointerup", () => {
    const done = drag;
    drag = null;
    if (!done) return;
    const { of, edge, now, from } = done;
    open = null;
    if (of && edge && now) {
      choose(of);
      marking.moving = edge;
      marking.put(now);
      say(timesOf(now));
    } else if (now) marking.take(now);
    else clicked(from);
    leave();
  });
  layer.addEventListener("pointercancel", () => {
    if (drag?.of) bands.put(drag.of, drag.of.at);
    drag = null;
    drawFresh();
  });

  /** Selects what is there, and the next one by another click; elsewhere the playhead moves. */
  function clicked(at: number): void {
    const there = [...marking.marks, ...marking.suggested].filter(
      ({ at: { start, end } }) => start <= at && at <= end,
    );
    if (there.length) choose(there[(there.indexOf(marking.current as Range) + 1) % there.length]);
    else {
      choose(null);
      player.seek(at);
    }
  }

  // -- the keyboard

  function startHere(): void {
    const within = roomAt(player.time);
    if (!within) {
      marking.refuse("There is a range at the playhead: ranges cannot overlap here.");
      return;
    }
    choose(null);
    open = { at: Math.min(player.time, lastOf(seconds)), within };
    draw();
    say(`From ${clock(open.at, 2)}`);
  }

  /** Ends what was started by key; returns whether it is long enough. */
  function endHere(): Piece | null {
    const piece = growing();
    if (piece) open = null;
    else marking.refuse("The range is too short: play or move on, then end it.");
    return piece;
  }

  /** Moves one edge of what is selected: in a video to the edge of a frame. */
  function nudge(piece: Piece, way: number, far: boolean): void {
    const { moving } = marking;
    const to = film
      ? film.player.beside(piece[moving], way * (far ? FAR_FRAMES : 1))
      : piece[moving] + way * (far ? coarse : fine);
    const next = moved(piece, moving, to, roomOf(piece, marking.current));
    if (next[moving] === piece[moving]) say("It goes no further");
    else {
      marking.put(next);
      say(clock(next[moving], 2));
    }
    if (!player.playing) player.seek(next[moving]);
  }

  function edgeTo(piece: Piece, edge: Edge): void {
    marking.moveEdge(edge);
    player.seek(piece[edge]);
    say(`${edge} at ${clock(piece[edge], 2)}`);
  }

  function press(key: string, shift: boolean): boolean | "again" {
    const { piece, current, draft } = marking;
    if (piece && (key === "ArrowRight" || key === "ArrowLeft")) {
      nudge(piece, key === "ArrowRight" ? 1 : -1, shift);
      return "again";
    }
    const heard = current?.at ?? draft;
    if (piece && (key === "Home" || key === "End")) edgeTo(piece, key === "Home" ? "start" : "end");
    else if (key === " " && heard) {
      if (player.playing) player.pause();
      else player.playPart(heard.start, heard.end);
    } else if (key === "-" && !open) startHere();
    else if (key === "-") {
      const ended = endHere();
      if (ended) marking.take(ended);
    } else if ((draft || open) && (key === "Escape" || (key === "z" && !shift))) {
      choose(null);
      draw();
      say("Dropped");
    } else {
      const walks = key === "." || key === ",";
      if (walks) open = null;
      const done = marking.press(key, shift);
      if (!done && walks) return marking.refuse("There are no ranges yet.");
      if (done && walks && marking.current && !player.playing) player.seek(marking.current.at.start);
      return done;
    }
    return true;
  }

  follow = () => {
    if (film && film.player.seconds !== seconds) {
      seconds = film.player.seconds;
      draw();
    } else if (open) drawFresh();
  };
  marking.load();
  follow();
  draw();
  return {
    element,
    press,
    pick: (code) => {
      if (!open) marking.pick(code);
      else {
        const ended = endHere();
        if (ended) marking.add(ended, classes[code].id);
      }
    },
    picked: () => marking.picked(),
    read: () => (open ? "The new range has no end: press a class, or Esc to drop it." : marking.read()),
    keys: keysOfMarks("range", "ranges", [
      ["-", "start a range at the playhead; again: end it"],
      ["← →", "move an edge of the selected range; with ⇧ further"],
      ["Home End", "choose the edge"],
      ["Space", "play the selected range"],
      ["< >", "slower and faster"],
      ...((isVideo
        ? [
            ["PgUp PgDn", "the previous and the next frame; with ⇧ 2 s"],
            ["% #", "loop, and go to a frame"],
          ]
        : []) as [string, string][]),
    ]),
  };
}

/** For an item that is neither a recording nor a video, or cannot be read: it is shown as what it is. */
const unreadable = (): Composer => ({
  press: () => false,
  pick: () => undefined,
  picked: () => [],
  read: () => "This item cannot be read: skip it.",
});
