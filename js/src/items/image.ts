import "./image.css";
import { h } from "../ui/dom";
import { broken } from "./broken";
import { registerItem } from "./registry";

type Image_ = { kind: "image"; width: number; height: number };
/** An image that the browser loads. */
type Remote = { kind: "remote"; url: string };

const spoken = (_: unknown, row: number): string => `image ${(row + 1).toLocaleString("en")}`;

function picture({ width, height }: Image_, [src]: readonly string[]): HTMLElement {
  const shown = h("img", {
    class: "hitl-image",
    attrs: { src: src ?? "", alt: "The item", draggable: "false" },
  });
  // Small images are shown as sharp pixels.
  if (Math.max(width, height) <= 64) shown.classList.add("hitl-pixels");
  return shown;
}

registerItem<Image_>("image", {
  render: picture,
  glimpse: picture,
  spoken,
  preload: ([src]) => {
    if (!src) return undefined;
    const loading = new Image();
    loading.src = src;
    return loading;
  },
});

function remote({ url }: Remote): HTMLElement {
  const shown = h("img", {
    class: "hitl-image",
    // The other host must not learn the address of this page.
    attrs: { referrerpolicy: "no-referrer", alt: "The item", draggable: "false", src: url },
    on: {
      error: () => shown.replaceWith(broken(`The image cannot be loaded from ${new URL(url).host}.`)),
    },
  });
  return shown;
}

registerItem<Remote>("remote", { render: remote, glimpse: remote, spoken });
