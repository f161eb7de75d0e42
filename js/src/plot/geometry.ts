import type { View } from "./engine";

export type Point = [number, number];

/** Converts between map coordinates and pixels. */
export class Frame {
  constructor(
    readonly view: View,
    readonly width: number,
    readonly height: number,
  ) {}

  px(x: number): number {
    return ((x - this.view.x[0]) / (this.view.x[1] - this.view.x[0])) * this.width;
  }

  py(y: number): number {
    return (1 - (y - this.view.y[0]) / (this.view.y[1] - this.view.y[0])) * this.height;
  }

  x(px: number): number {
    return this.view.x[0] + (px / this.width) * (this.view.x[1] - this.view.x[0]);
  }

  y(py: number): number {
    return this.view.y[0] + (1 - py / this.height) * (this.view.y[1] - this.view.y[0]);
  }
}

/**
 * The position of a pointer on an element in layout pixels; the element may be scaled, by a slide or the browser.
 */
export function within(
  { clientX, clientY }: Pick<MouseEvent, "clientX" | "clientY">,
  element: Element,
  width: number,
  height: number,
): Point {
  const box = element.getBoundingClientRect();
  return [
    ((clientX - box.left) * width) / (box.width || width),
    ((clientY - box.top) * height) / (box.height || height),
  ];
}

export const UNIT: View = { x: [-1, 1], y: [-1, 1] };
/** Room around the outermost points, for their rings and for names. */
const EDGE_PX = 28;
/** Distances on a map have no unit, so one axis may be stretched up to this factor to use the space. */
const STRETCH = 1.5;

/** A view of all points, given the range of their coordinates. */
export function wholeView(width: number, height: number, extent: View = UNIT): View {
  const half = ([low, high]: [number, number], size: number): number =>
    (((high - low) / 2 || 1) * size) / Math.max(size - 2 * EDGE_PX, size / 2);
  const [across, up] = [half(extent.x, width) / width, half(extent.y, height) / height];
  const w = width * Math.max(across, up / STRETCH);
  const h = height * Math.max(up, across / STRETCH);
  return centred({ x: [-w, w], y: [-h, h] }, middle(extent));
}

/** The view scaled about a point by a factor; below 1 zooms in. */
export function zoomed(view: View, at: Point, factor: number): View {
  const span = (range: [number, number], center: number): [number, number] => [
    center + (range[0] - center) * factor,
    center + (range[1] - center) * factor,
  ];
  return { x: span(view.x, at[0]), y: span(view.y, at[1]) };
}

const NEAREST = 0.004;
const FARTHEST = 8;

/** The view scaled about a point (by default its middle), within the zoom limits. */
export function zoomedWithin(view: View, factor: number, at: Point = middle(view)): View {
  const span = view.x[1] - view.x[0];
  return zoomed(view, at, Math.max(NEAREST / span, Math.min(FARTHEST / span, factor)));
}

/** The view centred on a point. */
export function centred(view: View, [x, y]: Point): View {
  const [mx, my] = middle(view);
  const [dx, dy] = [x - mx, y - my];
  return { x: [view.x[0] + dx, view.x[1] + dx], y: [view.y[0] + dy, view.y[1] + dy] };
}

export const middle = ({ x, y }: View): Point => [(x[0] + x[1]) / 2, (y[0] + y[1]) / 2];

/** The same position and zoom, relative to the view of the whole map before and now. */
export function reframed(view: View, before: View, after: View): View {
  const span = ({ y }: View): number => y[1] - y[0];
  return centred(zoomed(after, middle(after), span(view) / span(before)), middle(view));
}
