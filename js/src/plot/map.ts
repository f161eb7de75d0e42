import type { Theme } from "../ui/theme";
import type { Engine, View } from "./engine";
import { centred, Frame, type Point, reframed, wholeView, zoomedWithin } from "./geometry";
import { Grid } from "./grid";
import {
  type Box,
  type Groups,
  namedAt,
  reserved,
  type ShownGroup,
  sampled,
  shownGroups,
  surroundings,
} from "./groups";
import { Layout } from "./layout";
import {
  CHOSEN,
  type ColourBy,
  type Column,
  type Filter,
  hiddenBy,
  Looks,
  type Marks,
  NONE,
  NOTHING_HIDDEN,
  RINGED,
} from "./look";
import { type Merge, overlay, type Tool } from "./overlay";
import { has, minus, NO_ROWS, type Rows, rowsOf, union } from "./rows";
import { Stacks } from "./stacks";

export type { Groups };
export type How = "clicked" | "lasso" | "rectangle" | "cluster" | "search";

export type MapCallbacks = {
  /** The pointer is at a row, with so many others at the same place; null for none. */
  hover: (row: number | null, at: Point, stack: number) => void;
  say: (words: string) => void;
  select: (rows: Rows, how: How) => void;
  wheel: (event: WheelEvent) => boolean;
  /** The thumbnails that name a group; empty if it is named by words. */
  thumbs: (group: number) => readonly string[];
  /** Requests the keyboard focus. */
  focus: () => void;
};

const REACH = 12;
const REST_MS = 120;
/** A pointer this near to a point means the point, not the name of a group that covers it. */
const NEAR = 4;
/** Labelled points matter to the names of groups while they are at most this share of all. */
const FEW = 0.2;

/** The map: an engine that draws points, and everything on top of it. */
export class MapPlot {
  readonly element: SVGSVGElement;
  private readonly over: ReturnType<typeof overlay>;
  /** The positions from the kernel, and where they are drawn. */
  private positions: Float32Array = new Float32Array(0);
  private layout: Layout;
  private grid = new Grid(new Float32Array(0));
  private view: View;
  /** The view of the whole map. */
  private home: View;
  private marks: Marks = { label: new Uint8Array(0), predicted: new Uint8Array(0), doubt: new Uint8Array(0) };
  private groups: Groups | null = null;
  private flags = new Uint8Array(0);
  private rings = NO_ROWS;
  private selected = NO_ROWS;
  private hovered = -1;
  private readonly stacks = new Stacks(
    () => ({ grid: this.grid, view: this.view, width: this.width, height: this.height }),
    () => this.drawFan(),
  );
  private activeGroup = -1;
  /** The labelled rows, as long as they are few. */
  private labelled = NO_ROWS;
  private shown: ShownGroup[] = [];
  /** The places with a count. */
  private counted: { row: number; box: Box }[] = [];
  private here = -1;
  private filter = NOTHING_HIDDEN;
  private isolated: number | null = null;
  private viewing = false;
  private waiting = false;
  /** Where the pointer is; null if it is not on the map, or draws. */
  private pointer: Point | null = null;
  /** Until the map has rested; then what is under the pointer is shown again. */
  private resting: ReturnType<typeof setTimeout> | undefined;
  private stale: Rows | null = NO_ROWS;
  private painting: Promise<void> | null = null;
  tool: Tool = "click";
  by: ColourBy = "label";
  private column: Column | null = null;

  constructor(
    readonly engine: Engine,
    private palette: string[],
    private theme: Theme,
    private width: number,
    private height: number,
    private readonly on: MapCallbacks,
    signal: AbortSignal,
  ) {
    this.home = this.view = wholeView(width, height);
    this.layout = Layout.of(this.positions, width, height);
    this.over = overlay(
      {
        frame: () => this.frame,
        tool: () => this.tool,
        hover: (px, py) => this.hoverAt(px, py),
        leave: () => this.leave(),
        focus: on.focus,
        pick: (px, py, merge) => this.pick(px, py, merge),
        shape: (polygon, tool, merge) => this.choose(this.grid.inside(polygon), tool, merge),
        pan: (dx, dy) => this.pan(dx, dy),
        zoom: (px, py, factor) => {
          this.pointer = [px, py];
          this.zoom(factor, [this.frame.x(px), this.frame.y(py)]);
        },
        wheel: on.wheel,
      },
      signal,
    );
    this.element = this.over.element;
    void engine.resize(width, height).then(() => engine.setView(this.view));
  }

  private get frame(): Frame {
    return new Frame(this.view, this.width, this.height);
  }

  private get looks(): Looks {
    return new Looks({
      marks: this.marks,
      clusters: this.groups?.of ?? null,
      palette: this.palette,
      flags: this.flags,
      choosing: this.selected.length > 0,
      by: this.by,
      column: this.column,
      theme: this.theme,
      hidden: this.grid.hidden,
      isolated: this.isolated,
    });
  }

  /** Sets new positions of the points; zoom and selection are kept. */
  async setPoints(xy: Float32Array, groups: Groups): Promise<void> {
    const n = xy.length / 2;
    if (this.marks.label.length !== n) {
      const none = (): Uint8Array => new Uint8Array(n).fill(255);
      this.marks = { label: none(), predicted: none(), doubt: new Uint8Array(n) };
    }
    if (this.flags.length !== n) {
      this.flags = new Uint8Array(n);
      this.flag(RINGED, NO_ROWS, this.rings);
      this.flag(CHOSEN, NO_ROWS, this.selected);
    }
    // After a change of the groups alone, the map stays as it is.
    if (!same(xy, this.positions)) {
      this.positions = xy;
      this.layout = Layout.of(xy, this.width, this.height, this.layout.turn);
      this.grid = new Grid(this.layout.xy);
    }
    this.hide();
    const before = this.view;
    this.goHome();
    this.groups = { ...groups, hulls: groups.hulls.map((hull) => hull.map((p) => this.layout.place(p))) };
    this.activeGroup = -1;
    this.drawOver();
    await this.engine.setPoints(this.grid, this.looks);
    if (this.view !== before) await this.engine.setView(this.view);
  }

  /** Sets the newest marks; `rows` are those that changed, null for all. */
  setRound(rows: Rows | null, marks: Marks, rings: number[]): Promise<void> {
    this.marks = marks;
    const before = this.rings;
    this.rings = rowsOf(rings);
    this.flag(RINGED, before, this.rings);
    this.labelled = fewLabelled(marks.label);
    this.hide();
    this.groupsLater();
    return this.repaint(rows && union(rows, union(before, this.rings)));
  }

  /** Redraws rows (null: all). Requests that arrive while the engine draws are combined. */
  private repaint(rows: Rows | null): Promise<void> {
    this.stale = rows && this.stale && union(this.stale, rows);
    this.painting ??= this.paintStale().finally(() => {
      this.painting = null;
      if (this.stale?.length !== 0) void this.repaint(NO_ROWS);
    });
    return this.painting;
  }

  private async paintStale(): Promise<void> {
    if (this.stacks.fan) this.drawFan();
    while (this.stale?.length !== 0) {
      const touched = this.stale;
      this.stale = NO_ROWS;
      await this.engine.setLooks(this.looks, touched);
    }
  }

  private flag(bit: number, before: Rows, now: Rows): void {
    for (const row of before) this.flags[row] &= ~bit;
    for (const row of now) this.flags[row] |= bit;
  }

  async setSelection(rows: Rows): Promise<void> {
    const before = this.selected;
    this.selected = rows;
    const { fan } = this.stacks;
    if (fan && !rows.some((row) => fan.rows.includes(row))) this.stacks.close();
    this.flag(CHOSEN, before, rows);
    this.groupsLater();
    const whole = (rows.length === 0) !== (before.length === 0);
    await this.repaint(whole ? null : union(before, rows));
  }

  /** Shows the whole map if none of these rows is visible. */
  show(rows: Rows): void {
    const { x, y } = this.view;
    const { xy } = this.grid;
    const seen = rows.some((row) => {
      const [px, py] = [xy[2 * row], xy[2 * row + 1]];
      return px > x[0] && px < x[1] && py > y[0] && py < y[1];
    });
    if (!seen) this.showAll();
  }

  /** Colours the points, perhaps by a column of the table. */
  setColour(by: ColourBy, column: Column | null = null): Promise<void> {
    [this.by, this.column] = [by, column];
    this.hide();
    return this.repaint(null);
  }

  setFilter(filter: Filter): Promise<void> {
    this.filter = filter;
    this.hide();
    return this.repaint(null);
  }

  /** Fades all points except those of one shade; null for none. */
  isolate(shade: number | null): Promise<void> {
    this.isolated = shade;
    return this.repaint(null);
  }

  private hide(): void {
    const known = this.marks.label.length === this.grid.n;
    this.grid.hidden = known
      ? hiddenBy(this.filter, { marks: this.marks, by: this.by, column: this.column })
      : null;
    this.drawOutliers();
    this.drawCounts();
  }

  setPalette(palette: string[]): Promise<void> {
    this.palette = palette;
    return this.repaint(null);
  }

  setTheme(theme: Theme): Promise<void> {
    this.theme = theme;
    return this.repaint(null);
  }

  async resize(width: number, height: number): Promise<void> {
    if (width === this.width && height === this.height) return;
    [this.width, this.height] = [width, height];
    this.goHome();
    this.drawOver();
    await this.engine.resize(width, height);
    await this.engine.setView(this.view);
  }

  /** Adapts the view to the size of the box and of the map; a view of the whole map stays one. */
  private goHome(): void {
    const before = this.home;
    this.home = wholeView(this.width, this.height, this.grid.extent);
    this.view = this.view === before ? this.home : reframed(this.view, before, this.home);
  }

  /** Marks the current item on the map. */
  setHere(row: number): void {
    this.here = row;
    this.over.setHere(this.place(row));
    this.groupsLater();
  }

  flash(row: number, colour: string): void {
    const point = this.place(row);
    if (point) this.over.flash(point, colour);
  }

  zoom(factor: number, at?: Point): void {
    this.setView(zoomedWithin(this.view, factor, at));
  }

  showAll(): void {
    this.setView(this.home);
  }

  /** Selects the row after the selected one among these rows, and makes it visible. */
  next(rows: number[]): void {
    const seen = rows.filter((row) => !this.grid.hidden?.[row]);
    if (!seen.length) return;
    this.choose(Uint32Array.of(seen[(seen.indexOf(this.single) + 1) % seen.length]), "clicked", "replace");
    this.reveal();
  }

  move(dx: number, dy: number): void {
    const from = this.single >= 0 ? this.single : this.here;
    if (from < 0 || from >= this.grid.n) return;
    const row = this.grid.neighbour(from, dx, dy);
    if (row >= 0) this.choose(Uint32Array.of(row), "clicked", "replace");
    this.reveal();
  }

  /** Selects the nearest points too. */
  grow(by = 10): void {
    if (this.selected.length) this.choose(this.grid.grown(this.selected, by), "clicked", "replace");
  }

  destroy(): void {
    clearTimeout(this.resting);
    this.engine.destroy();
  }

  /** The selected row if exactly one is selected, otherwise -1. */
  private get single(): number {
    return this.selected.length === 1 ? this.selected[0] : -1;
  }

  private reveal(): void {
    const row = this.single;
    const [x, y] = [this.grid.xy[2 * row], this.grid.xy[2 * row + 1]];
    const { view } = this;
    if (row < 0 || (x > view.x[0] && x < view.x[1] && y > view.y[0] && y < view.y[1])) return;
    this.setView(centred(view, [x, y]));
  }

  private setView(view: View): void {
    this.view = view;
    this.drawOver();
    if (this.viewing) return;
    // Only one frame at a time, always with the newest view.
    this.viewing = true;
    requestAnimationFrame(async () => {
      const shown = this.view;
      await this.engine.setView(shown);
      this.viewing = false;
      if (this.view !== shown) this.setView(this.view);
    });
  }

  private pan(dx: number, dy: number): void {
    const { frame } = this;
    this.setView(centred(this.view, [frame.x(this.width / 2 - dx), frame.y(this.height / 2 - dy)]));
  }

  /** The row nearest to a pixel, within reach. */
  private at(px: number, py: number, reach: number): number {
    const { frame, view } = this;
    return this.grid.nearest(frame.x(px), frame.y(py), (reach / this.width) * (view.x[1] - view.x[0]));
  }

  /** The row that a pointer means: one of the fan, otherwise the nearest within reach. */
  private meant(px: number, py: number, reach: number): number {
    const { fan } = this.stacks;
    return fan?.covers(px, py) ? fan.rowAt(px, py) : this.front(this.at(px, py, reach));
  }

  private hoverAt(px: number, py: number): void {
    clearTimeout(this.resting);
    this.pointer = [px, py];
    const row = this.meant(px, py, REACH);
    this.activate(this.tool === "cluster" ? this.groupAt(px, py, row) : this.nameAt(px, py));
    this.setHovered(row);
  }

  private setHovered(row: number): void {
    if (row === this.hovered) return;
    this.hovered = row;
    const fanned = this.stacks.fan?.place(row);
    const point = fanned ?? this.place(row);
    const others = fanned || row < 0 ? 0 : this.stacks.at(row).length - 1;
    this.over.setHover(point, others);
    this.on.hover(row >= 0 ? row : null, point ?? [0, 0], others);
  }

  /** Of the points at the same place, the one that is drawn above the others. */
  private front(row: number): number {
    const above = (one: number): number => this.flags[one] * 2 + (this.marks.label[one] === NONE ? 0 : 1);
    return this.stacks.at(row).reduce((best, one) => (above(one) > above(best) ? one : best), row);
  }

  /** The rows next to one of them, which the pointer may reach soon. */
  near(row: number, most: number): number[] {
    return this.stacks.near(row, most);
  }

  private fanOut(row: number): void {
    const fan = this.stacks.open(row);
    if (!fan) return;
    this.setHovered(-1);
    const [n, all] = [fan.rows.length, fan.stack.length];
    const of = n < all ? `${n} of ${all} items` : `${n} items`;
    this.on.say(`${of} at the same place: Enter selects the next one`);
  }

  private drawFan(): void {
    const { looks, stacks } = this;
    const rows = stacks.fan?.rows ?? [];
    const dots = rows.map((row) => ({ ...looks.of(row), chosen: this.flags[row] & CHOSEN }));
    this.over.setFan(stacks.fan, dots);
  }

  /** Selects the next of the points at the place of the selected one; returns whether there are others. */
  nextInStack(): boolean {
    const row = this.single;
    const rows = this.stacks.at(row);
    if (rows.length < 2) return false;
    const next = rows[(rows.indexOf(row) + 1) % rows.length];
    if (!this.stacks.fan?.rows.includes(next)) this.fanOut(next);
    this.choose(Uint32Array.of(next), "clicked", "replace");
    return true;
  }

  private activate(group: number): void {
    if (group === this.activeGroup) return;
    this.activeGroup = group;
    this.drawGroups();
  }

  /** The group whose name is under a pixel, unless a point is nearer; -1 for none. */
  private nameAt(px: number, py: number): number {
    return this.at(px, py, NEAR) < 0 ? namedAt(this.shown, px, py) : -1;
  }

  /** The group whose name is under a pixel, otherwise the group of the row there; -1 for none. */
  private groupAt(px: number, py: number, row: number): number {
    const named = namedAt(this.shown, px, py);
    return named >= 0 || row < 0 || !this.groups ? named : this.groups.of[row];
  }

  private pick(px: number, py: number, merge: Merge): void {
    const { groups } = this;
    const row = this.meant(px, py, this.tool === "cluster" ? 2 * REACH : REACH);
    const byName = this.nameAt(px, py);
    if (!groups || (this.tool !== "cluster" && byName < 0)) {
      const fanned = this.stacks.fan?.covers(px, py);
      // A click between the points of a fan means none of them.
      if (!fanned || row >= 0) this.choose(row < 0 ? NO_ROWS : Uint32Array.of(row), "clicked", merge);
      if (!fanned && row >= 0) this.fanOut(row);
      return;
    }
    const group = byName >= 0 ? byName : this.groupAt(px, py, row);
    if (group < 0) this.choose(NO_ROWS, "clicked", merge);
    else {
      const mask = new Uint8Array(groups.of.length);
      for (let i = 0; i < mask.length; i++) if (groups.of[i] === group) mask[i] = 1;
      this.choose(this.grid.visible(mask), "cluster", merge);
    }
  }

  private choose(rows: Rows, how: How, merge: Merge): void {
    const chosen = { replace: () => rows, add: union, subtract: minus }[merge](this.selected, rows);
    void this.setSelection(chosen);
    this.on.select(chosen, how);
  }

  private place(row: number): Point | null {
    if (row < 0 || row >= this.grid.n) return null;
    const { frame, grid } = this;
    return [frame.px(grid.xy[2 * row]), frame.py(grid.xy[2 * row + 1])];
  }

  /** The pointer is no longer on the map. */
  leave(): void {
    clearTimeout(this.resting);
    this.pointer = null;
    this.activate(-1);
    this.setHovered(-1);
  }

  /** Whether a point is so far from the others that it is shown at the rim instead. */
  isOutlier(row: number): boolean {
    return has(this.layout.outliers, row);
  }

  private drawOutliers(): void {
    const { grid, layout, width, height } = this;
    const shown = layout.outliers.filter((row) => !grid.hidden?.[row]);
    const marks = Array.from(shown, (row) => ({ at: this.place(row) as Point, toward: layout.outward(row) }));
    this.over.setOutliers(marks.filter(({ at: [x, y] }) => x > 0 && x < width && y > 0 && y < height));
  }

  private drawCounts(): void {
    const stacks = this.stacks.counted(reserved(this.frame));
    this.over.setCounts(stacks.map(({ row, n }) => ({ at: this.place(row) as Point, n })));
    this.counted = stacks;
  }

  private drawOver(): void {
    this.stacks.close();
    this.drawCounts();
    this.drawOutliers();
    this.over.setHere(this.place(this.here));
    this.setHovered(-1);
    this.drawGroups();
    // Another point may be under the pointer now.
    clearTimeout(this.resting);
    this.resting = setTimeout(() => this.pointer && this.hoverAt(...this.pointer), REST_MS);
  }

  /** Draws the names again after the next frame, which shows the next item. */
  private groupsLater(): void {
    if (this.waiting) return;
    this.waiting = true;
    requestAnimationFrame(() =>
      setTimeout(() => {
        this.waiting = false;
        this.drawGroups();
      }),
    );
  }

  /**
   * Draws the names of the groups, around the points that matter: the current, the suggested and the selected ones, and
   * the labelled ones while they are few.
   */
  drawGroups(): void {
    if (!this.groups) return;
    const { frame } = this;
    const around = surroundings({
      frame,
      grid: this.grid,
      rows: [
        this.here,
        ...this.rings,
        ...this.counted.map(({ row }) => row),
        ...sampled(this.selected),
        ...sampled(this.labelled),
      ].filter((row) => row >= 0 && row < this.grid.n),
      boxes: this.counted.map(({ box }) => box),
      thumbs: this.on.thumbs,
    });
    this.shown = shownGroups(this.groups, this.activeGroup, frame, around);
    this.over.setGroups(this.shown);
  }
}

/** The labelled rows; none if they are too many to matter one by one. */
function fewLabelled(label: Uint8Array): Rows {
  const found: number[] = [];
  for (let row = 0; row < label.length; row++) {
    if (label[row] === NONE) continue;
    found.push(row);
    if (found.length > FEW * label.length) return NO_ROWS;
  }
  return Uint32Array.from(found);
}

const same = (a: Float32Array, b: Float32Array): boolean =>
  a.length === b.length && a.every((value, i) => value === b[i]);
