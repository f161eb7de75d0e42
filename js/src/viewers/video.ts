import "../items/picture/image.css";
import "./video.css";
import { clock, spokenTime } from "../items/audio/wave";
import type { ItemKind } from "../items/registry";
import { filmView, type Video } from "../items/video/view";
import { h } from "../ui/dom";

export const viewer: ItemKind<Video> = {
  render: (content, [poster], stage) => filmView(content, poster, stage).element,
  glimpse: ({ seconds }, [src]) =>
    h(
      "div",
      { class: "hitl-glimpse hitl-film-small" },
      h("img", { class: "hitl-image", attrs: { src: src ?? "", alt: "A frame of the video" } }),
      h("span", { class: "hitl-number hitl-film-length", text: clock(seconds, seconds < 10 ? 1 : 0) }),
    ),
  spoken: ({ seconds }, row) => `video ${(row + 1).toLocaleString("en")}, ${spokenTime(seconds)}`,
};
