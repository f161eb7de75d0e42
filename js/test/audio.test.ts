// @vitest-environment happy-dom
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { Player } from "../src/items/audio/player";
import { clock, decodePeaks, outline, peaksOf, spokenTime } from "../src/items/audio/wave";
import "./viewers";
import { renderGlimpse, renderItem, type Stage, spokenItem } from "../src/items/index";
import type { Press } from "../src/ui/keys";

/** As a browser plays: what a test says happens. */
class FakeAudio extends EventTarget {
  static made: FakeAudio[] = [];
  static broken = (_: string): boolean => false;
  static refuse: Error | null = null;
  currentTime = 0;
  duration = 10;
  playbackRate = 1;
  preload = "";
  paused = true;

  constructor(readonly src: string) {
    super();
    FakeAudio.made.push(this);
    setTimeout(() => this.dispatchEvent(new Event(FakeAudio.broken(src) ? "error" : "loadedmetadata")));
  }
  async play(): Promise<void> {
    if (FakeAudio.refuse) throw FakeAudio.refuse;
    this.paused = false;
  }
  pause(): void {
    this.paused = true;
  }
  load(): void {}
  removeAttribute(): void {}
}

let end: AbortController;
let asked: Record<string, unknown>[];
let press: Press;
let peaks: Int16Array[];
let stage: Stage;
const types: string[] = [];

/** Time passes as far as it is told, however slow the machine is. */
const soon = async (ms = 120): Promise<void> => void (await vi.advanceTimersByTimeAsync(ms));
const last = (): FakeAudio => FakeAudio.made[FakeAudio.made.length - 1];
const sounding = (): FakeAudio[] => FakeAudio.made.filter((audio) => !audio.paused);

beforeEach(() => {
  vi.useFakeTimers();
  end = new AbortController();
  asked = [];
  peaks = [];
  types.length = 0;
  FakeAudio.made = [];
  FakeAudio.broken = () => false;
  FakeAudio.refuse = null;
  vi.stubGlobal("Audio", FakeAudio);
  vi.stubGlobal("matchMedia", () => ({ matches: true }));
  vi.spyOn(URL, "createObjectURL").mockImplementation((blob) => {
    types.push((blob as Blob).type);
    return `blob:${types.length}`;
  });
  vi.spyOn(URL, "revokeObjectURL").mockImplementation(() => undefined);
  stage = {
    signal: end.signal,
    gather: async (ask, heard, signal) => {
      asked.push(ask);
      heard?.(1, 2);
      await new Promise((done) => setTimeout(done, 1));
      signal?.throwIfAborted();
      return [new Uint8Array(4)];
    },
    more: async (ask) => {
      asked.push(ask);
      const found = peaks.shift() ?? new Int16Array();
      return { content: { kind: "audio" }, bytes: [new Uint8Array(found.buffer)] };
    },
    keys: (heard) => {
      press = heard;
    },
  };
});
afterEach(() => {
  end.abort();
  vi.useRealTimers();
  vi.restoreAllMocks();
  vi.unstubAllGlobals();
});

const base64 = (values: number[]): string =>
  btoa(String.fromCharCode(...new Uint8Array(Int16Array.from(values).buffer)));
const content = (more: object = {}) => ({
  kind: "audio",
  seconds: 25,
  rate: 44_100,
  channels: 2,
  peaks: base64([-32_767, 32_767, 0, 16_384]),
  bins: 2,
  clip: 10,
  raw: "",
  version: "v",
  bytes: 10_000_000,
  ...more,
});
const player = (more: object = {}) => {
  const changed = vi.fn();
  return { sound: new Player(content(more) as never, stage, changed), changed };
};

describe("the wave", () => {
  it("is the outline of the peaks, as tall as the loudest", () => {
    expect(outline(decodePeaks(base64([-16_384, 8_192, 0, 16_384])))).toBe(
      "M0.5 -0.500L1.5 -1.000L1.5 0.000L0.5 1.000Z",
    );
  });

  it("of a quiet recording is tall, of one that nobody hears flat", () => {
    expect(outline(Int16Array.of(0, 600))).toContain("-1.000");
    expect(outline(Int16Array.of(0, 3))).toContain("-0.009");
    expect(outline(new Int16Array())).toBe("");
  });

  it("is read from bytes at any offset", () => {
    const bytes = new Uint8Array([9, 1, 0, 255, 255]);
    expect([...peaksOf(bytes.subarray(1))]).toEqual([1, -1]);
  });
});

describe("a time", () => {
  it.each([
    [0, "0:00"],
    [59.999, "0:59"],
    [83.4, "1:23"],
    [3599.5, "59:59"],
    [3600, "1:00:00"],
    [36_061, "10:01:01"],
  ])("of %d s is written %s", (seconds, words) => expect(clock(seconds)).toBe(words));

  it("of a short recording has tenths", () => {
    expect([clock(0.96, 1), clock(1.05, 1), clock(12, 1), clock(61.057, 2)]).toEqual([
      "0:00.9",
      "0:01.0",
      "0:12.0",
      "1:01.05",
    ]);
  });

  it.each([
    [0, "0 seconds"],
    [0.52, "0.5 seconds"],
    [1, "1 second"],
    [61, "1 minute 1 second"],
    [3600, "1 hour"],
    [7384, "2 hours 3 minutes"],
  ])("of %d s is said %s", (seconds, words) => expect(spokenTime(seconds)).toBe(words));
});

describe("a sound", () => {
  it("is asked for when somebody wants to hear it, and played from there", async () => {
    const { sound } = player();
    sound.seek(13);
    await soon();
    expect([asked, FakeAudio.made]).toEqual([[], []]);
    sound.rate = 1.5;
    sound.play();
    expect([sound.playing, sound.loading]).toEqual([true, 0]);
    await soon();
    expect(asked).toEqual([{ what: "sound", clip: 1, version: "v" }]);
    expect([last().currentTime, last().paused, last().playbackRate]).toEqual([3, false, 1.5]);
    last().currentTime = 4;
    expect([sound.time, sound.loading]).toEqual([14, null]);
  });

  it("goes on with the next clip, which is there by then, and ends with the last", async () => {
    const { sound } = player();
    sound.play();
    await soon();
    last().dispatchEvent(new Event("timeupdate"));
    await soon();
    expect(asked.map(({ clip }) => clip)).toEqual([0, 1]);
    const [first] = FakeAudio.made;
    first.currentTime = 10;
    first.dispatchEvent(new Event("ended"));
    await soon();
    expect([FakeAudio.made.length, last().paused, sound.time]).toEqual([2, false, 10]);
    sound.seek(22);
    await soon();
    last().dispatchEvent(new Event("ended"));
    expect([sound.playing, sound.time]).toEqual([false, 25]);
    sound.play();
    await soon();
    expect([sound.playing, sound.time]).toEqual([true, 0]);
  });

  it("of a place that is left again is not asked for", async () => {
    const { sound } = player({ seconds: 1_000 });
    sound.play();
    for (const time of [100, 200, 300, 400]) sound.seek(time);
    await soon(200);
    expect(asked.map(({ clip }) => clip)).toEqual([40]);
    expect(sounding()).toHaveLength(1);
  });

  it("that was paused on its way does not start", async () => {
    const { sound } = player();
    sound.play();
    await soon(85);
    sound.pause();
    await soon();
    expect([sound.playing, sounding()]).toEqual([false, []]);
  });

  it("stops when the card shows something else", async () => {
    const { sound } = player();
    sound.play();
    await soon();
    expect(sounding()).toHaveLength(1);
    end.abort();
    await soon();
    expect([sound.playing, sounding()]).toEqual([false, []]);
    expect(URL.revokeObjectURL).toHaveBeenCalledTimes(1);
  });

  it("is played as it is in its file, or as samples where the browser does not know the format", async () => {
    const { sound } = player({ raw: "audio/flac" });
    FakeAudio.broken = (src) => src === "blob:1";
    sound.seek(13);
    sound.play();
    await soon(200);
    expect(types).toEqual(["audio/flac", "audio/wav"]);
    expect(asked).toEqual([
      { what: "sound", raw: true, version: "v" },
      { what: "sound", clip: 1, version: "v" },
    ]);
    expect([sound.time, sound.trouble, sounding().length]).toEqual([13, "", 1]);
  });

  it("that cannot be had or played says why", async () => {
    const { sound } = player();
    FakeAudio.broken = () => true;
    sound.play();
    await soon(200);
    expect([sound.playing, sound.trouble]).toEqual([false, "The browser cannot play this sound."]);
    FakeAudio.broken = () => false;
    FakeAudio.refuse = Object.assign(new Error("no"), { name: "NotAllowedError" });
    sound.play();
    await soon(200);
    expect(sound.trouble).toContain("press play again");
    FakeAudio.refuse = null;
    sound.play();
    await soon(200);
    expect([sound.playing, sound.trouble]).toEqual([true, ""]);
  });

  it("keeps few clips, the one that plays among them", async () => {
    const { sound } = player({ seconds: 1_000 });
    sound.play();
    for (const time of [0, 100, 200, 300, 400]) {
      sound.seek(time);
      await soon(150);
    }
    expect(asked.map(({ clip }) => clip)).toEqual([0, 10, 20, 30, 40]);
    expect(URL.revokeObjectURL).toHaveBeenCalledTimes(2);
    expect(sounding()).toHaveLength(1);
  });
});

describe("a recording on the card", () => {
  const on = (more: object = {}): HTMLElement => {
    const made = renderItem({ content: content(more) as never, media: [] }, stage);
    document.body.replaceChildren(made);
    return made;
  };
  const slider = (): HTMLElement => document.querySelector("[role=slider]") as HTMLElement;
  const now = (): number => Number(slider().getAttribute("aria-valuenow"));
  const text = (name: string): string => document.querySelector(`.hitl-audio-${name}`)?.textContent ?? "";

  it("plays, pauses and jumps by keys, and leaves other keys alone", async () => {
    on();
    expect([press("ArrowRight", false), now()]).toEqual(["again", 1]);
    press("ArrowRight", true);
    press("ArrowLeft", false);
    expect([now(), text("time")]).toEqual([6, "0:06.0 / 0:25.0"]);
    press("End", false);
    expect(now()).toBe(25);
    press("Home", false);
    slider().dispatchEvent(new KeyboardEvent("keydown", { key: "ArrowUp", cancelable: true }));
    slider().dispatchEvent(new KeyboardEvent("keydown", { key: "ArrowUp", ctrlKey: true }));
    expect(now()).toBe(1);
    expect([press("a", false), press("1", false), press("Enter", false)]).toEqual([false, false, false]);
    press(" ", false);
    expect(document.querySelector("[aria-label=Pause]")).not.toBeNull();
    await soon();
    expect(sounding()).toHaveLength(1);
    press(" ", false);
    expect(sounding()).toHaveLength(0);
    expect(document.querySelector("[aria-label=Play]")).not.toBeNull();
  });

  it("is as fast as the one before it", () => {
    on();
    press(".", false);
    on();
    expect(document.querySelector(".hitl-pace")?.textContent).toContain("1.25×");
    press(",", false);
    press(",", false);
    expect(document.querySelector(".hitl-pace")?.textContent).toContain("0.75×");
    document.querySelector<HTMLElement>(".hitl-pace button:nth-child(2)")?.click();
    expect(document.querySelector(".hitl-pace")?.textContent).toContain("1×");
  });

  it("has buttons that say what they do and by which key, and a slider that says where it is", () => {
    on({ seconds: 4000, channels: 1 });
    const labels = [...document.querySelectorAll("button")].map((one) => [
      one.getAttribute("aria-label"),
      one.title,
    ]);
    expect(labels).toEqual([
      ["Play", "Play (Space)"],
      ["Back 5 seconds", "Back 5 seconds (←)"],
      ["Forward 5 seconds", "Forward 5 seconds (→)"],
      ["Slower", "Slower (,)"],
      ["Speed 1. Reset to normal speed", "Reset to normal speed"],
      ["Faster", "Faster (.)"],
    ]);
    expect([slider().getAttribute("aria-valuemax"), slider().tabIndex]).toEqual(["4000.0", 0]);
    expect(slider().getAttribute("aria-valuetext")).toBe("0 seconds of 1 hour 6 minutes");
    expect(text("status")).toBe("44.1 kHz · mono");
  });

  it("asks for the peaks that it lacks, and shows how far they are", async () => {
    peaks = [Int16Array.of(0, 1, 0, 1), Int16Array.of(0, 32_767)];
    on({ bins: 5 });
    expect(text("status")).toBe("Reading the recording: 40 %");
    await soon();
    expect(asked).toEqual([
      { what: "peaks", from: 2, version: "v" },
      { what: "peaks", from: 4, version: "v" },
    ]);
    expect(text("status")).toBe("44.1 kHz · stereo");
    expect(document.querySelector(".hitl-wave-played path")?.getAttribute("d")).toContain("4.5 -1.000");
  });

  it("is not read on for ever where the kernel has no more", async () => {
    on({ bins: 5 });
    await soon();
    expect(asked).toHaveLength(1);
    expect(text("status")).toContain("no more");
  });

  it("is made ready where it is small, unless it is passed by", async () => {
    on({ bytes: 1_000 });
    await soon(400);
    expect(asked).toHaveLength(1);
    on({ bytes: 1_000 });
    end.abort();
    await soon(400);
    expect(asked).toHaveLength(1);
    expect(sounding()).toEqual([]);
  });

  it("is a small wave in a list, and words for those who hear it", () => {
    const glimpse = renderGlimpse({ content: content({ seconds: 3 }) as never, media: [] });
    expect([glimpse.textContent, glimpse.querySelectorAll("path").length]).toEqual(["0:03.0", 1]);
    expect(spokenItem({ content: content() as never, media: [] }, 1_233)).toBe("recording 1,234, 25 seconds");
  });
});
