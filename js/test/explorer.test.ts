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
    choose: vi.fn(),
    list: none,
    nextDoubt: none,
    regroup: none,
    retry: none,
  };
}

const point = (row: number) => ({
  row,
  before: `number ${row}`,
  name: "",
  after: "",
  colour: "#000",
  item: undefined,
});

describe("the groups", () => {
  it("are counted once they stay", () => {
    const root = document.createElement("div");
    const view = explorerView(root, callbacks());
    const said = root.querySelector(".hitl-count") as HTMLElement;
    expect(said.hidden).toBe(true);
    view.setGroups(1);
    expect(said.hidden).toBe(false);
    expect(said.textContent).toBe("1 group");
    view.setGroups(1234);
    expect(said.textContent).toBe("1,234 groups");
  });
});

describe("the list of points in doubt", () => {
  it("keeps the row that is being pressed when a round comes in between", async () => {
    const root = document.createElement("div");
    document.body.append(root);
    const on = callbacks();
    const view = explorerView(root, on);
    view.setList([point(3), point(4)], true);
    const button = root.querySelector(".hitl-list-row") as HTMLElement;
    button.dispatchEvent(new Event("pointerdown", { bubbles: true }));
    view.setList([point(7)], true);
    expect(button.isConnected).toBe(true);
    window.dispatchEvent(new Event("pointerup"));
    button.click();
    expect(on.choose).toHaveBeenCalledWith(3);
    await new Promise((done) => setTimeout(done, 5));
    expect(root.querySelector(".hitl-list-row")?.textContent).toContain("number 7");
  });

  it("says why it is empty", () => {
    const root = document.createElement("div");
    const view = explorerView(root, callbacks());
    const said = () => root.querySelector(".hitl-list-rows")?.textContent;
    view.setList([], false);
    expect(said()).toBe("None yet: first label a few items of two classes.");
    view.setList([], true);
    expect(said()).toBe("None of the next questions.");
  });
});
