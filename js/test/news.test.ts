import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { NONE } from "../src/plot/look";
import { newsOf, predictionsChanged } from "../src/widgets/explorer/news";

describe("what a round changed", () => {
  const marks = (...predicted: number[]) => ({
    label: new Uint8Array(predicted.length),
    predicted: Uint8Array.from(predicted),
    doubt: new Uint8Array(predicted.length),
  });
  it("counts other predictions, but not the first and not hidden ones", () => {
    expect(predictionsChanged(marks(0, 1, NONE, 1), null, Uint8Array.of(0, 2, 1, NONE))).toBe(1);
    expect(predictionsChanged(marks(0, 1, 2, 1), Uint32Array.of(1, 3), Uint8Array.of(0, 0))).toBe(2);
  });
});

describe("news of an act", () => {
  let said: string[];
  let news: ReturnType<typeof newsOf>;
  const stop = new AbortController();
  beforeEach(() => {
    vi.useFakeTimers();
    said = [];
    news = newsOf((words) => said.push(words), stop.signal);
  });
  afterEach(() => vi.useRealTimers());

  it("say what was done at once, and what it changed when the model has followed", () => {
    news.round(5, 0);
    expect(said).toEqual([]);
    news.acted(75, "new release");
    news.round(300, 1);
    expect(said).toEqual(["75 items labelled new release"]);
    news.round(12, 0);
    expect(said.at(-1)).toBe("75 items labelled new release, 312 predictions changed");
    news.acted(1, "ham");
    expect(said.at(-1)).toBe("Labelled ham");
    news.round(1, 0);
    expect(said.at(-1)).toBe("Labelled ham, 1 prediction changed");
    news.acted(3, null);
    expect(said.at(-1)).toBe("3 labels removed");
    news.acted(1, null);
    expect(said.at(-1)).toBe("Label removed");
  });

  it("go away after a while", () => {
    news.acted(1, "ham");
    vi.advanceTimersByTime(7000);
    news.round(2, 0);
    vi.advanceTimersByTime(7900);
    expect(said.at(-1)).not.toBe("");
    vi.advanceTimersByTime(200);
    expect(said.at(-1)).toBe("");
  });
});
