// @vitest-environment happy-dom

import { beforeEach, describe, expect, it, vi } from "vitest";
import { lostView } from "../src/widgets/labeler/lost";

const root = document.createElement("div");
const change = vi.fn();
let view: ReturnType<typeof lostView>;
const buttons = () => [...root.querySelectorAll("button")];
const banner = () => root.querySelector<HTMLElement>(".hitl-lost");

beforeEach(() => {
  root.replaceChildren();
  change.mockClear();
  view = lostView(root, change);
});

describe("classes that the cell no longer names", () => {
  it("asks nothing where there are none", () => {
    view.update([]);
    expect(banner()?.hidden).toBe(true);
  });

  it("asks of each whether it was renamed", () => {
    view.update([{ name: "spam", to: ["Spam", "junk"] }]);
    expect(banner()?.hidden).toBe(false);
    expect(banner()?.textContent).toContain("The cell no longer has spam, but there are labels of it.");
    expect(buttons().map((b) => b.textContent)).toEqual([
      "Renamed to Spam",
      "Renamed to junk",
      "No, retire spam",
    ]);
    buttons()[1].click();
    expect(change).toHaveBeenCalledWith({ change: "merge", of: ["spam", "junk"], name: "junk" });
    buttons()[2].click();
    expect(change).toHaveBeenLastCalledWith({ change: "retire", of: ["spam"] });
  });

  it("goes when it is answered, and keeps the focus while nothing changes", () => {
    const lost = [{ name: "spam", to: [] }];
    view.update(lost);
    const [first] = buttons();
    view.update(lost);
    expect(buttons()[0]).toBe(first);
    view.update([]);
    expect(banner()?.hidden).toBe(true);
  });
});
