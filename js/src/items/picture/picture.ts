import "./picture.css";
import { closest, focused, h } from "../../ui/dom";
import type { Item, Stage } from "../registry";
import {
  type Frame,
  fitted,
  held,
  inSight,
  type Point,
  panned,
  revealed,
  type Size,
  tilesIn,
  toImage,
  zoomed,
} from "./frame";
import { lightOf } from "./light";
import { type Drag, followPointers, placeIn } from "./pointers";
import { Tiles } from "./tiles";

export type PictureCallbacks = {
  /** Draws the marks; `frame` is where the image is. */
  marks: (canvas: CanvasRenderingContext2D, frame: Frame) => void;
  /** Draws what is being changed, on top. */
  top: (canvas: CanvasRenderingContext2D, frame: Frame) => void;
  click: (at: Point) => void;
  twice: () => void;
  /** A drag that starts at a place; null to pan. */
  drag: (at: Point) => Drag | null;
  hover: (at: Point | null) => void;
  /** The image cannot be shown, or not sharply. */
  failed: (words: string) => void;
  /** The image, and so its size, is here. */
  ready: () => void;
  /** Another part of the image is shown. */
  looked?: () => void;
};

export type PictureOptions = {
  label: string;
  /** Whether the buttons are on the picture. */
  tools?: boolean;
  /** Whether the wheel alone zooms while the widget has the focus. */
  wheel?: boolean;
  margin?: number;
};

type Shown = { source: CanvasImageSource; width: number };
type Layer = "image" | "marks" | "top";

const ZOOM = 1.4;
const STEP = 60;

/** An image that is zoomed and panned, sharp at any size, with marks above it. */
export class Picture {
  readonly element = h("div", { class: "hitl-picture", attrs: { role: "group" } });
  frame: Frame = { scale: 1, x: 0, y: 0 };
  view: Size = { width: 0, height: 0 };
  private readonly layers = new Map<Layer, CanvasRenderingContext2D>();
  private readonly stale = new Set<Layer>();
  private tiles: Tiles | null = null;
  /** The whole image, in the best of the sizes that are here. */
  private shown: Shown | null = null;
  /** Whether the whole image is in sight. */
  whole = true;
  private scheduled = false;
  /** Whether Space is held, so that a drag pans. */
  private space = false;

  constructor(
    public size: Size,
    private readonly stage: Stage,
    private readonly on: PictureCallbacks,
    private readonly options: PictureOptions = { label: "Image to mark", tools: true, wheel: true },
  ) {
    this.element.setAttribute("aria-label", options.label);
    const light = lightOf(stage.signal);
    for (const name of ["image", "marks", "top"] as const) {
      const canvas = h("canvas", { attrs: { "aria-hidden": "true" } });
      if (name === "image") light.shine(canvas);
      this.element.append(canvas);
      this.layers.set(name, canvas.getContext("2d") as CanvasRenderingContext2D);
    }
    if (options.tools)
      this.element.append(
        h("div", { class: "hitl-picture-tools" }, light.control(), ...zoomButtons((by) => this.zoomBy(by))),
      );
    this.listen();
  }

  /** Loads what shows an item: its small picture, then the whole image in more pixels if there are more. */
  async load({ content, media }: Item): Promise<void> {
    try {
      const remote = content.kind === "remote";
      const small = await picture(remote ? String(content.url) : media[0]);
      if (this.stage.signal.aborted) return;
      this.shown = { source: small, width: small.naturalWidth };
      if (remote) this.size = { width: small.naturalWidth, height: small.naturalHeight };
      this.element.setAttribute(
        "aria-label",
        `${this.options.label}, ${this.size.width} by ${this.size.height} pixels`,
      );
      if (this.whole) this.fit();
      this.on.ready();
      if (small.naturalWidth < this.size.width && !remote) await this.loadBase();
    } catch (error) {
      if (!this.stage.signal.aborted) this.fail("The image cannot be shown", error);
    }
  }

  private async loadBase(): Promise<void> {
    this.busy(true);
    const bytes = await this.stage.gather({ what: "base", ...this.size });
    const bitmap = await createImageBitmap(new Blob(bytes as BlobPart[]));
    this.stage.signal.addEventListener("abort", () => bitmap.close());
    this.shown = { source: bitmap, width: bitmap.width };
    if (bitmap.width < this.size.width)
      this.tiles = new Tiles(
        this.size,
        this.stage,
        () => this.draw("image"),
        (error) => this.fail("The image is not sharp", error),
      );
    this.busy(false);
    this.draw("image");
  }

  /** Shows another image in its place, such as a frame of a video. */
  put(source: CanvasImageSource, width: number): void {
    this.shown = { source, width };
    this.draw("image");
  }

  /** Whether the image is still to become sharp. */
  private busy(busy: boolean): void {
    this.element.setAttribute("aria-busy", String(busy));
  }

  private fail(words: string, error: unknown): void {
    this.busy(false);
    this.on.failed(`${words}: ${error instanceof Error ? error.message : error}`);
  }

  // -- moving

  /** The whole image as large as it fits. */
  private get fitted(): Frame {
    return fitted(this.size, this.view, this.options.margin);
  }

  /** How much larger the image is than as a whole. */
  get magnified(): number {
    return this.frame.scale / this.fitted.scale;
  }

  fit(): void {
    this.whole = true;
    this.show(this.fitted);
  }

  /** Shows the same part as another image of this size does. */
  follow(frame: Frame): void {
    this.whole = false;
    this.frame = held(frame, this.size, this.view, this.options.margin);
    this.draw("image", "marks", "top");
  }

  /** Zooms by a factor, or shows all for null. */
  zoomBy(by: number | null): void {
    if (by === null) this.fit();
    else this.zoom(by);
  }

  zoom(factor: number, at: Point = [this.view.width / 2, this.view.height / 2]): void {
    const next = zoomed(this.frame, at, factor, this.size, this.view, this.options.margin);
    this.whole = next.scale <= this.fitted.scale;
    this.show(next);
  }

  /** Pans by steps; returns whether there was more to see. */
  pan(dx: number, dy: number): boolean {
    const before = this.frame;
    this.show(panned(before, dx, dy, this.size, this.view, this.options.margin));
    return before.x !== this.frame.x || before.y !== this.frame.y;
  }

  /** Pans to a rectangle of the image. */
  reveal(bounds: readonly number[]): void {
    this.show(revealed(this.frame, bounds, this.size, this.view));
  }

  get sight(): readonly [number, number, number, number] {
    return inSight(this.frame, this.size, this.view);
  }

  private show(frame: Frame): void {
    this.frame = frame;
    this.draw("image", "marks", "top");
    this.on.looked?.();
  }

  // -- drawing

  draw(...layers: Layer[]): void {
    for (const layer of layers) this.stale.add(layer);
    if (this.scheduled || this.stage.signal.aborted) return;
    this.scheduled = true;
    requestAnimationFrame(() => {
      this.scheduled = false;
      const stale = [...this.stale];
      this.stale.clear();
      if (this.view.width && !this.stage.signal.aborted) for (const layer of stale) this.paint(layer);
    });
  }

  private paint(layer: Layer): void {
    const canvas = this.layers.get(layer) as CanvasRenderingContext2D;
    const dense = devicePixelRatio || 1;
    canvas.setTransform(dense, 0, 0, dense, 0, 0);
    canvas.clearRect(0, 0, this.view.width, this.view.height);
    if (layer === "marks") this.on.marks(canvas, this.frame);
    else if (layer === "top") this.on.top(canvas, this.frame);
    else this.paintImage(canvas, this.frame, this.view, dense);
  }

  private paintImage(canvas: CanvasRenderingContext2D, frame: Frame, view: Size, dense: number): void {
    if (!this.shown) return;
    const { scale, x, y } = frame;
    const { width, height } = this.size;
    // Pixels that are large enough to be told apart are shown as squares.
    canvas.imageSmoothingEnabled = scale * dense < 4;
    canvas.imageSmoothingQuality = "high";
    canvas.drawImage(this.shown.source, x, y, width * scale, height * scale);
    if (!this.tiles) return;
    if (scale * dense * width <= 1.1 * this.shown.width) {
      if (view === this.view) this.busy(false);
      return;
    }
    const tiles = tilesIn(frame, this.size, view, dense);
    this.tiles.want(tiles);
    if (view === this.view) this.busy(tiles.some((tile) => !this.tiles?.get(tile)));
    const at = (place: number, offset: number): number =>
      Math.round((place * scale + offset) * dense) / dense;
    for (const tile of tiles) {
      const found = this.tiles.get(tile);
      if (!found) continue;
      const [x0, y0] = [at(found.x, x), at(found.y, y)];
      const [x1, y1] = [at(found.x + found.width, x), at(found.y + found.height, y)];
      canvas.drawImage(found.bitmap, x0, y0, x1 - x0, y1 - y0);
    }
  }

  /** The pixels of a part of the image, at most `most` on the longer side, as far as they are here. */
  pixels([x0, y0, x1, y1]: readonly number[], most: number): ImageData | null {
    const scale = Math.min(1, most / Math.max(x1 - x0, y1 - y0));
    const [width, height] = [Math.round((x1 - x0) * scale), Math.round((y1 - y0) * scale)];
    if (!this.shown || width < 3 || height < 3) return null;
    const canvas = h("canvas", { attrs: { width, height } }).getContext("2d", { willReadFrequently: true });
    if (!canvas) return null;
    this.paintImage(canvas, { scale, x: -x0 * scale, y: -y0 * scale }, { width, height }, 1);
    return canvas.getImageData(0, 0, width, height);
  }

  // -- pointers

  private listen(): void {
    const { signal } = this.stage;
    const { element } = this;
    const image = (at: Point): Point => toImage(this.frame, at);
    followPointers(
      element,
      {
        pans: () => this.space,
        pan: (dx, dy) => this.pan(dx, dy),
        zoom: (factor, at) => this.zoom(factor, at),
        drag: (at) => {
          const drag = this.on.drag(image(at));
          return drag && { ...drag, move: (to) => drag.move(image(to)) };
        },
        click: (at) => this.on.click(image(at)),
        hover: (at) => this.on.hover(at && image(at)),
      },
      signal,
    );
    element.addEventListener("dblclick", () => this.on.twice(), { signal });
    element.addEventListener(
      "wheel",
      (event) => {
        const home = closest(element, ".hitl");
        // Otherwise the notebook scrolls.
        const wheel = this.options.wheel && home?.contains(focused());
        if (!event.ctrlKey && !event.metaKey && !wheel) return;
        event.preventDefault();
        const lines = event.deltaMode === 1 ? 16 : 1;
        this.zoom(Math.exp(-event.deltaY * lines * (event.ctrlKey ? 0.01 : 0.002)), placeIn(element, event));
      },
      { signal, passive: false },
    );
    const released = ({ key }: KeyboardEvent): void => {
      if (key === " ") this.space = false;
    };
    window.addEventListener("keyup", released, { signal, capture: true });
    window.addEventListener("blur", () => (this.space = false), { signal });
    const resized = new ResizeObserver(() => this.measure());
    resized.observe(element);
    signal.addEventListener("abort", () => resized.disconnect());
  }

  /** Takes the size that the element has now. */
  measure(): void {
    const { clientWidth: width, clientHeight: height } = this.element;
    if (width === this.view.width && height === this.view.height) return;
    this.view = { width, height };
    const dense = devicePixelRatio || 1;
    for (const { canvas } of this.layers.values()) {
      canvas.width = Math.round(width * dense);
      canvas.height = Math.round(height * dense);
    }
    if (this.whole) this.fit();
    else this.pan(0, 0);
  }

  // -- keys and buttons

  /** Handles the keys that move the view. */
  press(key: string, shift: boolean): boolean | "again" {
    if (key === " " && !shift) {
      this.space = true;
      return true;
    }
    if (key in ZOOM_KEYS) this.zoomBy(ZOOM_KEYS[key]);
    else if (key in ARROWS && !shift)
      return this.pan(-STEP * ARROWS[key][0], -STEP * ARROWS[key][1]) && "again";
    else return lightOf(this.stage.signal).press(key, shift);
    return "again";
  }
}

/** The factors of the keys that zoom; null shows all. */
export const ZOOM_KEYS: Record<string, number | null> = { "+": ZOOM, "-": 1 / ZOOM, Home: null };

export const zoomButtons = (zoom: (by: number | null) => void): HTMLElement[] =>
  [
    ["−", "Zoom out (-)", ZOOM_KEYS["-"]],
    ["+", "Zoom in (+)", ZOOM_KEYS["+"]],
    ["⤢", "Show the whole image (Home)", null],
  ].map(([text, label, by]) =>
    h("button", {
      class: "hitl-button hitl-picture-tool",
      text: String(text),
      title: String(label),
      attrs: { type: "button", "aria-label": String(label) },
      on: { click: () => zoom(by as number | null) },
    }),
  );

export const ARROWS: Record<string, readonly [number, number]> = {
  ArrowLeft: [-1, 0],
  ArrowRight: [1, 0],
  ArrowUp: [0, -1],
  ArrowDown: [0, 1],
};

async function picture(src: string | undefined): Promise<HTMLImageElement> {
  const image = new Image();
  // The other host must not learn the address of this page.
  image.referrerPolicy = "no-referrer";
  image.src = src ?? "";
  await image.decode().catch(() => {
    throw new Error("the picture did not come");
  });
  return image;
}
