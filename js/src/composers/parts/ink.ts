import { type Frame, type Point, toScreen } from "../../items/picture/frame";
import { cornersOf, type Place } from "./geometry";

/** How a mark looks: saved by the user, selected, suggested, or selected and suggested. */
export type Look = { color: string; current: boolean; idea: boolean };

/** Widths of the strokes below each other; black and white ones keep the color visible on any image. */
const STROKES = { plain: [4, 2.8, 1.6], current: [6, 4.4, 2.4] };
const DASHES = [6, 5];
const HANDLE = 4;
export const DOT = 5;

/** Draws an outline; a single point as a dot. */
export function stroke(
  c: CanvasRenderingContext2D,
  frame: Frame,
  outline: Place,
  look: Look,
  open = false,
): void {
  c.beginPath();
  const points = cornersOf(outline).map((corner) => toScreen(frame, corner));
  if (points.length === 1) c.arc(points[0][0], points[0][1], look.current ? DOT + 2 : DOT, 0, 2 * Math.PI);
  else {
    for (const [x, y] of points) c.lineTo(x, y);
    if (!open) c.closePath();
  }
  lines(c, look);
  if (points.length === 1) {
    c.beginPath();
    c.arc(points[0][0], points[0][1], 1.5, 0, 2 * Math.PI);
    c.fillStyle = look.color;
    c.fill();
  }
}

/** Strokes the current path, or a path, in black, white and the color. */
export function lines(
  c: CanvasRenderingContext2D,
  { color, current, idea }: Look,
  path?: Path2D,
  scale = 1,
): void {
  const widths = current ? STROKES.current : STROKES.plain;
  const colors = ["rgb(0 0 0 / 65%)", "rgb(255 255 255 / 85%)", color];
  c.lineJoin = "round";
  c.setLineDash(idea ? DASHES.map((length) => length / scale) : []);
  widths.forEach((width, i) => {
    c.lineWidth = width / scale;
    c.strokeStyle = colors[i];
    if (path) c.stroke(path);
    else c.stroke();
  });
  c.setLineDash([]);
}

export function handle(c: CanvasRenderingContext2D, [x, y]: Point, active: boolean): void {
  const side = active ? HANDLE + 1.5 : HANDLE;
  c.fillStyle = "#000";
  c.fillRect(x - side - 1, y - side - 1, 2 * side + 2, 2 * side + 2);
  c.fillStyle = "#fff";
  c.fillRect(x - side, y - side, 2 * side, 2 * side);
  if (!active) return;
  c.fillStyle = "#000";
  c.fillRect(x - 2, y - 2, 4, 4);
}

/** The name of a class beside a mark, in dark or light letters. */
export function tag(
  c: CanvasRenderingContext2D,
  words: string,
  color: string,
  [x, y]: Point,
  idea: boolean,
): void {
  c.font = `${idea ? "italic " : ""}600 11px system-ui, sans-serif`;
  const width = c.measureText(words).width + 8;
  const top = y < 17 ? y + 2 : y - 17;
  c.fillStyle = color;
  c.globalAlpha = idea ? 0.75 : 1;
  c.fillRect(x - 1, top, width, 15);
  c.globalAlpha = 1;
  c.fillStyle = isLight(color) ? "#000" : "#fff";
  c.fillText(words, x + 3, top + 11);
}

/** Whether black letters are easier to read on a color than white ones. */
export function isLight(color: string): boolean {
  const [r, g, b] = [1, 3, 5].map((at) => (Number.parseInt(color.slice(at, at + 2), 16) / 255) ** 2.2);
  return 0.2126 * r + 0.7152 * g + 0.0722 * b > 0.18;
}

/** A cross that a keyboard moves. */
export function cross(c: CanvasRenderingContext2D, [x, y]: Point, radius: number): void {
  c.beginPath();
  c.arc(x, y, Math.max(2, radius), 0, 2 * Math.PI);
  c.moveTo(x - 3, y);
  c.lineTo(x + 3, y);
  c.moveTo(x, y - 3);
  c.lineTo(x, y + 3);
  c.lineWidth = 3;
  c.strokeStyle = "rgb(0 0 0 / 70%)";
  c.stroke();
  c.lineWidth = 1.25;
  c.strokeStyle = "#fff";
  c.stroke();
}
