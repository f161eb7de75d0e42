import { describe, expect, it } from "vitest";
import { decodeRows, encodeRows } from "../src/host/codecs";
import { has, marked, minus, rowsOf, union } from "../src/plot/rows";
import { seeded } from "./fakes";
import shared from "./rows.json";

describe("rows on the wire", () => {
  it.each(shared)("$text", ({ rows, text }) => {
    expect(encodeRows(Uint32Array.from(rows))).toBe(text);
    expect([...decodeRows(text)]).toEqual(rows);
  });

  it("are few bytes, whatever was chosen", () => {
    const random = seeded(1);
    const every = (share: number): Uint32Array =>
      marked(Uint8Array.from({ length: 1_000_000 }, () => (random() < share ? 1 : 0)));
    const all = Uint32Array.from({ length: 1_000_000 }, (_, i) => i);
    expect(encodeRows(all).length).toBeLessThan(20);
    for (const rows of [all, every(0.01), every(0.6)]) {
      const back = decodeRows(encodeRows(rows));
      expect(back.length).toBe(rows.length);
      expect(back.every((row, i) => row === rows[i])).toBe(true);
    }
    expect(encodeRows(every(0.1)).length).toBeLessThan(150_000);
    for (const share of [0.3, 0.5, 0.9]) expect(encodeRows(every(share)).length).toBeLessThan(166_700);
  });
});

describe("sets of rows", () => {
  it("are those of the language", () => {
    const random = seeded(2);
    for (let k = 0; k < 200; k++) {
      const some = (): number[] =>
        Array.from({ length: Math.floor(random() * 12) }, () => Math.floor(random() * 20));
      const [one, other] = [some(), some()];
      const sorted = (set: Set<number>): number[] => [...set].sort((x, y) => x - y);
      const [a, b] = [rowsOf(one), rowsOf(other)];
      expect([...a]).toEqual(sorted(new Set(one)));
      expect([...union(a, b)]).toEqual(sorted(new Set([...one, ...other])));
      expect([...minus(a, b)]).toEqual(sorted(new Set(one.filter((row) => !other.includes(row)))));
      for (let row = 0; row < 21; row++) expect(has(a, row)).toBe(one.includes(row));
    }
  });
});
