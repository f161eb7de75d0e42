/** Where an image is on the screen: all of it, or a part that was zoomed and panned to. */
export type Point = readonly [number, number];
export type Size = { readonly width: number; readonly height: number };
/** A place of the image is on the screen at place * scale + (x, y). */
export type Frame = { readonly scale: number; readonly x: number; readonly y: number };

/** Screen pixels for a pixel of the image, at most. */
const LARGEST = 40;
/** Space around an image that is shown as a whole. */
const MARGIN = 6;
/** How far beyond its edge an image can be panned. */
const BEYOND = 48;
export const TILE = 512;
const LEVELS = 4;

export const toImage = ({ scale, x, y }: Frame, [a, b]: Point): Point => [(a - x) / scale, (b - y) / scale];
export const toScreen = ({ scale, x, y }: Frame, [a, b]: Point): Point => [a * scale + x, b * scale + y];

/** The whole image in the middle. */
export function fitted(image: Size, view: Size, margin = MARGIN): Frame {
  const scale = Math.min(
    LARGEST,
    Math.max(1, view.width - 2 * margin) / image.width,
    Math.max(1, view.height - 2 * margin) / image.height,
  );
  return {
    scale,
    x: (view.width - image.width * scale) / 2,
    y: (view.height - image.height * scale) / 2,
  };
}

/** Zooms around a place of the screen, between the whole image and its pixels. */
export function zoomed(
  frame: Frame,
  at: Point,
  factor: number,
  image: Size,
  view: Size,
  margin = MARGIN,
): Frame {
  const least = fitted(image, view, margin).scale;
  const scale = Math.min(Math.max(LARGEST, least), Math.max(least, frame.scale * factor));
  const ratio = scale / frame.scale;
  return held(
    { scale, x: at[0] - (at[0] - frame.x) * ratio, y: at[1] - (at[1] - frame.y) * ratio },
    image,
    view,
    margin,
  );
}

export const panned = (
  frame: Frame,
  dx: number,
  dy: number,
  image: Size,
  view: Size,
  margin = MARGIN,
): Frame => held({ ...frame, x: frame.x + dx, y: frame.y + dy }, image, view, margin);

/** Keeps the image in sight: in the middle if it is smaller than the view. */
export function held({ scale, x, y }: Frame, image: Size, view: Size, margin = MARGIN): Frame {
  return {
    scale,
    x: along(x, image.width * scale, view.width, margin),
    y: along(y, image.height * scale, view.height, margin),
  };
}

function along(at: number, length: number, view: number, margin: number): number {
  if (length <= view - 2 * margin + 0.01) return (view - length) / 2;
  return Math.min(BEYOND, Math.max(view - length - BEYOND, at));
}

/** Pans as little as shows a rectangle of the image, with a margin. */
export function revealed(
  frame: Frame,
  [x0, y0, x1, y1]: readonly number[],
  image: Size,
  view: Size,
  margin = 24,
): Frame {
  const [left, top] = toScreen(frame, [x0, y0]);
  const [right, bottom] = toScreen(frame, [x1, y1]);
  const shift = (low: number, high: number, size: number): number => {
    if (high - low > size - 2 * margin) return low > size - margin || high < margin ? size / 2 - low : 0;
    return Math.max(0, margin - low) + Math.min(0, size - margin - high);
  };
  const [dx, dy] = [shift(left, right, view.width), shift(top, bottom, view.height)];
  return dx || dy ? panned(frame, dx, dy, image, view) : frame;
}

/** The part of the image that is in sight. */
export function inSight(frame: Frame, image: Size, view: Size): readonly [number, number, number, number] {
  const [x0, y0] = toImage(frame, [0, 0]);
  const [x1, y1] = toImage(frame, [view.width, view.height]);
  const within = (value: number, top: number): number => Math.min(top, Math.max(0, value));
  return [
    within(x0, image.width),
    within(y0, image.height),
    within(x1, image.width),
    within(y1, image.height),
  ];
}

export type TileAt = { readonly level: number; readonly x: number; readonly y: number };

/** The tiles that show what is in sight sharply, those in the middle first; `dense`: pixels of the screen per pixel. */
export function tilesIn(frame: Frame, image: Size, view: Size, dense: number): TileAt[] {
  const level = Math.min(LEVELS - 1, Math.max(0, Math.floor(Math.log2(1 / (frame.scale * dense)))));
  const step = TILE << level;
  const [x0, y0, x1, y1] = inSight(frame, image, view);
  if (x1 <= x0 || y1 <= y0) return [];
  const found: TileAt[] = [];
  for (let y = Math.floor(y0 / step); y * step < y1; y++)
    for (let x = Math.floor(x0 / step); x * step < x1; x++) found.push({ level, x, y });
  const off = ({ x, y }: TileAt): number =>
    Math.hypot((x + 0.5) * step - (x0 + x1) / 2, (y + 0.5) * step - (y0 + y1) / 2);
  return found.sort((a, b) => off(a) - off(b));
}
