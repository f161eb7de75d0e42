import "./ranges.css";
import type { LabelClass } from "../host/protocol";
import { type Audio, recording } from "../items/audio/recording";
import { clock } from "../items/audio/wave";
import type { Composed, Composer, Composing } from "../questions/registry";
import { count, h } from "../ui/dom";
import { Bands } from "./parts/bands";
import { keyButton, statusLine } from "./parts/line";
import { between, type Edge, edgeNear, gapAt, lastOf, moved, type Piece } from "./parts/pieces";
import { Timeline } from "./parts/timeline";

type Range = Piece & { id: string };
type Marked = readonly Range[];
/** What the pointer does: it moves an edge, or it may mark a new piece from where it went down. */
type Drag = { x: number; from: number; of?: Range; edge?: Edge; now?: Piece };

const NONE: Marked = [];
/** How near the pointer must be to an edge, in pixels. */
const REACH = { mouse: 6, touch: 16 };
/** A pointer that moves less clicks. */
const STILL = 4;
/** Steps of an edge by key, in seconds: for short and for long recordings. */
const STEPS = { short: [0.02, 0.2], long: [0.1, 1], from: 30 };

/** Ranges of a recording: marked with the mouse or at the playhead, changed, relabelled and removed by key. */
export function compose(on: Composing): Composer {
  const { classes, settings, stage, say, changed, leave } = on;
  const content = on.item?.content as Audio | undefined;
  if (content?.kind !== "audio") return unreadable();
  const overlap = settings.overlap === true;
  const { seconds } = content;
  const last = lastOf(seconds);
  const [fine, coarse] = last < STEPS.from ? STEPS.short : STEPS.long;
  const offered = classes.filter((c) => !c.retired);
  const known = new Map(classes.map((c) => [c.id, c]));
  let suggested: Marked = on.answer ? NONE : rangesOf(on.suggested);
  const marked = new Timeline<Marked, Marked>(rangesOf(on.answer), {
    get: () => suggested,
    set: (ideas) => {
      suggested = ideas;
    },
  });
  /** The range that keys change. */
  let current: Range | null = null;
  /** What is marked but has no class yet. */
  let draft: Piece | null = null;
  /** Where a range was started by key that is not ended yet, and how far it may go. */
  let open: { at: number; within: Piece } | null = null;
  let moving: Edge = "end";
  /** The class that the next ranges get. */
  let armed = offered.length === 1 ? classes.indexOf(offered[0]) : -1;
  let failure = on.why ?? "";
  let drag: Drag | null = null;

  const { element: audio, wave, player } = recording(content, stage, follow);
  const layer = h("div", { class: "hitl-ranges-layer" });
  const bands = new Bands<Range>(layer, seconds);
  wave.append(layer, bands.newest);
  const accept = keyButton("=", acceptAll);
  const status = statusLine(accept);
  const element = h("div", { class: "hitl-ranges" }, audio, status.element);

  function read(): Composed | string {
    if (draft || open) return "Press a class for the new range, or Esc to drop it.";
    if (suggested.length && !on.verify)
      return `${count(suggested.length, "suggestion")} left: press = to accept, or Del to dismiss.`;
    const ranges = sorted([...marked.now, ...fitting()]);
    const beyond = ranges.filter(({ end }) => end > last);
    if (beyond.length)
      return `${count(beyond.length, "range")} from an earlier version of the recording ${
        beyond.length === 1 ? "is" : "are"
      } beyond its end. Select with . and remove with Del.`;
    const ids = new Set(ranges.map(({ id }) => id));
    return {
      answer: { ranges: ranges.map(({ start, end, id }) => [start, end, id]) },
      codes: classes.flatMap(({ id }, code) => (ids.has(id) ? [code] : [])),
      words: ranges.length ? `with ${count(ranges.length, "range")}` : "no ranges",
      blank: !ranges.length,
    };
  }

  // -- drawing

  const nameOf = ({ id }: Range): string => known.get(id)?.name ?? "a removed class";
  const isIdea = (range: Range): boolean => suggested.includes(range);
  const timesOf = ({ start, end }: Piece): string => `${clock(start, 2)}–${clock(end, 2)}`;
  const spoken = (range: Range): string => `${nameOf(range)}, ${timesOf(range)}`;

  /** What the keys change: the range that is chosen, or the new one without a class. */
  const chosen = (): Piece | null => (current && !isIdea(current) ? current : draft);

  /** A range that was started by key ends at the playhead so far. */
  function growing(): Piece | null {
    return open && between(open.at, player.time, open.within);
  }

  function draw(): void {
    const all = sorted([...marked.now, ...suggested]);
    bands.draw(all, (range) => {
      const now = range === current;
      const edge = now && !isIdea(range) ? ` hitl-range-at-${moving}` : "";
      const look = `hitl-range-${isIdea(range) ? "idea" : "own"}${edge}${now ? " hitl-range-current" : ""}`;
      return { look, label: nameOf(range), colour: known.get(range.id)?.color ?? "#8c8c8c" };
    });
    drawFresh();
    drawLine();
  }

  /** Draws what has no class yet. */
  function drawFresh(): void {
    const piece = (drag && !drag.of && drag.now) || growing() || draft;
    const look = `hitl-range-draft hitl-range-at-${moving}`;
    bands.drawNew(piece, piece === draft ? `${look} hitl-range-current` : look);
  }

  function drawLine(): void {
    const keys = `← → move its ${moving}, Home End choose the edge, Space plays it.`;
    let words = "Drag over the waveform, or press - to start and to end a range. Then press a class.";
    if (armed >= 0) words = `Drag, or press - to start and to end a range of ${classes[armed].name}.`;
    if (open)
      words = `From ${clock(open.at, 2)}: ${armed < 0 ? "a class or " : ""}- ends it here, Esc drops it.`;
    if (draft) words = `${timesOf(draft)}: press a class. ${keys}`;
    if (current)
      words = isIdea(current)
        ? `Suggested: ${spoken(current)}. = accepts it, Del removes it, Space plays it.`
        : `${spoken(current)}. A class relabels it, Del removes it, ${keys}`;
    status.tell(failure || words, failure !== "");
    accept.offer(suggested.length ? `accept ${count(suggested.length, "suggestion")}` : null);
  }

  /** The playhead may have moved. */
  function follow(): void {
    if (open) drawFresh();
  }

  // -- changing

  function write(next: Marked, words: string): void {
    failure = "";
    marked.set(sorted(next));
    draw();
    changed();
    say(words);
  }

  /** Refuses a change, and says why. */
  function refuse(words: string): true {
    failure = words;
    drawLine();
    say(words);
    return true;
  }

  const clashes = ({ start, end }: Piece, others: Marked = marked.now): Range | undefined =>
    overlap ? undefined : others.find((one) => one.start < end && one.end > start);

  /** How far a piece at this place may go. */
  const roomAt = (at: number, except?: Range): Piece | null =>
    overlap
      ? { start: 0, end: last }
      : gapAt(
          marked.now.filter((one) => one !== except),
          at,
          last,
        );

  /** How far the edges of a range may go. */
  const roomOf = (piece: Piece): Piece =>
    roomAt((piece.start + piece.end) / 2, piece === current ? current : undefined) ?? piece;

  function choose(range: Range | null): void {
    if (range !== current) moving = "end";
    [current, draft, open] = [range, null, null];
    failure = "";
    draw();
  }

  function add(piece: Piece, code: number): void {
    const range = { start: piece.start, end: piece.end, id: classes[code].id };
    suggested = suggested.filter((one) => one.start >= range.end || one.end <= range.start);
    choose(range);
    write([...marked.now, range], spoken(range));
  }

  function change(range: Range, next: Range | null, words: string): void {
    const edge = moving;
    const idea = isIdea(range);
    suggested = suggested.filter((one) => one !== range);
    choose(next);
    moving = edge;
    if (idea && !next) {
      marked.set(marked.now);
      changed();
      say(words);
    } else write([...marked.now.filter((one) => one !== range), ...(next ? [next] : [])], words);
  }

  function fresh(piece: Piece): void {
    if (armed >= 0) {
      add(piece, armed);
      return;
    }
    choose(null);
    draft = piece;
    draw();
    say(`${timesOf(piece)}: press a class`);
  }

  function pick(code: number): void {
    const c = classes[code];
    if (open && !endHere(code)) return;
    if (current && isIdea(current)) acceptOne(current, c);
    else if (draft) add(draft, code);
    else if (current && current.id !== c.id) change(current, { ...current, id: c.id }, `Now ${c.name}`);
    else if (!current) {
      armed = armed === code && offered.length > 1 ? -1 : code;
      drawLine();
      changed();
      say(armed < 0 ? "No class" : `${c.name}: mark ranges`);
    }
  }

  function acceptOne(range: Range, as?: LabelClass): true {
    const clash = clashes(range);
    if (clash) return refuse(`It overlaps ${spoken(clash)}: remove that first.`);
    const next = { ...range, id: as?.id ?? range.id };
    change(range, next, `Accepted: ${spoken(next)}`);
    return true;
  }

  /** The suggestions that overlap nothing which they may not. */
  function fitting(): Range[] {
    const fits: Range[] = [];
    for (const range of suggested) if (!clashes(range) && !clashes(range, fits)) fits.push(range);
    return fits;
  }

  function acceptAll(): void {
    const fits = fitting();
    suggested = suggested.filter((range) => !fits.includes(range));
    choose(null);
    if (fits.length) write([...marked.now, ...fits], `${count(fits.length, "range")} accepted`);
    if (suggested.length)
      refuse(`Left, as they overlap your ranges: ${count(suggested.length, "suggestion")}.`);
  }

  function dismissAll(): void {
    say(`${count(suggested.length, "suggestion")} dismissed`);
    suggested = NONE;
    marked.set(marked.now);
    draw();
    changed();
  }

  // -- the pointer

  const timeAt = (x: number): number => {
    const { left, width } = layer.getBoundingClientRect();
    return (seconds * Math.max(0, Math.min(x - left, width))) / Math.max(1, width);
  };
  function edgeAt({ clientX, pointerType }: PointerEvent): { piece: Range; edge: Edge } | null {
    const reach = pointerType === "mouse" ? REACH.mouse : REACH.touch;
    const most = (seconds * reach) / Math.max(1, layer.clientWidth);
    const at = timeAt(clientX);
    // The edges of the chosen range first, where ranges overlap.
    return (current && !isIdea(current) && edgeNear([current], at, most)) || edgeNear(marked.now, at, most);
  }

  layer.addEventListener("pointerdown", (event) => {
    if (event.button) return;
    event.stopPropagation(); // it would move the playhead
    event.preventDefault(); // no text is selected, and nothing is dragged out of the page
    layer.setPointerCapture(event.pointerId);
    const found = edgeAt(event);
    drag = { x: event.clientX, from: timeAt(event.clientX), of: found?.piece, edge: found?.edge };
  });
  layer.addEventListener("pointermove", (event) => {
    if (!drag) {
      layer.classList.toggle("hitl-on-edge", edgeAt(event) !== null);
      return;
    }
    const { of, edge, from, x } = drag;
    if (!drag.now && Math.abs(event.clientX - x) < STILL) return;
    const to = timeAt(event.clientX);
    if (of && edge) drag.now = moved(of, edge, to, roomAt((of.start + of.end) / 2, of) ?? of);
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
    if (of && edge && now) {
      change(of, { ...of, ...now }, timesOf(now));
      moving = edge;
      draw();
    } else if (now) fresh(now);
    else clicked(from);
    leave();
  });
  layer.addEventListener("pointercancel", () => {
    if (drag?.of) bands.put(drag.of, drag.of);
    drag = null;
    drawFresh();
  });

  /** Chooses what is there, and the next one by another click; elsewhere the playhead moves. */
  function clicked(at: number): void {
    const there = [...marked.now, ...suggested].filter(({ start, end }) => start <= at && at <= end);
    if (there.length) choose(there[(there.indexOf(current as Range) + 1) % there.length]);
    else {
      choose(null);
      player.seek(at);
    }
  }

  // -- the keyboard

  function startHere(): true {
    const within = roomAt(player.time);
    if (!within) return refuse("There is a range at the playhead: ranges cannot overlap here.");
    choose(null);
    open = { at: Math.min(player.time, last), within };
    draw();
    say(`From ${clock(open.at, 2)}`);
    return true;
  }

  /** Ends what was started by key; it gets a class, or waits for one. */
  function endHere(code = armed): boolean {
    const piece = growing();
    if (!piece) return !refuse("The range is too short: play or move on, then end it.");
    open = null;
    if (code >= 0) add(piece, code);
    else fresh(piece);
    return true;
  }

  /** Moves one edge of what is chosen. */
  function nudge(by: number): true {
    const piece = chosen() as Piece;
    const next = moved(piece, moving, piece[moving] + by, roomOf(piece));
    if (next[moving] === piece[moving]) say("It goes no further");
    else if (piece === draft) {
      draft = next;
      draw();
    } else change(current as Range, { ...(current as Range), ...next }, clock(next[moving], 2));
    if (!player.playing) player.seek(next[moving]);
    return true;
  }

  function edgeTo(edge: Edge): true {
    moving = edge;
    draw();
    player.seek((chosen() as Piece)[edge]);
    say(`${edge} at ${clock((chosen() as Piece)[edge], 2)}`);
    return true;
  }

  function walk(forward: boolean): true {
    const all = sorted([...marked.now, ...suggested]);
    if (!all.length) return refuse("There are no ranges yet.");
    const at = current ? all.indexOf(current) : forward ? -1 : 0;
    const next = all[(at + (forward ? 1 : -1) + all.length) % all.length];
    choose(next);
    if (!player.playing) player.seek(next.start);
    say(`${isIdea(next) ? "Suggested " : ""}${spoken(next)}`);
    return true;
  }

  function press(key: string, shift: boolean): boolean | "again" {
    const arrow = key === "ArrowRight" || key === "ArrowLeft";
    if (arrow && chosen()) return nudge((key === "ArrowRight" ? 1 : -1) * (shift ? coarse : fine)) && "again";
    if ((key === "Home" || key === "End") && chosen()) return edgeTo(key === "Home" ? "start" : "end");
    if (key === "." || key === ",") return walk(key === ".") && "again";
    if (key === " " && (current || draft)) {
      const { start, end } = (current ?? draft) as Piece;
      if (player.playing) player.pause();
      else player.playPart(start, end);
    } else if (key === "-") {
      if (open) endHere();
      else startHere();
    } else if ((key === "Delete" || key === "Backspace") && current) change(current, null, "Removed");
    else if ((key === "Delete" || key === "Backspace") && suggested.length) dismissAll();
    else if (key === "=" && suggested.length) {
      if (current && isIdea(current)) acceptOne(current);
      else acceptAll();
    } else if (key === "z" && !shift && (draft || open)) {
      choose(null);
      say("Dropped");
    } else if (key === "z" && marked.step(!shift)) {
      choose(null);
      changed();
      say(shift ? "Redone" : "Undone");
    } else if (key === "Escape" && (current || draft || open)) choose(null);
    else if (key === "Escape" && armed >= 0 && offered.length > 1) {
      armed = -1;
      drawLine();
      changed();
    } else return false;
    return true;
  }

  draw();
  return {
    element,
    press,
    pick,
    picked: () => (current ? [classes.findIndex(({ id }) => id === current?.id)] : armed >= 0 ? [armed] : []),
    read,
    keys: [
      ["-", "start a range at the playhead; again: end it"],
      [". ,", "the next and the previous range"],
      ["← →", "move an edge of the chosen range; with ⇧ further"],
      ["Home End", "choose the edge"],
      ["Space", "play the chosen range"],
      ["< >", "slower and faster"],
      ["=", "accept suggestions"],
      ["Z ⇧Z", "undo and redo in this item"],
    ],
  };
}

/** For an item that is not a recording, or cannot be read: it is shown as what it is. */
const unreadable = (): Composer => ({
  press: () => false,
  pick: () => undefined,
  picked: () => [],
  read: () => "This recording cannot be read: skip it.",
});

function rangesOf(answer: Readonly<Record<string, unknown>> | undefined): Marked {
  const rows = (answer?.ranges ?? []) as [number, number, string][];
  return sorted(rows.map(([start, end, id]) => ({ start, end, id })));
}

const sorted = (ranges: Marked): Range[] => [...ranges].sort((a, b) => a.start - b.start || a.end - b.end);
