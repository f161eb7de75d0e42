import type { Point } from "./geometry";

export type Tool = "click" | "lasso" | "rectangle" | "cluster";
export type Merge = "replace" | "add" | "subtract";

export type GestureCallbacks = {
  tool: () => Tool;
  hover: (point: Point) => void;
  leave: () => void;
  pick: (point: Point, merge: Merge) => void;
  /** The lasso or rectangle drawn so far; empty when it ends. */
  trace: (polygon: Point[]) => void;
  shape: (polygon: Point[], tool: "lasso" | "rectangle", merge: Merge) => void;
  pan: (dx: number, dy: number) => void;
  zoom: (at: Point, factor: number) => void;
};

const CLICK_PX = 4;

type Drag = { id: number; type: string; tool: Tool; points: Point[]; merge: Merge; moved: boolean };

/** Interprets pointers on the map. One pointer draws, two fingers zoom, and others (a palm) are ignored. */
export class Gestures {
  private drag: Drag | null = null;
  /** The fingers of a pinch, the second one last. A finger that remains afterwards is ignored. */
  private readonly pinch = new Map<number, Point>();

  constructor(private readonly on: GestureCallbacks) {}

  get active(): boolean {
    return this.drag !== null || this.pinch.size > 0;
  }

  /** Returns whether the pointer should be captured. */
  down(event: PointerEvent, at: Point): boolean {
    const { pointerId: id, pointerType } = event;
    if (event.button !== 0 || this.pinch.size) return false;
    const { drag } = this;
    if (drag?.type === "touch" && pointerType === "touch" && !this.isDrawing) {
      this.pinch.set(drag.id, drag.points.at(-1) as Point).set(id, at);
      this.cancelDrag();
      return true;
    }
    // The hand that holds a pen may touch the screen first.
    if (drag && !(drag.type === "touch" && pointerType === "pen")) return false;
    const merge = event.altKey ? "subtract" : event.shiftKey ? "add" : "replace";
    this.drag = { id, type: pointerType, tool: this.on.tool(), points: [at], merge, moved: false };
    this.on.leave();
    return true;
  }

  move(event: PointerEvent, at: Point): void {
    const { pointerId: id } = event;
    if (this.pinch.size) this.pinchTo(id, at);
    else if (!this.drag) this.on.hover(at);
    else if (this.drag.id !== id) return;
    // The release was missed: in a dialog, in a menu, in another window.
    else if (event.buttons === 0) this.cancel();
    else this.dragTo(this.drag, at);
  }

  up({ pointerId: id }: PointerEvent): void {
    this.pinch.delete(id);
    const { drag } = this;
    if (drag?.id !== id) return;
    this.cancelDrag();
    if (!drag.moved) this.on.pick(drag.points[0], drag.merge);
    else if (drag.tool === "lasso" || drag.tool === "rectangle") {
      const polygon = corners(drag.tool, drag.points);
      if (polygon.length > 2) this.on.shape(polygon, drag.tool, drag.merge);
    }
  }

  /** The browser took over the pointer: nothing is selected. */
  lost({ pointerId: id }: PointerEvent): void {
    this.pinch.delete(id);
    if (this.drag?.id === id) this.cancelDrag();
  }

  cancel(): void {
    this.pinch.clear();
    this.cancelDrag();
  }

  private cancelDrag(): void {
    this.drag = null;
    this.on.trace([]);
  }

  private get isDrawing(): boolean {
    return Boolean(this.drag?.moved) && (this.drag?.tool === "lasso" || this.drag?.tool === "rectangle");
  }

  private dragTo(drag: Drag, at: Point): void {
    const [x0, y0] = drag.points[0];
    drag.moved ||= Math.hypot(at[0] - x0, at[1] - y0) > CLICK_PX;
    if (!drag.moved) return;
    const last = drag.points.at(-1) as Point;
    if (drag.tool === "lasso") drag.points.push(at);
    else drag.points = [drag.points[0], at];
    if (this.isDrawing) this.on.trace(corners(drag.tool, drag.points));
    else this.on.pan(at[0] - last[0], at[1] - last[1]);
  }

  private pinchTo(id: number, at: Point): void {
    const before = this.pinch.get(id);
    if (!before || this.pinch.size < 2) return;
    const other = [...this.pinch].find(([one]) => one !== id)?.[1] as Point;
    this.pinch.set(id, at);
    const middle = (a: Point): Point => [(a[0] + other[0]) / 2, (a[1] + other[1]) / 2];
    const apart = (a: Point): number => Math.max(1, Math.hypot(a[0] - other[0], a[1] - other[1]));
    const [from, to] = [middle(before), middle(at)];
    this.on.pan(to[0] - from[0], to[1] - from[1]);
    this.on.zoom(to, apart(before) / apart(at));
  }
}

function corners(tool: Tool, points: Point[]): Point[] {
  if (tool !== "rectangle" || points.length < 2) return points;
  const [[x0, y0], [x1, y1]] = [points[0], points[points.length - 1]];
  return [
    [x0, y0],
    [x1, y0],
    [x1, y1],
    [x0, y1],
  ];
}
