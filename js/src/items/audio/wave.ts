import { h, svg } from "../../ui/dom";

/** The peaks of a recording: the lowest and highest sample of each interval, alternating. */
export type Peaks = Int16Array;

/** Recordings are scaled to full height, except inaudible noise below this level. */
const QUIETEST = 0.01 * 32_767;

export function decodePeaks(text: string): Peaks {
  return peaksOf(Uint8Array.from(atob(text), (c) => c.charCodeAt(0)));
}

/** From bytes at any offset; assumes a little-endian machine. */
export const peaksOf = (bytes: Uint8Array): Peaks => new Int16Array(bytes.slice().buffer);

/** The outline of peaks as an SVG path: one unit wide per interval, and up to one unit up and down. */
export function outline(peaks: Peaks): string {
  const loudest = peaks.reduce((most, value) => Math.max(most, Math.abs(value)), QUIETEST);
  const n = peaks.length / 2;
  if (!n) return "";
  const at = (i: number, end: 0 | 1): string => `${i + 0.5} ${(-peaks[2 * i + end] / loudest).toFixed(3)}`;
  const upper = Array.from({ length: n }, (_, i) => at(i, 1));
  const lower = Array.from({ length: n }, (_, i) => at(n - 1 - i, 0));
  return `M${[...upper, ...lower].join("L")}Z`;
}

/** The peaks as a scalable image in the text colour. */
export function drawing(peaks: Peaks, bins: number, name: string): SVGSVGElement {
  const picture = svg("svg", {
    viewBox: `0 -1.05 ${bins} 2.1`,
    preserveAspectRatio: "none",
    "aria-hidden": "true",
    class: name,
  });
  picture.append(svg("path", { d: outline(peaks), "vector-effect": "non-scaling-stroke" }));
  return picture;
}

export function redraw(picture: SVGSVGElement, peaks: Peaks): void {
  picture.firstElementChild?.setAttribute("d", outline(peaks));
}

/** Formats 83.456 as 1:23, with decimals as 1:23.4 or 1:23.45; from an hour on as 1:02:03. */
export function clock(seconds: number, decimals = 0): string {
  const unit = 10 ** decimals;
  const all = Math.floor(seconds * unit + 1e-6) / unit;
  const whole = Math.floor(all);
  const two = (n: number): string => String(n).padStart(2, "0");
  const minutes = Math.floor(whole / 60);
  const head = minutes < 60 ? `${minutes}` : `${Math.floor(minutes / 60)}:${two(minutes % 60)}`;
  const rest = decimals ? `.${String(Math.round((all - whole) * unit)).padStart(decimals, "0")}` : "";
  return `${head}:${two(whole % 60)}${rest}`;
}

/** Formats a time in words. */
export function spokenTime(seconds: number): string {
  const parts: [number, string][] = [
    [Math.floor(seconds / 3600), "hour"],
    [Math.floor(seconds / 60) % 60, "minute"],
    [seconds < 10 ? Math.round(seconds * 10) / 10 : Math.floor(seconds) % 60, "second"],
  ];
  const said = parts.filter(([n]) => n > 0).map(([n, word]) => `${n} ${word}${n === 1 ? "" : "s"}`);
  return said.slice(0, 2).join(" ") || "0 seconds";
}

export type Icon = "play" | "pause" | "back" | "on" | "before" | "after" | "loop";
const SHAPES: Record<Icon, string> = {
  play: "M7 4.5v15l12.5-7.5z",
  pause: "M6.5 4.5h4v15h-4zM13.5 4.5h4v15h-4z",
  back: "M11.5 6v12L3 12zM20 6v12l-8.500-6z",
  on: "M12.500 6v12l8.500-6zM4 6v12l8.500-6z",
  before: "M17 5.500v13L8 12zM5 5.500h2v13H5z",
  after: "M7 5.500v13l9-6.500zM17 5.500h2v13h-2z",
  loop: "M7 7h9V4l5 4.500-5 4.500v-3H7a2 2 0 0 0-2 2v1H3v-2a4 4 0 0 1 4-4zM17 17H8v3l-5-4.500L8 11v3h9a2 2 0 0 0 2-2v-1h2v2a4 4 0 0 1-4 4z",
};

export function icon(name: Icon): SVGSVGElement {
  const picture = svg("svg", { viewBox: "0 0 24 24", "aria-hidden": "true", class: "hitl-icon" });
  picture.append(svg("path", { d: SHAPES[name] }));
  return picture;
}

export const key = (name: string): HTMLElement => h("kbd", { text: name });
