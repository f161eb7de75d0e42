import "./audio.css";
import { h } from "../ui/dom";
import { type Audio, recording } from "./audio/recording";
import { clock, decodePeaks, drawing, spokenTime } from "./audio/wave";
import { registerItem } from "./registry";

registerItem<Audio>("audio", {
  render: (content, _, stage) => recording(content, stage).element,
  glimpse: ({ peaks, bins, seconds }) =>
    h(
      "div",
      { class: "hitl-glimpse hitl-wave-small" },
      drawing(decodePeaks(peaks), bins, "hitl-wave-all"),
      h("span", { class: "hitl-faint hitl-number", text: clock(seconds, seconds < 10 ? 1 : 0) }),
    ),
  spoken: ({ seconds }, row) => `recording ${(row + 1).toLocaleString("en")}, ${spokenTime(seconds)}`,
});
