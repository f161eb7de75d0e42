import type { Theme } from "../ui/theme";
import type { Look } from "./engine";

export const NONE = 255;
const LEVELS = 15;

export type ColourBy = "label" | "prediction" | "doubt" | "group";

/** What the kernel says of every point: label and predicted class (255 for none), doubt in 15 levels. */
export type Marks = { label: Uint8Array; predicted: Uint8Array; doubt: Uint8Array };

export type LookOptions = {
  marks: Marks;
  clusters: Uint16Array | null;
  palette: string[];
  rings: ReadonlySet<number>;
  selected: ReadonlySet<number> | null;
  by: ColourBy;
  theme: Theme;
  /** Base area of a point. */
  size: number;
};

/**
 * Colour is never the only sign: a labelled point is full, larger and has a ring of the text colour; a doubtful one has an
 * open ring; a prediction is pale.
 */
export function look(i: number, o: LookOptions): Look {
  const { marks, theme } = o;
  const label = marks.label[i];
  const labelled = label !== NONE;
  const ring = !labelled && o.rings.has(i);
  const chosen = o.selected?.has(i) ?? false;
  const aside = o.selected !== null && !chosen;
  const code = labelled && o.by !== "prediction" ? label : marks.predicted[i];
  let fill = code === NONE ? theme.faint : o.palette[code];
  let opacity = labelled ? 1 : code === NONE ? 0.45 : 0.5;
  if (o.by === "doubt") {
    fill = theme.accent;
    opacity = marks.predicted[i] === NONE ? 0.15 : 0.08 + 0.85 * (marks.doubt[i] / LEVELS);
  } else if (o.by === "group" && o.clusters) {
    fill = groupColour(o.clusters[i], theme.dark);
    opacity = labelled ? 1 : 0.6;
  }
  if (chosen) opacity = 1;
  if (aside) opacity *= 0.25;
  return {
    fill,
    stroke: labelled ? theme.text : ring ? theme.accent : chosen ? theme.text : fill,
    opacity,
    size: labelled ? o.size * 2 : ring ? o.size * 3 : o.size,
    width: labelled ? 1.1 : ring ? 1.8 : chosen ? 0.8 : 0,
    top: labelled || ring || chosen,
  };
}

/** Neighbouring numbers get hues far apart. */
export function groupColour(group: number, dark: boolean): string {
  return `hsl(${Math.round((group * 137.508) % 360)} 50% ${dark ? 62 : 46}%)`;
}

/** The area of a point, smaller for larger pools. */
export function pointArea(n: number): number {
  return Math.max(5, Math.min(60, 1500 / Math.sqrt(n)));
}
