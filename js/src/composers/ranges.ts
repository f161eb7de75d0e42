import "./ranges.css";
import { type Audio, recording } from "../items/audio/recording";
import { clock } from "../items/audio/wave";
import type { Composer, Composing } from "../questions/registry";
import { count, h } from "../ui/dom";
import { Edged } from "./parts/edges";
import { keyButton, statusLine } from "./parts/line";
import { keysOfMarks } from "./parts/marking";
import { lastOf } from "./parts/pieces";
import { timesOf, unheard, Waves } from "./parts/waves";

/** Ranges of a recording: marked with the mouse or at the playhead, changed, relabelled and removed by key. */
export function compose(on: Composing): Composer {
  const { classes, settings, stage } = on;
  const content = on.item?.content as Audio | undefined;
  if (content?.kind !== "audio") return unheard;
  const { seconds } = content;
  let moved = (): void => undefined;
  const sound = recording(content, stage, () => moved());
  const accept = keyButton("=", () => marking.accept());
  const status = statusLine(accept);
  const element = h("div", { class: "hitl-ranges" }, sound.element, status.element);
  const marking = new Edged(on, {
    name: "ranges",
    one: "range",
    many: "ranges",
    whole: "recording",
    read: ([start, end]) => ({ start: Number(start), end: Number(end) }),
    write: ({ start, end }) => [start, end],
    stray: ({ end }) => end > lastOf(seconds),
    words: timesOf,
    draw,
  });
  const waves = new Waves(on, sound, seconds, marking, {
    one: "range",
    many: "ranges",
    overlap: settings.overlap === true,
    made: (piece) => marking.take(piece),
    draw,
  });

  function draw(): void {
    waves.draw();
    const { failure, suggested } = marking;
    status.tell(failure || words(), failure !== "");
    accept.offer(suggested.length ? `accept ${count(suggested.length, "suggestion")}` : null);
  }

  function words(): string {
    const { current, draft, armed } = marking;
    const keys = `← → move its ${marking.moving}, Home End choose the edge, Space plays it.`;
    if (waves.open)
      return `From ${clock(waves.open.at, 2)}: ${armed < 0 ? "a class or " : ""}- ends it here, Esc drops it.`;
    if (draft) return `${timesOf(draft)}: press a class. ${keys}`;
    if (current && marking.isIdea(current))
      return `Suggested: ${marking.spoken(current)}. = accepts it, Del removes it, Space plays it.`;
    if (current) return `${marking.spoken(current)}. A class relabels it, Del removes it, ${keys}`;
    if (armed >= 0) return `Drag, or press - to start and to end a range of ${classes[armed].name}.`;
    return "Drag over the waveform, or press - to start and to end a range. Then press a class.";
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
      ["-", "start a range at the playhead; again: end it"],
      ["← →", "move an edge of the selected range; with ⇧ further"],
      ["Home End", "choose the edge"],
      ["Space", "play the selected range"],
      ["< >", "slower and faster"],
    ]),
  };
}
