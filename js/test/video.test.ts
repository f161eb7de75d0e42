// @vitest-environment happy-dom
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { compose as boxes } from "../src/composers/boxes";
import { compose as ranges } from "../src/composers/ranges";
import type { LabelClass } from "../src/host/protocol";
import type { Stage } from "../src/items/registry";
import { Film, type Video } from "../src/items/video/film";
import { frameAt, middleOf, rateOf, readTimes } from "../src/items/video/frames";
import type { Composer, Composing } from "../src/questions/registry";
import type { Press } from "../src/ui/keys";

const N = 10;
/** Every frame is 0.1 s, except the fourth, which is 0.4 s. */
const TIMES = Array.from({ length: N + 1 }, (_, i) => i / 10 + (i > 3 ? 0.3 : 0));
const content: Video = {
  kind: "video",
  width: 400,
  height: 300,
  seconds: 1,
  rate: 10,
  codec: "mpeg4",
  type: "",
  bytes: 1000,
  large: false,
  version: "",
};
const u32 = (values: readonly number[]): Uint8Array =>
  new Uint8Array(new Uint32Array(values.map((value) => Math.round(value * 10_000))).buffer);

describe("the frames of a video", () => {
  it("have times, which arrive in parts of any length", () => {
    const bytes = u32(TIMES);
    const read = readTimes([bytes.slice(0, 5), bytes.slice(5, 6), bytes.slice(6)]);
    expect([...read]).toEqual(TIMES.map((time) => Math.round(time * 10_000) / 10_000));
  });

  it("are found by time, also if that was rounded to milliseconds", () => {
    expect(TIMES.slice(0, N).map((time) => frameAt(TIMES, time))).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
    expect([-1, 0.0999, 0.05, 0.69, 99].map((time) => frameAt(TIMES, time))).toEqual([0, 1, 0, 3, 9]);
    expect(frameAt([0, 1], 5)).toBe(0);
    expect(TIMES.slice(0, N).map((_, i) => frameAt(TIMES, middleOf(TIMES, i)))).toEqual([...Array(N).keys()]);
    expect(rateOf(TIMES)).toBe(7.69);
  });
});

let end: AbortController;
let asked: Record<string, unknown>[];
let said: string[];
let pressItem: Press;
let share: number;
/** How many bitmaps are not closed. */
let open: number;

beforeEach(() => {
  [end, asked, said, share, open] = [new AbortController(), [], [], 0, 0];
  vi.stubGlobal("createImageBitmap", async () => {
    open++;
    return { width: 400, close: () => open-- };
  });
  vi.stubGlobal("matchMedia", () => ({ matches: true }));
  vi.spyOn(HTMLCanvasElement.prototype, "getContext").mockImplementation(function (this: HTMLCanvasElement) {
    return { canvas: this, drawImage: () => undefined } as never;
  });
});
afterEach(() => {
  end.abort();
  vi.unstubAllGlobals();
  vi.restoreAllMocks();
});

/** A kernel that needs two looks at the file, and whose frame 7 is damaged. */
const stage = (): Stage => ({
  signal: end.signal,
  more: async (ask) => {
    asked.push(ask);
    if (ask.what === "scan") share = Math.min(1, share + 0.5);
    if (ask.index === 7) throw new Error("Frame 7 is damaged and cannot be shown.");
    return { content: { kind: "video", share }, bytes: [new Uint8Array(4)] };
  },
  gather: async () => [u32(TIMES)],
  keys: (press) => {
    pressItem = press;
  },
});

describe("a video that the browser cannot play", () => {
  async function opened(more: Partial<Video> = {}) {
    const shown: unknown[] = [];
    const film = new Film({ ...content, ...more }, stage(), {
      show: (source) => shown.push(source),
      changed: () => undefined,
    });
    await vi.waitFor(() => expect(film.n).toBe(N));
    return { film, shown };
  }

  it("has its frames from the kernel, the last wanted one in the end, and says so", async () => {
    const { film, shown } = await opened();
    expect(film.note).toContain("The browser cannot play this video (mpeg4)");
    expect(asked.filter(({ what }) => what === "scan").length).toBe(2);
    for (const frame of [3, 4, 5, 9]) film.go(frame);
    expect(film.settled).toBe(false);
    await vi.waitFor(() => expect(film.settled).toBe(true));
    expect(asked.at(-1)).toMatchObject({ what: "frame", index: 9, side: 400 });
    expect(asked.filter(({ what }) => what === "frame").length).toBeLessThan(5);
    expect(shown.length).toBeGreaterThan(0);
  });

  it("says which frame is damaged, and goes on", async () => {
    const { film } = await opened();
    film.go(7);
    await vi.waitFor(() => expect(film.trouble).toBe("Frame 7 is damaged and cannot be shown."));
    film.go(8);
    await vi.waitFor(() => expect(film.settled).toBe(true));
    expect(film.trouble).toBe("");
  });

  it("is played in time, up to the end of a part", async () => {
    const { film } = await opened();
    film.rate = 3;
    film.playPart(0.1, 0.65);
    await vi.waitFor(() => expect(film.playing).toBe(false));
    expect(film.time).toBeCloseTo(0.65);
    expect(film.frame).toBe(3);
    film.loop = true;
    film.playPart(0.7, 0.9);
    await new Promise((done) => setTimeout(done, 200));
    expect(film.playing).toBe(true);
    film.pause();
    expect(film.frame).toBeGreaterThanOrEqual(4);
  });

  it("stops where it ends, and knows the frames beside a time", async () => {
    const { film } = await opened();
    film.go(99);
    expect([film.frame, film.time]).toEqual([9, TIMES[9]]);
    film.seek(-3);
    expect([film.frame, film.time]).toEqual([0, 0]);
    expect(film.beside(0.65, 1)).toBe(TIMES[4]);
    expect(film.beside(0.65, -1)).toBe(TIMES[2]);
    expect(film.beside(0, 99)).toBe(TIMES[N]);
    expect(film.beside(TIMES[N] - 0.001, -1), "the end, rounded").toBe(TIMES[N - 1]);
  });

  it("rests on a whole frame after it was paused, and shows none that arrives later", async () => {
    const { film, shown } = await opened({ width: 1600 });
    await vi.waitFor(() => expect(film.settled).toBe(true));
    film.play();
    await vi.waitFor(() => expect(asked.at(-1)).toMatchObject({ what: "frame", side: 640 }));
    const before = shown.length;
    film.pause();
    expect(film.settled).toBe(false);
    await vi.waitFor(() => expect(film.settled).toBe(true));
    expect(asked.at(-1)).toMatchObject({ what: "frame", index: film.frame, side: 1600 });
    expect(shown.length).toBe(before + 1);
  });

  it("goes on from where it is at another speed", async () => {
    const { film } = await opened();
    let now = 0;
    const clock = vi.spyOn(performance, "now").mockImplementation(() => now);
    film.rate = 0.5;
    film.play();
    await vi.waitFor(() => expect(clock).toHaveBeenCalled());
    now = 500;
    await vi.waitFor(() => expect(film.frame).toBe(2));
    clock.mockClear();
    film.rate = 4;
    await vi.waitFor(() => expect(clock.mock.calls.length).toBeGreaterThan(2));
    expect(film.frame).toBe(2);
    now = 600;
    await vi.waitFor(() => expect(film.frame).toBe(3));
  });

  it("closes its last frame with the card", async () => {
    const { film } = await opened();
    await vi.waitFor(() => expect(film.settled).toBe(true));
    expect(open).toBe(1);
    end.abort();
    expect(open).toBe(0);
  });
});

const classes = ["car", "person"].map(
  (id) => ({ id, name: id, color: "#0072b2", retired: false }) as LabelClass,
);

async function composed(make: (on: Composing) => Composer, more: Partial<Composing> = {}) {
  const on = make({
    item: { content, media: [] },
    stage: stage(),
    pressItem: (key: string, shift: boolean) => pressItem(key, shift),
    classes,
    settings: {},
    changed: () => undefined,
    give: () => undefined,
    say: (words: string) => said.push(words),
    leave: () => undefined,
    ...more,
  } as unknown as Composing);
  const line = on.element?.querySelector("[role=slider]");
  await vi.waitFor(() => expect(line?.getAttribute("aria-valuemax")).toBe(String(N - 1)));
  const press = (...keys: string[]): void => {
    for (const key of keys) {
      const [plain, shift] = [key.replace("⇧", ""), key.startsWith("⇧")];
      if (!on.press(plain, shift)) pressItem(plain, shift);
    }
  };
  const answer = (): unknown[][] | string => {
    const found = on.read();
    return typeof found === "string" ? found : (Object.values(found.answer)[0] as unknown[][]);
  };
  return { on, press, answer };
}

describe("boxes on a video", () => {
  const own = { answer: { boxes: [[10, 20, 30, 40, 2, "car"]] } };

  it("are made on the frame that is shown, and carried to the next one", async () => {
    const { on, press, answer } = await composed(boxes);
    on.pick(0);
    press("PageDown", "PageDown", "n", ";", ";");
    const made = answer() as unknown[][];
    expect(made.map((box) => box[4])).toEqual([2, 3, 4]);
    expect(new Set(made.map((box) => String(box.slice(0, 4)))).size).toBe(1);
    expect(made.map((box) => box[5])).toEqual(["car", "car", "car"]);
    press("z", "z");
    expect((answer() as unknown[][]).map((box) => box[4])).toEqual([2]);
  });

  it("are put onto another frame, moved there, and the frames between are filled by their times", async () => {
    const { press, answer } = await composed(boxes, own);
    press(".", "PageDown", "PageDown", "PageDown", ";");
    for (let i = 0; i < 6; i++) press("ArrowRight");
    press(":");
    const made = answer() as number[][];
    expect(made.map((box) => box[4])).toEqual([2, 3, 4, 5]);
    const way = made[3][0] - made[0][0];
    expect(way).toBeGreaterThan(0);
    // Frame 3 starts after 0.1 s of 0.6 s, and frame 4 after 0.5 s.
    expect((made[1][0] - made[0][0]) / way).toBeCloseTo(1 / 6, 1);
    expect((made[2][0] - made[0][0]) / way).toBeCloseTo(5 / 6, 1);
    press("z");
    expect((answer() as unknown[][]).length).toBe(2);
    press("⇧z");
    expect((answer() as unknown[][]).length).toBe(4);
    press(":");
    expect(said.at(-1)).toBe("Select a box first, with . or a click.");
    press(".", ":");
    expect(said.at(-1)).toMatch(/The frame before has a box already|There is no earlier box/);
  });

  it("are walked through by frame, which is then shown", async () => {
    const more = {
      answer: {
        boxes: [
          [1, 1, 5, 5, 8, "car"],
          [1, 1, 5, 5, 0, "person"],
          [9, 1, 5, 5, 8, "car"],
        ],
      },
    };
    const { on, press } = await composed(boxes, more);
    press("PageDown", ".");
    const line = on.element?.querySelector("[role=slider]");
    expect(line?.getAttribute("aria-valuenow")).toBe("8");
    press(",");
    expect(line?.getAttribute("aria-valuenow")).toBe("0");
    expect(said.at(-1)).toContain("person, 1 of 3: frame 0, x 1");
  });

  it("stay selected when they are walked to while it plays", async () => {
    const { on, press } = await composed(boxes, own);
    pressItem(" ", false);
    press(".");
    const line = on.element?.querySelector("[role=slider]");
    expect(line?.getAttribute("aria-valuenow")).toBe("2");
    expect(on.element?.querySelector(".hitl-play")?.getAttribute("aria-label")).toBe("Play");
    expect(on.picked()).toEqual([0]);
    pressItem(" ", false);
    press(",");
    expect(on.picked(), "on the frame that is shown already").toEqual([0]);
    expect(on.element?.querySelector(".hitl-play")?.getAttribute("aria-label")).toBe("Play");
  });

  it("on frames that are not there any more are pointed out", async () => {
    const { answer } = await composed(boxes, { answer: { boxes: [[1, 1, 5, 5, 99, "car"]] } });
    expect(answer()).toContain("from an earlier version of the video does not fit it");
  });

  it("need something to be carried, and a next frame", async () => {
    const { press } = await composed(boxes, own);
    press(";");
    expect(said.at(-1)).toBe("Select a box first, with . or a click.");
    press(".", "PageDown", "Escape", ";");
    expect(said.at(-1)).toBe("Select a box first, with . or a click.");
    press("End", ".", ";", ";", ";", ";", ";", ";", ";", ";");
    expect(said.at(-1)).toBe("This is the last frame.");
  });
});

describe("ranges of a video", () => {
  it("start and end with frames", async () => {
    const { on, press, answer } = await composed(ranges);
    press("PageDown", "-", "PageDown", "PageDown", "-");
    on.pick(1);
    expect(answer()).toEqual([[0.1, 0.3, "person"]]);
    press("ArrowRight");
    expect(answer()).toEqual([[0.1, 0.7, "person"]]);
    press("Home", "ArrowLeft");
    expect(answer()).toEqual([[0, 0.7, "person"]]);
  });
});
