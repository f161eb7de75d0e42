// @vitest-environment happy-dom
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { compose } from "../src/composers/form";
import type { LabelClass } from "../src/host/protocol";
import type { Composed, Composer, Composing } from "../src/questions/registry";
import { Answering } from "../src/widgets/explorer/answering";

beforeEach(() => {
  Element.prototype.scrollIntoView = () => undefined;
});
afterEach(() => {
  vi.unstubAllGlobals();
  document.body.replaceChildren();
});

const classes: LabelClass[] = [
  ["topic: praise", "1"],
  ["topic: spam", "2"],
  ["topic: scam", "3"],
  ["tags: new", "1"],
  ["tags: urgent", "2"],
  ["tone: 1", "1"],
  ["tone: 2", "2"],
  ["tone: 3", "3"],
].map(([id, key]) => ({ id, name: id, key, color: "#0072b2", guidance: "", example: "", retired: false }));

const part = (name: string, kind: string, more: object = {}) => ({
  name,
  kind,
  question: "",
  settings: kind === "text" ? { lines: false, blank: false } : { low: 0, high: 120, step: 1, unit: "" },
  required: true,
  default: null,
  when: {},
  ...more,
});
const TOPIC = part("topic", "choice", { question: "What is it?" });
const TAGS = part("tags", "choices");
const TONE = part("tone", "rating", { default: { class: "2" } });
const AGE = part("age", "number", { required: false });
const WHY = part("why", "text", { question: "Why?", when: { topic: ["spam", "scam"] } });

type Card = Composing & { heard: string[]; kept: unknown[] };

function card(questions: object[], more: Partial<Composing> = {}): Card {
  const heard: string[] = [];
  const end = new AbortController();
  const made: Card = {
    item: { content: { kind: "text", text: "an item" }, media: [] },
    stage: {
      signal: end.signal,
      keys: () => undefined,
      more: () => Promise.reject(new Error("no kernel")),
      gather: () => Promise.reject(new Error("no kernel")),
    },
    pressItem: () => false,
    render: () => document.createElement("div"),
    chance: 0.5,
    classes,
    settings: { questions },
    changed: () => undefined,
    give: () => heard.push("given"),
    say: (words) => heard.push(words),
    leave: () => (document.activeElement as HTMLElement | null)?.blur(),
    heard,
    kept: [],
    ...more,
  };
  return made;
}

function shown(on: Composing): Composer {
  const composer = compose(on);
  document.body.replaceChildren(composer.fields as Node);
  return composer;
}

const press = (composer: Composer, ...keys: string[]): unknown =>
  keys.map((key) => composer.press(key.replace("⇧", ""), key.startsWith("⇧"))).at(-1);
const read = (composer: Composer): Composed => {
  const found = composer.read();
  if (typeof found === "string") throw new Error(found);
  return found;
};
const form = (composer: Composer): unknown => read(composer).answer.form;
const asked = (): string[] =>
  [...document.querySelectorAll<HTMLElement>("[data-question]:not([hidden])")].map(
    ({ dataset }) => dataset.question ?? "",
  );
const current = (): string | undefined =>
  document.querySelector<HTMLElement>(".hitl-ask-now")?.dataset.question;
const pressed = (name: string): string[] =>
  [...document.querySelectorAll<HTMLElement>(`[data-question="${name}"] [aria-pressed="true"]`)].map(
    ({ dataset }) => dataset.class ?? "",
  );
const hint = (name: string): string | null | undefined =>
  document.querySelector(`[data-question="${name}"] .hitl-ask-hint`)?.textContent;
const field = (name: string): HTMLInputElement =>
  document.querySelector(`[data-question="${name}"] :is(input, textarea)`) as HTMLInputElement;
function type(name: string, text: string): void {
  field(name).value = text;
  field(name).dispatchEvent(new Event("input", { bubbles: true }));
}
const tick = (): Promise<void> => new Promise((done) => setTimeout(done));

test("class keys answer the current question and go on, and Enter is left to the card", () => {
  const on = card([TOPIC, TONE]);
  const composer = shown(on);
  expect([current(), composer.read()]).toEqual(["topic", "What is it? Choose one."]);
  press(composer, "1");
  expect([current(), pressed("topic"), on.heard.at(-1)]).toEqual([
    "tone",
    ["praise"],
    "What is it? praise. Next: tone",
  ]);
  press(composer, "3");
  expect(current()).toBe("tone");
  expect(press(composer, "Enter")).toBe(false);
  expect(read(composer)).toEqual({
    answer: { form: { topic: { class: "praise", word: "praise" }, tone: { class: "3", word: "3" } } },
    codes: [0, 7],
    words: "praise, 3",
    blank: false,
    quiet: false,
  });
  expect(press(composer, "9"), "the keys of the card still work").toBe(false);
});

test("a default is one until it is changed, and is no reason to give an answer at once", () => {
  const composer = shown(card([TONE]));
  expect([pressed("tone"), hint("tone"), read(composer).blank]).toEqual([["2"], "default", true]);
  press(composer, "2");
  expect([pressed("tone"), hint("tone"), read(composer).blank]).toEqual([["2"], "", false]);
});

test("a question appears with its condition, vanishes without it, and keeps what was typed", async () => {
  const on = card([TOPIC, WHY, AGE]);
  const composer = shown(on);
  press(composer, "1");
  expect([asked(), current()]).toEqual([["topic", "age"], "age"]);
  press(composer, "⇧Tab", "2");
  expect([asked(), current(), document.activeElement]).toEqual([
    ["topic", "why", "age"],
    "why",
    field("why"),
  ]);
  expect(on.heard.at(-1)).toBe("What is it? spam. Also asked: Why?. Next: Why?");
  expect(composer.read()).toBe("Why? Write an answer.");
  type("why", "wants money");
  await tick();
  press(composer, "ArrowUp", "1");
  expect(on.heard.at(-1)).toContain("No longer asked: Why?");
  expect(form(composer)).toEqual({ topic: { class: "praise", word: "praise" } });
  press(composer, "ArrowUp", "3");
  expect(form(composer)).toEqual({ topic: { class: "scam", word: "scam" }, why: { text: "wants money" } });
});

test("undo goes back within the form, first over what was typed as one step", async () => {
  const composer = shown(card([TOPIC, AGE]));
  expect(press(composer, "z"), "nothing to undo here: the last item is undone").toBe(false);
  press(composer, "2", "4", "2");
  expect(form(composer)).toEqual({ topic: { class: "spam", word: "spam" }, age: { number: 42 } });
  press(composer, "z");
  await tick();
  expect([field("age").value, form(composer)]).toEqual(["", { topic: { class: "spam", word: "spam" } }]);
  press(composer, "z");
  expect([pressed("topic"), current()]).toEqual([[], "topic"]);
  press(composer, "⇧z", "⇧z");
  await tick();
  expect([field("age").value, pressed("topic"), current()]).toEqual(["42", ["spam"], "age"]);
  expect(press(composer, "z", "z", "z")).toBe(false);
});

test("several classes are toggled, and Enter says none of them before it gives the form", () => {
  const composer = shown(card([TAGS, TOPIC]));
  press(composer, "1", "2", "1");
  expect([current(), pressed("tags")]).toEqual(["tags", ["urgent"]]);
  press(composer, "2", "Tab", "1");
  expect(form(composer)).toMatchObject({ tags: { classes: [] }, topic: { class: "praise" } });

  const other = shown(card([TAGS]));
  expect(press(other, "Enter"), "the first Enter only answers").toBe(true);
  expect([form(other), press(other, "Enter")]).toEqual([{ tags: { classes: [], words: [] } }, false]);
});

test("what is missing or wrong is said, and gone to", () => {
  const on = card([TOPIC, AGE, TONE]);
  const composer = shown(on);
  press(composer, "Tab", "5", "0", "0");
  expect([current(), composer.read()]).toEqual(["age", "age: 500 is above 120, the largest number."]);
  press(composer, "Escape", "Tab");
  composer.lead?.();
  expect([current(), on.heard.at(-1)]).toEqual(["topic", "What is it? Choose one."]);
});

test("an optional answer can be taken back, and Backspace clears any", () => {
  const composer = shown(card([{ ...TOPIC, required: false }, TONE]));
  expect(hint("topic")).toBe("optional");
  press(composer, "1", "ArrowUp", "1");
  expect([pressed("topic"), current()]).toEqual([[], "topic"]);
  press(composer, "Tab", "Backspace");
  expect(composer.read()).toBe("tone: Choose one.");
  expect(press(composer, "Backspace"), "it never removes the label").toBe(true);
});

test("Tab leaves the form at its ends, and is not taken from other buttons", () => {
  const composer = shown(card([TOPIC, TONE]));
  expect(press(composer, "⇧Tab")).toBe(false);
  expect([press(composer, "Tab"), press(composer, "Tab")]).toEqual(["again", false]);
  const button = document.createElement("button");
  document.body.append(button);
  button.focus();
  expect(press(composer, "⇧Tab")).toBe(false);
});

test("Tab and the arrows leave a field, except a text with several lines", () => {
  const composer = shown(card([AGE, WHY, TONE].map((one) => ({ ...one, when: {} }))));
  const down = (key: string): boolean => {
    const event = new KeyboardEvent("keydown", { key, bubbles: true, cancelable: true });
    field(current() ?? "").dispatchEvent(event);
    return event.defaultPrevented;
  };
  field("age").focus();
  expect([down("ArrowDown"), current(), document.activeElement]).toEqual([true, "why", field("why")]);
  expect([down("ArrowDown"), down("Tab"), current()]).toEqual([false, true, "tone"]);
  expect(composer.read()).toBe("Why? Write an answer.");
});

test("an incomplete form is kept with what is only a default, and starts again like that", async () => {
  const first = shown(card([TOPIC, TONE, AGE, WHY]));
  press(first, "2");
  const draft = first.draft?.() as Record<string, unknown>;
  expect(draft).toEqual({
    form: { topic: { class: "spam", word: "spam" }, tone: { class: "2" } },
    from: { tone: "default" },
  });
  shown(card([TOPIC, TONE, AGE, WHY], { answer: draft }));
  await tick();
  expect([pressed("topic"), pressed("tone"), hint("tone"), asked().includes("why")]).toEqual([
    ["spam"],
    ["2"],
    "default",
    true,
  ]);
});

test("a suggestion is filled in as one, and comes before a default", async () => {
  const suggested = {
    form: { tone: { class: "1" }, topic: { class: "spam" }, why: { text: "pills" }, age: { number: 7 } },
  };
  const composer = shown(card([TOPIC, TONE, AGE, WHY], { suggested, why: "" }));
  await tick();
  expect(["topic", "tone", "age", "why"].map(hint)).toEqual([
    "suggested",
    "suggested",
    "suggested, optional",
    "suggested",
  ]);
  expect([field("age").value, field("why").value, read(composer).blank]).toEqual(["7", "pills", true]);
  type("why", "pills!");
  expect([hint("why"), read(composer).blank]).toEqual(["", false]);
  const some = { form: { topic: { class: "spam" } } };
  shown(card([TOPIC, TONE], { suggested: some, answer: some }));
  expect([pressed("topic"), hint("topic"), hint("tone")], "corrected from the start").toEqual([
    ["spam"],
    "",
    "default",
  ]);
  const without = shown(card([TOPIC], { why: "The suggestion is not an answer: x" }));
  expect(without.fields?.textContent).toContain("not an answer");
});

test("a class that is no longer offered must be chosen again", () => {
  const gone = classes.map((c) => (c.id === "topic: spam" ? { ...c, retired: true } : c));
  const answer = { form: { topic: { class: "spam" }, tone: { class: "1" } } };
  const composer = shown(card([TOPIC, TONE], { answer, classes: gone }));
  expect(composer.read()).toBe("What is it? A chosen class is no longer offered: choose again.");
  press(composer, "2");
  expect(composer.read(), "its key does nothing").toContain("choose again");
  press(composer, "3");
  expect(form(composer)).toMatchObject({ topic: { class: "scam" } });
});

test("renamed classes keep their ids, and show their new names", () => {
  const renamed = classes.map((c) => (c.id === "topic: spam" ? { ...c, name: "topic: junk" } : c));
  const composer = shown(card([TOPIC], { classes: renamed }));
  press(composer, "2");
  expect([pressed("topic"), form(composer)]).toEqual([["junk"], { topic: { class: "spam", word: "junk" } }]);
});

test("a click answers, goes on, and gives the keys back", () => {
  const left = vi.fn();
  const composer = shown(card([TOPIC, WHY, TONE], { leave: left }));
  const button = document.querySelector<HTMLElement>('[data-class="praise"]');
  button?.dispatchEvent(new MouseEvent("click", { bubbles: true, detail: 1 }));
  expect([pressed("topic"), current(), left.mock.calls.length > 0]).toEqual([["praise"], "tone", true]);
  document.querySelector<HTMLElement>('[data-question="topic"]')?.dispatchEvent(new Event("pointerdown"));
  expect(current()).toBe("topic");
  composer.guessed?.([1, 7]);
  const guessed = [...document.querySelectorAll<HTMLElement>(".hitl-guessed")];
  expect(guessed.map(({ dataset }) => dataset.class)).toEqual(["spam", "3"]);
});

test("a text may be blank where it says so, and a required blank one is an answer", async () => {
  const blank = { ...WHY, when: {}, settings: { lines: false, blank: true } };
  const composer = shown(card([blank]));
  await tick();
  expect([form(composer), read(composer).blank]).toEqual([{ why: { text: "" } }, true]);
  const other = shown(card([{ ...blank, required: false }]));
  await tick();
  expect(form(other)).toEqual({});
});

test("until the kernel has the shade of a form on the map, that of its class is shown", () => {
  const answering = new Answering({ answer: () => undefined, drafted: () => undefined });
  const legend = ["praise", "spam", "scam", "no answer"].map((name) => ({ name, color: "#000000" }));
  const ways = [
    { by: "", words: "topic" },
    { by: "tone", words: "tone" },
  ];
  const asked = { asks: "form", classes, composed: true, ways, legend } as unknown as Parameters<
    Answering["take"]
  >[0];
  answering.take({ ...asked, by: "" });
  expect([[1, 6], [6], null].map((codes) => answering.shade(codes))).toEqual([1, 3, answering.shade(null)]);
  answering.take({ ...asked, by: "topic: spam" });
  expect([[1, 6], [0]].map((codes) => answering.shade(codes))).toEqual([1, 0]);
});
