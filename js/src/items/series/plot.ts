import "./series.css";
import { count, h, said, setText } from "../../ui/dom";
import { type ItemKind, SPOKEN, type Stage, shortened } from "../registry";

/**
 * The samples `from` up to `to` of `n`, as the lowest and highest value of each of `bins` intervals, for each line;
 * values are relative to its `base`, and NaN where none is known. `times` are those of the edges of the intervals.
 */
export type Series = {
  kind: "series";
  n: number;
  from: number;
  to: number;
  bins: number;
  names: string[];
  rate: number;
  dated: boolean;
  /** The time zone of the dates; "" if they have none. */
  zone: string;
  base: number[];
  least: number[];
  most: number[];
  values: string;
  times?: string;
};

/** The time axis, or that of samples, and the part of it in sight. */
export type Axis = {
  first: number;
  last: number;
  /** The nearest sample, as far as they are told apart in what is here. */
  snap: (at: number) => number;
  /** Where a place is, from 0 at the left of what is in sight to 1 at the right. */
  xOf: (at: number) => number;
  atX: (x: number) => number;
  words: (at: number) => string;
  /** Moves as little as shows a place. */
  reveal: (at: number) => void;
};

export type Plot = { element: HTMLElement; plot: HTMLElement; axis: Axis };

/** A series whose numbers are decoded. */
type Part = Series & { pairs: Float32Array; edges: Float64Array | null };

const FEWEST = 8;
/** Delay before a part is requested, so that panning does not request each step. */
const REST_MS = 60;
const MOST_SMALL = 6;

const bytesOf = (text: string): ArrayBuffer => Uint8Array.from(atob(text), (c) => c.charCodeAt(0)).buffer;
const decoded = (content: Series): Part => ({
  ...content,
  pairs: new Float32Array(bytesOf(content.values)),
  edges: content.times ? new Float64Array(bytesOf(content.times)) : null,
});

/** Told to a canvas when the theme has changed, as its colours are painted. */
const REPAINT = "hitl-repaint";

export const seriesKind: ItemKind<Series> = {
  render: (content, _, stage) => seriesPlot(content, stage).element,
  redress: (root) => {
    for (const canvas of root.querySelectorAll(".hitl-series-line, .hitl-series-small"))
      canvas.dispatchEvent(new Event(REPAINT));
  },
  glimpse: (content) => {
    const part = decoded(content);
    const strips = part.names.slice(0, MOST_SMALL).map(() => h("canvas", { class: "hitl-series-small" }));
    const element = h("div", { class: "hitl-glimpse hitl-series-glimpse" }, ...strips);
    for (const [k, strip] of strips.entries()) {
      const draw = (): void => paint(strip, [part], k, 0, part.n);
      strip.addEventListener(REPAINT, draw);
      requestAnimationFrame(draw);
    }
    return element;
  },
  spoken: ({ names, n, least, most }) => {
    const lines = names.map((name, k) => `${name || "line"} from ${shown(least[k])} to ${shown(most[k])}`);
    return shortened(`series of ${count(n, "sample")}. ${lines.join(", ")}`, SPOKEN);
  },
};

const shown = (value: number): string =>
  Number.isFinite(value) ? value.toLocaleString("en", { maximumSignificantDigits: 5 }) : "missing";

/** The time of a sample, or its number. */
function timeOf(part: Part, sample: number): number {
  if (!part.edges) return sample / (part.rate || 1);
  const at = ((sample - part.from) / (part.to - part.from)) * part.bins;
  return part.edges[Math.max(0, Math.min(Math.floor(at), part.bins))];
}

/** The sample at a time, with the share of the way to the next one. */
function sampleAt({ edges, from, to, bins, rate }: Part, time: number): number {
  if (!edges) return time * (rate || 1);
  let [low, high] = [0, bins];
  while (high - low > 1) {
    const middle = (low + high) >> 1;
    if (edges[middle] <= time) low = middle;
    else high = middle;
  }
  const length = edges[high] - edges[low];
  const within = length > 0 ? Math.max(0, Math.min((time - edges[low]) / length, 1)) : 0;
  return from + ((low + within) * (to - from)) / bins;
}

/** A date in its time zone, with the offset from UTC; in UTC if the browser does not know the zone. */
function dateWords(at: number, zone: string): string {
  const offset = zone ? offsetOf(at, zone) : "";
  const [, sign, hours, minutes] = offset.match(/([+-])(\d\d):(\d\d)/) ?? [null, "+", "0", "0"];
  const ahead = (Number(hours) * 60 + Number(minutes)) * (sign === "-" ? -60_000 : 60_000);
  const words = new Date(at + ahead)
    .toISOString()
    .replace("T", " ")
    .replace(/(:00)?\.000Z$|Z$/, "");
  return words + (offset && ` ${offset}`);
}

/** The offset of a zone from UTC at a time, such as "+01:00" or "UTC". */
function offsetOf(at: number, zone: string): string {
  if (/^(UTC|[+-]\d\d:\d\d)$/.test(zone)) return zone;
  try {
    const format = new Intl.DateTimeFormat("en", { timeZone: zone, timeZoneName: "longOffset" });
    const named = format.formatToParts(at).find(({ type }) => type === "timeZoneName")?.value;
    return named?.match(/[+-]\d\d:\d\d/)?.[0] ?? "UTC";
  } catch {
    return "UTC";
  }
}

/** A time in words. */
function timeWords({ edges, dated, rate, zone }: Part, time: number): string {
  if (dated) return dateWords(time * 1000, zone);
  if (edges) return shown(time);
  if (rate) return `${time.toLocaleString("en", { maximumFractionDigits: 4 })} s`;
  return Math.floor(time).toLocaleString("en");
}

const placeOf = (part: Part, sample: number): string => timeWords(part, timeOf(part, sample));

/** Paints a line between the samples `low` and `high`, from the last of the parts that covers them. */
function paint(
  canvas: HTMLCanvasElement,
  parts: readonly Part[],
  line: number,
  low: number,
  high: number,
): void {
  const [width, height] = [canvas.clientWidth, canvas.clientHeight];
  const context = canvas.getContext("2d");
  if (!context || !width) return;
  const scale = globalThis.devicePixelRatio || 1;
  canvas.width = Math.round(width * scale);
  canvas.height = Math.round(height * scale);
  context.scale(scale, scale);
  context.strokeStyle = getComputedStyle(canvas).color;
  context.lineWidth = 1.25;
  context.lineJoin = "round";
  const { least, most } = parts[0];
  const [bottom, top] = [least[line], most[line]];
  const span = top - bottom || 1;
  const part = parts.findLast(({ from, to }) => from <= low && high <= to) ?? parts[0];
  const { pairs, bins, from, to, base } = part;
  const yOf = (value: number): number => 4 + (height - 8) * (1 - (value + base[line] - bottom) / span);
  const each = (to - from) / bins;
  context.beginPath();
  let drawing = false;
  const first = Math.max(0, Math.floor((low - from) / each) - 1);
  for (let i = first; i < bins && from + i * each <= high + each; i++) {
    const [least, most] = [pairs[2 * (line * bins + i)], pairs[2 * (line * bins + i) + 1]];
    if (Number.isNaN(least)) {
      drawing = false;
      continue;
    }
    const x = ((from + (i + 0.5) * each - low) / (high - low)) * width;
    if (drawing) context.lineTo(x, yOf(most));
    else context.moveTo(x, yOf(most));
    // A single sample between gaps is a dot.
    context.lineTo(drawing ? x : x + 0.5, yOf(least));
    drawing = true;
  }
  context.stroke();
}

/** Shows a series; `looked`: another part of it is in sight, or the same one in more detail. */
export function seriesPlot(content: Series, stage: Stage, looked?: () => void): Plot {
  const whole = decoded(content);
  const { n, names } = whole;
  let [low, high] = [0, n];
  const parts: Part[] = [whole];
  let [timer, frame] = [0, 0];
  const strips = names.map((name, k) => {
    const canvas = h("canvas", { class: "hitl-series-line" });
    canvas.addEventListener(REPAINT, () => paint(canvas, parts, k, low, high));
    const value = h("span", { class: "hitl-number hitl-series-value" });
    const ends = h(
      "div",
      { class: "hitl-series-ends hitl-faint hitl-number", attrs: { "aria-hidden": "true" } },
      h("span", { text: shown(whole.most[k]) }),
      h("span", { text: shown(whole.least[k]) }),
    );
    const head = h("div", { class: "hitl-series-name" }, name ? said(name) : null, " ", value);
    return { canvas, value, element: h("div", { class: "hitl-series-strip" }, head, canvas, ends) };
  });
  const cursor = h("span", { class: "hitl-series-cursor", attrs: { hidden: true, "aria-hidden": "true" } });
  const plot = h("div", { class: "hitl-series-plot" }, ...strips.map(({ element }) => element), cursor);
  const where = h("span", { class: "hitl-faint hitl-number hitl-series-where", attrs: { role: "status" } });
  const button = (words: string, key: string, title: string, click: () => void): HTMLElement =>
    h("button", {
      class: "hitl-tool",
      text: words,
      title: `${title} (${key})`,
      attrs: { type: "button", "aria-label": title, "aria-keyshortcuts": key },
      on: { click },
    });
  const tools = h(
    "div",
    { class: "hitl-series-tools" },
    where,
    button("−", "-", "Zoom out", () => zoom(2)),
    button("+", "+", "Zoom in", () => zoom(0.5)),
    button("all", "Home", "Show all", () => look(0, n)),
  );
  const words = names.filter(Boolean).join(", ");
  const element = h(
    "div",
    {
      class: "hitl-series",
      attrs: { role: "group", "aria-label": `Series of ${count(n, "sample")}${words && `: ${words}`}` },
    },
    plot,
    tools,
  );

  function draw(): void {
    cancelAnimationFrame(frame);
    frame = requestAnimationFrame(() => {
      for (const [k, { canvas }] of strips.entries()) paint(canvas, parts, k, low, high);
    });
    looked?.();
    const part = best();
    setText(
      where,
      `${placeOf(part, low)} – ${placeOf(part, high)}${high - low < n ? ` · ${count(high - low, "sample")} of ${n.toLocaleString("en")}` : ""}`,
    );
  }

  const axis: Axis = {
    first: timeOf(whole, 0),
    last: timeOf(whole, n),
    snap(at) {
      const part = best();
      const sample = Math.max(0, Math.min(sampleAt(part, at), n));
      // The edges are samples, whose times are known exactly.
      if (!part.edges) return Math.round((Math.round(sample) / (part.rate || 1)) * 1e6) / 1e6;
      const bin = Math.round(((sample - part.from) / (part.to - part.from)) * part.bins);
      return part.edges[Math.max(0, Math.min(bin, part.bins))];
    },
    xOf: (at) => (sampleAt(at < axis.first || !within(at) ? whole : best(), at) - low) / (high - low),
    atX(x) {
      const part = best();
      const sample = low + x * (high - low);
      if (!part.edges) return sample / (part.rate || 1);
      const place = ((sample - part.from) / (part.to - part.from)) * part.bins;
      const bin = Math.max(0, Math.min(Math.floor(place), part.bins - 1));
      return part.edges[bin] + (place - bin) * (part.edges[bin + 1] - part.edges[bin]);
    },
    words: (at) => timeWords(whole, at),
    reveal(at) {
      const x = axis.xOf(at);
      if (x < 0 || x > 1) pan(x < 0 ? x - 0.1 : x - 0.9);
    },
  };
  /** Whether the best part has a time. */
  const within = (at: number): boolean => {
    const { edges, bins } = best();
    return !edges || (edges[0] <= at && at <= edges[bins]);
  };

  const best = (): Part => parts.findLast(({ from, to }) => from <= low && high <= to) ?? whole;

  /** Shows these samples: at once from what is here, then from what the kernel sends. */
  function look(from: number, to: number): void {
    const size = Math.max(Math.min(FEWEST, n), Math.min(n, Math.round(to - from)));
    low = Math.max(0, Math.min(n - size, Math.round(from)));
    high = low + size;
    hide();
    draw();
    clearTimeout(timer);
    const here = best();
    // The whole is not sharp beyond its intervals.
    if (here.bins >= here.to - here.from || (here.from === low && here.to === high)) return;
    timer = Number(setTimeout(() => void sharpen(low, high), REST_MS));
  }

  async function sharpen(from: number, to: number): Promise<void> {
    try {
      const { content } = await stage.more({ from, to });
      if (stage.signal.aborted || from !== low || to !== high) return;
      parts.splice(1, parts.length, decoded(content as unknown as Series));
      draw();
    } catch (error) {
      if (!stage.signal.aborted) setText(where, (error as Error).message);
    }
  }

  function zoom(by: number, at = 0.5): void {
    const size = (high - low) * by;
    const middle = low + (high - low) * at;
    look(middle - size * at, middle + size * (1 - at));
  }

  const pan = (by: number): void => look(low + (high - low) * by, high + (high - low) * by);

  function hide(): void {
    cursor.hidden = true;
    for (const { value } of strips) setText(value, "");
  }

  let drag: { x: number; low: number } | null = null;
  const placed = (event: MouseEvent): number => {
    const { left, width } = plot.getBoundingClientRect();
    return Math.max(0, Math.min((event.clientX - left) / Math.max(1, width), 1));
  };
  plot.addEventListener("pointerdown", (event) => {
    if (event.button) return;
    plot.setPointerCapture(event.pointerId);
    drag = { x: placed(event), low };
  });
  plot.addEventListener("pointerup", () => {
    drag = null;
  });
  plot.addEventListener("pointermove", (event) => {
    const x = placed(event);
    if (drag && plot.hasPointerCapture(event.pointerId)) {
      const from = drag.low + (drag.x - x) * (high - low);
      look(from, from + (high - low));
      return;
    }
    const part = best();
    const sample = Math.min(low + Math.floor(x * (high - low)), n - 1);
    const bin = Math.min(
      Math.floor(((sample - part.from) / (part.to - part.from)) * part.bins),
      part.bins - 1,
    );
    strips.forEach(({ value }, k) => {
      const [least, most] = [0, 1].map((end) => part.pairs[2 * (k * part.bins + bin) + end] + part.base[k]);
      setText(value, least === most ? shown(least) : `${shown(least)} to ${shown(most)}`);
    });
    cursor.hidden = false;
    cursor.style.left = `${100 * x}%`;
    cursor.dataset.at = placeOf(part, sample);
  });
  plot.addEventListener("pointerleave", hide);
  plot.addEventListener("dblclick", (event) => zoom(event.shiftKey ? 2 : 0.5, placed(event)));
  plot.addEventListener(
    "wheel",
    (event) => {
      // Without a key the wheel scrolls the notebook.
      if (!event.ctrlKey && !event.metaKey) return;
      event.preventDefault();
      zoom(event.deltaY > 0 ? 1.25 : 0.8, placed(event));
    },
    { passive: false, signal: stage.signal },
  );
  stage.keys(
    (key, shift) => {
      if (key === "ArrowLeft") pan(shift ? -1 : -0.2);
      else if (key === "ArrowRight") pan(shift ? 1 : 0.2);
      else if (key === "+") zoom(0.5);
      else if (["-", "_"].includes(key)) zoom(2);
      else if (key === "Home") look(0, n);
      else return false;
      return "again";
    },
    [
      ["← →", "move; with ⇧ by a whole view"],
      ["+ − Home", "zoom, and show all"],
    ],
  );
  const resized = new ResizeObserver(draw);
  resized.observe(plot);
  stage.signal.addEventListener("abort", () => {
    clearTimeout(timer);
    cancelAnimationFrame(frame);
    resized.disconnect();
  });
  draw();
  return { element, plot, axis };
}
