import "./ranges.css";
import type { Audio } from "../items/audio/recording";
import type { Series } from "../items/series/plot";
import type { Video } from "../items/video/view";
import type { Composer, Composing } from "../questions/registry";
import { count, h } from "../ui/dom";
import { Edged } from "./parts/edges";
import { keyButton, statusLine, unanswerable } from "./parts/line";
import { keysOfMarks } from "./parts/marking";
import { trackOf } from "./parts/track";
import { isBeyond, timesOf, Waves } from "./parts/waves";

/**
 * Ranges of a recording, a video or a series: marked with the mouse, or at the playhead or the cursor; changed, relabelled and
 * removed by key.
 */
export function compose(on: Composing): Composer {
  const { classes, settings, stage } = on;
  const content = on.item?.content as Audio | Video | Series | undefined;
  if (!on.item || !content || !["audio", "video", "series"].includes(content.kind))
    return unanswerable("This item cannot be read: skip it.");
  let moved = (): void => undefined;
  const track = trackOf(content, on.item.media, stage, () => moved(), draw);
  const words = timesOf(track);
  const accept = keyButton("=", () => marking.accept());
  const status = statusLine(accept);
  const element = h("div", { class: `hitl-ranges hitl-ranges-${track.name}` }, track.element, status.element);
  const marking = new Edged(on, {
    name: "ranges",
    one: "range",
    many: "ranges",
    whole: track.name,
    read: ([start, end]) => ({ start: Number(start), end: Number(end) }),
    write: ({ start, end }) => [start, end],
    stray: isBeyond(track),
    words,
    draw,
  });
  const waves = new Waves(on, track, marking, {
    one: "range",
    many: "ranges",
    overlap: settings.overlap === true,
    made: (piece) => marking.take(piece),
    draw,
  });

  function draw(): void {
    waves.draw();
    const { failure, suggested } = marking;
    status.tell(failure || hint(), failure !== "");
    accept.offer(suggested.length ? `accept ${count(suggested.length, "suggestion")}` : null);
  }

  function hint(): string {
    const { current, draft, armed } = marking;
    const plays = track.play ? ", Space plays it" : "";
    const keys = `← → move its ${marking.moving}, Home End choose the edge${plays}.`;
    if (waves.open)
      return `From ${track.words(waves.open.at)}: ${armed < 0 ? "a class or " : ""}- ends it here, Esc drops it.`;
    if (draft) return `${words(draft)}: press a class. ${keys}`;
    if (current && marking.isIdea(current))
      return `Suggested: ${marking.spoken(current)}. = accepts it, Del removes it${plays}.`;
    if (current) return `${marking.spoken(current)}. A class relabels it, Del removes it, ${keys}`;
    if (armed >= 0) return `Drag, or press - to start and to end a range of ${classes[armed].name}.`;
    const what = { recording: "waveform", video: "line of time", series: "lines" }[track.name];
    return `Drag over the ${what}, or press - to start and to end a range. Then press a class.`;
  }

  moved = () => waves.follow();
  marking.load();
  draw();
  return {
    element,
    press: (key, shift) => waves.press(key, shift),
    pick: (code) => {
      const ended = waves.open && waves.endHere();
      if (ended) marking.add(ended, classes[code].id);
      else if (!waves.open) marking.pick(code);
    },
    picked: () => marking.picked(),
    read: () => (waves.open ? "The new range has no end: press a class, or Esc to drop it." : marking.read()),
    keys: keysOfMarks("range", "ranges", [
      ["-", `start a range at the ${track.play ? "playhead" : "cursor"}; again: end it`],
      ["← →", "move an edge of the selected range; with ⇧ further"],
      ["Home End", "choose the edge"],
      ...(track.play ? PLAYED : DRAWN),
      ...(track.beside ? FRAMED : []),
    ]),
  };
}

const PLAYED = [
  ["Space", "play the selected range"],
  ["< >", "slower and faster"],
] as const;
const FRAMED = [
  ["PgUp PgDn", "the previous and the next frame; with ⇧ 2 s"],
  ["% #", "loop, and go to a frame"],
] as const;
const DRAWN = [
  ["← →", "without a selected range, move the cursor"],
  ["+ _ Home", "zoom in and out, and show all"],
] as const;
