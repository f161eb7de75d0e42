import "./image.css";
import "./view.css";
import { h, setText } from "../../ui/dom";
import { broken } from "../broken";
import type { Item, ItemKind, Stage } from "../registry";
import type { Frame } from "./frame";
import { LIGHT_KEYS, lightOf } from "./light";
import { ARROWS, Picture, ZOOM_KEYS, zoomButtons } from "./picture";
import { placeIn } from "./pointers";

/** An image that the kernel sends, or one that the browser loads. */
export type Shown =
  | { kind: "image"; width: number; height: number }
  | { kind: "remote"; url: string; width?: undefined; height?: undefined };

/** Small images are shown as sharp pixels. */
const PIXELS = 64;

/** Those on the card together: images of one size show the same part. */
type Peer = { size: string; follow: (frame: Frame | null) => void };
const peers = new WeakMap<AbortSignal, Peer[]>();

function plain(content: Shown, [src]: readonly string[]): HTMLImageElement {
  const address = content.kind === "remote" ? content.url : (src ?? "");
  // The other host must not learn the address of this page.
  const attrs = { src: address, alt: "The item", draggable: "false", referrerpolicy: "no-referrer" };
  const shown = h("img", { class: "hitl-image", attrs });
  if (content.kind === "image" && Math.max(content.width, content.height) <= PIXELS)
    shown.classList.add("hitl-pixels");
  if (content.kind === "remote")
    shown.addEventListener("error", () => {
      const words = `The image cannot be loaded from ${new URL(content.url).host}.`;
      (shown.closest(".hitl-view") ?? shown).replaceWith(broken(words));
    });
  return shown;
}

/** An image on the card. It is zoomed in place, and stays sharp; nothing of this is loaded before it is zoomed. */
function view(content: Shown, media: readonly string[], stage: Stage): HTMLElement {
  const shown = plain(content, media);
  const light = lightOf(stage.signal);
  light.shine(shown);
  const frame = h("div", { class: "hitl-view-frame" }, shown);
  const said = h("span", { class: "hitl-number hitl-faint hitl-view-zoom", attrs: { role: "status" } });
  const tools = h("div", { class: "hitl-view-tools" }, light.control(), said, ...zoomButtons(zoom));
  const element = h("div", { class: "hitl-view" }, frame, tools);
  let picture: Picture | null = null;
  /** Whether this image only does what another one did. */
  let following = false;

  const isZoomed = (): boolean => element.classList.contains("hitl-zoomed");

  function opened(): Picture {
    if (!picture) {
      const item: Item = { content, media };
      const size = {
        width: content.width ?? shown.naturalWidth,
        height: content.height ?? shown.naturalHeight,
      };
      picture = new Picture(
        size,
        stage,
        {
          marks: () => undefined,
          top: () => undefined,
          click: () => undefined,
          twice: () => undefined,
          drag: () => null,
          hover: () => undefined,
          failed: (words) => setText(said, words),
          ready: () => undefined,
          looked,
        },
        { label: "The item", margin: 0 },
      );
      frame.append(picture.element);
      void picture.load(item);
    }
    if (!isZoomed()) {
      element.classList.add("hitl-zoomed");
      picture.measure();
    }
    return picture;
  }

  /** Zooms by a factor around a place, or shows all for null. */
  function zoom(by: number | null, at?: readonly [number, number]): void {
    const before = isZoomed();
    if (!before && (by === null || by <= 1 || !shown.naturalWidth)) return;
    const large = opened();
    if (by === null || (by < 1 && large.magnified * by <= 1)) close();
    else if (before) large.zoom(by, at);
    else {
      // A small image, which is not shown as large as it fits, is no larger than that at first.
      const now = (shown.clientWidth || 1) / large.size.width;
      large.fit();
      large.zoom(Math.max(1, (now * by) / large.frame.scale), at);
    }
  }

  function close(): void {
    element.classList.remove("hitl-zoomed");
    looked();
  }

  function looked(): void {
    if (!picture) return;
    const open = isZoomed();
    setText(said, open ? `${picture.magnified.toLocaleString("en", { maximumFractionDigits: 1 })} ×` : "");
    if (following) return;
    for (const peer of beside)
      if (peer !== self && peer.size === self.size) peer.follow(open ? picture.frame : null);
  }

  function follow(to: Frame | null): void {
    following = true;
    if (to) opened().follow(to);
    else if (isZoomed()) close();
    if (to) looked();
    following = false;
  }

  const beside = peers.get(stage.signal) ?? [];
  const self: Peer = { size: `${content.width} ${content.height}`, follow };
  // Nothing is known of the size of an image that the browser loads.
  if (content.kind === "image") beside.push(self);
  peers.set(stage.signal, beside);

  frame.addEventListener("dblclick", (event) => zoom(event.shiftKey ? 0.5 : 2, placeIn(frame, event)));
  frame.addEventListener(
    "wheel",
    (event) => {
      // Without a key the wheel scrolls the notebook; once zoomed, the picture itself follows the wheel.
      if ((!event.ctrlKey && !event.metaKey) || isZoomed()) return;
      event.preventDefault();
      zoom(event.deltaY < 0 ? 1.2 : 0.8, placeIn(frame, event));
    },
    { passive: false },
  );
  stage.keys(
    (key, shift) => {
      if (key in ZOOM_KEYS && (isZoomed() || key === "+")) zoom(ZOOM_KEYS[key]);
      else if (key in ARROWS && isZoomed()) picture?.press(key, false);
      else return light.press(key, shift);
      return "again";
    },
    [["+ − Home", "zoom, and show the whole image; drag or the arrows move it"], ...LIGHT_KEYS],
    isZoomed,
  );
  return element;
}

const spoken = (_: unknown, row: number): string => `image ${(row + 1).toLocaleString("en")}`;

export const imageKind: ItemKind<Shown> = {
  render: view,
  glimpse: plain,
  spoken,
  preload: ([src]) => {
    if (!src) return undefined;
    const loading = new Image();
    loading.src = src;
    return loading;
  },
};
