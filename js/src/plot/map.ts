import type { Theme } from "../ui/theme";
import type { Engine, View } from "./engine";
import { Frame, grown, nearest, neighbour, type Point, rowsInside, wholeView, zoomed } from "./geometry";
import { type ColourBy, look, type Marks, pointArea } from "./look";
import { type Merge, overlay, type Tool } from "./overlay";

export type Groups = { of: Uint16Array; names: string[]; hulls: Point[][] };
export type How = "clicked" | "lasso" | "rectangle" | "cluster";

export type MapCallbacks = {
  hover: (row: number | null, at: Point) => void;
  select: (rows: number[], how: How) => void;
  wheel: (event: WheelEvent) => boolean;
  /** Take the keys. */
  focus: () => void;
};

/** How many of the largest groups are named on the map. */
const NAMES = 16;

/** The map: an engine that draws points, and everything on top of it. */
export class MapPlot {
  readonly element: SVGSVGElement;
  private readonly over: ReturnType<typeof overlay>;
  private xy: Float32Array = new Float32Array(0);
  private view: View;
  private marks: Marks = { label: new Uint8Array(0), predicted: new Uint8Array(0), doubt: new Uint8Array(0) };
  private groups: Groups | null = null;
  private rings: ReadonlySet<number> = new Set();
  private selected: ReadonlySet<number> | null = null;
  private hovered = -1;
  private activeGroup = -1;
  private here = -1;
  private viewing = false;
  private stale: Set<number> | null = new Set();
  private painting: Promise<void> | null = null;
  tool: Tool = "click";
  by: ColourBy = "label";

  constructor(
    private readonly engine: Engine,
    private readonly palette: string[],
    private theme: Theme,
    private width: number,
    private height: number,
    private readonly on: MapCallbacks,
    signal: AbortSignal,
  ) {
    this.view = wholeView(width, height);
    this.over = overlay(
      {
        frame: () => this.frame,
        tool: () => this.tool,
        hover: (px, py) => this.hoverAt(px, py),
        leave: () => this.setHovered(-1),
        focus: on.focus,
        pick: (px, py, merge) => this.pick(px, py, merge),
        shape: (polygon, tool, merge) => this.choose(rowsInside(this.xy, polygon), tool, merge),
        pan: (dx, dy) => this.pan(dx, dy),
        zoom: (px, py, factor) => this.zoom(factor, [this.frame.x(px), this.frame.y(py)]),
        wheel: on.wheel,
      },
      signal,
    );
    this.element = this.over.element;
    void engine.resize(width, height).then(() => engine.setView(this.view));
  }

  get n(): number {
    return this.xy.length / 2;
  }

  private get frame(): Frame {
    return new Frame(this.view, this.width, this.height);
  }

  private readonly look = (i: number) =>
    look(i, {
      marks: this.marks,
      clusters: this.groups?.of ?? null,
      palette: this.palette,
      rings: this.rings,
      selected: this.selected,
      by: this.by,
      theme: this.theme,
      size: pointArea(this.n),
    });

  /** New places for the points; zoom and selection stay. */
  async setPoints(xy: Float32Array, groups: Groups): Promise<void> {
    if (this.marks.label.length !== xy.length / 2) {
      const n = xy.length / 2;
      this.marks = {
        label: new Uint8Array(n).fill(255),
        predicted: new Uint8Array(n).fill(255),
        doubt: new Uint8Array(n),
      };
    }
    this.xy = xy;
    this.groups = groups;
    this.activeGroup = -1;
    this.drawOver();
    await this.engine.setPoints(xy, this.look);
    if (this.by === "group") await this.redraw();
  }

  /** What the model thinks now; `rows` null for everything. */
  setRound(rows: Iterable<number> | null, marks: Marks, rings: number[]): Promise<void> {
    this.marks = marks;
    const before = this.rings;
    this.rings = new Set(rings);
    return this.repaint(rows === null ? null : [...rows, ...before, ...this.rings]);
  }

  /** Draw rows anew (null: all). What is asked while the engine draws becomes one drawing. */
  private repaint(rows: Iterable<number> | null): Promise<void> {
    if (rows === null) this.stale = null;
    else if (this.stale) for (const row of rows) this.stale.add(row);
    this.painting ??= this.paintStale().finally(() => {
      this.painting = null;
      if (this.stale === null || this.stale.size) void this.repaint([]);
    });
    return this.painting;
  }

  private async paintStale(): Promise<void> {
    while (this.stale === null || this.stale.size) {
      const touched = this.stale;
      this.stale = new Set();
      await this.engine.setLooks(touched, this.look);
    }
  }

  async setSelection(rows: number[] | null): Promise<void> {
    const next = rows?.length ? new Set(rows) : null;
    const whole = (next === null) !== (this.selected === null);
    const touched = whole ? null : new Set([...(this.selected ?? []), ...(next ?? [])]);
    this.selected = next;
    await this.repaint(touched);
  }

  async setColour(by: ColourBy): Promise<void> {
    this.by = by;
    await this.redraw();
  }

  async setTheme(theme: Theme): Promise<void> {
    this.theme = theme;
    await this.redraw();
  }

  redraw(): Promise<void> {
    return this.repaint(null);
  }

  async resize(width: number, height: number): Promise<void> {
    if (width === this.width && height === this.height) return;
    const center: Point = [(this.view.x[0] + this.view.x[1]) / 2, (this.view.y[0] + this.view.y[1]) / 2];
    const unit = (this.view.y[1] - this.view.y[0]) / fitSpan(this.width, this.height);
    this.width = width;
    this.height = height;
    const whole = wholeView(width, height);
    this.view = {
      x: [center[0] + whole.x[0] * unit, center[0] + whole.x[1] * unit],
      y: [center[1] + whole.y[0] * unit, center[1] + whole.y[1] * unit],
    };
    this.drawOver();
    await this.engine.resize(width, height);
    await this.engine.setView(this.view);
  }

  /** The item on the card, marked on the map. */
  setHere(row: number): void {
    this.here = row;
    this.over.setHere(this.place(row));
  }

  flash(row: number, colour: string): void {
    const point = this.place(row);
    if (point) this.over.flash(point, colour);
  }

  zoom(factor: number, at?: Point): void {
    const span = this.view.x[1] - this.view.x[0];
    const limited = Math.max(0.004 / span, Math.min(8 / span, factor));
    const center: Point = [(this.view.x[0] + this.view.x[1]) / 2, (this.view.y[0] + this.view.y[1]) / 2];
    this.setView(zoomed(this.view, at ?? center, limited));
  }

  showAll(): void {
    this.setView(wholeView(this.width, this.height));
  }

  get zoomedIn(): boolean {
    const whole = wholeView(this.width, this.height);
    return this.view.x.some((v, i) => Math.abs(v - whole.x[i]) > 1e-6);
  }

  /** Choose the next of these rows after the chosen one, and bring it into view. */
  next(rows: number[]): void {
    if (!rows.length) return;
    const now = this.selected?.size === 1 ? [...this.selected][0] : -1;
    this.choose([rows[(rows.indexOf(now) + 1) % rows.length]], "clicked", "replace");
    this.reveal();
  }

  move(dx: number, dy: number): void {
    const from = this.selected?.size === 1 ? [...this.selected][0] : this.here;
    if (from < 0 || from >= this.n) return;
    const row = neighbour(this.xy, from, dx, dy);
    if (row >= 0) this.choose([row], "clicked", "replace");
    this.reveal();
  }

  grow(by: number): void {
    if (!this.selected) return;
    this.choose(grown(this.xy, [...this.selected], by), "clicked", "replace");
  }

  destroy(): void {
    this.engine.destroy();
  }

  private reveal(): void {
    const row = this.selected?.size === 1 ? [...this.selected][0] : -1;
    const [x, y] = [this.xy[2 * row], this.xy[2 * row + 1]];
    const { view } = this;
    if (row < 0 || (x > view.x[0] && x < view.x[1] && y > view.y[0] && y < view.y[1])) return;
    const [w, h] = [(view.x[1] - view.x[0]) / 2, (view.y[1] - view.y[0]) / 2];
    this.setView({ x: [x - w, x + w], y: [y - h, y + h] });
  }

  private setView(view: View): void {
    this.view = view;
    this.drawOver();
    if (this.viewing) return;
    // One frame of the engine at a time, and always the newest view.
    this.viewing = true;
    requestAnimationFrame(async () => {
      await this.engine.setView(this.view);
      this.viewing = false;
      if (this.view !== view) this.setView(this.view);
    });
  }

  private pan(dx: number, dy: number): void {
    const { x, y } = this.view;
    const mx = (dx / this.width) * (x[1] - x[0]);
    const my = (dy / this.height) * (y[1] - y[0]);
    this.setView({ x: [x[0] - mx, x[1] - mx], y: [y[0] + my, y[1] + my] });
  }

  private hoverAt(px: number, py: number): void {
    const row = nearest(this.xy, this.frame, px, py);
    if (this.tool === "cluster") {
      const group = row >= 0 && this.groups ? this.groups.of[row] : -1;
      if (group !== this.activeGroup) {
        this.activeGroup = group;
        this.drawGroups();
      }
    }
    this.setHovered(row);
  }

  private setHovered(row: number): void {
    if (row === this.hovered) return;
    this.hovered = row;
    const point = this.place(row);
    this.over.setHover(point);
    this.on.hover(row >= 0 ? row : null, point ?? [0, 0]);
    if (row < 0 && this.activeGroup >= 0) {
      this.activeGroup = -1;
      this.drawGroups();
    }
  }

  private pick(px: number, py: number, merge: Merge): void {
    const row = nearest(this.xy, this.frame, px, py, this.tool === "cluster" ? 24 : 12);
    if (row < 0) {
      this.choose([], "clicked", merge);
      return;
    }
    const { groups } = this;
    if (this.tool !== "cluster" || !groups) {
      this.choose([row], "clicked", merge);
      return;
    }
    const group = groups.of[row];
    const rows: number[] = [];
    for (let i = 0; i < groups.of.length; i++) if (groups.of[i] === group) rows.push(i);
    this.choose(rows, "cluster", merge);
  }

  private choose(rows: number[], how: How, merge: Merge): void {
    const before = [...(this.selected ?? [])];
    const hit = new Set(rows);
    let chosen = rows;
    if (merge === "add") chosen = [...new Set([...before, ...rows])];
    if (merge === "subtract") chosen = before.filter((row) => !hit.has(row));
    void this.setSelection(chosen);
    this.on.select(chosen, how);
  }

  private place(row: number): Point | null {
    if (row < 0 || row >= this.n) return null;
    const { frame } = this;
    return [frame.px(this.xy[2 * row]), frame.py(this.xy[2 * row + 1])];
  }

  private drawOver(): void {
    this.over.setHere(this.place(this.here));
    this.over.setHover(null);
    this.hovered = -1;
    this.drawGroups();
  }

  /** Names of the larger groups, where they do not cover each other. */
  private drawGroups(): void {
    if (!this.groups) return;
    const { frame } = this;
    const taken: [number, number, number, number][] = [];
    const shown = this.groups.names.slice(0, NAMES).flatMap((name, group) => {
      const hull = (this.groups?.hulls[group] ?? []).map(([x, y]): Point => [frame.px(x), frame.py(y)]);
      if (!hull.length) return [];
      const at: Point = [mean(hull.map((p) => p[0])), mean(hull.map((p) => p[1]))];
      const active = group === this.activeGroup;
      const w = name.length * 3.4 + 6;
      const box: [number, number, number, number] = [at[0] - w, at[1] - 10, at[0] + w, at[1] + 10];
      const out = box[0] < 0 || box[2] > this.width || at[1] < 12 || at[1] > this.height - 12;
      const hit = taken.some((t) => box[0] < t[2] && box[2] > t[0] && box[1] < t[3] && box[3] > t[1]);
      if (!active && (out || hit)) return [];
      taken.push(box);
      return [{ name, at, hull: active ? hull : [], active }];
    });
    this.over.setGroups(shown);
  }
}

const mean = (values: number[]): number => values.reduce((sum, v) => sum + v, 0) / values.length;

function fitSpan(width: number, height: number): number {
  const { y } = wholeView(width, height);
  return y[1] - y[0];
}
