// @vitest-environment happy-dom
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { compose as composeNumber } from "../src/composers/number";
import { Timeline } from "../src/composers/parts/timeline";
import { occurrences, snapped, wordFrom } from "../src/composers/parts/words";
import { compose as composeSpans } from "../src/composers/spans";
import { compose as composeText } from "../src/composers/text";
import type { LabelClass } from "../src/host/protocol";
import type { Composed, Composer, Composing } from "../src/questions/registry";
import { Offsets } from "../src/ui/offsets";
import { compositions } from "../src/widgets/labeler/composing";
import { seeded } from "./fakes";

beforeEach(() => {
  vi.stubGlobal(
    "ResizeObserver",
    class {
      observe(): void {}
      disconnect(): void {}
    },
  );
});
afterEach(() => {
  vi.unstubAllGlobals();
  document.body.replaceChildren();
});

const CLASSES: LabelClass[] = ["person", "place"].map((name, i) => ({
  id: name,
  name,
  key: String(i + 1),
  color: "#0072b2",
  guidance: "",
  example: "",
  retired: false,
}));

function composing(text: string, more: Partial<Composing> = {}): Composing & { heard: string[] } {
  const heard: string[] = [];
  const end = new AbortController();
  return {
    item: { content: { kind: "text", text }, media: [] },
    stage: {
      signal: end.signal,
      keys: () => undefined,
      more: () => Promise.reject(new Error("no kernel")),
      gather: () => Promise.reject(new Error("no kernel")),
    },
    pressItem: () => false,
    render: () => document.createElement("div"),
    chance: 0.5,
    classes: CLASSES,
    settings: {},
    changed: () => undefined,
    give: () => heard.push("given"),
    say: (words) => heard.push(words),
    leave: () => undefined,
    heard,
    ...more,
  };
}

const read = (composer: Composer): Composed => {
  const found = composer.read();
  if (typeof found === "string") throw new Error(found);
  return found;
};
const press = (composer: Composer, ...keys: string[]): void => {
  for (const key of keys) composer.press(key.replace("⇧", ""), key.startsWith("⇧"));
};
const spansOf = (composer: Composer): unknown => read(composer).answer.spans;

describe("positions", () => {
  test("are code points and back, also when a text comes in parts", () => {
    const random = seeded(3);
    for (let run = 0; run < 200; run++) {
      const parts = Array.from({ length: 4 }, () =>
        Array.from(
          { length: Math.floor(random() * 6) },
          () => ["a", "ß", "李", "😀", "👩‍🔬", " "][Math.floor(random() * 6)],
        ).join(""),
      );
      const text = parts.join("");
      const offsets = new Offsets("");
      let at = 0;
      for (const part of parts) {
        offsets.extend(part, at);
        at += part.length;
      }
      let position = 0;
      [...text].forEach((character, points) => {
        expect(offsets.points(position)).toBe(points);
        expect(offsets.position(points)).toBe(position);
        position += character.length;
      });
      expect(offsets.position([...text].length)).toBe(text.length);
    }
  });
});

describe("words", () => {
  test.each([
    ["Ada Lovelace lived", 5, 9, "Lovelace"],
    ["  Ada , ", 0, 8, "Ada ,"],
    ["नमस्ते दुनिया", 1, 3, "नमस्ते"],
    ["مرحبا بالعالم", 1, 2, "مرحبا"],
    ["don’t go", 1, 2, "don’t"],
    ["😀😀 Ada", 5, 6, "Ada"],
  ])("of %j are taken whole", (text, start, end, expected) => {
    const found = snapped(text, { start, end });
    expect(found && text.slice(found.start, found.end)).toBe(expected);
  });

  test("white space alone is nothing", () => expect(snapped("a   b", { start: 1, end: 4 })).toBeNull());

  test("follow each other to both ends, also in a long text", () => {
    const words = Array.from({ length: 400 }, (_, i) => `word${i}`);
    const text = words.join(", ");
    const found: string[] = [];
    for (let at = 0, word = wordFrom(text, at, true); word; at = word.end, word = wordFrom(text, at, true))
      found.push(text.slice(word.start, word.end));
    expect(found).toEqual(words);
    const back: string[] = [];
    for (let word = wordFrom(text, text.length, false); word; word = wordFrom(text, word.start, false))
      back.push(text.slice(word.start, word.end));
    expect(back.reverse()).toEqual(words);
    expect(wordFrom("... !!", 0, true)).toBeNull();
  });

  test("occur as a whole, and not within others", () => {
    const found = occurrences("Ann met Anna and Ann.", "Ann", 10);
    expect(found.map(({ start }) => start)).toEqual([0, 17]);
    expect(occurrences("aaaa", "a", 2)).toEqual([]);
  });
});

test("a timeline goes back and forth, and forgets what was ahead", () => {
  const line = new Timeline(0);
  line.set(1);
  line.set(2);
  expect([line.step(true), line.now, line.step(true), line.now, line.step(true)]).toEqual([
    true,
    1,
    true,
    0,
    false,
  ]);
  expect([line.step(false), line.now]).toEqual([true, 1]);
  line.set(5);
  expect([line.step(false), line.now]).toEqual([false, 5]);
});

describe("a number", () => {
  const settings = { low: 0, high: 99, step: 1, unit: "kg" };

  test("is typed without going into the field, and given with its unit", () => {
    const on = composing("", { settings });
    const composer = composeNumber(on);
    press(composer, "4", "2");
    expect(read(composer)).toMatchObject({ answer: { number: 42 }, words: "42 kg" });
    press(composer, "Backspace");
    expect(read(composer).answer).toEqual({ number: 4 });
    press(composer, "Escape");
    expect(composer.press("s", false)).toBe(false); // a shortcut again
    // What is not a whole number from 0 to 99 is typed as it is, and refused.
    for (const [typed, why] of [
      ["3.5", "whole number"],
      ["-3", "below 0"],
      ["1,5", "whole number"],
      ["12 years", "not a number"],
      ["0x10", "not a number"],
      ["--3", "not a number"],
    ]) {
      press(composer, "Escape", ...typed);
      expect(composer.read(), typed).toContain(why);
    }
  });

  test.each([
    ["", "Type a number"],
    ["100", "above 99"],
    ["-1", "below 0"],
    ["1.5", "whole number"],
    ["1e400", "not a number"],
    ["one", "not a number"],
    ["٣", "not a number"],
  ])("%j is refused in words", (typed, why) => {
    const composer = composeNumber(composing("", { settings }));
    const field = composer.fields?.querySelector("input") as HTMLInputElement;
    field.value = typed;
    expect(composer.read()).toContain(why);
  });

  test("takes a comma and a minus where the range has them", () => {
    const composer = composeNumber(composing("", { settings: { step: 0 } }));
    press(composer, "-", "1", ",", "5");
    expect(read(composer).answer).toEqual({ number: -1.5 });
  });
});

describe("a text", () => {
  test("starts with the draft, and shows what was changed in it", () => {
    const composer = composeText(composing("x", { suggested: { text: "a draft" } }));
    expect(read(composer)).toMatchObject({ answer: { text: "a draft" }, blank: false });
    const field = composer.fields?.querySelector("textarea") as HTMLTextAreaElement;
    field.value = "a better draft";
    field.dispatchEvent(new Event("input"));
    expect(composer.fields?.querySelector("ins")?.textContent).toContain("better");
    composer.fields?.querySelector("button")?.click();
    expect(read(composer).answer).toEqual({ text: "a draft" });
  });

  test("is given with Enter, with several lines with Ctrl+Enter, and is not blank", () => {
    for (const lines of [false, true]) {
      const on = composing("x", { settings: { lines } });
      const composer = composeText(on);
      expect(composer.read()).toContain("Write an answer");
      const field = composer.fields?.querySelector("textarea") as HTMLTextAreaElement;
      field.value = " an answer ";
      field.dispatchEvent(new KeyboardEvent("keydown", { key: "Enter" }));
      expect(on.heard).toEqual(lines ? [] : ["given"]);
      field.dispatchEvent(new KeyboardEvent("keydown", { key: "Enter", ctrlKey: true }));
      expect(on.heard.length).toBe(lines ? 1 : 2);
      expect(read(composer).answer).toEqual({ text: "an answer" });
    }
  });
});

describe("spans", () => {
  test("are marked by word, changed, relabelled, removed and undone by keys alone", () => {
    const on = composing("😀 Ada Lovelace lived in London");
    const composer = composeSpans(on);
    press(composer, "ArrowRight", "⇧ArrowRight");
    composer.pick(0);
    expect(spansOf(composer)).toEqual([[2, 14, "person"]]);
    composer.pick(1);
    expect(spansOf(composer)).toEqual([[2, 14, "place"]]);
    press(composer, "⇧ArrowLeft");
    expect(spansOf(composer)).toEqual([[2, 5, "place"]]);
    press(composer, "z", "z");
    expect(spansOf(composer)).toEqual([[2, 14, "person"]]);
    press(composer, "⇧z");
    expect(spansOf(composer)).toEqual([[2, 14, "place"]]);
    press(composer, ".", "Delete");
    expect(read(composer)).toMatchObject({ blank: true, words: "no spans" });
    press(composer, "z");
    expect(spansOf(composer)).toHaveLength(1);
    press(composer, ".", " ", "⇧ArrowRight"); // the other end
    expect(spansOf(composer)).toEqual([[6, 14, "place"]]);
  });

  test("do not overlap unless the question allows it", () => {
    for (const overlap of [false, true]) {
      const on = composing("Ada Lovelace", { settings: { overlap } });
      const composer = composeSpans(on);
      press(composer, "ArrowRight");
      composer.pick(0);
      press(composer, "Escape", "ArrowRight", "⇧ArrowRight");
      composer.pick(1);
      if (!overlap) {
        expect(on.heard.at(-1)).toContain("overlaps person, Ada");
        expect(composer.read()).toContain("has no class");
        press(composer, "Escape");
      }
      expect((spansOf(composer) as unknown[]).length).toBe(overlap ? 2 : 1);
    }
  });

  test("that are suggested count only once they are accepted", () => {
    const suggested = {
      spans: [
        [0, 3, "person"],
        [4, 9, "place"],
      ],
    };
    const composer = composeSpans(composing("Ada Paris", { suggested }));
    expect(composer.read()).toContain("2 suggestions left");
    press(composer, ".", "=");
    expect(composer.read()).toContain("1 suggestion left");
    press(composer, "Escape", "=");
    expect(spansOf(composer)).toEqual([
      [0, 3, "person"],
      [4, 9, "place"],
    ]);
    const other = composeSpans(composing("Ada Paris", { suggested }));
    press(other, "Delete");
    expect(spansOf(other)).toEqual([]);
    const verifying = composeSpans(composing("Ada Paris", { suggested, verify: true }));
    expect(spansOf(verifying)).toEqual([
      [0, 3, "person"],
      [4, 9, "place"],
    ]);
  });

  test("that are suggested come back with an undo", () => {
    const suggested = { spans: [[0, 3, "person"]] };
    const composer = composeSpans(composing("Ada Paris", { suggested }));
    press(composer, "=");
    expect(spansOf(composer)).toEqual([[0, 3, "person"]]);
    press(composer, "z");
    expect(composer.read()).toContain("1 suggestion left");
    press(composer, "Delete");
    expect(spansOf(composer)).toEqual([]);
    press(composer, "z");
    expect(composer.read()).toContain("1 suggestion left");
    press(composer, "z");
    expect(composer.read()).toContain("1 suggestion left");
  });

  test("of an item without text are none", () => {
    const item = { content: { kind: "broken", why: "This item has no text." }, media: [] };
    const composer = composeSpans(composing("", { item }));
    expect(composer.element?.textContent).toContain("This item has no text.");
    expect(spansOf(composer)).toEqual([]);
  });

  test("of a text that comes in parts are where they were, also behind wide characters", async () => {
    const whole = "Ada 😀😀 lived in London";
    const item = { content: { kind: "text", text: "Ada ", cut: 21 }, media: [] };
    const answer = {
      spans: [
        [0, 3, "person"],
        [16, 22, "place"],
      ],
    };
    const on = composing("", { item, answer });
    on.stage.more = async ({ from }) => ({
      content: { kind: "text", text: [...whole].slice(Number(from), Number(from) + 8).join(""), total: 22 },
      bytes: [],
    });
    const composer = composeSpans(on);
    composer.pick(0);
    expect(on.heard.at(-1)).toContain("still being loaded");
    await vi.waitFor(() => expect(composer.read()).toMatchObject({ answer }));
    press(composer, ".", ".");
    expect(on.heard.at(-1)).toBe("place, 2 of 2: London");
  });

  test("wait until the whole text is here", () => {
    const item = { content: { kind: "text", text: "Ada", cut: 10 }, media: [] };
    expect(composeSpans(composing("", { item })).read()).toContain("still being loaded");
  });

  test("of every other place with the same text are suggested", () => {
    const composer = composeSpans(composing("Ann met Bo, Ann left."));
    press(composer, "ArrowRight");
    composer.pick(0);
    press(composer, "*", "Escape", "=");
    expect(spansOf(composer)).toEqual([
      [0, 3, "person"],
      [12, 15, "person"],
    ]);
  });

  test("beyond the end of a text that became shorter are said and kept", () => {
    const answer = {
      spans: [
        [0, 3, "person"],
        [50, 60, "place"],
      ],
    };
    const composer = composeSpans(composing("Ada left", { answer }));
    expect(composer.read()).toContain("does not fit it");
    press(composer, ".", ".", "Delete");
    expect(spansOf(composer)).toEqual([[0, 3, "person"]]);
  });

  test("show markup as text", () => {
    const composer = composeSpans(composing("<img src=x onerror=alert(1)>"));
    document.body.append(composer.element as HTMLElement);
    expect(document.body.querySelector("img")).toBeNull();
    expect(composer.element?.textContent).toContain("<img src=x onerror=alert(1)>");
  });
});

describe("what an item starts with", () => {
  const shelf = {
    kept: null as string | null,
    keep(begun: string): void {
      shelf.kept = begun;
    },
  };
  beforeEach(() => shelf.keep("[]"));

  const ask = (row: number, blind = false) => ({
    row,
    key: `k${row}`,
    reason: "",
    selection: "suggested" as const,
    blind,
    guess: null,
    note: "",
  });
  const told = (row: number, answer: object | null, suggested: object | null = null) => ({
    type: "answers" as const,
    to: "v",
    id: "i",
    answers: [{ row, answer, suggested, why: "" }],
  });

  test("is what was begun, else what is saved, else what was undone, else nothing", () => {
    const asked: number[][] = [];
    const made = compositions({
      suggests: () => false,
      ...shelf,
      ask: (rows) => asked.push(rows),
      draw: () => undefined,
    });
    expect(made.ready(ask(0), false)).toBe(true);
    expect(made.start(ask(0), false).answer).toBeUndefined();
    expect(made.ready(ask(0), true)).toBe(false);
    expect(made.ready(ask(0), true)).toBe(false);
    expect(asked).toEqual([[0]]);
    made.came(told(0, { text: "saved" }) as never);
    expect(made.ready(ask(0), true)).toBe(true);
    expect(made.start(ask(0), true).answer).toEqual({ text: "saved" });
    made.begin("k0", { text: "begun" });
    expect(made.start(ask(0), true).answer).toEqual({ text: "begun" });
    made.give("k0", { text: "given" });
    expect(made.start(ask(0), false).answer).toEqual({ text: "given" });
    made.forget();
    expect(made.ready(ask(0), true)).toBe(false);
    expect(made.copy("k5")).toBe(true);
    expect(made.start(ask(5), false).answer).toEqual({ text: "given" });
  });

  test("has no suggestion if it is asked blind", () => {
    const asked: number[][] = [];
    const made = compositions({
      suggests: () => true,
      ...shelf,
      ask: (rows) => asked.push(rows),
      draw: () => undefined,
    });
    made.ahead([ask(0), ask(1, true)]);
    expect(asked).toEqual([[0]]);
    expect(made.ready(ask(1, true), false)).toBe(true);
    expect(made.ready(ask(0), false)).toBe(false);
    made.came(told(0, null, { text: "idea" }) as never);
    expect(made.ready(ask(0), false)).toBe(true);
    expect(made.start(ask(0), false).suggested).toEqual({ text: "idea" });
    expect(made.start(ask(0, true), false).suggested).toBeUndefined();
  });

  test("survives a reload of the page, also a damaged one", () => {
    const how = { suggests: () => false, ask: () => undefined, draw: () => undefined };
    compositions({ ...how, ...shelf }).begin("k0", { text: "begun" });
    expect(compositions({ ...how, ...shelf }).start(ask(0), false).answer).toEqual({ text: "begun" });
    const again = compositions({ ...how, ...shelf });
    again.give("k0", { text: "given" });
    expect(compositions({ ...how, ...shelf }).start(ask(0), false).answer).toBeUndefined();
    expect(compositions({ ...how, ...shelf, kept: "{" }).start(ask(0), false).answer).toBeUndefined();
  });
});

describe("relations between spans", () => {
  const settings = { relations: ["works for", "owns"] };
  const answer = {
    spans: [
      [0, 3, "person"],
      [14, 18, "place"],
      [20, 22, "person"],
    ],
    relations: [[0, 1, "works for"]],
  };
  const TEXT = "Ada works for Acme, Bo too";

  test("are made, changed, turned around, removed and undone by keys alone", () => {
    const on = composing("Ada works for Acme", { settings });
    const composer = composeSpans(on);
    const relations = (): unknown => read(composer).answer.relations;
    press(composer, "ArrowRight");
    composer.pick(0);
    press(composer, ">");
    expect(composer.read()).toContain("no type yet");
    press(composer, "1");
    expect(on.heard.at(-1)).toContain("Select the other span first");
    press(composer, "Escape", "Escape", "ArrowLeft");
    composer.pick(1);
    press(composer, ",", ">", ".", "1");
    expect(relations()).toEqual([[0, 1, "works for"]]);
    press(composer, "2");
    expect(relations()).toEqual([[0, 1, "owns"]]);
    press(composer, ">");
    expect(relations()).toEqual([[1, 0, "owns"]]);
    press(composer, "z", "z");
    expect(relations()).toEqual([[0, 1, "works for"]]);
    press(composer, "z");
    expect(relations()).toEqual([]);
    press(composer, "⇧z", "<", "Delete");
    expect(relations()).toEqual([]);
    press(composer, "z");
    expect(relations()).toEqual([[0, 1, "works for"]]);
  });

  test("go and come back with their spans, and follow them when these change", () => {
    const composer = composeSpans(composing(TEXT, { settings, answer }));
    expect(read(composer).answer).toEqual(answer);
    expect(read(composer).words).toBe("with 3 spans, 1 relation");
    press(composer, ".");
    composer.pick(1); // relabelled
    expect(read(composer).answer.relations).toEqual(answer.relations);
    press(composer, "Delete");
    expect(read(composer).answer.relations).toEqual([]);
    press(composer, "z");
    expect(read(composer).answer.relations).toEqual(answer.relations);
    press(composer, "Escape", "ArrowRight", "ArrowRight"); // "works"
    composer.pick(0);
    expect(read(composer).answer.relations).toEqual([[0, 2, "works for"]]);
  });

  test("are not made twice, nor from a span to itself", () => {
    const on = composing(TEXT, { settings, answer });
    const composer = composeSpans(on);
    press(composer, ".", ">", ".", "1");
    expect(on.heard.at(-1)).toBe("There is this relation already.");
    press(composer, ",", "2"); // back on the span from which it goes
    expect(on.heard.at(-1)).toContain("Select the other span first");
    press(composer, "Escape");
    expect(read(composer).answer.relations).toEqual(answer.relations);
  });

  test("that are suggested are accepted with their spans, alone, or dismissed", () => {
    const all = composeSpans(composing(TEXT, { settings, suggested: answer }));
    expect(all.read()).toContain("4 suggestions left");
    press(all, "=");
    expect(read(all).answer).toEqual(answer);
    const one = composeSpans(composing(TEXT, { settings, suggested: answer }));
    press(one, "<", "=");
    expect(one.read()).toContain("1 suggestion left");
    press(one, "Escape", "Delete");
    expect(read(one).answer).toEqual({ spans: answer.spans.slice(0, 2), relations: answer.relations });
    const none = composeSpans(composing(TEXT, { settings, suggested: answer }));
    press(none, ".", "Delete");
    expect(none.read()).toContain("2 suggestions left"); // its relation went with it
    press(none, "Delete");
    expect(read(none).answer).toEqual({ spans: [], relations: [] });
    const verified = composeSpans(composing(TEXT, { settings, suggested: answer, verify: true }));
    expect(read(verified).answer).toEqual(answer);
  });

  test("are listed below the text, where each can be selected and removed", () => {
    const composer = composeSpans(composing(TEXT, { settings, answer }));
    const list = composer.element?.querySelector(".hitl-relations ul") as HTMLElement;
    expect(list.textContent).toContain("Ada works for → Acme");
    list.querySelector<HTMLElement>("button")?.click();
    expect(list.querySelector("[aria-pressed=true]")).not.toBeNull();
    list.querySelector<HTMLElement>(".hitl-relation-out")?.click();
    expect(read(composer).answer.relations).toEqual([]);
    expect(list.textContent).toContain("No relations");
  });

  test("are no part of answers to questions without them", () => {
    const composer = composeSpans(composing(TEXT));
    expect(Object.keys(read(composer).answer)).toEqual(["spans"]);
    expect(composer.element?.querySelector(".hitl-relations")).toBeNull();
    expect(composer.press(">", false)).toBe(false);
  });
});

describe("words that are typed", () => {
  /** A kernel that finds one word, and keeps what is to be suggested in all texts. */
  function asking(text: string, more: Partial<Composing> = {}) {
    const asked: Record<string, unknown>[] = [];
    let rules: [string, string, number][] = [];
    const on = composing(text, more);
    on.stage.more = async (ask) => {
      asked.push(ask);
      const { words, class: id } = ask as { words: string; class: string };
      if (words.startsWith("/(?")) throw new Error("Lookarounds are not supported.");
      const at = [...text.matchAll(new RegExp(words || "$^", "g"))].map(({ index }) => index);
      if (ask.all) rules = [...rules, [words, id, at.length]];
      if (ask.drop) rules = [];
      const spans = at.map((start) => [start, start + words.length]);
      return { content: { kind: "words", spans, rules }, bytes: [] };
    };
    const composer = composeSpans(on);
    document.body.append(composer.element as HTMLElement);
    const form = document.querySelector("form") as HTMLFormElement;
    const [field, all] = [...form.querySelectorAll("input")];
    const type = (words: string, everywhere = false): void => {
      if (form.hidden) press(composer, "#");
      field.value = words;
      all.checked = everywhere;
      form.requestSubmit();
    };
    return { on, composer, form, field, type, asked };
  }

  test("are suggested at every place that is not marked yet", async () => {
    const { composer, form, type, on } = asking("Ann met Bo, Ann left.");
    press(composer, "ArrowRight");
    composer.pick(0);
    type("Ann");
    await vi.waitFor(() => expect(composer.read()).toContain("1 suggestion left"));
    expect(form.hidden).toBe(true);
    expect(on.heard.at(-1)).toBe("1 new suggestion");
    press(composer, "Escape", "=");
    expect(spansOf(composer)).toEqual([
      [0, 3, "person"],
      [12, 15, "person"],
    ]);
    type("Ann");
    await vi.waitFor(() =>
      expect(form.textContent).toContain("All 2 places are marked or suggested already."),
    );
    type("Cy");
    await vi.waitFor(() => expect(form.textContent).toContain("does not occur"));
  });

  test("start as the text that is selected, with its class", () => {
    const { composer, field, form } = asking("Ann met Bo");
    press(composer, "ArrowRight");
    composer.pick(1);
    press(composer, "#");
    expect([field.value, form.querySelector("select")?.value]).toEqual(["Ann", "place"]);
    field.dispatchEvent(new KeyboardEvent("keydown", { key: "Escape", bubbles: true }));
    expect(form.hidden).toBe(true);
  });

  test("are suggested in all texts until they are removed", async () => {
    const { type, form, asked, composer } = asking("Ann met Bo");
    type("Ann", true);
    await vi.waitFor(() => expect(composer.read()).toContain("1 suggestion left"));
    const list = document.querySelector(".hitl-prelabel-rules") as HTMLElement;
    expect(list.textContent).toContain("Suggested in all texts:Ann person, 1 here");
    list.querySelector("button")?.click();
    await vi.waitFor(() => expect(list.hidden).toBe(true));
    expect(asked.at(-1)).toEqual({ words: "Ann", class: "person", drop: true });
    expect(form.hidden).toBe(true);
    document.body.replaceChildren();
    // On a later item, the suggestions say where they come from.
    const suggested = { spans: [[0, 3, "person"]], rules: [["Ann", "person", 1]] };
    asking("Ann left", { suggested });
    expect(document.querySelector(".hitl-prelabel-rules")?.textContent).toContain("Ann person, 1 here");
  });

  test("that cannot be found are said where they were typed", async () => {
    const { type, form, asked } = asking("Ann");
    type("/(?=a)/");
    await vi.waitFor(() => expect(form.textContent).toContain("Lookarounds are not supported."));
    const n = asked.length;
    type("x".repeat(201));
    expect(form.textContent).toContain("201 characters; the limit is 200");
    type(" ");
    expect(form.textContent).toContain("Type a word");
    expect(asked.length).toBe(n);
    expect(form.hidden).toBe(false);
  });
});
