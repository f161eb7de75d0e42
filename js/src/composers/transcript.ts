import "./transcript.css";
import { type Audio, recording } from "../items/audio/recording";
import { clock } from "../items/audio/wave";
import type { Composed, Composer, Composing } from "../questions/registry";
import { count, h, percent } from "../ui/dom";
import { Edged, touch } from "./parts/edges";
import { ALT, keyButton, statusLine, unanswerable } from "./parts/line";
import { piecesOf } from "./parts/listening";
import type { Mark, Marked, NewMark } from "./parts/marking";
import type { Piece } from "./parts/pieces";
import { cutAt, spread } from "./parts/spread";
import { heard } from "./parts/track";
import { isBeyond, timesOf, Waves } from "./parts/waves";
import { Writing } from "./parts/writing";

type Line = Mark<Piece>;

/** Seconds that a key goes back and forth. */
const JUMP_S = 2;

/** The segments of a transcript: each has a text in the end. */
class Segments extends Edged {
  /** What is suggested and has a text can be accepted. */
  protected override fitting(): Marked<Piece> {
    return super.fitting().filter(({ text }) => text.trim());
  }

  /** Segments without a text. */
  get blank(): Marked<Piece> {
    return this.ordered.filter(({ text }) => !text.trim());
  }

  /** Accepts the selected suggestion, else all that have a text. */
  override accept(): boolean {
    const { current } = this;
    if (current && this.isIdea(current)) {
      if (!current.text.trim()) return this.refuse("It has no text yet: type it.");
      this.acceptOne(current);
      return true;
    }
    const some = new Set(this.fitting());
    if (!some.size) return false;
    const left = this.suggested.filter((line) => !some.has(line));
    this.write({ marks: [...this.marks, ...some], suggested: left }, null);
    this.card.say(`${count(some.size, "segment")} accepted`);
    return true;
  }

  /** Removes what has no text. */
  removeBlank(): void {
    const n = this.blank.length;
    this.replace(this.blank, [], 0);
    this.card.say(`${count(n, "segment")} removed`);
  }
}

/** What is said in a recording: segments with a text and a speaker, typed while it plays. */
export function compose(on: Composing): Composer {
  const { classes, settings, stage, say } = on;
  const content = on.item?.content as Audio | undefined;
  if (content?.kind !== "audio") return unanswerable("This item cannot be read: skip it.");
  const speakers = classes.filter((c) => !c.retired);
  /** What is shown while there are no segments. */
  let words = "";
  let moved = (): void => undefined;

  const sound = recording(content, stage, () => moved());
  const { player } = sound;
  const track = heard(sound, content.seconds);
  const times = timesOf(track);
  const marking = new Segments(on, {
    name: "transcript",
    one: "segment",
    many: "segments",
    whole: "recording",
    read: ([start, end]) => ({ start: Number(start), end: Number(end) }),
    write: ({ start, end }) => [start, end],
    stray: isBeyond(track),
    words: times,
    bare: true,
    draw,
  });
  const waves = new Waves(on, track, marking, {
    one: "segment",
    many: "segments",
    overlap: true,
    made: (piece) => add(piece),
    draw,
  });
  const writing = new Writing<Piece>(on, marking, {
    one: "segment",
    many: "segments",
    placeholder: "Type what is said",
    place: ({ at }) => [clock(at.start, 1), `${clock(at.start, 2)} to ${clock(at.end, 2)}`],
    choose: (line) => waves.choose(line),
    go(line) {
      waves.choose(line);
      play(line);
    },
    goes: "Play",
    moved: play,
    withAlt,
  });
  const { script } = writing;
  const clear = keyButton("⇧Del", () => marking.removeBlank());
  const accept = keyButton("=", () => marking.accept());
  const status = statusLine(clear, accept);
  const element = h("div", { class: "hitl-transcript" }, sound.element, script.element, status.element);

  // -- drawing

  function draw(): void {
    const { suggested, failure, blank } = marking;
    waves.draw();
    writing.draw(words);
    status.tell(failure || hint(), failure !== "");
    const left = suggested.filter(({ text }) => text.trim()).length;
    accept.offer(left ? `accept ${count(left, "suggestion")}` : null);
    clear.offer(blank.length ? `remove ${blank.length} without text` : null);
  }

  function hint(): string {
    const { current } = marking;
    if (waves.open) return `From ${clock(waves.open.at, 2)}: - ends the segment here, Esc drops it.`;
    if (!current) return "⏎ types. Drag over the waveform, or press - twice, for a new segment.";
    const who = speakers.length ? `, ${ALT} P speaker` : "";
    const accepts = marking.isIdea(current) && current.text ? "⏎ accepts it and plays the next" : "⏎ next";
    return `${accepts}, ${ALT} Space play, ${ALT} ← back${who}, Ctrl ⏎ answer. Esc and ? for all keys.`;
  }

  // -- what it starts with

  /** Reads what is known, and otherwise suggests the segments between pauses. */
  function load(): void {
    marking.load();
    // What was begun contains the suggestions that are left: see `draft`.
    const left = on.answer?.rest as unknown[][] | null | undefined;
    if (left) marking.offer(left.map(newOf));
    remember();
    const text = untimed();
    if (own()) return;
    if (text || left === null || !marking.ordered.length) void listen(text);
  }

  /** Whether there is an answer, not one that was begun before the pauses were known, nor a suggestion to correct. */
  const own = (): boolean => on.answer !== undefined && on.answer !== on.suggested && on.answer.rest !== null;

  /** The words of a draft without times, which are put where something is heard. */
  function untimed(): string {
    const rows = (on.suggested?.transcript ?? []) as unknown[][];
    marking.withdraw([...marking.marks, ...marking.suggested].filter(({ at }) => at.end === 0));
    const text = rows.length === 1 && Number(rows[0][1]) === 0 ? String(rows[0][2]) : "";
    return own() ? "" : text;
  }

  /** Keeps the drafts, also of segments that are the user's own by now, by their times. */
  function remember(): void {
    writing.remember();
    const rows = (on.suggested?.transcript ?? []) as unknown[][];
    const by = new Map(rows.map(([start, , text]) => [Number(start), String(text)]));
    for (const { nr, at } of marking.marks) {
      const draft = by.get(at.start);
      if (draft) writing.drafts.set(nr, draft);
    }
  }

  /** Whether pauses are being looked for. */
  let looking = false;
  async function listen(text: string): Promise<void> {
    looking = true;
    words = "Looking for pauses …";
    try {
      const version = content?.version ?? "";
      const found = await piecesOf(stage, settings, version, (share) => {
        words = `Looking for pauses: ${percent(share)}`;
        draw();
      });
      if (stage.signal.aborted) return;
      looking = false;
      words = "Nothing is heard. Drag over the waveform for a segment.";
      offer(found, text);
    } catch (error) {
      if (stage.signal.aborted) return;
      looking = false;
      words = `The pauses could not be found: ${(error as Error).message} Drag over the waveform for a segment.`;
      offer([], text);
    }
    draw();
    if (wantsField) focus();
  }

  /** Suggests pieces, with the words of a draft without times. */
  function offer(found: readonly Piece[], text: string): void {
    // Where nothing is heard, a draft is about all of it.
    const pieces = text && !found.length ? [{ start: 0, end: track.grid.last }] : found;
    const parts = text ? spread(text, pieces) : [];
    const only = speakers.length === 1 ? speakers[0].id : "";
    const free = pieces.filter((piece) => !marking.marks.some(({ at }) => touch(at, piece)));
    marking.offer(free.map((at) => ({ at, id: only, text: parts[pieces.indexOf(at)] ?? "" })));
    writing.remember();
  }

  // -- changing

  /** Adds a segment where something is heard, and types into it. */
  function add(at: Piece): void {
    const id = marking.armedId || (speakers.length === 1 ? speakers[0].id : "");
    marking.replace([], [{ at, id, text: "" }], 0);
    say(`New segment, ${times(at)}`);
    script.type();
  }

  function play({ at }: Line): void {
    player.playPart(at.start, at.end);
  }

  function split(line: Line): void {
    const { selectionStart } = script.field;
    const parts = cutAt(line.at, line.text, selectionStart, player.time);
    if (!parts) {
      marking.refuse("Put the cursor between two words, or the playhead into the segment, to split it.");
      return;
    }
    marking.replace(
      [line],
      parts.map(([at, text]) => ({ at, text, id: line.id })),
      1,
    );
    say(`Split at ${clock(parts[1][0].start, 2)}`);
    script.type();
    script.field.setSelectionRange(0, 0);
  }

  function merge(line: Line): void {
    const { ordered } = marking;
    const other = ordered[ordered.indexOf(line) + 1];
    if (!other) {
      marking.refuse("There is no segment after this one to merge it with.");
      return;
    }
    const at = { start: line.at.start, end: Math.max(line.at.end, other.at.end) };
    const text = [line.text, other.text].map((one) => one.trim()).join(" ");
    const id = line.id || other.id;
    marking.replace([line, other], [{ at, text: text.trim(), id }], 0);
    const speaker = other.id && other.id !== id ? `. The speaker is ${marking.nameOf({ ...other, id })}` : "";
    say(`Merged with the next segment${speaker}`);
    script.type();
    script.field.setSelectionRange(line.text.trim().length, line.text.trim().length);
  }

  // -- keys while typing

  /** Handles a key that is pressed together with Alt. */
  function withAlt(code: string, shift: boolean, line: Line): boolean {
    if (code === "Space") on.pressItem(" ", false);
    else if (shift && (code === "ArrowLeft" || code === "ArrowRight")) {
      mine(line);
      waves.press(code, false); // moves an edge
    } else if (code === "ArrowLeft") player.seek(player.time - JUMP_S);
    else if (code === "ArrowRight") player.seek(player.time + JUMP_S);
    else if (code === "Comma") on.pressItem("<", false);
    else if (code === "Period") on.pressItem(">", false);
    else if (code === "BracketLeft" || code === "BracketRight") pull(line, code === "BracketLeft");
    else if (code === "KeyS") split(line);
    else if (code === "KeyM") merge(line);
    else return false;
    return true;
  }

  /** Accepts a suggestion that is changed. */
  function mine(line: Line): void {
    if (marking.isIdea(line)) marking.change(line, { ...line });
  }

  /** Moves an edge to the playhead. */
  function pull(line: Line, start: boolean): void {
    mine(line);
    if (marking.current) waves.pull(marking.current.at, start ? "start" : "end");
  }

  // -- other keys

  function press(key: string, shift: boolean): boolean | "again" {
    const { current, blank } = marking;
    if (key === "Enter" && !shift && lead(current)) return true;
    if (key === "Delete" && shift && blank.length) marking.removeBlank();
    else return waves.press(key, shift);
    return true;
  }

  /** Types into the selected segment, else into the first one that is not done; returns whether there is one. */
  function lead(current: Line | null): boolean {
    const { blank, suggested, ordered } = marking;
    const undone = (line: Line): boolean => blank.includes(line) || (!on.verify && suggested.includes(line));
    const to = current ?? ordered.find(undone);
    if (!to) return false;
    writing.type(to);
    return true;
  }

  let wantsField = false;
  /** Starts to type, as soon as there is a segment. */
  function focus(): void {
    wantsField = !lead(null);
  }

  function read(): Composed | string {
    if (waves.open) return "The new segment has no end: press - to end it, or Esc to drop it.";
    if (looking) return "The recording is still being searched for pauses.";
    const { blank } = marking;
    if (blank.length)
      return `${count(blank.length, "segment")} without a text: type it, or press ⇧Del to remove what has none.`;
    const found = marking.read();
    if (typeof found === "string") return found;
    const without = speakers.length ? marking.ordered.filter(({ id }) => !id).length : 0;
    return { ...found, words: `${found.words}${without ? `, ${without} without a speaker` : ""}` };
  }

  const rowOf = ({ at, text, id }: Line): unknown[] => [at.start, at.end, text, id];

  moved = () => waves.follow();
  load();
  draw();
  return {
    element,
    press,
    pick(code) {
      const { current } = marking;
      const { id } = classes[code];
      if (!current) marking.pick(code);
      else marking.relabel(current, current.id === id ? "" : id);
    },
    picked: () => marking.picked(),
    read,
    focus,
    lead: () => void lead(null),
    /** With the suggestions that are left; null if they are not known yet. */
    draft: () => ({
      transcript: marking.marks.map(rowOf),
      rest: looking ? null : marking.suggested.map(rowOf),
    }),
    keys: KEYS,
  };
}

const newOf = ([start, end, text, id]: unknown[]): NewMark<Piece> => ({
  at: { start: Number(start), end: Number(end) },
  text: String(text),
  id: String(id),
});

const KEYS: NonNullable<Composer["keys"]> = [
  ["⏎", "accept the segment, and play the next one; without the cursor in it: type"],
  ["Ctrl ⏎", "give the answer"],
  ["⇧⏎", "a new line"],
  [`${ALT} Space`, "play or pause"],
  [`${ALT} ⏎`, "play the segment"],
  [`${ALT} ← →`, `${JUMP_S} s back and forth`],
  [`${ALT} ↑ ↓`, "the previous and the next segment"],
  [`${ALT} , .`, "slower and faster"],
  [`${ALT} P`, "the next speaker; with ⇧ the one before"],
  [`${ALT} S`, "split the segment at the cursor, and at the playhead if it is in the segment"],
  [`${ALT} M`, "merge it with the next one"],
  [`${ALT} [ ]`, "start or end it at the playhead"],
  [`${ALT} ⇧← ⇧→`, "move an edge"],
  [`${ALT} Del`, "remove it"],
  [`${ALT} Z ⇧Z`, "undo and redo"],
  ["Esc", "leave the text, so that the keys below work"],
  ["A–Z 1–9", "the speaker of the selected segment, or of new ones"],
  [". ,", "the next and the previous segment"],
  ["← → Home End", "move an edge of the selected segment; choose the edge"],
  ["-", "start a segment at the playhead; again: end it"],
  ["Space", "play the selected segment"],
  ["=", "accept the selected suggestion, or all that have a text"],
  ["Del ⇧Del", "remove the selected segment; those without a text"],
  ["Z ⇧Z", "undo and redo in this item"],
];
