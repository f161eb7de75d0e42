// @vitest-environment happy-dom
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { compose as boxes } from "../src/composers/boxes";
import { compose as masks } from "../src/composers/masks";
import { fromText } from "../src/composers/parts/runs";
import { compose as points } from "../src/composers/points";
import { compose as polygons } from "../src/composers/polygons";
import type { LabelClass } from "../src/host/protocol";
import { followPointers } from "../src/items/picture/pointers";
import type { Composed, Composer, Composing } from "../src/questions/registry";

const named = (id: string, more: Partial<LabelClass> = {}): LabelClass =>
  ({
    id,
    name: id,
    guidance: "",
    example: "",
    key: "",
    color: "#0072B2",
    retired: false,
    ...more,
  }) as LabelClass;

class FakeImage {
  naturalWidth = 400;
  naturalHeight = 300;
  src = "";
  decode = async (): Promise<void> => undefined;
}

let end: AbortController;
let said: string[];
let changes: number;

beforeEach(() => {
  vi.useFakeTimers();
  vi.stubGlobal("Image", FakeImage);
  // The picture is as large as the card, in which the image fits without a margin at scale 1.
  vi.stubGlobal(
    "ResizeObserver",
    class {
      constructor(private readonly told: () => void) {}
      observe(element: HTMLElement): void {
        Object.defineProperty(element, "clientWidth", { value: 412 });
        Object.defineProperty(element, "clientHeight", { value: 312 });
        element.setPointerCapture = () => undefined;
        this.told();
      }
      disconnect(): void {}
    },
  );
  vi.spyOn(HTMLCanvasElement.prototype, "getContext").mockImplementation(function (this: HTMLCanvasElement) {
    return { canvas: this } as never; // nothing is painted, as no frame comes
  });
  [end, said, changes] = [new AbortController(), [], 0];
});
afterEach(() => {
  end.abort();
  vi.useRealTimers();
  vi.unstubAllGlobals();
  vi.restoreAllMocks();
});

function composer(make: (on: Composing) => Composer, more: Partial<Composing> = {}): Composer {
  const never = (): Promise<never> => new Promise(() => undefined);
  return make({
    item: { content: { kind: "image", width: 400, height: 300 }, media: ["blob:1"] },
    stage: { signal: end.signal, more: never, gather: never, keys: () => undefined },
    pressItem: () => false,
    classes: [named("cat"), named("dog"), named("old", { retired: true })],
    settings: {},
    changed: () => changes++,
    give: () => undefined,
    say: (words) => said.push(words),
    leave: () => undefined,
    ...more,
  } as Composing);
}

function press(on: Composer, ...keys: string[]): void {
  for (const key of keys) {
    const shift = key.startsWith("^");
    on.press(shift ? key.slice(1) : key, shift);
  }
}

const answer = (on: Composer): Record<string, unknown> => {
  const found = on.read();
  if (typeof found === "string") throw new Error(found);
  return found.answer;
};

/** A pointer that goes down, over some places, and up; places are those of the image. */
function point(on: Composer, places: [number, number][], type = "mouse", id = 1): void {
  const element = on.element?.querySelector(".hitl-picture") as HTMLElement;
  const send = (name: string, [x, y]: [number, number]): void => {
    element.dispatchEvent(
      new PointerEvent(name, {
        bubbles: true,
        pointerId: id,
        pointerType: type,
        button: 0,
        clientX: x + 6,
        clientY: y + 6,
      }),
    );
  };
  send("pointerdown", places[0]);
  for (const place of places.slice(1)) send("pointermove", place);
  send("pointerup", places[places.length - 1]);
}

describe("boxes", () => {
  it("are made, moved, resized, relabelled, removed and brought back by keys", () => {
    const on = composer(boxes);
    expect((on.read() as Composed).blank).toBe(true);
    press(on, "n");
    expect(on.read()).toContain("1 box without a class");
    expect(on.picked()).toEqual([]);
    on.pick(0);
    expect(answer(on)).toEqual({ boxes: [[162.5, 112.5, 75, 75, "cat"]] });
    press(on, "ArrowRight", "ArrowRight", "ArrowDown", "^ArrowRight", " ", "^ArrowUp");
    expect(answer(on)).toEqual({ boxes: [[164.5, 112.5, 76, 76, "cat"]] });
    on.pick(1);
    expect(on.picked()).toEqual([1]);
    press(on, "Delete");
    expect(answer(on)).toEqual({ boxes: [] });
    press(on, "z", "z");
    expect(answer(on)).toEqual({ boxes: [[164.5, 112.5, 76, 76, "cat"]] });
    press(on, "^z");
    expect(answer(on)).toEqual({ boxes: [[164.5, 112.5, 76, 76, "dog"]] });
    press(on, ...Array<string>(500).fill("ArrowLeft"), ...Array<string>(500).fill("ArrowUp"));
    expect(answer(on)).toEqual({ boxes: [[0, 0, 76, 76, "dog"]] });
    press(on, "^z", "z", "z", "z");
    expect(said).toContain("Undone");
    expect(on.press("Enter", false)).toBe(false);
    expect(changes).toBeGreaterThan(5);
  });

  it("moved by the same key are one step of undo", () => {
    const on = composer(boxes);
    press(on, "n");
    on.pick(0);
    press(on, ...Array<string>(30).fill("ArrowRight"), "z");
    expect(answer(on)).toEqual({ boxes: [[162.5, 112.5, 75, 75, "cat"]] });
  });

  it("are drawn, pulled, moved and selected by a pointer", () => {
    for (const type of ["mouse", "touch"]) {
      const on = composer(boxes);
      on.pick(1);
      point(on, [[20, 30], [60, 60], [120, 130]], type); // biome-ignore format: places in one line
      expect(answer(on)).toEqual({ boxes: [[20, 30, 100, 100, "dog"]] });
      point(on, [[120, 130], [130, 150], [140, 170]], type); // biome-ignore format: places in one line
      expect(answer(on)).toEqual({ boxes: [[20, 30, 120, 140, "dog"]] });
      point(on, [[80, 80], [90, 80], [100, 90]], type); // biome-ignore format: places in one line
      expect(answer(on)).toEqual({ boxes: [[40, 40, 120, 140, "dog"]] });
      point(on, [[390, 290]], type);
      expect(on.picked()).toEqual([1]); // armed for the next one
      point(on, [[100, 100]], type);
      press(on, "Delete");
      expect(answer(on)).toEqual({ boxes: [] });
    }
  });

  it("of a drag that a second finger ends leave nothing", () => {
    const on = composer(boxes);
    const element = on.element?.querySelector(".hitl-picture") as HTMLElement;
    const send = (name: string, id: number, x: number, y: number): void => {
      const how = { bubbles: true, pointerId: id, pointerType: "touch", clientX: x, clientY: y };
      element.dispatchEvent(new PointerEvent(name, how));
    };
    send("pointerdown", 1, 20, 20);
    send("pointermove", 1, 80, 80);
    send("pointerdown", 2, 200, 200);
    send("pointermove", 2, 240, 240);
    send("pointerup", 1, 80, 80);
    send("pointerup", 2, 240, 240);
    expect(answer(on)).toEqual({ boxes: [] });
  });

  it("that are suggested are accepted or dismissed before the answer, unless they are verified", () => {
    const suggested = { boxes: [[1, 2, 30, 40, "dog"], [50, 60, 30, 40, "cat"]] }; // biome-ignore format: short
    const on = composer(boxes, { suggested });
    expect(on.read()).toBe("2 suggestions left: press = to accept, or Del to dismiss.");
    press(on, ".", "=");
    expect(on.read()).toContain("1 suggestion left");
    press(on, "Escape", "=");
    expect(answer(on)).toEqual(suggested);
    const other = composer(boxes, { suggested });
    press(other, "Delete");
    expect(answer(other)).toEqual({ boxes: [] });
    const third = composer(boxes, { suggested });
    press(third, ".", "ArrowRight");
    expect(said.at(-1)).toContain("Accept the suggestion");
    third.pick(0);
    press(third, "Escape", ".", ".", "Delete");
    expect(answer(third)).toEqual({ boxes: [[1, 2, 30, 40, "cat"]] });
    expect(answer(composer(boxes, { suggested, verify: true }))).toEqual(suggested);
  });

  it("of an earlier image are named, and can be removed", () => {
    const on = composer(boxes, { answer: { boxes: [[390, 0, 20, 20, "cat"], [1, 1, 9, 9, "dog"]] } }); // biome-ignore format: short
    expect(on.read()).toContain("1 box from an earlier version of the image does not fit it");
    press(on, ".", "Delete");
    expect(answer(on)).toEqual({ boxes: [[1, 1, 9, 9, "dog"]] });
  });

  it("have their only class without a key", () => {
    const on = composer(boxes, { classes: [named("cat"), named("old", { retired: true })] });
    press(on, "n");
    expect(answer(on)).toEqual({ boxes: [[162.5, 112.5, 75, 75, "cat"]] });
  });

  it("leave keys alone that they do not need", () => {
    const on = composer(boxes);
    for (const key of [
      "ArrowUp",
      "ArrowDown",
      "Delete",
      "z",
      "=",
      ".",
      "*",
      "Escape",
      "1",
      "s",
      "[",
      "Enter",
    ])
      expect(on.press(key, false), key).toBe(false);
    expect(on.press("n", true)).toBe(false); // a note
  });

  it("cannot be drawn where there is no image", () => {
    const on = composer(boxes, { item: { content: { kind: "broken", why: "?" }, media: [] } });
    expect(on.element).toBeUndefined();
    expect(on.read()).toContain("cannot be shown");
  });
});

describe("polygons", () => {
  it("are drawn by key, corner by corner, and changed", () => {
    const on = composer(polygons);
    on.pick(0);
    press(on, "n", "n", "ArrowUp", "n", "Backspace", "Enter");
    expect(said.at(-1)).toBe("A polygon has at least three corners.");
    expect(on.read()).toContain("Close the polygon");
    press(on, "n", "ArrowDown", "ArrowDown", "Enter");
    expect(answer(on)).toEqual({ polygons: [[[[200, 150], [237.5, 149], [275, 151]], "cat"]] }); // biome-ignore format: short
    press(on, " ", "^ArrowUp");
    expect(answer(on)).toEqual({ polygons: [[[[200, 150], [237.5, 148], [275, 151]], "cat"]] }); // biome-ignore format: short
    press(on, "Escape", "n", "n", "z", "Escape");
    expect((on.read() as Composed).words).toBe("with 1 polygon");
  });

  it("are drawn by clicks, and closed at the first corner", () => {
    const on = composer(polygons);
    on.pick(1);
    for (const place of [[10, 10], [90, 10], [90, 90], [12, 12]] as [number, number][]) point(on, [place]); // biome-ignore format: short
    expect(answer(on)).toEqual({ polygons: [[[[10, 10], [90, 10], [90, 90]], "dog"]] }); // biome-ignore format: short
    point(on, [[90, 90], [95, 95], [100, 120]]); // biome-ignore format: short
    expect(answer(on)).toEqual({ polygons: [[[[10, 10], [90, 10], [100, 120]], "dog"]] }); // biome-ignore format: short
  });
});

describe("points", () => {
  it("are set by clicks and keys, and moved", () => {
    const on = composer(points);
    on.pick(0);
    point(on, [[10, 20]]);
    point(on, [[100.4, 20]]);
    point(on, [[10, 20], [20, 20], [30, 40]]); // biome-ignore format: short
    press(on, "ArrowLeft", "Escape", "n");
    const found = answer(on).points as unknown[];
    expect(found).toHaveLength(3);
    expect(found).toContainEqual([29, 40, "cat"]);
    expect(found).toContainEqual([200, 150, "cat"]);
  });
});

describe("masks", () => {
  it("are painted and erased by pointer and by keys, each stroke a step of undo", () => {
    const on = composer(masks);
    on.pick(0);
    point(on, [[50, 50], [60, 50], [100, 50]]); // biome-ignore format: short
    const inside = (): number[] =>
      (answer(on).masks as [number[], string, string][]).map(([, text]) =>
        fromText(text).reduce((sum, n, i) => sum + (i % 2 ? n : 0), 0),
      );
    const [first] = inside();
    expect(first).toBeGreaterThan(500);
    press(on, ";");
    point(on, [[75, 30], [75, 40], [75, 70]]); // biome-ignore format: short
    expect(inside()[0]).toBeLessThan(first);
    press(on, "z", ";", "Escape", "Escape");
    expect(inside()).toEqual([first]);
    on.pick(1);
    press(on, "n", " ", "ArrowRight", "ArrowRight", " ", "Escape");
    expect(inside()).toHaveLength(2);
    expect((answer(on).masks as unknown[][])[1][0]).toEqual([300, 400]);
    press(on, "z");
    press(on, "z");
    expect(inside().length).toBeLessThan(3);
  });

  it("that are erased completely are gone, and nothing is erased by chance", () => {
    const on = composer(masks);
    on.pick(0);
    point(on, [[50, 50]]);
    press(on, ";", "]", "]");
    point(on, [[50, 50]]);
    expect(answer(on)).toEqual({ masks: [] });
    point(on, [[50, 50]]);
    expect(said.at(-1)).toContain("Select the mask");
  });

  it("of another size are named", () => {
    const on = composer(masks, { answer: { masks: [[[4, 5], "0d0", "cat"]] } });
    expect(on.read()).toContain("1 mask from an earlier version of the image");
  });
});

it("two fingers zoom around their middle", () => {
  const element = document.createElement("div");
  element.setPointerCapture = () => undefined;
  let scale = 1;
  const pans: number[] = [];
  const on = { pans: () => false, drag: () => null, click: () => pans.push(999), hover: () => undefined };
  followPointers(
    element,
    { ...on, pan: (dx) => pans.push(dx), zoom: (factor) => (scale *= factor) },
    end.signal,
  );
  const send = (name: string, id: number, x: number): void => {
    element.dispatchEvent(
      new PointerEvent(name, { pointerId: id, pointerType: "touch", clientX: x, clientY: 0 }),
    );
  };
  send("pointerdown", 1, 100);
  send("pointerdown", 2, 200);
  send("pointermove", 2, 300);
  send("pointermove", 1, 0);
  send("pointerup", 1, 0);
  send("pointerup", 2, 300);
  expect(scale).toBeCloseTo(3);
  expect(pans.reduce((sum, dx) => sum + dx, 0)).toBeCloseTo(0);
});

describe("a segmenter of the user", () => {
  const kinds = [
    ["boxes", boxes, [20, 30, 40, 50], { boxes: [[20, 30, 40, 50, "cat"]] }],
    [
      "polygons",
      polygons,
      [
        [
          [1, 1],
          [9, 1],
          [5, 8],
        ],
      ],
      {
        polygons: [
          [
            [
              [1, 1],
              [9, 1],
              [5, 8],
            ],
            "cat",
          ],
        ],
      },
    ],
    ["masks", masks, [[300, 400], "0d0"], null],
  ] as const;
  const settings = { segment: true };
  const stage = (more: unknown): Composing["stage"] =>
    ({
      signal: end.signal,
      more,
      gather: () => new Promise(() => undefined),
      keys: () => undefined,
    }) as never;

  it.each(kinds)("suggests %s without blocking, and = accepts", async (_, make, at, expected) => {
    let answer: (found: unknown) => void = () => undefined;
    const more = vi.fn(() => new Promise((done) => (answer = done)));
    const on = composer(make, { settings, stage: stage(more) });
    press(on, "1", "*");
    on.pick(0);
    expect(more).toHaveBeenCalledWith({ what: "segment", x: 200, y: 150 });
    expect(on.element?.textContent).toContain("Segmenting");
    answer({ content: { kind: "segment", at } });
    await settled();
    expect(on.element?.textContent).not.toContain("Segmenting");
    expect(on.read()).toContain("1 suggestion left");
    press(on, "=");
    if (expected) expect(answerOf(on)).toEqual(expected);
    else expect((answerOf(on) as { masks: unknown[] }).masks.length).toBe(1);
  });

  it("is given the selected box, and what it finds takes the place of it", async () => {
    const more = vi.fn(async () => ({ content: { at: [20, 30, 40, 50] } }));
    const on = composer(boxes, {
      settings,
      stage: stage(more),
      answer: { boxes: [[10, 10, 100, 100, "dog"]] },
    });
    press(on, ".", "*");
    expect(more).toHaveBeenCalledWith({ what: "segment", x: 10, y: 10, width: 100, height: 100 });
    await settled();
    expect(on.element?.textContent).not.toContain("Segmenting");
    press(on, "=");
    expect(answerOf(on)).toEqual({ boxes: [[20, 30, 40, 50, "dog"]] });
    press(on, "z");
    expect(on.read()).toContain("1 suggestion left");
  });

  it("that fails says why on the card, and only the last request counts", async () => {
    let late: (found: unknown) => void = () => undefined;
    const replies = [
      new Promise((done) => (late = done)),
      Promise.reject(new Error("The segmenter failed: out of memory.")),
    ];
    const more = vi.fn(() => replies.shift());
    const on = composer(boxes, { settings, stage: stage(more) });
    press(on, "*", "*");
    await settled();
    expect(on.element?.textContent).toContain("The segmenter failed: out of memory.");
    late({ content: { at: [1, 1, 5, 5] } });
    await settled();
    expect(answerOf(on)).toEqual({ boxes: [] });
  });

  it("is not asked where the session has none", () => {
    const more = vi.fn();
    press(composer(boxes, { stage: stage(more) }), "*");
    press(composer(masks, { stage: stage(more) }), "*");
    expect(more).not.toHaveBeenCalled();
  });
});

/** After everything that waits for a reply; no frame comes, so nothing is painted. */
async function settled(): Promise<void> {
  for (let i = 0; i < 10; i++) await Promise.resolve();
}

function answerOf(on: Composer): unknown {
  const found = on.read();
  return typeof found === "string" ? found : found.answer;
}
