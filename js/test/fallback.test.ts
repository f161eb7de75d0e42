// @vitest-environment happy-dom
import { afterEach, expect, it } from "vitest";
import { hideFallback } from "../src/ui/fallback";

afterEach(() => document.body.replaceChildren());
const frame = (): Promise<unknown> => new Promise(requestAnimationFrame);
const shown = (): boolean[] =>
  [...document.querySelectorAll<HTMLElement>(".hitl-fallback")].map((one) => !one.closest("[style*=none]"));

it.each(["jp-OutputArea", "other"])(
  "a widget hides the words before it while it lives (%s)",
  async (area) => {
    const cell = `<div class="${area}"><p class="hitl-fallback">Run this cell</p><div class="out"></div></div>`;
    document.body.innerHTML = cell + cell + cell;
    const root = document.createElement("div");
    const end = new AbortController();
    const answers = hideFallback(root, end.signal);
    document.querySelectorAll(".out")[1].append(root);
    await frame();
    await frame();
    expect(shown()).toEqual([true, false, true]);
    answers(false);
    expect(shown()).toEqual([true, true, true]);
    answers(true);
    expect(shown()).toEqual([true, false, true]);
    end.abort();
    expect(shown()).toEqual([true, true, true]);
  },
);
