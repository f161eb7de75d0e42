// @vitest-environment happy-dom
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { encodeRows } from "../src/host/codecs";
import { Keep } from "../src/host/keep";
import { defineWidget } from "../src/host/widget";
import { Bus } from "../src/ui/bus";
import labeler from "../src/widgets/labeler/entry";
import monitor from "../src/widgets/monitor/entry";
import { FakeModel, monitorState, mount, labelerWelcome as welcome } from "./fakes";

/** Every listener added to the page's own targets and not yet gone. */
function watchListeners(): () => number {
  let held = 0;
  for (const target of [window, document, document.body]) {
    const add = target.addEventListener.bind(target);
    vi.spyOn(target, "addEventListener").mockImplementation(((name: string, f: never, o: never) => {
      const signal = (o as AddEventListenerOptions | undefined)?.signal;
      held++;
      signal?.addEventListener("abort", () => held--);
      add(name, f, o);
    }) as never);
  }
  return () => held;
}

let el: HTMLElement;
let model: FakeModel;
beforeEach(() => {
  vi.useFakeTimers();
  localStorage.clear();
  Keep.ofPage();
  el = document.createElement("div");
  document.body.append(el);
  model = new FakeModel();
});
afterEach(() => {
  el.remove();
  vi.restoreAllMocks();
  vi.useRealTimers();
});

describe("a widget", () => {
  it("says hello until it is welcomed, and leaves nothing behind", () => {
    const held = watchListeners();
    let ended = false;
    const made = defineWidget("x", ({ root, signal }) => {
      root.textContent = "here";
      signal.addEventListener("abort", () => {
        ended = true;
      });
    });
    const end = mount(made, model, el);
    expect(el.querySelector(".hitl-x")?.textContent).toBe("here");
    expect(el.querySelector(".hitl-x")?.getAttribute("tabindex")).toBe("0");
    vi.advanceTimersByTime(3500);
    expect(model.of("hello").length).toBe(3);
    model.say({ type: "welcome", to: model.of("hello")[0].view });
    vi.advanceTimersByTime(60_000);
    expect(model.of("hello").length).toBe(3);
    expect(model.listeners.size).toBe(1);
    end();
    expect(ended).toBe(true);
    expect(el.children.length).toBe(0);
    expect(model.listeners.size).toBe(0);
    expect(held()).toBe(0);
    vi.advanceTimersByTime(60_000);
    expect(vi.getTimerCount()).toBe(0);
  });

  it("that was closed before it was welcomed asks no more", () => {
    const end = mount(
      defineWidget("x", () => {}),
      model,
      el,
    );
    end();
    vi.advanceTimersByTime(120_000);
    expect(model.of("hello").length).toBe(1);
    expect(vi.getTimerCount()).toBe(0);
  });

  it.each([
    ["labeler", labeler],
    ["monitor", monitor],
  ])("such as the %s can be mounted twice and closed, and is gone", (name, widget) => {
    const held = watchListeners();
    const [one, two] = [mount(widget, model, el), mount(widget, model, el)];
    expect(el.querySelectorAll(`.hitl-${name}`).length).toBe(2);
    one();
    expect(el.querySelectorAll(`.hitl-${name}`).length).toBe(1);
    two();
    expect(model.listeners.size).toBe(0);
    expect(held()).toBe(0);
    vi.advanceTimersByTime(60_000);
    const n = model.sent.length;
    vi.advanceTimersByTime(60_000);
    expect(model.sent.length).toBe(n);
    expect(vi.getTimerCount()).toBe(0);
  });
});

describe("the labeler, by keys", () => {
  /** After a frame, in which the person sees what is on the card. */
  const press = (key: string, more: KeyboardEventInit = {}): void => {
    vi.advanceTimersByTime(20);
    const root = el.querySelector(".hitl-labeler") as HTMLElement;
    root.dispatchEvent(new KeyboardEvent("keydown", { key, bubbles: true, cancelable: true, ...more }));
  };
  let end: () => void;

  beforeEach(() => {
    end = mount(labeler, model, el);
    const view = String(model.of("hello")[0].view);
    model.say({ ...welcome, to: view });
    for (const row of [0, 1, 2]) {
      model.say({
        type: "items",
        to: view,
        items: [{ row, content: { kind: "text", text: `item ${row}` }, media: [] }],
      });
    }
  });
  afterEach(() => end());
  const card = (): string => el.querySelector(".hitl-card")?.textContent ?? "";
  const note = (): string => el.querySelector(".hitl-note")?.textContent ?? "";
  const heard = (): string => el.querySelector(".hitl-unseen")?.textContent ?? "";
  const click = (name: string, detail: number, after = 1000): void => {
    vi.advanceTimersByTime(after);
    const button = el.querySelector(`[data-class=${name}]`) as HTMLElement;
    button.dispatchEvent(new MouseEvent("click", { bubbles: true, detail }));
  };
  const arrive = (row: number): void => {
    const view = String(model.of("hello")[0].view);
    const content = { kind: "text", text: `item ${row}` };
    model.say({ type: "items", to: view, items: [{ row, content, media: [] }] });
  };

  it("takes no answer to an item that is not here yet", () => {
    const late = { row: 9, key: "k9", reason: "", selection: "suggested", guess: null };
    model.say({ ...welcome, type: "queue", queue: [...welcome.queue, late] });
    for (const key of "1212s") press(key);
    expect(model.of("label").length).toBe(3);
    expect(model.of("skip").length).toBe(0);
    const view = String(model.of("hello")[0].view);
    model.say({
      type: "items",
      to: view,
      items: [{ row: 9, content: { kind: "text", text: "here" }, media: [] }],
    });
    press("2");
    expect(model.of("label")[3]).toMatchObject({ key: "k9", value: "ham" });
  });

  it("says how many answers came before the item, also while others count again", () => {
    const late = { row: 9, key: "k9", reason: "", selection: "suggested", guess: null };
    model.say({ ...welcome, type: "queue", queue: [...welcome.queue, late] });
    for (const key of "1212s") press(key);
    expect(note()).toBe("2 answers did not count: the next item had not loaded yet.");
    arrive(9);
    press("1");
    expect(model.of("label").length).toBe(4);
    press("1");
    expect(note()).toBe("3 answers did not count: the next item had not loaded yet.");
    vi.advanceTimersByTime(7000);
    expect(note()).not.toContain("did not count");
  });

  it("takes no answer to what no frame has shown yet", () => {
    press("1");
    const root = el.querySelector(".hitl-labeler") as HTMLElement;
    root.dispatchEvent(new KeyboardEvent("keydown", { key: "1", bubbles: true }));
    expect(model.of("label").length).toBe(1);
    expect(note()).toBe("1 answer did not count: the item had only just appeared.");
    press("1");
    expect(model.of("label").length).toBe(2);
  });

  it("takes a double click once, and a click only after there was time to look", () => {
    click("ham", 1);
    click("ham", 2, 200);
    expect(model.of("label").length).toBe(1);
    expect(note()).toContain("a double click counts once");
    click("spam", 1);
    click("ham", 1, 60);
    expect(model.of("label").length).toBe(2);
    expect(note()).toBe("2 answers did not count: the item had only just appeared.");
    click("ham", 0, 60); // Enter or Space on the button
    expect(model.of("label").length).toBe(3);
  });

  it("takes no second click for the item that was behind a selection", () => {
    new Bus("s", el, new AbortController().signal).tell("selection", {
      rows: Uint32Array.of(4, 5),
      how: "lasso",
    });
    click("ham", 1);
    click("ham", 2, 100);
    expect(model.of("label")).toMatchObject([{ selection: "lasso" }]);
  });

  it("waits for what a key needs from the kernel, and says why it cannot be loaded", async () => {
    press("E", { shiftKey: true });
    expect(model.of("module")).toMatchObject([{ name: "teach" }]);
    press("1");
    expect(model.of("label").length).toBe(0);
    model.say({ type: "failed", id: model.of("module")[0].id, why: "The JavaScript is missing." });
    await vi.advanceTimersByTimeAsync(0);
    expect(el.querySelector(".hitl-late")?.textContent).toContain("could not be loaded. The JavaScript is");
    press("1");
    expect(model.of("label").length).toBe(1);
    expect(el.querySelector(".hitl-late")?.hasAttribute("hidden")).toBe(true);
  });

  it("says what is next, for those who do not see it", () => {
    model.say({ type: "classes", classes: welcome.classes, question: "Is it spam?", lost: [] });
    press("2");
    expect(heard()).toBe("Labelled ham. Next: item 1 Is it spam?");
    press("s");
    expect(heard()).toBe("Skipped. Next: item 2 Is it spam?");
    press("1");
    expect(heard()).toBe("Labelled spam. Selecting the next item");
    const late = { row: 9, key: "k9", reason: "", selection: "audit", guess: null };
    model.say({ ...welcome, type: "queue", queue: [late], question: "Is it spam?" });
    arrive(9);
    expect(heard()).toBe("Next: item 9 Is it spam?");
    const root = el.querySelector(".hitl-labeler") as HTMLElement;
    const [asked, item] = String(root.getAttribute("aria-describedby")).split(" ");
    expect(document.getElementById(asked)?.textContent).toContain("Is it spam?");
    expect(document.getElementById(item)?.textContent).toBe("item 9");
  });

  it("offers the keys only where nothing on the page passes them on", () => {
    const bus = new Bus("s", el, new AbortController().signal);
    const root = el.querySelector(".hitl-labeler") as HTMLElement;
    bus.tell("keys", { here: true });
    expect(root.hasAttribute("data-keys")).toBe(true);
    bus.tell("keys", { here: false });
    expect(root.hasAttribute("data-keys")).toBe(false);
  });

  it("says on the card which keys on the map did not count, and leaves Escape to the map if there is nothing to leave", () => {
    const bus = new Bus("s", el, new AbortController().signal);
    const leave = (): boolean => bus.tell("key", { key: "Escape", shift: false });
    expect(bus.tell("missed", { why: "the search was still running" })).toBe(true);
    expect(el.querySelector(".hitl-note")?.textContent).toBe(
      "1 answer did not count: the search was still running.",
    );
    expect(leave()).toBe(false);
    bus.tell("selection", { rows: Uint32Array.of(4, 5), how: "search" });
    expect(leave()).toBe(true);
    expect(leave()).toBe(false);
  });

  it("gives nothing away to those who hear it", () => {
    const guess = { codes: [0], confidence: 0.9, words: "", shares: [] };
    model.say({ ...welcome, type: "queue", queue: welcome.queue.map((ask) => ({ ...ask, guess })) });
    press("2");
    expect(heard()).not.toContain("spam");
  });

  it("looks at the skipped items again, by key and by button, and comes back", () => {
    model.say({ ...welcome, type: "state", n_skipped: 2, left_out: "2 skipped" });
    const again = [...el.querySelectorAll(".hitl-acts button")].find((b) =>
      b.textContent?.includes("2 skipped"),
    ) as HTMLElement;
    expect(again.hidden).toBe(false);
    again.focus();
    again.click();
    press("S", { shiftKey: true });
    const asked = model.of("skipped");
    expect(asked.length).toBe(2);
    const queue = [7, 8].map((row) => ({
      ...welcome.queue[0],
      row,
      key: `k${row}`,
      reason: "skipped by you",
    }));
    model.say({ type: "skipped", to: asked[0].view, queue });
    arrive(7);
    arrive(8);
    expect(card()).toBe("item 7");
    expect(heard()).toContain("item 7");
    expect(again.hidden).toBe(true);
    expect(document.activeElement).toBe(el.querySelector(".hitl-labeler"));
    model.say({ ...welcome, type: "queue" });
    press("1");
    expect(model.of("label")).toMatchObject([{ key: "k7", value: "spam" }]);
    expect(card()).toBe("item 8");
    press("s");
    expect(model.of("skip").length).toBe(0);
    expect(card()).toBe("item 0");
    model.say({ type: "skipped", to: asked[0].view, queue: [queue[1]] });
    expect(card()).toBe("item 8");
    press("Escape");
    expect(card()).toBe("item 0");
  });

  it("looks at doubtful labels: Enter or its class keeps one, another class corrects it", () => {
    press("R", { shiftKey: true });
    const [asked] = model.of("suspected");
    const queue = [7, 8, 9].map((row) => ({
      ...welcome.queue[0],
      row,
      key: `k${row}`,
      reason: "the model of the other labels says ham (93 %)",
      doubtful: { codes: [0], by: row === 8 ? "bob" : "" },
    }));
    model.say({ type: "suspects", to: asked.view, queue, why: "" });
    for (const row of [7, 8, 9]) arrive(row);
    const text = (part: string): string => el.querySelector(`.hitl-${part}`)?.textContent ?? "";
    expect([card(), text("question")]).toEqual(["item 7", "Labelled spam: keep it, or press another class"]);
    expect(text("why")).toBe("The model of the other labels says ham (93 %)");
    expect([text("give"), text("head")]).toEqual([
      "⏎keep spam",
      expect.stringContaining("3 labels to look at"),
    ]);
    vi.advanceTimersByTime(300);
    press("Enter");
    expect(model.of("keep")).toMatchObject([{ key: "k7" }]);
    expect(text("question")).toBe("Labelled spam by bob: keep it, or press another class");
    vi.advanceTimersByTime(300);
    press("1");
    expect(model.of("keep")).toMatchObject([{ key: "k7" }, { key: "k8" }]);
    press("s"); // looked at later
    expect(card()).toBe("item 0");
    press("R", { shiftKey: true });
    model.say({ type: "suspects", to: asked.view, queue: [queue[2]], why: "" });
    press("2");
    expect(model.of("label")).toMatchObject([{ key: "k9", value: "ham", selection: "review" }]);
    expect(card()).toBe("item 0");
    const back = { ...queue[0], reason: "undone by you" };
    const [{ id }] = model.of("keep");
    model.say({ type: "ack", id, back, n_labels: 3, n_events: 9, undo: true, redo: false });
    expect(text("give")).toBe("⏎keep spam");
    model.say({ type: "suspects", to: asked.view, queue: [], why: "Nothing speaks against a label so far." });
    expect(note()).toBe("Nothing speaks against a label so far.");
  });

  it("shows the next item at once, and sends what was said of the last", () => {
    expect(card()).toBe("item 0");
    press("2");
    expect(card()).toBe("item 1");
    press("1");
    expect(card()).toBe("item 2");
    expect(model.of("label")).toMatchObject([
      { value: "ham", key: "k0", selection: "suggested" },
      { value: "spam", key: "k1", selection: "audit" },
    ]);
    expect(localStorage.length).toBe(2);
    for (const { id } of model.of("label"))
      model.say({ type: "ack", id, n_labels: 2, n_events: 3, undo: true, redo: false });
    expect(localStorage.length).toBe(0);
  });

  it("skips, undoes and redoes", () => {
    press("s");
    expect(card()).toBe("item 1");
    const [skipped] = model.of("skip");
    model.say({ type: "ack", id: skipped.id, n_labels: 0, n_events: 2, undo: true, redo: false });
    press("z");
    const [{ id }] = model.of("undo");
    model.say({
      type: "ack",
      id,
      back: welcome.queue[0],
      n_labels: 0,
      n_events: 3,
      undo: false,
      redo: true,
    });
    expect(card()).toBe("item 0");
    press("Z", { shiftKey: true });
    expect(model.of("redo").length).toBe(1);
    press("z");
    expect(model.of("undo").length).toBe(2);
  });

  it("says that an item has changed since it was labelled, and keeps or drops its label", () => {
    const line = el.querySelector(".hitl-changed") as HTMLElement;
    expect(line.hidden).toBe(true);
    press("1");
    const [{ id }] = model.of("label");
    const back = { ...welcome.queue[0], changed: true };
    model.say({ type: "ack", id, back, n_labels: 1, n_events: 2, undo: true, redo: false });
    expect(card()).toBe("item 0");
    expect(line.hidden).toBe(false);
    expect(line.textContent).toContain("has changed since it was labelled");
    vi.advanceTimersByTime(20); // a frame: nobody answers what is not on the screen
    (line.querySelectorAll("button")[1] as HTMLElement).click();
    expect(model.of("settle")).toMatchObject([{ keep: false, key: "k0" }]);
    expect(card()).toBe("item 1");
    expect(line.hidden).toBe(true);
  });

  it("redoes right after undo, and nothing where there is nothing", () => {
    press("Z", { shiftKey: true });
    press("z");
    expect(model.of("redo").length + model.of("undo").length).toBe(0);
    press("1");
    press("z");
    press("Z", { shiftKey: true }); // the kernel has not answered yet
    expect(model.of("redo").length).toBe(1);
  });

  it("says so when acts wait for the kernel, and goes on", () => {
    press("1");
    vi.advanceTimersByTime(5000);
    expect(el.querySelector(".hitl-note")?.textContent).toContain("1 act is waiting in this browser");
    press("2");
    expect(card()).toBe("item 2");
  });
});

describe("acts, opened and taken back", () => {
  const watching = new FakeModel();
  const ends: (() => void)[] = [];
  const root = (): HTMLElement => el.querySelector(".hitl-labeler") as HTMLElement;
  const words = (): string => el.querySelector(".hitl-labeler .hitl-reason")?.textContent ?? "";
  /** After a frame, in which the person sees what is on the card. */
  const press = (key: string): boolean => {
    vi.advanceTimersByTime(20);
    return root().dispatchEvent(new KeyboardEvent("keydown", { key, bubbles: true, cancelable: true }));
  };
  const viewOf = (of: FakeModel): string => String(of.of("hello")[0].view);
  const member = (row: number, changes = {}) => ({
    row,
    key: `k${row}`,
    codes: [1],
    guess: null,
    ...changes,
  });
  const entry = { kind: "label", n: 1, value: "ham", codes: [1], selection: "suggested", apart: false };

  beforeEach(() => {
    watching.sent.length = 0;
    ends.push(mount(labeler, model, el), mount(monitor, watching, el));
    model.say({ ...welcome, to: viewOf(model) });
    watching.say({
      ...monitorState,
      type: "welcome",
      to: viewOf(watching),
      classes: welcome.classes,
      chart: {},
      history: [
        { ...entry, id: "newest-act", time: "2026-11-28T12:00:01Z", state: "holds", way: [0, 0] },
        { ...entry, id: "older-act", time: "2026-11-28T12:00:00Z", state: "holds", way: [1, 1] },
      ],
    });
    show(0, 1, 2, 5);
    vi.advanceTimersByTime(1000);
  });
  afterEach(() => {
    for (const end of ends.splice(0)) end();
  });

  function show(...rows: number[]): void {
    for (const row of rows) {
      const content = { kind: "text", text: `item ${row}` };
      model.say({ type: "items", to: viewOf(model), items: [{ row, content, media: [] }] });
    }
  }

  const summary = (...of: ReturnType<typeof member>[]) => ({
    n: of.length,
    n_labelled: of.length,
    n_others: 0,
    had: [],
    mix: [],
    odd: [],
    only: of.length === 1 ? of[0] : null,
  });

  function looked(...of: ReturnType<typeof member>[]): void {
    const more = summary(...of);
    model.say({ type: "sample", to: viewOf(model), id: String(model.of("sample").at(-1)?.id), ...more });
  }

  it("a request of the Monitor that fails says why, and can be made again", () => {
    const shown = (): string => el.querySelector(".hitl-monitor")?.textContent ?? "";
    const click = (words: string): void =>
      [...el.querySelectorAll<HTMLElement>(".hitl-monitor button")]
        .find((one) => one.textContent === words && !one.closest("[hidden]"))
        ?.click();
    const fail = (type: string, why: string): void =>
      watching.say({ type: "failed", id: String(watching.of(type).at(-1)?.id), why, stuck: false });
    for (const [type, press, said] of [
      ["trust", "Trust", "Not computed: It took too long."],
      ["propose", "See how many", "Not computed: It took too long."],
      ["open", "", "It took too long."],
    ]) {
      if (press) click(press);
      else el.querySelector<HTMLElement>("button.hitl-history-what")?.click();
      expect(watching.of(type).length, type).toBe(1);
      fail(type, "It took too long.");
      expect(shown(), type).toContain(said);
      click(type === "propose" ? press : "try again");
      expect(watching.of(type).length, type).toBe(2);
      expect(shown(), type).not.toContain("too long");
    }
  });

  it("a sample of an earlier selection is not taken for the newest", () => {
    open([5]);
    const earlier = model.of("sample").at(-1)?.id;
    open([2]);
    model.say({ type: "sample", to: viewOf(model), id: String(earlier), ...summary(member(5)) });
    expect(words()).toBe("");
    looked(member(2));
    expect(words()).toBe("From the history, labelled ham");
    expect(root().textContent).toContain("item 2");
  });

  function open(rows: number[], missing = 0): void {
    (el.querySelectorAll("button.hitl-history-what")[1] as HTMLElement).click();
    expect(watching.of("open").at(-1)).toMatchObject({ act: "older-act" });
    const text = encodeRows(Uint32Array.from(rows));
    watching.say({ type: "opened", to: viewOf(watching), rows: text, n: rows.length, how: "lasso", missing });
  }

  it("one item comes to the card with its label, and takes another there", () => {
    open([5]);
    looked(member(5));
    expect(words()).toBe("From the history, labelled ham");
    expect(el.querySelector(".hitl-card")?.textContent).toBe("item 5");
    expect(document.activeElement).toBe(root());
    press("1");
    expect(model.of("label")).toMatchObject([{ key: "k5", value: "spam", selection: "clicked" }]);
    expect(watching.of("jump")).toEqual([]);
    expect(el.querySelector(".hitl-card")?.textContent).toBe("item 0");
  });

  it("many are one selection, which is labelled anew as one", () => {
    open([3, 4, 5]);
    looked(member(3), member(4), member(5));
    expect(words()).toContain("One act");
    press("1");
    const rows = encodeRows(Uint32Array.of(3, 4, 5));
    expect(model.of("label")).toMatchObject([{ rows, value: "spam", selection: "lasso" }]);
  });

  it("what is not in this table is said", () => {
    const note = (): string => el.querySelector(".hitl-monitor .hitl-told")?.textContent ?? "";
    open([], 1);
    expect(note()).toBe("This item is not in the table.");
    open([3, 4], 2);
    expect(note()).toBe("2 of its items are not in the table.");
    open([3, 4]);
    expect(note()).toBe("");
  });

  it("nothing is told of an item that is asked blind", () => {
    open([5]);
    looked(member(5, { codes: null, blind: true }));
    expect(words()).toBe("From the history, asked without a hint");
    for (const name of ["ham", "spam"])
      expect((el.querySelector(".hitl-labeler .hitl-reason") as HTMLElement).outerHTML).not.toContain(name);
  });

  it("an undo of many gives the selection back, and a redo takes it again", () => {
    press("1");
    const counts = { n_labels: 3, n_events: 3, undo: true, redo: true };
    const rows = encodeRows(Uint32Array.of(3, 4, 5));
    model.say({ type: "ack", id: model.of("label")[0].id, ...counts, redo: false });
    press("z");
    model.say({ type: "ack", id: model.of("undo")[0].id, ...counts, chosen: { rows, n: 3, how: "lasso" } });
    expect(model.of("sample").at(-1)).toMatchObject({ rows });
    expect(words()).toBe("Press a class to label all of them");
    root().dispatchEvent(
      new KeyboardEvent("keydown", { key: "Z", shiftKey: true, bubbles: true, cancelable: true }),
    );
    expect(model.of("redo").length).toBe(1);
    expect(words()).not.toContain("all of them");
  });

  it("what was excluded from an act is excluded again after its undo", () => {
    open([3, 4, 5, 6]);
    looked(member(3), member(4), member(5), member(6));
    vi.advanceTimersByTime(100);
    for (const key of [" ", "ArrowDown", " "]) press(key);
    vi.advanceTimersByTime(200);
    const size = (): string => el.querySelector(".hitl-bulk-all")?.textContent ?? "";
    expect(size()).toBe("3 of 4 items");
    const rows = encodeRows(Uint32Array.of(3, 5, 6));
    expect(model.of("sample").at(-1)).toMatchObject({ rows });
    press("1");
    expect(model.of("label")).toMatchObject([{ rows, value: "spam", selection: "lasso" }]);
    const counts = { n_labels: 3, n_events: 3, undo: true, redo: false };
    model.say({ type: "ack", id: model.of("label")[0].id, ...counts });
    press("z");
    model.say({ type: "ack", id: model.of("undo")[0].id, ...counts, chosen: { rows, n: 3, how: "lasso" } });
    expect(size()).toBe("3 of 4 items");
    expect(model.of("sample").at(-1)).toMatchObject({ rows });
  });

  it("an act on nothing is not sent", () => {
    open([3, 4]);
    looked(member(3), member(4));
    (el.querySelector(".hitl-bulk-all") as HTMLElement).click();
    press("1");
    expect(model.of("label")).toEqual([]);
    expect(el.querySelector(".hitl-labeler .hitl-note")?.textContent).toContain("Nothing is selected");
  });

  it("of two undos in a row the last one says what is on the card", () => {
    press("1");
    press("2");
    press("z");
    press("z");
    const [first, second] = model.of("undo");
    const counts = { n_labels: 3, n_events: 3, undo: true, redo: true };
    const rows = encodeRows(Uint32Array.of(3, 4, 5));
    model.say({ type: "ack", id: first.id, ...counts, chosen: { rows, n: 3, how: "lasso" } });
    expect(model.of("sample")).toEqual([]);
    model.say({ type: "ack", id: second.id, ...counts, back: welcome.queue[0] });
    expect(el.querySelector(".hitl-card")?.textContent).toBe("item 0");
  });

  it("an undo in the Monitor brings the item to the card as one here does", () => {
    press("1");
    const links = [...el.querySelectorAll<HTMLElement>(".hitl-monitor .hitl-link")];
    links.find((link) => link.textContent === "undo")?.click();
    const [{ id }] = watching.of("undo");
    const counts = { n_labels: 0, n_events: 3, undo: false, redo: true };
    watching.say({ type: "ack", id, ...counts, back: welcome.queue[0] });
    expect(el.querySelector(".hitl-card")?.textContent).toBe("item 0");
  });

  it("what the kernel refuses is said where it was asked", () => {
    (el.querySelectorAll(".hitl-history-way")[0] as HTMLElement).click();
    const [{ id, act }] = watching.of("jump");
    expect(act).toBe("older-act");
    watching.say({ type: "refused", id, why: "'b' is no class any more." });
    expect(el.querySelector(".hitl-monitor .hitl-told")?.textContent).toBe("'b' is no class any more.");
  });
});
