// @vitest-environment happy-dom
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { compose } from "../src/composers/ranges";
import type { LabelClass } from "../src/host/protocol";
import "./viewers";
import type { Stage } from "../src/items/registry";
import { seriesKind } from "../src/items/series/plot";
import type { Composed, Composing } from "../src/questions/registry";

const encode = (numbers: Float32Array | Float64Array): string =>
  btoa(String.fromCharCode(...new Uint8Array(numbers.buffer)));

/** A series of 1,000 samples in 100 intervals, whose times grow from -5 by ever larger steps. */
const N = 1000;
const BINS = 100;
const timeOf = (i: number): number => -5 + i * 0.01 + i * i * 1e-5;
const times = (from: number, to: number, bins: number): Float64Array =>
  Float64Array.from({ length: bins + 1 }, (_, k) =>
    timeOf(Math.min(from + Math.floor((k * (to - from)) / bins), N - 1)),
  );
const part = (from: number, to: number, more = {}) => {
  const bins = Math.min(BINS, to - from);
  return {
    kind: "series",
    n: N,
    from,
    to,
    bins,
    names: ["volts"],
    rate: 0,
    dated: false,
    zone: "",
    base: [0],
    least: [0],
    most: [1],
    values: encode(new Float32Array(2 * bins)),
    times: encode(times(from, to, bins)),
    ...more,
  };
};
const classes = ["rise", "fall"].map(
  (name, i) => ({ id: name, name, key: `${i + 1}`, color: "#0072b2", retired: false }) as LabelClass,
);

describe("ranges of a series", () => {
  let card: AbortController;
  beforeEach(() => {
    card = new AbortController();
    vi.useFakeTimers();
  });
  afterEach(() => {
    card.abort();
    vi.useRealTimers();
  });

  function made(content: object = part(0, N), answer?: Record<string, unknown>) {
    const said: string[] = [];
    const keys = { press: (_: string, _shift: boolean): boolean | "again" => false };
    const stage: Stage = {
      signal: card.signal,
      more: async ({ from, to }) => ({
        content: part(Number(from), Number(to), {
          bins: Number(to) - Number(from) > BINS ? BINS : undefined,
        }),
        bytes: [],
      }),
      gather: () => Promise.reject(new Error("no")),
      keys: (press) => {
        keys.press = press;
      },
    };
    const composer = compose({
      item: { content, media: [] },
      stage,
      classes,
      settings: {},
      answer,
      changed: () => undefined,
      say: (words: string) => said.push(words),
      leave: () => undefined,
    } as unknown as Composing);
    const press = (...pressed: string[]): void => {
      for (const key of pressed) {
        const shift = key.startsWith("⇧");
        const plain = shift ? key.slice(1) : key;
        const code = classes.findIndex((c) => c.key === plain);
        if (!composer.press(plain, shift)) {
          if (code >= 0) composer.pick(code);
          else keys.press(plain, shift);
        }
      }
    };
    const ranges = (): unknown[][] => (composer.read() as Composed).answer.ranges as unknown[][];
    return { composer, press, ranges, said, keys };
  }

  it("are made at the cursor, at samples, in the units of its times", () => {
    const { press, ranges } = made();
    press("⇧ArrowRight", "-", "⇧ArrowRight", "⇧ArrowRight", "-", "1");
    const [[start, end, id]] = ranges() as [[number, number, string]];
    expect(id).toBe("rise");
    const all = Array.from({ length: N }, (_, i) => timeOf(i));
    expect([all.includes(start), all.includes(end)]).toEqual([true, true]);
    expect(start).toBeGreaterThan(-5);
    expect(end).toBeGreaterThan(start);
  });

  it("are moved by an edge, relabelled, removed and brought back by keys alone", () => {
    const { press, ranges } = made();
    press("⇧ArrowRight", "-", "⇧ArrowRight", "-", "1");
    const [before] = ranges();
    press("ArrowRight", "2");
    const [after] = ranges();
    expect([after[0], after[2]]).toEqual([before[0], "fall"]);
    expect(Number(after[1])).toBeGreaterThan(Number(before[1]));
    press("Home", "ArrowLeft");
    expect(Number(ranges()[0][0])).toBeLessThan(Number(before[0]));
    press("Delete");
    expect(ranges()).toEqual([]);
    press("z");
    expect(ranges()).toHaveLength(1);
  });

  it("are left as they were given, also between the samples that are drawn", () => {
    const given = [[timeOf(123), timeOf(456), "fall"]];
    expect(made(part(0, N), { ranges: given }).ranges()).toEqual(given);
  });

  it("of an earlier version that lie beyond the axis are told", () => {
    for (const [start, end] of [
      [-6, 0],
      [0, 99],
    ])
      expect(made(part(0, N), { ranges: [[start, end, "fall"]] }).composer.read()).toContain("does not fit");
  });

  it("without times are in samples, or in seconds if the rate is known", () => {
    for (const rate of [0, 3]) {
      const { press, ranges } = made(part(0, N, { times: undefined, rate }));
      press("⇧ArrowRight", "-", "⇧ArrowRight", "-", "1");
      const [[start, end]] = ranges() as [[number, number, string]];
      // At any rate, a place is that of a sample as exactly as an answer is stored.
      for (const at of [start, end]) expect(at * (rate || 1)).toBeCloseTo(Math.round(at * (rate || 1)), 4);
      expect([start, end]).toEqual(
        rate ? [50 / 3, 100 / 3].map((s) => Math.round(s * 1e6) / 1e6) : [50, 100],
      );
    }
  });

  it("may not overlap unless the question allows it", () => {
    const { press, said } = made(part(0, N, { times: undefined }), { ranges: [[0, 100, "fall"]] });
    press("ArrowRight", "-");
    expect(said.at(-1)).toContain("There is a range at the cursor");
  });

  it("leave zooming to the plot, and are where they belong afterwards", async () => {
    const { press, composer } = made(part(0, N, { times: undefined }), { ranges: [[250, 500, "fall"]] });
    const band = composer.element?.querySelector<HTMLElement>(".hitl-range-own");
    expect([band?.style.left, band?.style.width]).toEqual(["25%", "25%"]);
    press("+");
    expect([band?.style.left, band?.style.width]).toEqual(["0%", "50%"]);
  });
});

describe("a series", () => {
  it("is painted again in the colours of another theme", () => {
    const root = document.createElement("div");
    root.append(seriesKind.glimpse(part(0, N) as never, [], 100));
    const told = vi.fn();
    const canvas = root.querySelector("canvas") as HTMLCanvasElement;
    canvas.getContext = told as never;
    Object.defineProperty(canvas, "clientWidth", { value: 100 });
    seriesKind.redress?.(root);
    expect(told).toHaveBeenCalledTimes(1);
  });

  it.each([
    ["", "2026-03-28 23:00 – 2026-03-29 03:00"],
    ["UTC", "2026-03-28 23:00 UTC – 2026-03-29 03:00 UTC"],
    ["Europe/Berlin", "2026-03-29 00:00 +01:00 – 2026-03-29 05:00 +02:00"],
    ["-03:30", "2026-03-28 19:30 -03:30 – 2026-03-28 23:30 -03:30"],
    ["tzlocal()", "2026-03-28 23:00 UTC – 2026-03-29 03:00 UTC"],
  ])("shows dates in the time zone %j of the table", (zone, words) => {
    const start = Date.UTC(2026, 2, 28, 23) / 1000;
    const edges = Float64Array.from({ length: BINS + 1 }, (_, k) => start + (k * 4 * 3600) / BINS);
    const content = part(0, N, { times: encode(edges), dated: true, zone });
    const stage = { signal: new AbortController().signal, keys: () => undefined } as unknown as Stage;
    const shown = seriesKind.render(content as never, [], stage);
    expect(shown.querySelector(".hitl-series-where")?.textContent).toBe(words);
  });
});
