import "./curve.css";
import { h, svg } from "../../ui/dom";

export type Line = {
  name: string;
  values: number[];
  /** What had been spent at each value: labels, or cost. */
  at: number[];
  /** How it is drawn, by dash as well as by colour. */
  look: "first" | "second" | "past";
  /** The place among compared lines, which gives it a colour and a dash; -1 for another one. */
  hue?: number;
  /** The value at which a rule would have stopped. */
  stop?: number | null;
};
export type CurveProps = {
  lines: Line[];
  /** The first and the last amount on the axis. */
  from: number;
  to: number;
  /** The value that the panels show. */
  now: number;
  /** What is measured, and what is spent. */
  what: string;
  unit: string;
};

const HEIGHT = 220;
const PAD = { left: 30, top: 10, bottom: 40 };
const LONGEST = 19;

/** Learning curves: a measure by number or cost of labels, each with its name at the end. */
export function curveView(root: HTMLElement) {
  const box = h("div", { class: "hitl-lesson-curve" });
  root.append(box);
  let props: CurveProps | null = null;
  const resized = new ResizeObserver(() => draw());
  resized.observe(box);

  function draw(): void {
    const width = box.clientWidth;
    if (!props || width < 120) return;
    box.replaceChildren(picture(props, width));
  }

  return {
    element: box,
    update(next: CurveProps): void {
      props = next;
      draw();
    },
    destroy: (): void => resized.disconnect(),
  };
}

function picture(p: CurveProps, width: number): SVGSVGElement {
  const all = p.lines.flatMap((line) => line.values);
  const floor = Math.max(0, Math.floor((Math.min(0.85, ...all) - 0.03) * 10) / 10);
  const right = 22 + 6.4 * Math.min(LONGEST, Math.max(0, ...p.lines.map((line) => line.name.length)));
  const [w, hgt] = [width - PAD.left - right, HEIGHT - PAD.top - PAD.bottom];
  const x = (amount: number): number => PAD.left + (w * (amount - p.from)) / Math.max(1, p.to - p.from);
  const y = (value: number): number => PAD.top + hgt * (1 - (value - floor) / (1 - floor));
  const drawn = svg("svg", { width, height: HEIGHT, viewBox: `0 0 ${width} ${HEIGHT}`, role: "img" });
  drawn.setAttribute("aria-label", words(p));
  const marks = ticks(floor, 1, Math.round((1 - floor) / (floor < 0.55 ? 0.2 : 0.1)) + 1);
  const digits = marks.every((tick) => Math.abs(10 * tick - Math.round(10 * tick)) < 1e-6) ? 1 : 2;
  for (const tick of marks) {
    drawn.append(
      svg("line", { x1: PAD.left, x2: PAD.left + w, y1: y(tick), y2: y(tick), class: "hitl-curve-grid" }),
      text(tick.toFixed(digits), PAD.left - 6, y(tick), "end"),
    );
  }
  for (const tick of ticks(p.from, p.to, w > 240 ? 6 : 4).filter(Number.isInteger)) {
    drawn.append(text(String(tick), x(tick), HEIGHT - PAD.bottom + 14, "middle"));
  }
  drawn.append(text(p.unit, PAD.left + w / 2, HEIGHT - 8, "middle"));
  const order = { past: 0, second: 1, first: 2 };
  const lines = p.lines.filter((l) => l.values.length).sort((a, b) => order[a.look] - order[b.look]);
  for (const line of lines) {
    const points = line.values.map((value, i) => `${x(line.at[i]).toFixed(1)},${y(value).toFixed(1)}`);
    drawn.append(
      svg("polyline", {
        points: points.join(" "),
        class: `hitl-curve-line hitl-curve-${line.look}${hueOf(line)}`,
      }),
    );
    const here = Math.min(p.now, line.values.length - 1);
    if (line.look !== "past") {
      const dot = { cx: x(line.at[here]), cy: y(line.values[here]), r: 4 };
      drawn.append(svg("circle", { ...dot, class: `hitl-curve-dot hitl-curve-${line.look}` }));
    }
    if (line.stop != null) drawn.append(...stopMark(x(line.at[line.stop]), y(line.values[line.stop]), hgt));
  }
  drawn.append(...names(lines, x, y));
  return drawn;
}

/** A line from the curve to the axis, with the word "stop". */
function stopMark(x: number, y: number, height: number): SVGElement[] {
  const low = PAD.top + height;
  const above = low - y > 24;
  return [
    svg("line", {
      x1: x,
      x2: x,
      y1: above ? y + 5 : PAD.top,
      y2: above ? low : y - 5,
      class: "hitl-curve-stop",
    }),
    text("stop", x + 4, above ? low - 7 : PAD.top + 7, "start"),
  ];
}

const hueOf = ({ hue = -1 }: Line): string => (hue < 0 ? "" : ` hitl-curve-hue-${hue}`);

/** Places each name to the right of its line's end; names that would overlap are moved apart. */
function names(lines: Line[], x: (amount: number) => number, y: (value: number) => number): SVGElement[] {
  const ends = lines
    .map((line) => {
      const last = line.values.length - 1;
      return { line, x: x(line.at[last]) + 8, y: y(line.values[last]) };
    })
    .sort((a, b) => a.y - b.y);
  const wide = (line: Line): number => 6.4 * Math.min(LONGEST, line.name.length);
  for (const [i, end] of ends.entries()) {
    for (const other of ends.slice(0, i)) {
      const beside = end.x < other.x + wide(other.line) && other.x < end.x + wide(end.line);
      if (beside) end.y = Math.max(end.y, other.y + 13);
    }
  }
  const over = Math.max(...ends.map((end) => end.y)) - (HEIGHT - PAD.bottom);
  if (over > 0) for (const end of ends) end.y -= over;
  return ends.map(({ line, x: left, y: top }) => {
    const name = line.name.length > LONGEST ? `${line.name.slice(0, LONGEST - 1)}…` : line.name;
    const words = text(name, left, top, "start");
    words.classList.add(`hitl-curve-name-${line.look}`);
    words.classList.toggle("hitl-curve-named", (line.hue ?? -1) >= 0);
    return words;
  });
}

function text(words: string, x: number, y: number, anchor: string): SVGTextElement {
  const element = svg("text", { x, y, "text-anchor": anchor, "dominant-baseline": "middle" });
  element.textContent = words;
  return element;
}

/** Approximately `about` round numbers between two values. */
export function ticks(from: number, to: number, about: number): number[] {
  if (to <= from) return [from];
  const raw = (to - from) / Math.max(1, about - 1);
  const unit = 10 ** Math.floor(Math.log10(raw));
  const step = [1, 2, 2.5, 5, 10].map((m) => m * unit).find((s) => s >= raw * 0.999) ?? unit;
  const found: number[] = [];
  for (let v = Math.ceil(from / step - 1e-9) * step; v <= to + 1e-9; v += step) found.push(v);
  return found;
}

function words(p: CurveProps): string {
  const amount = (n: number): string => `${Number.isInteger(n) ? n : n.toFixed(1)}`;
  const said = p.lines
    .filter((line) => line.values.length)
    .map((line) => {
      const last = line.values.length - 1;
      const ends = `${line.values[0].toFixed(2)} at ${p.unit} ${amount(line.at[0])}, ${line.values[last].toFixed(2)} at ${amount(line.at[last])}`;
      const stop = line.stop == null ? "" : `, a rule would stop at ${amount(line.at[line.stop])}`;
      return `${line.name}: ${ends}${stop}`;
    });
  return `Learning curve. ${p.what}. ${said.join(". ")}`;
}
