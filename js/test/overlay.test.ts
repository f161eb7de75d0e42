// @vitest-environment happy-dom
import { expect, it, vi } from "vitest";
import { Frame, wholeView } from "../src/plot/geometry";
import { overlay } from "../src/plot/overlay";

it("a drag on the map takes the keys, and selects no text of the notebook", () => {
  const focus = vi.fn();
  const { element } = overlay(
    {
      frame: () => new Frame(wholeView(100, 100), 100, 100),
      tool: () => "lasso",
      hover: () => {},
      leave: () => {},
      focus,
      pick: () => {},
      shape: () => {},
      pan: () => {},
      zoom: () => {},
      wheel: () => false,
    },
    new AbortController().signal,
  );
  const press = new MouseEvent("mousedown", { bubbles: true, cancelable: true });
  element.dispatchEvent(press);
  expect(press.defaultPrevented).toBe(true);
  expect(focus).toHaveBeenCalledOnce();
});
