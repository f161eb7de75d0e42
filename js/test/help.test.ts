// @vitest-environment happy-dom
import { expect, it, vi } from "vitest";
import { helpView } from "../src/widgets/labeler/help";

it("the list of keys opens and closes, and gives the focus back", () => {
  const closed = vi.fn();
  const help = helpView(closed);
  expect(help.close()).toBe(false);
  help.toggle();
  expect(help.element.hidden).toBe(false);
  expect(help.element.textContent).toContain("undo and redo");
  expect(help.element.textContent).not.toContain("a new box");
  help.toggle();
  expect([help.element.hidden, closed.mock.calls.length]).toEqual([true, 1]);
  help.toggle();
  help.element.querySelector("button")?.click();
  expect([help.element.hidden, closed.mock.calls.length]).toEqual([true, 2]);
  help.toggle();
  expect([help.close(), help.element.hidden]).toEqual([true, true]);
  help.toggle([["N", "a new box"]]);
  expect(help.element.querySelector("dd")?.textContent).toBe("a new box");
});
