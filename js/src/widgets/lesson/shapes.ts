import { svg } from "../../ui/dom";

// By class code: number of corners (0 for a circle), angle of the first, a scale for equal visual size, and how deep a
// star is cut in between.
const SHAPES: readonly [corners: number, turn: number, scale: number, cut: number][] = [
  [0, 0, 1, 1],
  [4, Math.PI / 4, 1.22, 1],
  [3, -Math.PI / 2, 1.34, 1],
  [4, 0, 1.26, 1],
  [3, Math.PI / 2, 1.34, 1],
  [5, -Math.PI / 2, 1.16, 1],
  [5, -Math.PI / 2, 1.5, 0.45],
  [6, 0, 1.12, 1],
  [4, 0, 1.55, 0.4],
  [4, Math.PI / 4, 1.55, 0.4],
];

/** The corners of the shape of a class; empty for a circle. */
export function corners(code: number, x: number, y: number, r: number): [number, number][] {
  const [n, turn, scale, cut] = SHAPES[code % SHAPES.length];
  const per = cut === 1 ? 1 : 2;
  return Array.from({ length: per * n }, (_, i) => {
    const angle = turn + (2 * Math.PI * i) / (per * n);
    const far = r * scale * (i % per ? cut : 1);
    return [x + far * Math.cos(angle), y + far * Math.sin(angle)];
  });
}

export function tracePolygon(
  context: CanvasRenderingContext2D,
  code: number,
  x: number,
  y: number,
  r: number,
): void {
  context.beginPath();
  const around = corners(code, x, y, r);
  if (!around.length) context.arc(x, y, r, 0, 2 * Math.PI);
  for (const [i, [cx, cy]] of around.entries()) {
    if (i) context.lineTo(cx, cy);
    else context.moveTo(cx, cy);
  }
  context.closePath();
}

function icon(...parts: SVGElement[]): SVGSVGElement {
  const made = svg("svg", { width: 16, height: 16, viewBox: "0 0 16 16", "aria-hidden": "true" });
  made.append(...parts);
  return made;
}

/** The shape of a class for a legend. */
export function shapeIcon(code: number, color: string): SVGSVGElement {
  const around = corners(code, 8, 8, 5.2);
  const look = { fill: color, stroke: "currentColor", "stroke-width": 1.4, "stroke-linejoin": "round" };
  return icon(
    around.length
      ? svg("polygon", { points: around.map((p) => p.join(",")).join(" "), ...look })
      : svg("circle", { cx: 8, cy: 8, r: 5.2, ...look }),
  );
}

/** An open dot or a ring for a legend. */
export function dotIcon(r: number, width: number): SVGSVGElement {
  return icon(
    svg("circle", { cx: 8, cy: 8, r, fill: "none", stroke: "currentColor", "stroke-width": width }),
  );
}

/** A shape with a cross beside it, for a legend. */
export function wrongIcon(): SVGSVGElement {
  const look = { fill: "none", stroke: "currentColor", "stroke-linecap": "round" };
  return icon(
    svg("circle", { cx: 6, cy: 10, r: 4.4, ...look, "stroke-width": 1.2 }),
    svg("path", { d: "M9.5 1.5 14.5 6.5 M14.5 1.5 9.5 6.5", ...look, "stroke-width": 2 }),
  );
}

/** A dashed ring for a legend. */
export function dashedIcon(): SVGSVGElement {
  const look = { fill: "none", "stroke-width": 2.2, "stroke-dasharray": "3 2", class: "hitl-lesson-cursor" };
  return icon(svg("circle", { cx: 8, cy: 8, r: 6.4, ...look }));
}

/** A thin line for a legend. */
export function lineIcon(): SVGSVGElement {
  return icon(svg("path", { d: "M1 13 15 3", fill: "none", stroke: "currentColor", "stroke-width": 1.2 }));
}
