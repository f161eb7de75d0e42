import type { Engine } from "../../plot/engine";
import { type Groups, type MapCallbacks, MapPlot } from "../../plot/map";
import { focused } from "../../ui/dom";
import { onTheme, readTheme } from "../../ui/theme";

/** The positions of a map, and its groups; `settled` if it no longer moves. */
export type Places = { xy: Float32Array; groups: Groups; method: string; settled: boolean };

export type DrawingCallbacks = {
  plot: Omit<MapCallbacks, "wheel" | "focus">;
  /** A map is about to be drawn. */
  before: (plot: MapPlot) => Promise<void>;
  drawn: (plot: MapPlot) => void;
};

/** The map in its box, with the newest positions. */
export class Drawing {
  plot: MapPlot | null = null;
  places: Places | null = null;
  private drawing = false;

  constructor(
    private readonly root: HTMLElement,
    private readonly box: { plot: HTMLElement; chart: HTMLElement },
    private readonly on: DrawingCallbacks,
    private readonly signal: AbortSignal,
  ) {}

  start(engine: Engine, palette: string[]): void {
    const { root, box, signal } = this;
    const { clientWidth, clientHeight } = box.plot;
    const on = {
      ...this.on.plot,
      wheel: (e: WheelEvent) => e.ctrlKey || e.metaKey || root.contains(focused()),
      focus: () => root.focus({ preventScroll: true }),
    };
    const [width, height] = [Math.max(clientWidth, 100), Math.max(clientHeight, 100)];
    const plot = new MapPlot(engine, palette, readTheme(root), width, height, on, signal);
    this.plot = plot;
    box.chart.after(plot.element);
    const resized = new ResizeObserver(() => this.fit());
    resized.observe(box.plot);
    onTheme(root, () => void plot.setTheme(readTheme(root)), signal);
    signal.addEventListener("abort", () => {
      resized.disconnect();
      plot.destroy();
    });
    void this.draw();
  }

  show(places: Places): void {
    this.places = places;
    void this.draw();
  }

  /** Adapts the map to its box, which has no size while it is hidden. */
  fit(): void {
    const { clientWidth, clientHeight } = this.box.plot;
    if (clientWidth > 50) void this.plot?.resize(clientWidth, clientHeight);
  }

  /** Draws the newest map; frames that arrive while one is being drawn are skipped. */
  private async draw(): Promise<void> {
    const { plot, root } = this;
    if (!plot || this.drawing) return;
    this.drawing = true;
    try {
      for (let shown: Places | null = null; this.places && this.places !== shown && !this.signal.aborted; ) {
        shown = this.places;
        await this.on.before(plot);
        await plot.setPoints(shown.xy, shown.groups);
        this.on.drawn(plot);
        root.dataset.method = shown.method;
        root.dataset.settled = String(shown.settled);
        root.dataset.drawn = String(Number(root.dataset.drawn ?? 0) + 1);
        if (root.dataset.round) root.dataset.painted = root.dataset.round;
      }
    } finally {
      this.drawing = false;
    }
  }
}
