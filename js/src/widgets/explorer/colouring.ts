import type { ColumnMessage, LegendEntry } from "../../host/protocol";
import type { ColourBy, Column, Filter, Marks } from "../../plot/look";
import type { MapPlot } from "../../plot/map";
import { gradient } from "../../plot/ramp";
import type { Theme } from "../../ui/theme";
import { legendView, type Scale } from "./legend";

const COUNT_MS = 150;
/** How the menu names a column, and what is computed on request. */
const COLUMN = "column:";
const LENS = "lens:";
/** A lens follows the labels after a pause. */
const RENEW_MS = 1500;

export type ColouringCallbacks = {
  plot: () => MapPlot | null;
  marks: () => Marks | null;
  /** The number of suggested points. */
  rings: () => number;
  theme: () => Theme;
  /** Requests the values of a column or of a lens; answered by {@link ColouringView.take}. */
  ask: (of: { column: string } | { lens: "suspects" }) => void;
  next: () => void;
  say: (words: string) => void;
  /** Another column colours the map, or none. */
  changed: () => void;
  /** The way in use, as the menu names it. */
  chosen: (colour: string) => void;
};

type Told = Omit<ColumnMessage, "type" | "to" | "why">;

/** What the colours of the map mean, its legend, and the columns and lenses that have been requested. */
export function colouringOf(on: ColouringCallbacks, signal: AbortSignal) {
  const columns = new Map<string, { told: Told; shades: Uint8Array }>();
  let now = "label";
  let wanted = "label";
  let classes: LegendEntry[] = [];
  let counting: ReturnType<typeof setTimeout> | undefined;
  let renewing: ReturnType<typeof setTimeout> | undefined;
  signal.addEventListener("abort", () => {
    clearTimeout(counting);
    clearTimeout(renewing);
  });
  const legend = legendView({
    filter: (filter: Filter) => void on.plot()?.setFilter(filter),
    isolate: (shade) => void on.plot()?.isolate(shade),
    next: on.next,
  });

  const column = (): string => (now.startsWith(COLUMN) ? now.slice(COLUMN.length) : "");
  const computed = (colour: string): boolean => colour.startsWith(COLUMN) || colour.startsWith(LENS);
  const known = () => columns.get(now);
  const by = (): ColourBy => (computed(now) ? "column" : (now as ColourBy));
  const ask = (colour: string): void =>
    on.ask(colour.startsWith(LENS) ? { lens: "suspects" } : { column: colour.slice(COLUMN.length) });

  function shown(): Column | null {
    const found = known();
    if (!found) return null;
    const { scale, legend: entries } = found.told;
    return { shades: found.shades, palette: scale ? null : entries.map(({ color }) => color) };
  }

  /** Colours the map in the current way, and explains it. */
  function draw(): void {
    void on.plot()?.setColour(by(), shown());
    drawLegend();
    count();
  }

  function drawLegend(): void {
    const told = known()?.told;
    const byClass = now === "label" || now === "prediction";
    legend.setShades(byClass ? classes : (told?.legend ?? []));
    legend.setScale(scaleOf(told));
  }

  function scaleOf(told: Told | undefined): Scale | null {
    const { dark, accent } = on.theme();
    if (told) {
      const { scale: ticks, note, lens } = told;
      return ticks && { gradient: gradient(dark), ticks, note, ofLabels: lens !== "" };
    }
    if (now !== "doubt") return null;
    const faint = (share: number): string => `color-mix(in srgb, ${accent} ${share}%, transparent)`;
    const ends = [
      { at: 0, text: "certain" },
      { at: 1, text: "uncertain" },
    ];
    return { gradient: `linear-gradient(to right, ${faint(8)}, ${faint(93)})`, ticks: ends, note: "" };
  }

  /** Counts the points of each shade, after the round is on the screen. */
  function count(): void {
    clearTimeout(counting);
    counting = setTimeout(() => {
      const marks = on.marks();
      if (marks) legend.count({ marks, by: by(), column: shown() }, on.rings());
    }, COUNT_MS);
  }

  function use(colour: string): void {
    const before = column();
    if (colour !== now) legend.showShades();
    now = wanted = colour;
    if (column() !== before) on.changed();
    on.chosen(colour);
    draw();
  }

  return {
    element: legend.element,
    drawLegend,
    count,
    /** The column that colours the map; empty for none. */
    get column(): string {
      return column();
    },
    /** Colours the map in another way, as soon as its values are here. */
    choose(colour: string): void {
      wanted = colour;
      if (!computed(colour) || columns.has(colour)) use(colour);
      if (colour.startsWith(LENS) || (computed(colour) && !columns.has(colour))) ask(colour);
    },
    /** Colours the map by labels and predictions for a while, or in the chosen way again. */
    plain(yes: boolean): void {
      if (now === "label") return;
      if (yes) void on.plot()?.setColour("label");
      else draw();
    },
    /** The labels have changed: a lens is computed again. */
    renew(): void {
      if (!wanted.startsWith(LENS)) return;
      clearTimeout(renewing);
      renewing = setTimeout(() => wanted.startsWith(LENS) && ask(wanted), RENEW_MS);
    },
    /** Takes the values of a column. */
    take({ why, ...told }: ColumnMessage, shades: Uint8Array): void {
      if (why) {
        on.say(why);
        on.chosen(now);
        return;
      }
      const colour = told.lens ? LENS + told.lens : COLUMN + told.column;
      columns.set(colour, { told, shades });
      if (wanted === colour) use(wanted);
    },
    /** The classes, or their colours, have changed; values of a column that are classes have the same colours. */
    setClasses(legendOfClasses: LegendEntry[]): void {
      classes = legendOfClasses;
      const stale = [...columns].filter(([, { told }]) => !told.scale).map(([name]) => name);
      for (const name of stale) if (name !== now) columns.delete(name);
      if (stale.includes(now)) ask(now);
      drawLegend();
      count();
    },
  };
}
