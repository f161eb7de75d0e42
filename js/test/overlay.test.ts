// @vitest-environment happy-dom
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { Frame, type Point, wholeView, within } from "../src/plot/geometry";
import { overlay, type Tool } from "../src/plot/overlay";

let tool: Tool;
let end: AbortController;
let element: SVGSVGElement;
const on = {
  frame: () => new Frame(wholeView(100, 100), 100, 100),
  tool: () => tool,
  hover: vi.fn(),
  leave: vi.fn(),
  focus: vi.fn(),
  pick: vi.fn(),
  shape: vi.fn(),
  pan: vi.fn(),
  zoom: vi.fn(),
  wheel: () => true,
};

beforeEach(() => {
  vi.clearAllMocks();
  tool = "lasso";
  end = new AbortController();
  element = overlay(on, end.signal).element;
  element.setPointerCapture = () => {};
  document.body.append(element);
});
afterEach(() => {
  end.abort();
  element.remove();
});

const point = (name: string, id: number, [clientX, clientY]: Point, more: PointerEventInit = {}): void => {
  const buttons = name === "pointerup" ? 0 : 1;
  const init = { pointerId: id, clientX, clientY, button: 0, buttons, pointerType: "mouse", ...more };
  element.dispatchEvent(new PointerEvent(name, { bubbles: true, ...init }));
};
const down = (id: number, at: Point, pointerType = "mouse"): void =>
  point("pointerdown", id, at, { pointerType });
const move = (id: number, ...at: Point[]): void => {
  for (const one of at) point("pointermove", id, one);
};
const up = (id: number, at: Point): void => point("pointerup", id, at);
/** The corners of the last shape, in pixels again. */
const drawn = (): Point[] =>
  on.shape.mock.lastCall?.[0].map(([x, y]: Point) => [on.frame().px(x), on.frame().py(y)].map(Math.round));
const trace = (): string => element.querySelector(".hitl-trace")?.getAttribute("d") ?? "";

const A: Point = [10, 10];
const B: Point = [60, 10];
const C: Point = [60, 60];

describe("a pointer on the map", () => {
  it("takes the keys, and selects no text of the notebook", () => {
    const press = new MouseEvent("mousedown", { bubbles: true, cancelable: true });
    element.dispatchEvent(press);
    expect(press.defaultPrevented).toBe(true);
    expect(on.focus).toHaveBeenCalledOnce();
  });

  it("circles, boxes, picks and pans", () => {
    down(1, A);
    move(1, B, C);
    expect(trace()).toBe("M10 10L60 10L60 60Z");
    up(1, C);
    expect([drawn(), trace()]).toEqual([[A, B, C], ""]);
    tool = "rectangle";
    down(1, A);
    move(1, B, C);
    up(1, C);
    expect(drawn()).toEqual([A, [60, 10], C, [10, 60]]);
    down(1, A);
    move(1, [12, 11]);
    up(1, [12, 11]);
    expect(on.pick).toHaveBeenCalledExactlyOnceWith(10, 10, "replace");
    tool = "click";
    down(1, A);
    move(1, B);
    up(1, B);
    expect(on.pan).toHaveBeenCalledExactlyOnceWith(50, 0);
    expect(on.shape).toHaveBeenCalledTimes(2);
  });

  it.each([
    ["Escape", () => window.dispatchEvent(new KeyboardEvent("keydown", { key: "Escape" }))],
    ["a release that was never seen", () => point("pointermove", 1, C, { buttons: 0 })],
    ["pointercancel", () => point("pointercancel", 1, C)],
    ["lostpointercapture", () => point("lostpointercapture", 1, C)],
  ])("draws no further after %s", (_, ends) => {
    down(1, A);
    move(1, B, C);
    ends();
    expect(trace()).toBe("");
    move(1, [20, 80]);
    up(1, [20, 80]);
    expect(on.shape).not.toHaveBeenCalled();
    expect(on.pick).not.toHaveBeenCalled();
    down(1, A);
    move(1, B, C);
    up(1, C);
    expect(drawn()).toEqual([A, B, C]);
  });

  it("leaves Escape to others where nothing is drawn", () => {
    const press = (): KeyboardEvent => {
      const event = new KeyboardEvent("keydown", { key: "Escape", cancelable: true });
      window.dispatchEvent(event);
      return event;
    };
    expect(press().defaultPrevented).toBe(false);
    down(1, A);
    move(1, B);
    expect(press().defaultPrevented).toBe(true);
    expect(press().defaultPrevented).toBe(false);
  });
});

describe("other pointers", () => {
  it("such as a palm change nothing about a lasso", () => {
    for (const type of ["touch", "pen"]) {
      down(1, A, type);
      move(1, B);
      down(2, [90, 90], "touch");
      move(2, [95, 95]);
      move(1, C);
      up(2, [95, 95]);
      up(1, C);
      expect(drawn()).toEqual([A, B, C]);
    }
    expect(on.zoom).not.toHaveBeenCalled();
    expect(on.pick).not.toHaveBeenCalled();
  });

  it("give way to a pen: the hand that holds it may lie there before", () => {
    down(1, [90, 90], "touch");
    down(2, A, "pen");
    move(2, B);
    move(1, [95, 95]);
    move(2, C);
    up(1, [95, 95]);
    up(2, C);
    expect(drawn()).toEqual([A, B, C]);
    expect(on.shape).toHaveBeenCalledOnce();
  });

  it.each(["click", "lasso", "rectangle", "cluster"] as Tool[])(
    "zoom, where they are two fingers (%s)",
    (t) => {
      tool = t;
      down(1, [40, 50], "touch");
      down(2, [60, 50], "touch");
      move(1, [30, 50]);
      move(2, [70, 50]);
      const factor = on.zoom.mock.calls.reduce((product, [, , one]) => product * one, 1);
      expect(factor).toBeCloseTo(0.5);
      expect(on.pan.mock.calls.reduce((sum, [dx]) => sum + dx, 0)).toBeCloseTo(0);
      up(2, [70, 50]);
      // The finger that is left neither moves the map nor chooses.
      const panned = on.pan.mock.calls.length;
      move(1, [10, 50]);
      up(1, [10, 50]);
      expect(on.pan.mock.calls.length).toBe(panned);
      expect(on.pick).not.toHaveBeenCalled();
      expect(on.shape).not.toHaveBeenCalled();
      down(3, A, "touch");
      up(3, A);
      expect(on.pick).toHaveBeenCalledOnce();
    },
  );

  it("move the map where both go the same way", () => {
    tool = "click";
    down(1, [40, 50], "touch");
    down(2, [60, 50], "touch");
    move(1, [50, 50]);
    move(2, [70, 50]);
    expect(on.pan.mock.calls.reduce((sum, [dx]) => sum + dx, 0)).toBeCloseTo(10);
  });
});

describe("a map that is scaled, as on a slide", () => {
  const box = (left: number, top: number, width: number, height: number): void => {
    element.getBoundingClientRect = () => ({ left, top, width, height }) as DOMRect;
  };

  it("takes points where the pointer is", () => {
    box(20, 40, 50, 50);
    down(1, [25, 45]);
    move(1, [50, 45], [50, 70]);
    up(1, [50, 70]);
    expect(drawn()).toEqual([A, B, C]);
    const place = { clientX: 45, clientY: 65 };
    element.dispatchEvent(Object.assign(new WheelEvent("wheel", { deltaY: 10 }), place));
    expect(on.zoom.mock.lastCall?.slice(0, 2)).toEqual([50, 50]);
    point("pointermove", 9, [30, 50], { buttons: 0 });
    expect(on.hover).toHaveBeenLastCalledWith(20, 20);
  });

  it("also where it is wider than high, or not there at all", () => {
    box(0, 0, 300, 50);
    expect(within({ clientX: 150, clientY: 25 }, element, 100, 100)).toEqual([50, 50]);
    box(0, 0, 0, 0);
    expect(within({ clientX: 5, clientY: 6 }, element, 100, 100)).toEqual([5, 6]);
  });
});
