// @vitest-environment happy-dom
import { describe, expect, it, vi } from "vitest";
import * as pair from "../src/composers/pair";
import { shuffled } from "../src/composers/parts/chance";
import * as ranking from "../src/composers/ranking";
import type { LabelClass } from "../src/host/protocol";
import "./viewers";
import { renderGlimpse, renderItem, type Stage, spokenItem } from "../src/items/index";
import type { Composer, Composing } from "../src/questions/registry";
import { chanceOf } from "../src/ui/chance";
import type { Press } from "../src/ui/keys";
import { heard } from "../src/widgets/labeler/heard";

const texts = (...all: string[]) => ({
  content: {
    kind: "list",
    items: all.map((text) => ({ kind: "text", text })),
    media: all.map(() => 0),
  } as never,
  media: [],
});
const classes = ["first", "second", "tie", "both bad"].map(
  (id) => ({ id, name: id, key: "", color: "#0072b2", retired: false }) as LabelClass,
);
const none = () => Promise.reject(new Error("no"));

function opened(module: { compose: (on: Composing) => Composer }, more: Partial<Composing> = {}) {
  const given: unknown[] = [];
  let made: Composer;
  const on: Composing = {
    item: texts("ape", "bee", "cat"),
    stage: { signal: new AbortController().signal, more: none, gather: none, keys: () => undefined },
    pressItem: () => false,
    classes,
    settings: {},
    changed: vi.fn(),
    give: () => given.push(answer()),
    render: renderItem,
    chance: 0.1,
    say: vi.fn(),
    leave: vi.fn(),
    ...more,
  };
  made = module.compose(on);
  const answer = () => {
    const found = made.read();
    return typeof found === "string" ? found : found.answer;
  };
  const press = (...keys: string[]): boolean[] =>
    keys.map((key) => Boolean(made.press(key.replace("⇧", ""), key.startsWith("⇧"))));
  return { made, press, answer, given };
}

describe("chance", () => {
  it("is the same for the same text, and even over texts", () => {
    expect(chanceOf("a\n1")).toBe(chanceOf("a\n1"));
    const all = Array.from({ length: 4000 }, (_, i) => chanceOf(`key\nrow-${i}`));
    for (const end of [0.25, 0.5, 0.75]) {
      const share = all.filter((x) => x < end).length / all.length;
      expect(Math.abs(share - end)).toBeLessThan(0.03);
    }
    // For another annotator the sides are drawn anew.
    const other = all.filter((x, i) => x < 0.5 === chanceOf(`other\nrow-${i}`) < 0.5).length / all.length;
    expect(Math.abs(other - 0.5)).toBeLessThan(0.03);
  });

  it("gives every order of three equally often", () => {
    const seen = new Map<string, number>();
    for (let i = 0; i < 6000; i++) {
      const found = shuffled(3, chanceOf(`${i}`)).join();
      seen.set(found, (seen.get(found) ?? 0) + 1);
    }
    expect(seen.size).toBe(6);
    for (const n of seen.values()) expect(Math.abs(n - 1000)).toBeLessThan(150);
  });
});

describe("a comparison", () => {
  const two = texts("ape", "bee");

  it("is answered by side, and says which one that was", () => {
    const left = opened(pair, { item: two, chance: 0.2 });
    expect(left.made.element?.textContent).toBe("1ape2bee");
    expect(left.answer()).toMatch("press 1 or 2");
    left.press("1", "ArrowRight", "0", "-");
    expect(left.given).toEqual([
      { pair: "first", left: "first" },
      { pair: "second", left: "first" },
      { pair: "tie", left: "first" },
      { pair: "both bad", left: "first" },
    ]);
    const right = opened(pair, { item: two, chance: 0.7 });
    expect(right.made.element?.textContent).toBe("1bee2ape");
    right.press("1", "2");
    expect(right.given).toEqual([
      { pair: "second", left: "second" },
      { pair: "first", left: "second" },
    ]);
    // The model's guess is named by side as well.
    expect([0, 1, 2].map((code) => right.made.called?.(code))).toEqual(["2", "1", "tie"]);
  });

  it("stays on the given sides if they were already drawn", () => {
    const { made, press, given } = opened(pair, { item: two, chance: 0.7, settings: { sides: "given" } });
    expect(made.element?.textContent).toBe("1ape2bee");
    press("2");
    expect(given).toEqual([{ pair: "second", left: "first" }]);
  });

  it("offers only the answers of the question", () => {
    const { press, given, made } = opened(pair, { item: two, classes: classes.slice(0, 2) });
    expect(press("0", "=", "9", "-", "⇧1")).toEqual([false, false, false, false, false]);
    expect(given).toEqual([]);
    expect(made.fields?.querySelectorAll("button").length).toBe(2);
  });

  it("with a reason is given with Enter, also without one", () => {
    const { press, given, made } = opened(pair, { item: two, settings: { reason: true } });
    press("2");
    expect(given).toEqual([]);
    const field = made.fields?.querySelector("textarea") as HTMLTextAreaElement;
    field.dispatchEvent(new KeyboardEvent("keydown", { key: "Enter" }));
    field.value = " shorter ";
    field.dispatchEvent(new KeyboardEvent("keydown", { key: "Enter" }));
    expect(given).toEqual([
      { pair: "second", left: "first" },
      { pair: "second", left: "first", reason: "shorter" },
    ]);
  });

  it("asks about each criterion by the same keys, and is given after the last one", () => {
    const settings = { criteria: ["helpful", "honest"], sides: "random" };
    const { made, press, given } = opened(pair, { item: two, settings, chance: 0.7 });
    const now = (): string =>
      made.fields?.querySelector(".hitl-pair-line.hitl-pair-now")?.getAttribute("aria-label") ?? "overall";
    expect(now()).toBe("overall");
    expect(press("ArrowUp")).toEqual([false]); // the item before
    press("1");
    expect([now(), given]).toEqual(["helpful", []]);
    expect(press("9")).toEqual([false]); // only one of two is better by a criterion
    press("2", "ArrowUp");
    expect(now()).toBe("helpful");
    press("0", "1");
    expect(given).toEqual([
      { pair: "second", left: "second", criteria: { helpful: "tie", honest: "second" } },
    ]);
    const back = opened(pair, { item: two, settings, answer: given[0] as never });
    expect(back.made.fields?.querySelectorAll(".hitl-pair-line [aria-pressed=true]").length).toBe(2);
    // A criterion may come first, and all may be left out.
    const early = opened(pair, { item: two, settings });
    early.made.fields?.querySelectorAll<HTMLElement>(".hitl-pair-line button")[2].click();
    expect(early.given).toEqual([]);
    expect(early.answer()).toMatch("press 1 or 2");
    early.press("1");
    expect(early.answer()).toEqual({ pair: "first", left: "first", criteria: { helpful: "second" } });
  });

  it("takes reasons from a list before the answer", () => {
    const { made, press, given } = opened(pair, { item: two, settings: { reasons: ["too long", "rude"] } });
    expect(press("c", "⇧a")).toEqual([false, false]);
    press("b", "a", "b", "a", "b");
    expect(made.fields?.querySelectorAll(".hitl-pair-tags [aria-pressed=true]").length).toBe(1);
    press("a", "2");
    expect(given).toEqual([{ pair: "second", left: "first", reasons: ["too long", "rude"] }]);
    expect(made.keys?.find(([keys]) => keys === "A–B")).toBeDefined();
  });

  it("starts with the answer, or with a suggestion that is marked as one", () => {
    const saved = opened(pair, {
      item: two,
      answer: { pair: "tie", left: "second", reason: "same" },
      settings: { reason: true },
    });
    expect(saved.answer()).toEqual({ pair: "tie", left: "first", reason: "same" });
    const idea = opened(pair, { item: two, suggested: { pair: "second" } });
    expect(idea.made.fields?.querySelector(".hitl-pair-idea")?.textContent).toContain("2 is better");
    expect(idea.made.fields?.querySelectorAll("[aria-pressed=true]").length).toBe(0);
    expect(idea.answer()).toMatch("press 1 or 2");
    const verified = opened(pair, { item: two, suggested: { pair: "second" }, verify: true });
    expect(verified.answer()).toEqual({ pair: "second", left: "first" });
  });

  it("shows the parts of each member, whatever its side", async () => {
    const asked: unknown[] = [];
    const stage: Stage = {
      signal: new AbortController().signal,
      more: async (ask) => {
        asked.push(ask);
        return { content: { kind: "text", text: "x", total: 1 } as never, bytes: [] };
      },
      gather: none,
      keys: () => undefined,
    };
    for (const chance of [0.2, 0.7]) {
      const render: Composing["render"] = (item, own) => {
        void own.more({ text: String(item.content.text) });
        return renderItem(item, own);
      };
      opened(pair, { item: two, chance, stage, render });
    }
    expect(asked).toEqual([
      { text: "ape", member: 0 },
      { text: "bee", member: 1 },
      { text: "ape", member: 0 },
      { text: "bee", member: 1 },
    ]);
  });

  it("takes a corrected text, in the place of its draft", async () => {
    const settings = { revisions: true };
    const leave = vi.fn();
    // bee is on the left
    const { made, press, given, answer } = opened(pair, { item: two, chance: 0.7, settings, leave });
    const fields = () => [...(made.element?.querySelectorAll("textarea") ?? [])];
    expect(press("⇧e")).toEqual([true]);
    expect(fields().length).toBe(0); // which one?
    expect(press("1")).toEqual([true]);
    await vi.waitFor(() => expect(fields().length).toBe(1));
    const [field] = fields();
    expect([field.value, field.getAttribute("aria-label")]).toEqual(["bee", "Corrected 1"]);
    expect(field.closest("[data-place]")?.getAttribute("data-place")).toBe("second");
    expect(given).toEqual([]);
    field.value = "a bee ";
    field.dispatchEvent(new Event("input"));
    expect(made.draft?.()).toEqual({ revisions: { second: "a bee " } });
    field.dispatchEvent(new KeyboardEvent("keydown", { key: "Escape" }));
    expect(leave).toHaveBeenCalled();
    press("2");
    expect(given).toEqual([{ pair: "first", left: "second", revisions: { second: "a bee " } }]);

    const back = opened(pair, { item: two, chance: 0.7, settings, answer: given[0] as never });
    expect(back.answer()).toEqual(given[0]); // before its draft has come, too
    await vi.waitFor(() => expect(back.made.element?.querySelector("textarea")?.value).toBe("a bee "));
    expect(back.answer()).toEqual(given[0]);
    const button = back.made.element?.querySelector<HTMLElement>("[data-place=second] .hitl-correct");
    expect(button?.textContent).toBe("Back to the draft");
    expect(button?.getAttribute("aria-label")).toBe("Back to the draft of 1");
    button?.click();
    expect(button?.getAttribute("aria-label")).toBe("Correct 1");
    expect(back.answer()).toEqual({ pair: "first", left: "second" });
    // Nothing that was written is lost.
    button?.click();
    await vi.waitFor(() => expect(back.made.element?.querySelector("textarea")?.value).toBe("a bee "));
    expect(back.answer()).toEqual(given[0]);
    // What is not changed, or blank, is no correction.
    press("⇧e", "1");
    expect((answer() as unknown as { revisions: unknown }).revisions).toEqual({ second: "a bee " });
    for (const same of ["bee", "", " "]) {
      field.value = same;
      expect(answer()).toEqual({ pair: "first", left: "second" });
    }
  });

  it("fetches the source of a text that is shown in another form, or in part", async () => {
    const say = vi.fn();
    const settings = { revisions: true };
    const html = { kind: "markup", html: "<b>ape</b>", text: "ape" };
    const item = {
      content: {
        kind: "list",
        items: [html, { kind: "image", width: 1, height: 1 }],
        media: [0, 1],
      } as never,
      media: ["blob:a"],
    };
    const asked: unknown[] = [];
    let part = { kind: "text", text: "**ape**", total: 7 };
    const stage: Stage = {
      signal: new AbortController().signal,
      more: async (ask) => {
        asked.push(ask);
        return { content: part as never, bytes: [] };
      },
      gather: none,
      keys: () => undefined,
    };
    const render = (): HTMLElement => document.createElement("div");
    const { made, press } = opened(pair, { item, stage, say, render, settings });
    press("⇧e", "2");
    await vi.waitFor(() => expect(say).toHaveBeenCalledWith("2 is not a text: it cannot be corrected."));
    part = { ...part, total: 9 };
    press("⇧e", "1");
    await vi.waitFor(() => expect(say).toHaveBeenCalledWith("This text is too long to be corrected here."));
    part = { ...part, total: 7 };
    press("⇧e", "1");
    await vi.waitFor(() => expect(made.element?.querySelector("textarea")?.value).toBe("**ape**"));
    expect(asked.every((ask) => JSON.stringify(ask) === JSON.stringify({ member: 0, from: 0 }))).toBe(true);
  });

  it("of an item that is no pair is not answered", () => {
    const { answer, press } = opened(pair);
    expect(answer()).toMatch("not a pair");
    expect(press("1")).toEqual([false]);
  });
});

describe("a ranking", () => {
  const labels = (made: Composer): string =>
    [...(made.element?.children ?? [])]
      .map((row) => row.querySelector(".hitl-listed-body")?.textContent)
      .join();

  it("is moved by one place, or to one", () => {
    expect(ranking.moved([0, 1, 2], 2, 0)).toEqual([2, 0, 1]);
    expect(ranking.moved([0, 1, 2], 0, 9)).toEqual([1, 2, 0]);
    const same = [0, 1, 2];
    expect(ranking.moved(same, 1, 1)).toBe(same);
  });

  it("is made with the arrow keys, digits and buttons, and undone", () => {
    const { made, press, answer } = opened(ranking, { answer: { ranking: [1, 2, 3] } });
    press("⇧ArrowDown");
    expect(answer()).toMatchObject({ ranking: [2, 1, 3] });
    press("ArrowUp", "3");
    expect(answer()).toMatchObject({ ranking: [1, 3, 2] });
    expect(labels(made)).toBe("ape,cat,bee");
    made.element?.querySelector<HTMLElement>("[data-member='2'] [aria-label=Up]")?.click();
    expect(answer()).toMatchObject({ ranking: [1, 2, 3] });
    press("z", "z", "⇧z");
    expect(answer()).toMatchObject({ ranking: [1, 3, 2] });
    press("z", "z");
    expect(answer()).toMatchObject({ ranking: [1, 2, 3] });
    expect(press("z", "9", "x")).toEqual([false, false, false]);
  });

  it("of the best only ranks these, and leaves the others below", () => {
    const settings = { top: 1 };
    const { made, press, answer } = opened(ranking, { settings, answer: { ranking: [3], top: true } });
    expect(labels(made).startsWith("cat,")).toBe(true);
    const below = (): number => made.element?.querySelectorAll(".hitl-rank-below").length ?? 0;
    expect(below()).toBe(2);
    expect(answer()).toMatchObject({ ranking: [3], top: true });
    press("ArrowDown", "1");
    expect(below()).toBe(2);
    expect((answer() as { ranking: number[] }).ranking).not.toEqual([3]);
    // More than there are members: all are ranked.
    const all = opened(ranking, { settings: { top: 5 }, answer: { ranking: [2, 1, 3], top: true } });
    expect(all.answer()).toMatchObject({ ranking: [2, 1, 3], top: true });
    expect(all.made.element?.querySelectorAll(".hitl-rank-below").length).toBe(0);
    // A suggestion of all starts the order.
    const idea = opened(ranking, { settings, suggested: { ranking: [2, 3, 1] } });
    expect(labels(idea.made)).toBe("bee,cat,ape");
  });

  it("starts in an order drawn at random, which is recorded and must be meant", () => {
    const orders = new Set<string>();
    for (let i = 0; i < 20; i++) {
      const { made, answer } = opened(ranking, { chance: i / 20 });
      const found = answer() as unknown as { ranking: number[]; shown: number[] };
      expect(found.ranking).toEqual(found.shown);
      expect(made.read()).toMatchObject({ blank: true });
      orders.add(String(found.shown));
    }
    expect(orders.size).toBeGreaterThan(3);
    const suggested = { ranking: [3, 1, 2] };
    for (const verify of [true, false]) {
      const { made } = opened(ranking, { suggested, verify });
      expect(made.read()).toMatchObject({ blank: !verify, answer: { ranking: [3, 1, 2] } });
    }
  });
});

describe("what is heard", () => {
  it("is in the order in which the card shows it", () => {
    const two = texts("ape.", "bee");
    const said = (asks: string, settings: object, chance: number): string =>
      spokenItem(heard(two, asks, settings as never, chance), 0);
    expect(said("pair", {}, 0.2)).toBe("1: ape. 2: bee");
    expect(said("pair", {}, 0.7)).toBe("1: bee. 2: ape");
    expect(said("pair", { sides: "given" }, 0.7)).toBe("1: ape. 2: bee");
    expect(said("choice", {}, 0.7)).toBe("1: ape. 2: bee");
    for (const chance of [0.1, 0.4, 0.8]) {
      const { made } = opened(ranking, { chance });
      const shown = [...(made.element?.children ?? [])].map(
        (row, k) => `${k + 1}: ${row.querySelector(".hitl-listed-body")?.textContent}`,
      );
      expect(spokenItem(heard(texts("ape", "bee", "cat"), "ranking", {}, chance), 0)).toBe(shown.join(". "));
    }
  });
});

describe("a list", () => {
  it("shows its members, each with its own media and parts", async () => {
    const asked: unknown[] = [];
    let press: Press = () => false;
    const stage: Stage = {
      signal: new AbortController().signal,
      more: async (ask) => {
        asked.push(ask);
        return { content: { kind: "text" } as never, bytes: [] };
      },
      gather: none,
      keys: (heard) => {
        press = heard;
      },
    };
    const image = { kind: "image", width: 4, height: 4 };
    const item = {
      content: {
        kind: "list",
        items: [{ kind: "text", text: "ape" }, image, image],
        media: [0, 1, 1],
      } as never,
      media: ["blob:a", "blob:b"],
    };
    const made = renderItem(item, stage);
    expect([...made.querySelectorAll("img")].map((img) => img.getAttribute("src"))).toEqual([
      "blob:a",
      "blob:b",
    ]);
    expect(press("x", false)).toBe(false);
    expect(renderGlimpse(item).children.length).toBe(3);
    expect(spokenItem(item, 6)).toBe("1: ape. 2: image 7. 3: image 7");
  });
});
