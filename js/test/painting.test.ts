// @vitest-environment happy-dom
import { describe, expect, it, vi } from "vitest";
import { NONE } from "../src/plot/look";
import { Painting } from "../src/widgets/explorer/painting";

const marks = (...label: number[]) => ({
  label: Uint8Array.from(label),
  predicted: new Uint8Array(label.length).fill(NONE),
  doubt: new Uint8Array(label.length),
});
const later = async (): Promise<void> => {
  await new Promise((done) => requestAnimationFrame(() => setTimeout(done)));
  await new Promise((done) => setTimeout(done));
};

describe("the painting of labels before the kernel's answer", () => {
  it("is undone if the kernel's marks do not contain them in the end", async () => {
    const painting = new Painting(() => null, vi.fn(), new AbortController().signal);
    painting.take(null, marks(NONE, NONE, 1, NONE));
    painting.label(Uint32Array.of(0, 2, 3), 0);
    await later();
    expect([...(painting.marks?.label ?? [])]).toEqual([0, NONE, 0, 0]);
    painting.take(Uint32Array.of(0), marks(0)); // the second and third were undone at once
    expect(painting.settle()).toEqual([2, 3]);
    expect([...(painting.marks?.label ?? [])]).toEqual([0, NONE, 1, NONE]);
    expect(painting.settle()).toEqual([]);
  });

  it("is forgotten when all marks arrive", async () => {
    const painting = new Painting(() => null, vi.fn(), new AbortController().signal);
    painting.take(null, marks(NONE, NONE));
    painting.label(Uint32Array.of(1), 0);
    await later();
    painting.take(null, marks(NONE, 0));
    expect(painting.settle()).toEqual([]);
    expect([...(painting.marks?.label ?? [])]).toEqual([NONE, 0]);
  });
});
