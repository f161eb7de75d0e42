import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { Fetch, sizeOf } from "../src/host/fetch";

const PARCEL = 200_000;

/** A kernel behind a line of so many bytes a second: what it sends arrives in order. */
class Line {
  readonly here = new Set<number>();
  readonly asks: { at: number; rows: number[]; most: number }[] = [];
  readonly end = new AbortController();
  fetch: Fetch;
  sent = 0;
  /** Bytes that are under way, and the most that ever were. */
  busy = 0;
  most = 0;
  lost = false;
  private free = 0;

  constructor(
    readonly rate: number,
    readonly size: (row: number, most: number) => number,
    readonly took = 0,
  ) {
    this.fetch = new Fetch(
      (row) => this.here.has(row),
      (rows, most) => this.answer(rows, most),
      this.end.signal,
    );
  }

  private answer(rows: number[], most: number): void {
    this.asks.push({ at: Date.now(), rows, most });
    if (this.lost) return;
    setTimeout(() => {
      let [parcel, bytes, total]: [number[], number, number] = [[], 0, 0];
      for (const [at, row] of rows.entries()) {
        const size = this.size(row, most);
        parcel.push(row);
        bytes += size;
        total += size;
        const last = at === rows.length - 1 || total >= most;
        if (last || bytes > PARCEL) {
          this.carry(parcel, last ? rows.slice(at + 1) : [], bytes);
          [parcel, bytes] = [[], 0];
        }
        if (last) return;
      }
    }, this.took);
  }

  private carry(rows: number[], left: number[], bytes: number): void {
    this.sent += bytes;
    this.busy += bytes;
    this.most = Math.max(this.most, this.busy);
    this.free = Math.max(this.free, Date.now()) + (1000 * bytes) / this.rate;
    setTimeout(() => {
      this.busy -= bytes;
      for (const row of rows) this.here.add(row);
      this.fetch.got(rows, left, bytes, this.took);
    }, this.free - Date.now());
  }
}

const rows = (n: number, from = 0): number[] => Array.from({ length: n }, (_, i) => from + i);

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

describe("items are asked for", () => {
  it("at once where they are small", () => {
    const line = new Line(1e7, () => 500);
    line.fetch.want(rows(12));
    vi.advanceTimersByTime(100);
    expect(line.asks.map((ask) => ask.rows)).toEqual([rows(12)]);
    expect(line.here.size).toBe(12);
  });

  it.each([20_000, 200_000, 2_000_000, 50_000_000])(
    "once on a line of %i bytes a second, and no more than it carries in about a second",
    (rate) => {
      // The kernel makes a picture smaller where it must: never below 20 kB.
      const line = new Line(rate, (_, most) => Math.max(20_000, Math.min(3_000_000, most)));
      line.fetch.want(rows(12));
      vi.advanceTimersByTime(240_000);
      expect(line.here.size).toBe(12);
      const asked = line.asks.flatMap((ask) => ask.rows.slice(0, 1));
      expect(new Set(asked).size).toBe(asked.length);
      expect(line.sent).toBeLessThanOrEqual(12 * 4_000_000);
      // After the first, by which the line is measured.
      const later = line.asks.slice(1).map((ask) => ask.most);
      for (const most of later) expect(most).toBeLessThanOrEqual(Math.max(50_000, rate));
      if (rate >= 2_000_000) expect(Math.max(...later)).toBeGreaterThan(1_000_000);
      line.end.abort();
    },
  );

  it("by line, not by kernel: one that is slow to answer makes no picture smaller", () => {
    const line = new Line(20_000_000, (_, most) => Math.min(most, 1_000_000), 3_000);
    line.fetch.want(rows(3));
    vi.advanceTimersByTime(60_000);
    expect(line.here.size).toBe(3);
    expect(line.asks.at(-1)?.most).toBe(4_000_000);
  });

  it("never again while they are under way, and what became urgent comes next", () => {
    const line = new Line(50_000, () => 100_000);
    line.fetch.want(rows(4));
    for (let i = 0; i < 18; i++) {
      vi.advanceTimersByTime(100);
      line.fetch.want([9, 1, 2]);
    }
    expect(line.asks.length).toBe(1);
    vi.advanceTimersByTime(5_000);
    expect(line.asks[1].rows[0]).toBe(9);
    vi.advanceTimersByTime(30_000);
    expect([...line.here].sort()).toEqual([0, 1, 2, 9]);
    expect(line.sent).toBe(400_000);
  });

  it("again where the question was lost, later each time", () => {
    const line = new Line(1e6, () => 500);
    line.lost = true;
    line.fetch.want([1]);
    vi.advanceTimersByTime(29_000);
    expect(line.asks.length).toBe(1);
    vi.advanceTimersByTime(100_000);
    expect(line.asks.length).toBe(3);
    line.lost = false;
    line.fetch.restart();
    vi.advanceTimersByTime(100);
    expect(line.here.has(1)).toBe(true);
    vi.advanceTimersByTime(600_000);
    expect(line.asks.length).toBe(4);
  });

  it("whatever comes for another lane: it neither measures the line nor buys time", () => {
    const line = new Line(1e6, () => 500);
    line.lost = true;
    line.fetch.want([1]);
    for (let i = 0; i < 29; i++) {
      vi.advanceTimersByTime(1_000);
      line.fetch.got([90 + i], [70 + i], 50_000_000);
    }
    vi.advanceTimersByTime(1_500);
    expect(line.asks.length, "asked again after 30 s").toBe(2);
    line.fetch.got([1, 90], [], 2_000);
    line.here.add(1);
    line.fetch.want([2]);
    expect(line.asks.length).toBe(3);
    expect(line.asks[2].most, "1,000 bytes say nothing about the line").toBe(line.asks[1].most);
    line.end.abort();
  });

  it("no more once the view is gone", () => {
    const line = new Line(1e6, () => 500);
    line.lost = true;
    line.fetch.want([1]);
    line.end.abort();
    expect(vi.getTimerCount()).toBe(0);
  });
});

it("a message's size is that of its pictures and its words", () => {
  expect(sizeOf([{ row: 1 }], [new DataView(new ArrayBuffer(100))])).toBe(100 + '[{"row":1}]'.length);
});
