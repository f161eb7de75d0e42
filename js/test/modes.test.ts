// @vitest-environment happy-dom
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { compose as composeNumber } from "../src/composers/number";
import { compose as composePair } from "../src/composers/pair";
import { compose as composeRanking } from "../src/composers/ranking";
import { compose as composeSpans } from "../src/composers/spans";
import { compose as composeText } from "../src/composers/text";
import { Keep } from "../src/host/keep";
import type { LabelClass, LabelerWelcome } from "../src/host/protocol";
import "./viewers";
import { type Item, renderItem } from "../src/items/index";
import type { Composed, Composer, Composing } from "../src/questions/registry";
import labeler from "../src/widgets/labeler/entry";
import { initial, NO_GUIDANCE } from "../src/widgets/labeler/state";
import { labelerView } from "../src/widgets/labeler/view";
import { FakeModel, mount, labelerWelcome as welcome } from "./fakes";

let el: HTMLElement;
beforeEach(() => {
  vi.useFakeTimers();
  localStorage.clear();
  Keep.ofPage();
  el = document.createElement("div");
  document.body.append(el);
});
afterEach(() => {
  el.remove();
  vi.useRealTimers();
});

const listOf = (...all: string[]): Item => {
  const items = all.map((text) => ({ kind: "text", text }));
  return { content: { kind: "list", items, media: all.map(() => 0) }, media: [] } as never;
};
const text: Item = { content: { kind: "text", text: "Ada in Paris" }, media: [] } as never;
const named = (id: string): LabelClass =>
  ({ id, name: id, key: "", color: "#0072b2", retired: false }) as LabelClass;

type Case = [string, (on: Composing) => Composer, Item, Record<string, unknown>, Partial<Composing>];
const CASES: Case[] = [
  ["number", composeNumber, text, { number: 41 }, { settings: { low: 0, high: 120, step: 1 } }],
  ["text", composeText, text, { text: "a draft" }, {}],
  ["spans", composeSpans, text, { spans: [[0, 3, "who"]] }, { classes: [named("who")] }],
  [
    "pair",
    composePair,
    listOf("ape", "bee"),
    { pair: "second" },
    { classes: ["first", "second"].map(named) },
  ],
  ["ranking", composeRanking, listOf("ape", "bee", "cat"), { ranking: [3, 1, 2] }, {}],
];

function opened([, compose, item, , more]: Case, how: Partial<Composing>) {
  const never = () => new Promise<never>(() => undefined);
  return compose({
    item,
    stage: { signal: new AbortController().signal, more: never, gather: never, keys: () => undefined },
    pressItem: () => false,
    classes: [],
    settings: {},
    changed: () => undefined,
    give: () => undefined,
    render: renderItem,
    chance: 0.1,
    say: () => undefined,
    leave: () => undefined,
    ...more,
    ...how,
  });
}

describe.each(CASES)("a suggested %s", (...one) => {
  const suggested = one[3];
  const read = (how: Partial<Composing>): Composed | string => opened(one, how).read();

  it("is accepted as it is when suggestions are verified", () => {
    expect(read({ suggested, verify: true })).toMatchObject({ answer: suggested, blank: false });
  });

  it("is the answer from the start when it is corrected", () => {
    expect(read({ suggested, answer: suggested })).toMatchObject({ answer: suggested, blank: false });
  });

  it("is no answer where it is hidden", () => {
    const found = read({ verify: true });
    if (typeof found !== "string") expect(found.blank).toBe(true);
  });
});

describe("a suggested number", () => {
  const one = CASES[0];
  it("is taken with =, and is no answer before in an ordinary session", () => {
    const made = opened(one, { suggested: { number: 41 } });
    expect(made.read()).toBe("Type a number.");
    expect(made.fields?.textContent).toContain("Suggested: 41 (= takes it)");
    expect(made.press("=", false)).toBe("again");
    expect(made.read()).toMatchObject({ answer: { number: 41 } });
    expect(made.fields?.textContent).not.toContain("Suggested");
  });

  it("gives way to what is typed", () => {
    const made = opened(one, { suggested: { number: 41 }, verify: true });
    expect(made.fields?.textContent).toContain("Enter accepts it");
    made.press("7", false);
    expect(made.read()).toMatchObject({ answer: { number: 7 } });
  });

  it("that is no answer is said", () => {
    const made = opened(one, { why: "The suggestion is not an answer: 130" });
    expect(made.fields?.textContent).toContain("not an answer: 130");
  });
});

describe("what a composer starts with", () => {
  const suggested = { number: 3 };
  const started = (mode: LabelerWelcome["mode"], start: object): Partial<Composing> => {
    const compose = vi.fn(
      (): Composer => ({ press: () => false, pick: vi.fn(), picked: () => [], read: () => "" }),
    );
    const nothing = { more: vi.fn(), gather: vi.fn() };
    const on = new Proxy(
      {},
      {
        get: (_, name) =>
          ({ ready: () => true, start: () => start, parts: () => nothing })[String(name)] ?? vi.fn(),
      },
    );
    const view = labelerView(el, on as never);
    const ask = welcome.queue[0];
    view.update({
      state: { ...initial, ...welcome, ready: true, mode, composed: true, asks: "number", current: ask },
      ask,
      item: () => text,
      showGuess: true,
      recent: [],
      compose,
      suggested: null,
      copies: 0,
      guidance: NO_GUIDANCE,
      notes: new Map(),
    } as never);
    view.close();
    return (compose.mock.calls as unknown as [Composing][])[0][0];
  };

  it("is the suggestion only where it is corrected", () => {
    expect(started("annotate", { suggested })).toMatchObject({ suggested, verify: false });
    expect(started("annotate", { suggested }).answer).toBeUndefined();
    expect(started("verify", { suggested })).toMatchObject({ suggested, verify: true });
    expect(started("verify", { suggested }).answer).toBeUndefined();
    expect(started("correct", { suggested })).toMatchObject({ suggested, answer: suggested, verify: false });
  });

  it("is what was begun, if anything was", () => {
    expect(started("correct", { suggested, answer: { number: 5 } })).toMatchObject({ answer: { number: 5 } });
    expect(started("correct", {}).answer).toBeUndefined();
  });
});

describe("classes", () => {
  let model: FakeModel;
  let end: () => void;
  let view: string;

  function open(asks: string, mode: LabelerWelcome["mode"], more: Partial<LabelerWelcome> = {}): void {
    model = new FakeModel();
    end = mount(labeler, model, el);
    view = String(model.of("hello")[0].view);
    model.say({ ...welcome, to: view, asks, mode, suggests: true, ...more });
    const items = [0, 1, 2].map((row) => ({
      row,
      content: { kind: "text", text: `item ${row}` },
      media: [],
    }));
    model.say({ type: "items", to: view, items });
    const idea = asks === "choices" ? { classes: ["ham"] } : { class: "ham" };
    const answers = [0, 1, 2].map((row) => ({ row, answer: null, suggested: idea, why: "" }));
    model.say({ type: "answers", to: view, id: "1", answers });
  }
  afterEach(() => end());

  /** After as long as it takes to look at the item. */
  const press = (key: string): void => {
    vi.advanceTimersByTime(600);
    const root = el.querySelector(".hitl-labeler") as HTMLElement;
    root.dispatchEvent(new KeyboardEvent("keydown", { key, bubbles: true, cancelable: true }));
  };
  /** What was answered, without what was sent again. */
  const given = (): unknown[] => [...new Map(model.of("label").map(({ id, value }) => [id, value])).values()];
  const pressed = (): (string | null)[] =>
    [...el.querySelectorAll('.hitl-class[aria-pressed="true"]')].map((b) => b.getAttribute("data-class"));

  it("that are suggested are toggled and given when they are corrected", () => {
    open("choices", "correct");
    expect(pressed()).toEqual(["ham"]);
    press("Enter");
    press("1");
    expect(pressed()).toEqual(["spam", "ham"]);
    press("Enter");
    press("2");
    expect(pressed()).toEqual([]);
    press("Enter");
    expect(given()).toEqual(["ham", "spam, ham", "none of them"]);
  });

  it("that are suggested are accepted as a whole when they are verified", () => {
    open("choices", "verify");
    expect(pressed()).toEqual([]);
    press("Enter");
    press("1");
    press("Enter");
    // What was toggled and taken back is an answer, too: none of them.
    press("1");
    press("1");
    press("Enter");
    expect(given()).toEqual(["ham", "spam", "none of them"]);
  });

  it.each(["verify", "correct"] as const)("to %s are accepted with Enter, or replaced", (mode) => {
    open("choice", mode);
    press("Enter");
    press("1");
    expect(given()).toEqual(["ham", "spam"]);
  });

  it("that are demonstrated are compared after the answer, until the next one", () => {
    const queue = welcome.queue.map((ask) => ({ ...ask, blind: true }));
    open("choice", "demonstrate", { queue });
    const note = (): string => el.querySelector(".hitl-note")?.textContent ?? "";
    press("Enter");
    expect(given()).toEqual([]);
    expect(el.querySelector(".hitl-guessed")).toBeNull();
    press("1");
    const [{ id }] = model.of("label");
    const beside = "The suggestion was ham: different from your answer.";
    model.say({ type: "ack", id, beside, n_labels: 1, n_events: 2, undo: true, redo: false });
    expect(note()).toBe(beside);
    expect(el.querySelector(".hitl-note")?.classList.contains("hitl-bad")).toBe(false);
    press("1");
    expect(note()).toBe("");
  });
});
