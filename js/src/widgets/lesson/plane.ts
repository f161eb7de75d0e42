import "./plane.css";
import type { PlainClass } from "../../host/protocol";
import { within } from "../../plot/geometry";
import { h, setText, show } from "../../ui/dom";
import type { Theme } from "../../ui/theme";
import { boundary, contour, LEVELS, type Rgb, raster, rgb, type Segment } from "./raster";
import { tracePolygon } from "./shapes";
import type { Behind, Frame, Members } from "./state";

export type PlaneProps = {
  /** x and y of each point in the unit square, from the top left. */
  xy: Float32Array;
  /** How far away each point is, 0 to 1, if they are drawn in space and can be turned; else empty. */
  depth: Float32Array;
  truth: Uint8Array;
  /** What a label of each point costs; empty if all cost the same. */
  cost: Float32Array;
  classes: PlainClass[];
  annotators: string[];
  /** Whether answers may be wrong. */
  mistakes: boolean;
  cells: number;
  theme: Theme;
  frame: Frame;
  labelled: readonly number[];
  behind: Behind;
  /** The models of a committee, drawn as lines. */
  members: Members | null;
  /** What is expected of a label of a point; empty if it is not known. */
  expected: (row: number) => string;
  showTruth: boolean;
  /** The points with a ring, and the numbers next to them. */
  rings: Ring[];
  cursor: number;
  /** Text in the corner; may be empty. */
  caption: string;
  /** Text for screen readers. */
  words: string;
  clickable: boolean;
  /** Whether points are drawn, and where the keyboard draws. */
  drawing: boolean;
  cross: readonly [number, number] | null;
};

export type Ring = { row: number; number: number };
export type PlaneCallbacks = {
  pick: (row: number) => void;
  hover: (row: number) => void;
  /** The pointer draws here; `more` while it is dragged. */
  put: (x: number, y: number, more: boolean) => void;
  /** The pointer turns points in space by these angles. */
  turn: (dx: number, dy: number) => void;
};

const FADE_MS = 180;
const REACH = 14;
const REST_MS = 120;
/** Between two points of a stroke, as a share of the plane. */
const APART = 0.035;
/** The width of a stroke. */
const SPREAD = 0.08;
/** Radians for a drag across the whole plane, and pixels that a click may move. */
const TURN = 4;
const CLICK = 4;

type Lines = (surface: Uint8Array, cells: number) => Segment[];

/** Computes the lines of a surface once, because they are drawn in every frame of a fade. */
function once(find: Lines): Lines {
  const known = new WeakMap<Uint8Array, Segment[]>();
  return (surface, cells) => {
    const found = known.get(surface) ?? find(surface, cells);
    known.set(surface, found);
    return found;
  };
}

const borders = once(boundary);
const levels = once((surface, cells) => LEVELS.flatMap((lead) => contour(surface, cells, lead)));

/** Points in the plane, on a raster of the model's predictions or the strategy's utilities. */
export function planeView(root: HTMLElement, on: PlaneCallbacks) {
  const canvas = h("canvas", { class: "hitl-plane-canvas", attrs: { role: "img" } });
  const tip = h("div", { class: "hitl-tip", attrs: { "aria-hidden": "true", hidden: true } });
  const caption = h("div", { class: "hitl-plane-caption", attrs: { hidden: true } });
  const box = h("div", { class: "hitl-plane" }, canvas, caption, tip);
  root.append(box);
  let props: PlaneProps | null = null;
  let now: HTMLCanvasElement | null = null;
  let before: HTMLCanvasElement | null = null;
  let made = "";
  let since = 0;
  let pending = 0;
  let over = -1;
  let resting: ReturnType<typeof setTimeout> | undefined;

  const resized = new ResizeObserver(() => draw());
  resized.observe(box);

  function update(next: PlaneProps): void {
    const name = `${next.behind}/${next.theme.dark}`;
    if (!props || props.frame !== next.frame || name !== made) {
      before = props && name === made && !still() ? now : null;
      since = performance.now();
      now = raster(
        next.frame,
        next.behind,
        next.cells,
        palette(next),
        rgb(next.theme.accent),
        next.theme.dark,
      );
      made = name;
    }
    props = next;
    canvas.setAttribute("aria-label", next.words);
    box.classList.toggle("hitl-clickable", next.clickable);
    box.classList.toggle("hitl-drawing", next.drawing);
    box.classList.toggle("hitl-space", next.depth.length > 0);
    setText(caption, next.caption);
    show(caption, next.caption !== "");
    if (over >= 0 && !tip.hidden) setText(tip, pointWords(over, next));
    draw();
  }

  /** Reports the point under the pointer once the pointer rests. */
  function hovered(row: number): void {
    clearTimeout(resting);
    resting = setTimeout(() => on.hover(row), row < 0 ? 0 : REST_MS);
  }

  function draw(): void {
    cancelAnimationFrame(pending);
    const context = canvas.getContext("2d");
    const side = box.clientWidth;
    if (!props || !context || side < 20) return;
    const scale = globalThis.devicePixelRatio || 1;
    if (canvas.width !== Math.round(side * scale)) {
      canvas.width = canvas.height = Math.round(side * scale);
    }
    context.setTransform(canvas.width / side, 0, 0, canvas.width / side, 0, 0);
    context.clearRect(0, 0, side, side);
    const t = before ? Math.min(1, (performance.now() - since) / FADE_MS) : 1;
    drawGround(context, side, t);
    drawPoints(context, side, props);
    if (t < 1) pending = requestAnimationFrame(draw);
    else before = null;
  }

  function drawGround(context: CanvasRenderingContext2D, side: number, t: number): void {
    if (!props) return;
    context.imageSmoothingEnabled = true;
    context.imageSmoothingQuality = "high";
    for (const [picture, alpha] of [
      [before, 1 - t],
      [now, t],
    ] as const) {
      if (!picture || alpha <= 0) continue;
      context.globalAlpha = alpha;
      context.drawImage(picture, 0, 0, side, side);
    }
    const { behind, frame, cells, members, theme } = props;
    context.strokeStyle = theme.text;
    context.lineCap = "round";
    if (behind === "probability") {
      context.globalAlpha = theme.dark ? 0.5 : 0.35;
      stroke(context, levels(frame.cells, cells), side, 0.75);
    }
    context.globalAlpha = theme.dark ? 0.75 : 0.6;
    if (behind === "model" || behind === "probability")
      stroke(context, borders(frame.cells, cells), side, 1.25);
    for (const one of members?.surfaces ?? []) stroke(context, borders(one, members?.side ?? 1), side, 1.1);
    context.globalAlpha = 1;
  }

  function at(event: PointerEvent | MouseEvent): number {
    if (!props) return -1;
    const side = box.clientWidth;
    const [x, y] = within(event, canvas, side, side);
    let [best, least] = [-1, REACH * REACH];
    for (let i = 0; i < props.xy.length / 2; i++) {
      const d = (props.xy[2 * i] * side - x) ** 2 + (props.xy[2 * i + 1] * side - y) ** 2;
      if (d < least) [best, least] = [i, d];
    }
    return best;
  }

  let pen: [number, number] | null = null;
  /** Where points in space are held, and how far they were dragged. */
  let grip: [x: number, y: number] | null = null;
  let dragged = 0;
  const place = (event: PointerEvent): [number, number] => {
    const [x, y] = within(event, canvas, box.clientWidth, box.clientWidth);
    return [x / box.clientWidth, y / box.clientWidth];
  };
  canvas.addEventListener("pointerdown", (event) => {
    dragged = 0;
    if (props?.depth.length && !event.button) {
      canvas.setPointerCapture(event.pointerId);
      grip = place(event);
    }
    if (!props?.drawing || event.button) return;
    canvas.setPointerCapture(event.pointerId);
    pen = place(event);
    on.put(...pen, false);
  });
  canvas.addEventListener("pointermove", (event) => {
    if (grip) {
      const [x, y] = place(event);
      dragged += Math.hypot(x - grip[0], y - grip[1]) * box.clientWidth;
      if (dragged > CLICK) on.turn(TURN * (x - grip[0]), TURN * (y - grip[1]));
      grip = [x, y];
      return;
    }
    if (!pen || !props?.drawing) return;
    const to = place(event);
    if (Math.hypot(to[0] - pen[0], to[1] - pen[1]) < APART) return;
    pen = to;
    // Strokes of a brush, not lines: nothing could be learned from points in a row.
    const stray = (v: number): number => Math.min(1, Math.max(0, v + SPREAD * (Math.random() - 0.5)));
    on.put(stray(to[0]), stray(to[1]), true);
  });
  for (const end of ["pointerup", "pointercancel"] as const)
    canvas.addEventListener(end, () => {
      pen = grip = null;
    });
  canvas.addEventListener("click", (event) => {
    if (dragged > CLICK) return;
    const row = at(event);
    if (row >= 0 && props?.clickable) on.pick(row);
  });
  canvas.addEventListener("pointerleave", () => {
    over = -1;
    show(tip, false);
    hovered(-1);
  });
  canvas.addEventListener("pointermove", (event) => {
    if (props?.drawing || dragged > CLICK) {
      show(tip, false);
      return;
    }
    const row = at(event);
    if (row !== over) hovered(row);
    over = row;
    show(tip, row >= 0);
    if (row < 0 || !props) return;
    tip.textContent = pointWords(row, props);
    const [x, y] = [props.xy[2 * row], props.xy[2 * row + 1]];
    tip.style.left = x > 0.6 ? "auto" : `calc(${100 * x}% + 14px)`;
    tip.style.right = x > 0.6 ? `calc(${100 * (1 - x)}% + 14px)` : "auto";
    tip.style.top = y > 0.85 ? "auto" : `${100 * y}%`;
    tip.style.bottom = y > 0.85 ? `${100 * (1 - y)}%` : "auto";
  });

  return {
    update,
    destroy(): void {
      cancelAnimationFrame(pending);
      clearTimeout(resting);
      resized.disconnect();
    },
  };
}

/** A short description of a point. */
export function pointWords(row: number, p: PlaneProps): string {
  const place = p.labelled.indexOf(row);
  const truth = p.classes[p.truth[row]].name;
  const cost = p.cost.length ? [`cost ${Math.round(10 * p.cost[row]) / 10}`] : [];
  if (place >= 0) {
    const said = saidOf(p).get(row);
    const who = p.annotators.length ? ` by ${p.annotators[place % p.annotators.length]}` : "";
    const name = said === undefined ? "" : `: ${p.classes[said].name}`;
    const wrong = said !== undefined && said !== p.truth[row] ? [`wrong, the truth is ${truth}`] : [];
    return [`label ${place + 1}${who}${name}`, ...wrong, ...cost].join(" · ");
  }
  const n = p.truth.length;
  const guess = p.classes[p.frame.points[row]].name;
  const sure = Math.round((100 * p.frame.points[n + row]) / 255);
  const words = [`model: ${guess}, ${sure} %`];
  if (p.frame.worth) words.push(`utility ${Math.round(p.frame.worth[row] / 2.55)} of 100`);
  words.push(...cost);
  if (p.showTruth) words.push(`truth: ${truth}`);
  return [words.join(" · "), p.expected(row)].filter(Boolean).join("\n");
}

/** The label that each labelled point was given; a point is missing while its label is not known yet. */
function saidOf(p: PlaneProps): Map<number, number> {
  const said = new Map(p.frame.labelled.map((row, i) => [row, p.frame.said[i]]));
  if (!p.mistakes) for (const row of p.labelled) said.set(row, p.truth[row]);
  return said;
}

function stroke(context: CanvasRenderingContext2D, lines: Segment[], side: number, width: number): void {
  context.lineWidth = width;
  context.beginPath();
  for (const [x0, y0, x1, y1] of lines) {
    context.moveTo(x0 * side, y0 * side);
    context.lineTo(x1 * side, y1 * side);
  }
  context.stroke();
}

function drawPoints(context: CanvasRenderingContext2D, side: number, p: PlaneProps): void {
  const size = Math.max(0.75, Math.min(1.15, side / 420)) * (p.truth.length > 600 ? 0.7 : 1);
  const done = new Set(p.labelled);
  const x = (i: number): number => p.xy[2 * i] * side;
  const y = (i: number): number => p.xy[2 * i + 1] * side;
  const n = p.truth.length;
  const space = p.depth.length > 0;
  const order = [...p.truth.keys()];
  if (space) order.sort((a, b) => p.depth[b] - p.depth[a]);
  const nearer = (i: number): number => (space ? 1.35 - 0.7 * p.depth[i] : 1);
  for (const i of order) {
    if (done.has(i)) continue;
    // In space nothing is behind the points: they have the colour of the predicted class, paler where it is unsure.
    const [code, r] = p.showTruth ? [p.truth[i], 4.2] : [space ? p.frame.points[i] : 0, space ? 4.2 : 3.1];
    tracePolygon(context, code, x(i), y(i), r * size * nearer(i));
    context.fillStyle = p.showTruth || space ? p.classes[code].color : p.theme.ground;
    context.globalAlpha = p.showTruth ? 0.6 : space ? 0.1 + (0.8 * p.frame.points[n + i]) / 255 : 0.55;
    context.fill();
    context.globalAlpha = space ? 1 - 0.6 * p.depth[i] : 1;
    context.strokeStyle = p.theme.faint;
    context.lineWidth = 1.1;
    context.stroke();
    context.globalAlpha = 1;
  }
  const said = saidOf(p);
  const labelled = space ? [...p.labelled].sort((a, b) => p.depth[b] - p.depth[a]) : p.labelled;
  for (const row of labelled) {
    const code = said.get(row);
    tracePolygon(context, code ?? 0, x(row), y(row), 7 * size * nearer(row));
    context.fillStyle = code === undefined ? p.theme.ground : p.classes[code].color;
    context.fill();
    context.strokeStyle = p.theme.text;
    context.lineWidth = 1.6;
    context.stroke();
    if (code !== undefined && code !== p.truth[row]) cross(context, x(row), y(row), 7 * size, p.theme);
  }
  if (p.cross) {
    const [cx, cy] = [p.cross[0] * side, p.cross[1] * side];
    circle(context, cx, cy, 9, p.theme, [4, 3], p.theme.accent);
  }
  if (p.cursor >= 0) circle(context, x(p.cursor), y(p.cursor), 15, p.theme, [4, 3], p.theme.accent);
  for (const { row } of p.rings) circle(context, x(row), y(row), 12 * size, p.theme, [], p.theme.text);
  for (const { row, number } of p.rings) {
    badge(context, x(row), y(row), 12 * size, String(number), side, p.theme);
  }
}

/** Marks a wrong label: a cross beside its shape, which stays visible. */
function cross(context: CanvasRenderingContext2D, x: number, y: number, r: number, theme: Theme): void {
  const [cx, cy, arm] = [x + r, y - r, 3.6];
  context.beginPath();
  context.arc(cx, cy, 6.6, 0, 2 * Math.PI);
  context.fillStyle = theme.ground;
  context.fill();
  context.beginPath();
  context.moveTo(cx - arm, cy - arm);
  context.lineTo(cx + arm, cy + arm);
  context.moveTo(cx - arm, cy + arm);
  context.lineTo(cx + arm, cy - arm);
  context.lineWidth = 2.6;
  context.lineCap = "round";
  context.strokeStyle = theme.text;
  context.stroke();
  context.lineCap = "butt";
}

function circle(
  context: CanvasRenderingContext2D,
  x: number,
  y: number,
  r: number,
  theme: Theme,
  dash: number[],
  colour: string,
): void {
  context.beginPath();
  context.arc(x, y, r, 0, 2 * Math.PI);
  context.strokeStyle = theme.ground;
  context.lineWidth = 5.5;
  context.stroke();
  context.setLineDash(dash);
  context.strokeStyle = colour;
  context.lineWidth = 2.5;
  context.stroke();
  context.setLineDash([]);
}

/** The number of the question, in a small disc on the ring. */
function badge(
  context: CanvasRenderingContext2D,
  x: number,
  y: number,
  r: number,
  words: string,
  side: number,
  theme: Theme,
): void {
  const [dx, dy] = [x > side - 2.4 * r ? -1 : 1, y < 2.4 * r ? 1 : -1];
  const [cx, cy] = [x + dx * r, y + dy * r];
  context.beginPath();
  context.arc(cx, cy, 9, 0, 2 * Math.PI);
  context.fillStyle = theme.text;
  context.fill();
  context.strokeStyle = theme.ground;
  context.lineWidth = 1.5;
  context.stroke();
  context.fillStyle = theme.ground;
  context.font = "600 11px system-ui, sans-serif";
  context.textAlign = "center";
  context.textBaseline = "middle";
  context.fillText(words, cx, cy + 0.5);
}

const palette = (props: PlaneProps): Rgb[] => props.classes.map((c) => rgb(c.color));

const still = (): boolean => matchMedia("(prefers-reduced-motion: reduce)").matches;
