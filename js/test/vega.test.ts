// @vitest-environment happy-dom
import { existsSync, readFileSync } from "node:fs";
import { afterEach, describe, expect, it, vi } from "vitest";
import { changeset, draw } from "../src/modules/vega";

const built = "../src/hitl_widgets/widgets/static/";
const EVIL = 'datum["x"]; globalThis.hacked = 1';

afterEach(() => vi.unstubAllGlobals());

/** As under a policy that forbids eval. */
function forbidCode(): void {
  const refuse = (): never => {
    throw new Error("code was made of text");
  };
  vi.stubGlobal("eval", refuse);
  vi.stubGlobal("Function", refuse);
}

describe("a chart", () => {
  for (const [name, data] of [
    ["map", "points"],
    ["curve", "curve"],
  ]) {
    it.runIf(existsSync(`${built}${name}.json`))(
      `of the ${name} is drawn without making code of text`,
      async () => {
        forbidCode();
        const at = document.body.appendChild(document.createElement("div"));
        const chart = await draw(at, JSON.parse(readFileSync(`${built}${name}.json`, "utf8")), "svg");
        const row = {
          x: 0,
          y: 0,
          n: 1,
          value: 0.5,
          low: 0,
          high: 1,
          fill: EVIL,
          top: true,
          size: 9,
          opacity: 1,
        };
        await chart.change(data, changeset().insert([row])).runAsync();
        expect(at.querySelectorAll("svg path").length).toBeGreaterThan(0);
        expect(globalThis).not.toHaveProperty("hacked");
        chart.finalize();
      },
    );
  }

  it("loads nothing", async () => {
    const fetched = vi.fn();
    vi.stubGlobal("fetch", fetched);
    const chart = { data: { url: "https://example.org/a.json" }, mark: "point", encoding: {} };
    await draw(document.createElement("div"), chart, "svg").catch(() => {});
    expect(fetched).not.toHaveBeenCalled();
  });
});
