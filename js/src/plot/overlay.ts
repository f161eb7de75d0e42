import { svg } from "../ui/dom";
import { Frame, type Point } from "./geometry";

export type Tool = "click" | "lasso" | "rectangle" | "cluster";
export type Merge = "replace" | "add" | "subtract";

export type OverlayCallbacks = {
  frame: () => Frame;
  tool: () => Tool;
  hover: (px: number, py: number) => void;
  leave: () => void;
  focus: () => void;
  pick: (px: number, py: number, merge: Merge) => void;
  shape: (polygon: Point[], tool: "lasso" | "rectangle", merge: Merge) => void;
  pan: (dx: number, dy: number) => void;
  zoom: (px: number, py: number, factor: number) => void;
  /** Whether the wheel is ours: else the notebook scrolls. */
  wheel: (event: WheelEvent) => boolean;
};

const CLICK_PX = 4;

/** Gestures over the picture, and the shapes they draw. The same for every engine. */
export function overlay(on: OverlayCallbacks, signal: AbortSignal) {
  const layer = svg("svg", { class: "hitl-overlay" });
  const groups = svg("g", { class: "hitl-groups" });
  const trace = svg("path", { class: "hitl-trace" });
  const hoverRing = svg("circle", { class: "hitl-hover", r: 7, visibility: "hidden" });
  const here = svg("g", { class: "hitl-here", visibility: "hidden" });
  here.append(svg("circle", { r: 9 }), svg("path", { d: "M-15 0H-10M10 0H15M0 -15V-10M0 10V15" }));
  const flashes = svg("g", { class: "hitl-flashes" });
  layer.append(groups, trace, flashes, hoverRing, here);

  let drag: { tool: Tool; points: Point[]; merge: Merge; moved: boolean } | null = null;

  const at = (event: PointerEvent | WheelEvent): Point => {
    const box = layer.getBoundingClientRect();
    return [event.clientX - box.left, event.clientY - box.top];
  };
  const mergeOf = (event: PointerEvent): Merge =>
    event.altKey ? "subtract" : event.shiftKey ? "add" : "replace";

  // A drag that leaves the map must not select the text of a cell.
  layer.addEventListener(
    "mousedown",
    (event) => {
      event.preventDefault();
      on.focus();
    },
    { signal },
  );
  layer.addEventListener(
    "pointerdown",
    (event) => {
      if (event.button !== 0) return;
      layer.setPointerCapture(event.pointerId);
      drag = { tool: on.tool(), points: [at(event)], merge: mergeOf(event), moved: false };
      on.leave();
    },
    { signal },
  );
  layer.addEventListener(
    "pointermove",
    (event) => {
      const point = at(event);
      if (!drag) {
        on.hover(...point);
        return;
      }
      const [x0, y0] = drag.points[0];
      drag.moved ||= Math.hypot(point[0] - x0, point[1] - y0) > CLICK_PX;
      if (!drag.moved) return;
      const last = drag.points[drag.points.length - 1];
      if (drag.tool === "lasso") drag.points.push(point);
      else if (drag.tool === "rectangle") drag.points = [drag.points[0], point];
      else {
        on.pan(point[0] - last[0], point[1] - last[1]);
        drag.points = [drag.points[0], point];
      }
      drawTrace();
    },
    { signal },
  );
  const finish = (event: PointerEvent): void => {
    const done = drag;
    drag = null;
    drawTrace();
    if (!done || event.type === "pointercancel") return;
    if (!done.moved) {
      on.pick(...done.points[0], done.merge);
      return;
    }
    const polygon = corners(done.tool, done.points);
    if (polygon.length < 3 || (done.tool !== "lasso" && done.tool !== "rectangle")) return;
    const frame = on.frame();
    on.shape(
      polygon.map(([px, py]) => [frame.x(px), frame.y(py)]),
      done.tool,
      done.merge,
    );
  };
  layer.addEventListener("pointerup", finish, { signal });
  layer.addEventListener("pointercancel", finish, { signal });
  layer.addEventListener("pointerleave", () => !drag && on.leave(), { signal });
  layer.addEventListener(
    "wheel",
    (event) => {
      if (!on.wheel(event)) return;
      event.preventDefault();
      on.zoom(...at(event), Math.exp(Math.max(-60, Math.min(60, event.deltaY)) * 0.004));
    },
    { signal, passive: false },
  );

  function drawTrace(): void {
    const polygon = drag?.moved ? corners(drag.tool, drag.points) : [];
    const shaped = drag?.tool === "lasso" || drag?.tool === "rectangle";
    trace.setAttribute(
      "d",
      shaped && polygon.length > 1 ? `M${polygon.map((p) => p.join(" ")).join("L")}Z` : "",
    );
  }

  const place = (element: SVGElement, point: Point | null): void => {
    element.setAttribute("visibility", point ? "visible" : "hidden");
    if (point) element.setAttribute("transform", `translate(${point[0]} ${point[1]})`);
  };

  return {
    element: layer,
    setHover: (point: Point | null) => place(hoverRing, point),
    setHere: (point: Point | null) => place(here, point),
    flash(point: Point, colour: string): void {
      const ring = svg("circle", { cx: point[0], cy: point[1], r: 6, stroke: colour, class: "hitl-flash" });
      flashes.append(ring);
      setTimeout(() => ring.remove(), 600);
    },
    setGroups(names: { name: string; at: Point; hull: Point[]; active: boolean }[]): void {
      groups.replaceChildren(
        ...names.map(({ name, at: point, hull, active }) => {
          const group = svg("g", { class: active ? "hitl-group hitl-active" : "hitl-group" });
          if (hull.length > 2) {
            group.append(
              svg("path", { d: `M${hull.map((p) => p.map((v) => v.toFixed(1)).join(" ")).join("L")}Z` }),
            );
          }
          const label = svg("text", { x: point[0], y: point[1] });
          label.textContent = name;
          group.append(label);
          return group;
        }),
      );
    },
  };
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

export { Frame };
