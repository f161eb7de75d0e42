// @vitest-environment happy-dom
import { describe, expect, it, vi } from "vitest";
import { type ExplorerCallbacks, explorerView } from "../src/widgets/explorer/view";

function callbacks(): ExplorerCallbacks {
  const none = vi.fn();
  return {
    tool: none,
    colour: none,
    zoom: none,
    fit: none,
    shade: none,
    press: none,
    give: none,
    clear: none,
    grow: none,
    showAs: none,
    nextDoubt: none,
    regroup: none,
    undo: none,
    retry: none,
  };
}

const none = (): HTMLElement => document.createElement("div");

describe("the ways to colour the map", () => {
  it("tell a column from what has the same name", () => {
    const root = document.createElement("div");
    const view = explorerView(root, callbacks(), { find: none(), list: none(), legend: none(), tip: none() });
    view.setColumns(["label", "group", "price"]);
    const words = [...root.querySelectorAll("select[aria-label='Colour by'] option")].map(
      (o) => o.textContent,
    );
    expect(words).toContain("Colour: label");
    expect(words).toContain("Colour: column label");
    expect(new Set(words).size).toBe(words.length);
  });
});

describe("the groups", () => {
  it("are counted once they stay", () => {
    const root = document.createElement("div");
    const view = explorerView(root, callbacks(), { find: none(), list: none(), legend: none(), tip: none() });
    const said = root.querySelector(".hitl-count") as HTMLElement;
    expect(said.hidden).toBe(true);
    view.setGroups(1);
    expect(said.hidden).toBe(false);
    expect(said.textContent).toBe("1 group");
    view.setGroups(1234);
    expect(said.textContent).toBe("1,234 groups");
  });
});
