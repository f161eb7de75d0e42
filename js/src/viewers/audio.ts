import "./audio.css";
import { type Audio, recording } from "../items/audio/recording";
import { clock, decodePeaks, drawing, spokenTime } from "../items/audio/wave";
import type { ItemKind } from "../items/registry";
import { h } from "../ui/dom";

export const viewer: ItemKind<Audio> = {
  render: (content, _, stage) => recording(content, stage).element,
  glimpse: ({ peaks, bins, seconds }) =>
    h(
      "div",
      { class: "hitl-glimpse hitl-wave-small" },
      drawing(decodePeaks(peaks), bins, "hitl-wave-all"),
      h("span", { class: "hitl-faint hitl-number", text: clock(seconds, seconds < 10 ? 1 : 0) }),
    ),
  spoken: ({ seconds }, row) => `recording ${(row + 1).toLocaleString("en")}, ${spokenTime(seconds)}`,
};
