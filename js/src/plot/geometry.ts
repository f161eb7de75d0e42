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

/** A view of the whole map with a margin, with equal units in x and y. */
export function wholeView(width: number, height: number, margin = 1.08): View {
  const ratio = width / height;
  const [w, h] = ratio > 1 ? [margin * ratio, margin] : [margin, margin / ratio];
  return { x: [-w, w], y: [-h, h] };
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

/** The same position and zoom for another window size. */
export function reframed(view: View, before: [number, number], after: [number, number]): View {
  const span = ({ y }: View): number => y[1] - y[0];
  const unit = span(view) / span(wholeView(...before));
  const whole = wholeView(...after);
  return centred(zoomed(whole, [0, 0], unit), middle(view));
}
