import type { Engine, EngineName, View } from "./engine";
import { Frame } from "./geometry";
import { Grid } from "./grid";
import type { Looks } from "./look";
import type { Painter } from "./painter";
import { tops } from "./tops";

/** Time limit for a frame while the map moves; a complete one follows when it rests. */
const FRAME_MS = 24;
const REST_MS = 140;
const LARGEST = 7;
/** The share of the map that all points together would cover. */
const COVER = 1.3;

/** Draws any number of points on a 2-D canvas: a painter draws the cloud, and this class the few points above it. */
export class CanvasEngine implements Engine {
  private readonly canvas = document.createElement("canvas");
  private readonly context: CanvasRenderingContext2D;
  private grid = new Grid(new Float32Array(0));
  private looks: Looks | null = null;
  private colours = new Uint32Array(0);
  private kinds = new Uint8Array(0);
  private view: View = { x: [-1, 1], y: [-1, 1] };
  private painter: Painter;
  private width = 1;
  private height = 1;
  private took = 0;
  private resting: ReturnType<typeof setTimeout> | undefined;
  private readonly followed = new AbortController();

  /** `painterFor` creates the first painter, and gets a function to replace it with another one. */
  constructor(
    element: HTMLElement,
    painterFor: (change: (next: Painter) => void) => Painter,
    private readonly named: (name: EngineName) => void = () => {},
  ) {
    const context = this.canvas.getContext("2d");
    if (!context) throw new Error("this browser has no canvas.");
    this.context = context;
    element.append(this.canvas);
    this.painter = painterFor((next) => this.hand(next));
    named(this.painter.name);
    this.followPixels();
  }

  get name(): EngineName {
    return this.painter.name;
  }

  async setPoints(grid: Grid, looks: Looks): Promise<void> {
    if (grid.n !== this.grid.n) {
      this.colours = new Uint32Array(grid.n);
      this.kinds = new Uint8Array(grid.n);
    }
    this.grid = grid;
    this.painter.setPoints(grid);
    await this.setLooks(looks);
  }

  async setLooks(looks: Looks): Promise<void> {
    this.looks = looks;
    if (this.kinds.length !== looks.n) return;
    looks.fill(this.grid.order, this.colours, this.kinds);
    this.painter.setColours(this.colours);
    this.draw(1);
  }

  async setView(view: View): Promise<void> {
    this.view = view;
    const stride = Math.min(16, Math.ceil(this.took / FRAME_MS)) || 1;
    this.draw(stride);
    clearTimeout(this.resting);
    if (stride > 1) this.resting = setTimeout(() => this.draw(1), REST_MS);
  }

  async resize(width: number, height: number): Promise<void> {
    this.width = width;
    this.height = height;
    this.canvas.style.width = `${width}px`;
    this.canvas.style.height = `${height}px`;
    this.draw(1);
  }

  destroy(): void {
    clearTimeout(this.resting);
    this.followed.abort();
    this.painter.destroy();
    this.canvas.remove();
  }

  /** Redraws the map with another painter, or with the same one after it has lost its picture. */
  private hand(next: Painter): void {
    if (this.followed.signal.aborted) return;
    if (next !== this.painter) this.painter.destroy();
    this.painter = next;
    this.named(next.name);
    next.setPoints(this.grid);
    next.setColours(this.colours);
    this.draw(1);
  }

  private draw(stride: number): void {
    if (!this.looks || !this.grid.n) return;
    const ratio = globalThis.devicePixelRatio || 1;
    const [width, height] = [Math.round(this.width * ratio), Math.round(this.height * ratio)];
    if (this.canvas.width !== width) this.canvas.width = width;
    if (this.canvas.height !== height) this.canvas.height = height;
    const before = performance.now();
    const frame = new Frame(this.view, width, height);
    const { diameter, dense } = this.measure(frame, ratio);
    this.painter.paint(this.context, { frame, diameter, dense, stride });
    if (stride === 1) this.took = performance.now() - before;
    tops(this.context, frame, ratio, diameter, this.grid, this.kinds, this.colours, this.looks);
  }

  /** Points grow when zooming in, so that dense regions can be told apart. */
  private measure(frame: Frame, ratio: number): { diameter: number; dense: number } {
    const { x, y } = this.view;
    const unit = Math.sqrt((frame.width / (x[1] - x[0])) * (frame.height / (y[1] - y[0])));
    const wanted = Math.sqrt((COVER * 4 * unit * unit) / this.grid.n);
    const diameter = Math.max(1, Math.min(LARGEST * ratio, wanted));
    const area = Math.max(1, (Math.PI / 4) * diameter * diameter);
    return { diameter, dense: (this.grid.crowd(this.view) * area) / (this.grid.cell * unit) ** 2 };
  }

  // The pixel ratio changes when the window moves to another screen, and with the browser's zoom.
  private followPixels(): void {
    if (!globalThis.matchMedia || this.followed.signal.aborted) return;
    matchMedia(`(resolution: ${globalThis.devicePixelRatio}dppx)`).addEventListener(
      "change",
      () => {
        this.draw(1);
        this.followPixels();
      },
      { once: true, signal: this.followed.signal },
    );
  }
}
