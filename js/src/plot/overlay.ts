import "./overlay.css";
import { svg } from "../ui/dom";
import type { Fan } from "./fan";
import { Frame, type Point, within } from "./geometry";
import { Gestures, type Merge, type Tool } from "./gestures";
import { type ShownGroup, THUMB_PX, THUMB_STEP } from "./groups";
import { COUNT_ASIDE, timesOf } from "./stacks";

export type { Merge, Tool };

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
  /** Whether the map handles the wheel; otherwise the notebook scrolls. */
  wheel: (event: WheelEvent) => boolean;
};

/** A point of a fan. */
type Dot = { fill: string; stroke: string; width: number; chosen: number };

/** Handles gestures on the map and draws their shapes; the same for every engine. */
export function overlay(on: OverlayCallbacks, signal: AbortSignal) {
  const layer = svg("svg", { class: "hitl-overlay" });
  const groups = svg("g", { class: "hitl-groups" });
  const named = new Map<number, Name>();
  const lines = svg("path", { class: "hitl-group-lines" });
  const outliers = svg("path", { class: "hitl-outliers" });
  const trace = svg("path", { class: "hitl-trace" });
  const hoverRing = svg("circle", { class: "hitl-hover", r: 7, visibility: "hidden" });
  const hoverCount = svg("text", { class: "hitl-hover-count", visibility: "hidden" });
  const counts = svg("g", { class: "hitl-counts" });
  const fan = svg("g", { class: "hitl-fan" });
  const here = svg("g", { class: "hitl-here", visibility: "hidden" });
  here.append(svg("circle", { r: 9 }), svg("path", { d: "M-15 0H-10M10 0H15M0 -15V-10M0 10V15" }));
  const flashes = svg("g", { class: "hitl-flashes" });
  layer.append(outliers, lines, counts, groups, trace, flashes, here, fan, hoverRing, hoverCount);

  const at = (event: MouseEvent): Point => {
    const { width, height } = on.frame();
    return within(event, layer, width, height);
  };
  const gestures = new Gestures({
    tool: on.tool,
    hover: (point) => on.hover(...point),
    leave: on.leave,
    pick: (point, merge) => on.pick(...point, merge),
    trace: (polygon) => {
      const shown = polygon.length > 1;
      trace.setAttribute("d", shown ? `M${polygon.map((p) => p.join(" ")).join("L")}Z` : "");
    },
    shape: (polygon, tool, merge) => {
      const frame = on.frame();
      on.shape(
        polygon.map(([px, py]) => [frame.x(px), frame.y(py)]),
        tool,
        merge,
      );
    },
    pan: on.pan,
    zoom: (point, factor) => on.zoom(...point, factor),
  });

  const listen = <K extends keyof SVGElementEventMap>(
    names: K[],
    handler: (event: SVGElementEventMap[K]) => void,
    options: AddEventListenerOptions = {},
  ): void => {
    for (const name of names) layer.addEventListener(name, handler, { signal, ...options });
  };
  // A drag that leaves the map must not select text of a cell.
  listen(["mousedown"], (event) => {
    event.preventDefault();
    on.focus();
  });
  listen(["pointerdown"], (event) => {
    if (gestures.down(event, at(event))) layer.setPointerCapture(event.pointerId);
  });
  listen(["pointermove"], (event) => gestures.move(event, at(event)));
  listen(["pointerup"], (event) => gestures.up(event));
  listen(["pointercancel", "lostpointercapture"], (event) => gestures.lost(event));
  listen(["pointerleave"], () => !gestures.active && on.leave());
  listen(
    ["wheel"],
    (event) => {
      if (!on.wheel(event)) return;
      event.preventDefault();
      on.zoom(...at(event), Math.exp(Math.max(-60, Math.min(60, event.deltaY)) * 0.004));
    },
    { passive: false },
  );
  document.addEventListener("visibilitychange", () => document.hidden && on.leave(), { signal });
  // Wherever the focus is, and before other handlers get the key.
  window.addEventListener(
    "keydown",
    (event) => {
      if (event.key !== "Escape" || !gestures.active) return;
      gestures.cancel();
      event.preventDefault();
      event.stopImmediatePropagation();
    },
    { signal, capture: true },
  );

  const place = (element: SVGElement, point: Point | null): void => {
    element.setAttribute("visibility", point ? "visible" : "hidden");
    if (point) element.setAttribute("transform", `translate(${point[0]} ${point[1]})`);
  };

  /** Puts a count beside its point, not where the tip is. */
  const aside = (text: SVGElement, [x]: Point): void => {
    const right = x > on.frame().width / 2;
    text.setAttribute("x", String(right ? COUNT_ASIDE : -COUNT_ASIDE));
    text.setAttribute("text-anchor", right ? "start" : "end");
  };

  return {
    element: layer,
    /** Rings the point under the pointer, with the number of others at the same place. */
    setHover(point: Point | null, others: number): void {
      place(hoverRing, point);
      place(hoverCount, others ? point : null);
      hoverCount.textContent = timesOf(others + 1);
      if (point) aside(hoverCount, point);
    },
    /** Writes the number of points beside each place where there are several. */
    setCounts(stacks: readonly { at: Point; n: number }[]): void {
      counts.replaceChildren(
        ...stacks.map(({ at, n }) => {
          const text = svg("text", { class: "hitl-stack-count" });
          text.textContent = timesOf(n);
          place(text, at);
          aside(text, at);
          return text;
        }),
      );
    },
    /** Draws the points of a fan; null for none. */
    setFan(shown: Fan | null, dots: readonly Dot[]): void {
      fan.replaceChildren();
      if (!shown) return;
      const [x, y] = shown.at;
      const legs = shown.places.map(([px, py]) => `M${x} ${y}L${px} ${py}`).join("");
      fan.append(
        svg("circle", {
          cx: shown.middle[0],
          cy: shown.middle[1],
          r: shown.radius + 8,
          class: "hitl-fan-ground",
        }),
        svg("path", { d: legs }),
        ...dots.map(({ fill, stroke, width, chosen }, k) => {
          const [cx, cy] = shown.places[k];
          const look = { fill, stroke: width ? stroke : "none", "stroke-width": width };
          return svg("circle", { cx, cy, r: chosen ? 7 : 5, ...look });
        }),
        ...more(shown),
      );
    },
    setHere: (point: Point | null) => place(here, point),
    /** Marks points that would be further out, with triangles beside them. */
    setOutliers(marks: { at: Point; toward: Point }[]): void {
      outliers.setAttribute("d", marks.map(({ at, toward }) => arrow(at, toward)).join(""));
    },
    flash(point: Point, colour: string): void {
      const ring = svg("circle", { cx: point[0], cy: point[1], r: 6, stroke: colour, class: "hitl-flash" });
      flashes.append(ring);
      setTimeout(() => ring.remove(), 600);
    },
    setGroups(names: readonly ShownGroup[]): void {
      const before = new Map(named);
      named.clear();
      for (const shown of names) {
        const key = JSON.stringify([shown.name, shown.thumbs, shown.active]);
        const old = before.get(shown.group);
        // A thumbnail that is made anew flickers.
        const name = old?.key === key ? old : { key, ...nameOf(shown) };
        name.place(shown);
        named.set(shown.group, name);
      }
      lines.setAttribute("d", names.map(({ line }) => (line ? pathOf(line) : "")).join(""));
      const elements = [...named.values()].map(({ element }) => element);
      const same = elements.length === groups.childElementCount;
      if (!same || elements.some((element, k) => element !== groups.children[k]))
        groups.replaceChildren(...elements);
    },
  };
}

type Name = { key: string; element: SVGElement; place: (shown: ShownGroup) => void };

/** The name of a group, in words or thumbnails, with its outline if it is active. */
function nameOf({ name, thumbs, active }: ShownGroup): Omit<Name, "key"> {
  const element = svg("g", { class: active ? "hitl-group hitl-active" : "hitl-group" });
  const outline = svg("path");
  const words = thumbs.length ? svg("g") : svg("text");
  if (thumbs.length) words.append(...thumbs.map((url, k) => thumb(url, k - (thumbs.length - 1) / 2)));
  else words.textContent = name;
  element.append(...(active ? [outline] : []), words);
  return {
    element,
    place: ({ at: [x, y], hull }) => {
      if (thumbs.length) words.setAttribute("transform", `translate(${x} ${y})`);
      else {
        words.setAttribute("x", String(x));
        words.setAttribute("y", String(y));
      }
      outline.setAttribute("d", hull.length > 2 ? `${pathOf(hull)}Z` : "");
    },
  };
}

/** How many points are at the place of a fan, if it shows only some of them. */
function more({ rows, stack, middle: [x, y], radius }: Fan): SVGElement[] {
  if (rows.length === stack.length) return [];
  const from = stack.indexOf(rows[0]);
  const text = svg("text", { x, y: y - radius / 2, class: "hitl-fan-more" });
  text.textContent = `${from + 1}\u2013${from + rows.length} of ${stack.length}`;
  return [text];
}

const pathOf = (points: readonly Point[]): string =>
  `M${points.map((p) => p.map((v) => v.toFixed(1)).join(" ")).join("L")}`;

/** A thumbnail in the name of a group, `k` thumbnails to the right of its middle. */
function thumb(url: string, k: number): SVGElement {
  const at = { x: k * THUMB_STEP - THUMB_PX / 2, y: -THUMB_PX / 2, width: THUMB_PX, height: THUMB_PX };
  const made = svg("g", { class: "hitl-thumb" });
  made.append(
    svg("image", { ...at, href: url, preserveAspectRatio: "xMidYMid slice" }),
    svg("rect", { ...at, rx: 3 }),
  );
  return made;
}

/** A triangle beside a point, in a direction of the map, whose y axis points up. */
function arrow([x, y]: Point, [dx, dy]: Point): string {
  const length = Math.hypot(dx, dy) || 1;
  const [u, v] = [dx / length, -dy / length];
  const at = (along: number, across: number): string =>
    `${(x + along * u - across * v).toFixed(1)} ${(y + along * v + across * u).toFixed(1)}`;
  return `M${at(15, 0)}L${at(9, 4)}L${at(9, -4)}Z`;
}

export { Frame };
