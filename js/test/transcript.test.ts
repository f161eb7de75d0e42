// @vitest-environment happy-dom
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { compose as composeBoxes } from "../src/composers/boxes";
import { cutAt, spread } from "../src/composers/parts/spread";
import { compose } from "../src/composers/transcript";
import type { LabelClass } from "../src/host/protocol";
import "./viewers";
import { renderItem } from "../src/items/index";
import type { Composed, Composer, Composing } from "../src/questions/registry";
import type { Press } from "../src/ui/keys";

const pieces = (...ends: [number, number][]) => ends.map(([start, end]) => ({ start, end }));

describe("a draft without times", () => {
  it("goes line by line if there are as many lines as pieces", () => {
    expect(spread("Yes.\n\nNo, not today.", pieces([0, 9], [10, 11]))).toEqual(["Yes.", "No, not today."]);
  });

  it("goes by time between words, and at the ends of sentences where they are near", () => {
    const text = "Good morning. My parcel is late today. Which order is it?";
    expect(spread(text, pieces([0, 1.2], [2, 4.2], [5, 6.8]))).toEqual([
      "Good morning.",
      "My parcel is late today.",
      "Which order is it?",
    ]);
    expect(spread("one two three four", pieces([0, 1], [1, 2]))).toEqual(["one two", "three four"]);
  });

  it("loses no word and repeats none, however the pieces lie", () => {
    for (const n of [1, 2, 3, 7, 40]) {
      const ends = Array.from({ length: n }, (_, i) => [i, i + 0.1 + ((i * 7) % 5) / 5] as [number, number]);
      for (const text of ["", "one", "a b c d e. f g! h i j k", "word ".repeat(60)]) {
        const parts = spread(text, pieces(...ends));
        expect(parts.length).toBe(n);
        expect(parts.join(" ").split(/\s+/).filter(Boolean)).toEqual(text.split(/\s+/).filter(Boolean));
      }
    }
  });

  it("is cut at the cursor, and at the playhead if that is within", () => {
    const at = { start: 2, end: 6 };
    expect(cutAt(at, "one two four six", 8, 0)).toEqual([
      [{ start: 2, end: 4 }, "one two"],
      [{ start: 4, end: 6 }, "four six"],
    ]);
    expect(cutAt(at, "one two", 4, 5.25)?.[1]).toEqual([{ start: 5.25, end: 6 }, "two"]);
    expect(cutAt(at, "one two", 0, 5)?.map(([, text]) => text)).toEqual(["", "one two"]);
    expect(cutAt(at, "one two", 0, 9)).toBeNull();
    expect(cutAt({ start: 2, end: 2.05 }, "a b", 1, 0)).toBeNull();
  });
});

/** As a browser plays: the position is where it was put. */
class FakeAudio extends EventTarget {
  currentTime = 0;
  duration = 10;
  constructor() {
    super();
    setTimeout(() => this.dispatchEvent(new Event("loadedmetadata")));
  }
  async play(): Promise<void> {}
  pause(): void {}
}

const classes = ["Ann", "Bob"].map(
  (name, i) => ({ id: name, name, key: `${i + 1}`, color: "#0072b2", retired: false }) as LabelClass,
);
const settings = { transcribe: true, overlap: true, pause: 0.4, shortest: 0.3, longest: 15 };
const audio = {
  kind: "audio",
  seconds: 10,
  rate: 8000,
  channels: 1,
  peaks: "",
  bins: 0,
  bytes: 1e9,
  version: "v",
};
const found: [number, number][] = [
  [0.5, 2],
  [3, 5],
  [6, 9],
];

let said: string[];
let given: number;
let made: Composer;
let end: AbortController;

beforeEach(() => {
  [said, given, end] = [[], 0, new AbortController()];
  vi.stubGlobal("Audio", FakeAudio);
  vi.stubGlobal("matchMedia", () => ({ matches: true }));
  vi.stubGlobal(
    "ResizeObserver",
    class {
      observe(): void {}
      disconnect(): void {}
    },
  );
});
afterEach(() => {
  end.abort();
  vi.unstubAllGlobals();
  document.body.replaceChildren();
});

let pressItem: Press = () => false;

/** Whether the recording has been heard to its end. */
let heard: Promise<void> = Promise.resolve();

function opened(more: Partial<Composing> = {}, segments: [number, number][] | Error = found): Composer {
  let asked = 0;
  made = (more.item ? composeBoxes : compose)({
    item: { content: audio as never, media: [] },
    stage: {
      signal: end.signal,
      more: async (ask) => {
        if (ask.what !== "segments") return new Promise(() => undefined);
        if (segments instanceof Error) throw segments;
        asked++;
        if (asked > 1) await heard;
        const known = asked < 2 ? { known: 1, of: 4 } : { known: 4, of: 4, segments };
        return { content: { kind: "audio", ...known } as never, bytes: [] };
      },
      gather: () => new Promise(() => undefined),
      keys: (press) => {
        pressItem = press;
      },
    },
    pressItem: (key, shift) => pressItem(key, shift),
    classes,
    settings,
    changed: vi.fn(),
    give: () => given++,
    say: (words) => said.push(words),
    leave: () => (document.activeElement as HTMLElement | null)?.blur(),
    render: renderItem,
    chance: 0,
    ...more,
  });
  document.body.replaceChildren(...[made.element, made.fields].filter((one) => one !== undefined));
  return made;
}

const rows = () => [...document.querySelectorAll<HTMLElement>(".hitl-script-line")];
const shown = () =>
  rows().map((row) => {
    const who = row.querySelector(".hitl-script-who")?.textContent;
    const field = row.querySelector("textarea");
    const text = field ? field.value : row.querySelector(".hitl-script-text")?.textContent;
    return `${row.classList.contains("hitl-idea") ? "?" : ""}${who}: ${text}`;
  });
const field = (): HTMLTextAreaElement => document.querySelector("textarea") as HTMLTextAreaElement;
const listened = () => vi.waitFor(() => expect(rows().length).toBeGreaterThan(0));
const read = (): unknown => {
  const now = made.read();
  return typeof now === "string" ? now : (now as Composed).answer.transcript;
};

function write(text: string): void {
  field().value = text;
  field().dispatchEvent(new Event("input"));
}

/** Presses keys in the field: "Alt+KeyS", "Enter". */
function press(...keys: string[]): void {
  for (const key of keys) {
    const parts = key.split("+");
    const code = parts.at(-1) as string;
    const init = {
      key: code,
      code,
      altKey: parts.includes("Alt"),
      shiftKey: parts.includes("Shift"),
      ctrlKey: parts.includes("Ctrl"),
      bubbles: true,
      cancelable: true,
    };
    field().dispatchEvent(new KeyboardEvent("keydown", init));
  }
}

describe("a transcript", () => {
  it("starts with the pieces between pauses, and is typed from one to the next", async () => {
    let whole = (): void => undefined;
    heard = new Promise((resolve) => {
      whole = resolve;
    });
    opened();
    expect(read()).toBe("The recording is still being searched for pauses.");
    await vi.waitFor(() => expect(document.body.textContent).toContain("Looking for pauses: 25 %"));
    whole();
    await listened();
    expect(shown()).toEqual(["??: no text yet", "??: no text yet", "??: no text yet"]);
    expect(read()).toMatch("3 segments without a text");
    made.focus?.();
    expect(document.activeElement).toBe(field());
    write("Hello");
    press("Alt+KeyP", "Enter");
    expect(shown()).toEqual(["Ann: Hello", "??: ", "??: no text yet"]);
    write("Hi");
    press("Alt+KeyP", "Alt+KeyP", "Enter");
    expect(shown()).toEqual(["Ann: Hello", "Bob: Hi", "??: "]);
    press("Ctrl+Enter");
    expect(given).toBe(1);
    expect(read()).toMatch("1 segment without a text");
    press("Alt+Delete");
    expect(read()).toEqual([
      [0.5, 2, "Hello", "Ann"],
      [3, 5, "Hi", "Bob"],
    ]);
  });

  it("takes a draft without times apart, and keeps it suggested until it is accepted", async () => {
    const words = "Good day sir. What is it that you want? It is my parcel, it never came.";
    opened({ suggested: { transcript: [[0, 0, words, ""]] } });
    await listened();
    expect(shown()).toEqual([
      "??: Good day sir.",
      "??: What is it that you want?",
      "??: It is my parcel, it never came.",
    ]);
    expect(read()).toMatch("3 suggestions left");
    made.focus?.();
    press("Enter");
    write("What do you want?");
    expect(document.querySelector(".hitl-diff del")).not.toBeNull();
    made.press("Escape", false);
    made.press("=", false);
    expect(read()).toEqual([
      [0.5, 2, "Good day sir.", ""],
      [3, 5, "What do you want?", ""],
      [6, 9, "It is my parcel, it never came.", ""],
    ]);
    expect((made.read() as Composed).words).toBe("with 3 segments, 3 without a speaker");
    expect(rows()[1].classList).toContain("hitl-edited");
  });

  it("with times is not searched for pauses, is relabelled, removed, split, merged and undone", () => {
    opened({
      suggested: {
        transcript: [
          [1, 3, "one two", "Ann"],
          [4, 6, "three four", ""],
        ],
      },
    });
    made.focus?.();
    press("Enter");
    field().setSelectionRange(5, 5);
    press("Alt+KeyS");
    expect(shown()).toEqual(["Ann: one two", "?: three", "?: four"]);
    press("Alt+ArrowUp");
    made.pick(1);
    expect(shown()[1]).toBe("Bob: three");
    press("Alt+KeyM");
    expect(read()).toEqual([
      [1, 3, "one two", "Ann"],
      [4, 6, "three four", "Bob"],
    ]);
    press("Alt+KeyM");
    expect(document.body.textContent).toContain("There is no segment after this one");
    press("Alt+KeyZ", "Alt+KeyZ", "Alt+KeyZ");
    expect(shown()).toEqual(["Ann: one two", "??: three four"]);
    press("Alt+Shift+KeyZ");
    expect(shown()).toEqual(["Ann: one two", "?: three", "?: four"]);
  });

  it("of an hour is made in parts, in order", async () => {
    const long = Array.from({ length: 200 }, (_, i) => [i / 32, (i + 1) / 32, `text ${i}`, ""]);
    opened({ answer: { transcript: long } });
    expect(rows().length).toBeLessThan(200);
    made.press(",", false);
    expect(shown().at(-1)).toBe("?: text 199");
    await vi.waitFor(() => expect(rows().length).toBe(200));
    expect(shown()).toEqual(long.map(([, , text]) => `?: ${text}`));
    expect(read()).toEqual(long);
  });

  it("has edges that move to the playhead, and by steps", () => {
    opened({ answer: { transcript: [[1, 3, "one", ""]] } });
    made.focus?.();
    expect(document.activeElement).not.toBe(field());
    made.press(".", false);
    made.press("Enter", false);
    press("Alt+ArrowRight", "Alt+BracketRight");
    expect(read()).toEqual([[1, 3, "one", ""]]);
    press("Alt+ArrowRight", "Alt+BracketRight");
    expect(read()).toEqual([[1, 5, "one", ""]]);
    press("Alt+Shift+ArrowLeft", "Alt+Shift+ArrowLeft");
    expect(read()).toEqual([[1, 4.96, "one", ""]]);
  });

  it("keeps what was begun, with the suggestions that are left", async () => {
    opened();
    expect(made.draft?.()).toEqual({ transcript: [], rest: null });
    await listened();
    made.focus?.();
    write("Hello");
    const begun = made.draft?.() as Record<string, unknown>;
    expect(begun.rest).toEqual([
      [3, 5, "", ""],
      [6, 9, "", ""],
    ]);
    opened({ answer: begun });
    expect(shown()).toEqual(["?: Hello", "??: no text yet", "??: no text yet"]);
    made.press("Delete", true);
    expect(read()).toEqual([[0.5, 2, "Hello", ""]]);
    expect(said.at(-1)).toBe("2 segments removed");
  });

  it("is corrected: the draft is the answer, and its pauses are looked for if it has no times", async () => {
    const suggested = { transcript: [[0, 0, "Good day. What is it?", ""]] };
    opened({ answer: suggested, suggested }, [found[0], found[1]]);
    await listened();
    expect(shown()).toEqual(["??: Good day.", "??: What is it?"]);
    const timed = { transcript: [[1, 3, "Good day.", "Ann"]] };
    opened({ answer: timed, suggested: timed });
    expect(read()).toEqual([[1, 3, "Good day.", "Ann"]]);
  });

  it("says why no pauses were found, and a draft is then about all of it", async () => {
    opened({ suggested: { transcript: [[0, 0, "Good day.", ""]] } }, new Error("The file is damaged."));
    await listened();
    expect(shown()).toEqual(["??: Good day."]);
    opened({}, new Error("The file is damaged."));
    await vi.waitFor(() => expect(document.body.textContent).toContain("The file is damaged."));
    expect(read()).toEqual([]);
    opened({}, []);
    await vi.waitFor(() => expect(document.body.textContent).toContain("Nothing is heard."));
    made.press("-", false);
    made.press(" ", false);
    expect(read()).toMatch("The new segment has no end");
  });
});

describe("boxes with texts", () => {
  const image = { kind: "image", width: 100, height: 80 };
  const drafts = {
    boxes: [
      [1, 1, 30, 10, "Tota1", "Ann"],
      [1, 20, 30, 10, "12.50", "Bob"],
    ],
  };

  it("are typed one after the other, and keep their drafts suggested", () => {
    const item = { content: image as never, media: [] };
    opened({ item, suggested: drafts, settings: { transcribe: true } });
    expect(shown()).toEqual(["?Ann: Tota1", "?Bob: 12.50"]);
    expect(made.read()).toMatch("2 suggestions left");
    made.press(".", false);
    made.press("Enter", false);
    expect(document.activeElement).toBe(field());
    write("Total");
    expect(document.querySelector(".hitl-diff ins")).not.toBeNull();
    press("Enter", "Enter");
    expect((made.read() as Composed).answer.boxes).toEqual([
      [1, 1, 30, 10, "Total", "Ann"],
      [1, 20, 30, 10, "12.50", "Bob"],
    ]);
    press("Alt+ArrowUp", "Alt+KeyP");
    expect(shown()).toEqual(["Bob: Total", "Bob: 12.50"]);
  });

  it("of earlier answers without texts, and of questions without texts, are as before", () => {
    const item = { content: image as never, media: [] };
    opened({ item, answer: { boxes: [[1, 1, 30, 10, "Ann"]] }, settings: { transcribe: true } });
    expect(shown()).toEqual(["Ann: no text yet"]);
    expect((made.read() as Composed).answer.boxes).toEqual([[1, 1, 30, 10, "", "Ann"]]);
    opened({ item, answer: { boxes: [[1, 1, 30, 10, "Ann"]] }, settings: {} });
    expect(rows()).toEqual([]);
    expect((made.read() as Composed).answer.boxes).toEqual([[1, 1, 30, 10, "Ann"]]);
  });
});
