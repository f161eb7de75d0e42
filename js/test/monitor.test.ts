// @vitest-environment happy-dom
import { beforeEach, describe, expect, it } from "vitest";
import type { MonitorState } from "../src/host/protocol";
import { monitorView } from "../src/widgets/monitor/view";
import { monitorState as state } from "./fakes";

/** What can be read, line by line, without opening or pointing at anything. */
const read = (root: HTMLElement, part: string): string[] =>
  [...root.querySelectorAll(`.hitl-${part} > :not([hidden])`)].map((e) => e.textContent ?? "");

const nothing = (): void => {};
const RULES = {
  rules: nothing,
  keepRule: nothing,
  retireRule: nothing,
  removeRule: nothing,
  tryRule: nothing,
  preview: nothing,
  look: nothing,
  leave: nothing,
};

describe("the monitor", () => {
  let root: HTMLElement;
  let settled: boolean[];
  let draw: (changes?: Partial<MonitorState>, waiting?: number) => void;
  beforeEach(() => {
    root = document.createElement("div");
    settled = [];
    const view = monitorView(
      root,
      {
        undo() {},
        redo() {},
        jump() {},
        open() {},
        restore() {},
        toggle() {},
        trust() {},
        behind() {},
        suspects() {},
        find() {},
        remove() {},
        propose() {},
        sample() {},
        ...RULES,
        handOver() {},
        takeBack() {},
        settle: (keep) => settled.push(keep),
      },
      false,
      new AbortController().signal,
    );
    draw = (changes = {}, waiting = 0) =>
      view.update({ state: { ...state, ...changes }, classes: [], waiting, stalled: false });
  });

  it("says which model is used, why, and who chooses the questions, behind the details", () => {
    draw();
    expect(root.querySelector<HTMLElement>(".hitl-folded")?.hidden).toBe(true);
    expect(read(root, "why")).toEqual([
      "neighbours 78 %, linear 22 %",
      "with each of 50 labels left out in turn, neighbours got 41 right, a linear model 36",
      "questions: doubt",
    ]);
    expect(read(root, "status")[2]).toBe("model up to date");
  });

  it("says what does not fit between store and table, and settles it where it can be", () => {
    draw();
    const notices = root.querySelector(".hitl-notices") as HTMLElement;
    const [keep, drop] = [...root.querySelectorAll<HTMLElement>(".hitl-notices + div button")];
    expect([notices.hidden, keep.parentElement?.hidden]).toEqual([true, true]);
    draw({ notices: ["369 of 5,572 rows say the same"] });
    expect([notices.hidden, keep.parentElement?.hidden]).toEqual([false, true]);
    expect(notices.textContent).toBe("369 of 5,572 rows say the same");
    draw({ notices: ["3 of 4 labelled items"], n_changed: 3 });
    expect(keep.parentElement?.hidden).toBe(false);
    keep.click();
    drop.click();
    expect(settled).toEqual([true, false]);
  });

  it("leaves no empty place where a model gives no reasons", () => {
    draw();
    draw({ model: "RandomForestClassifier", explanation: "", strategy: "margin" });
    expect(read(root, "why")).toEqual(["RandomForestClassifier", "questions: margin"]);
  });

  it("names no model before there is one", () => {
    draw({ model: "", explanation: "", n_labels: 0 });
    expect(read(root, "why")[0]).toBe("starts with the first label");
    draw({ model: "", explanation: "", n_labels: 3, stage: "reading 1,797 items" });
    expect(read(root, "why")[0]).toBe("none yet");
    expect(read(root, "status")[2]).toBe("reading 1,797 items");
  });

  it("never says saved after a write that failed", () => {
    draw();
    expect(read(root, "status").at(-1)).toBe("saved in labels.sqlite");
    const why = "labels.sqlite was moved or deleted.";
    for (const changes of [{}, { closed: true }]) {
      draw({ store: { ...state.store, unsaved: why }, ...changes });
      expect(read(root, "status").at(-1)).toBe(`not saved: ${why}`);
      expect(root.querySelector(".hitl-status .hitl-bad")).not.toBeNull();
    }
    draw({ store: { ...state.store, unsaved: why } }, 2);
    expect(read(root, "status").at(-1)).toBe(`not saved: ${why} 2 acts kept in this browser.`);
    draw({ store: { ...state.store, restored: 2 } });
    expect(read(root, "status").at(-1)).toBe(
      "saved in labels.sqlite; 2 acts written again after an older copy replaced it",
    );
    expect(root.querySelector(".hitl-status .hitl-bad")).toBeNull();
  });

  it("says what went wrong before anything else about the model", () => {
    draw({ error: "The strategy 'mine' returned NaN.", behind: 3 });
    expect(read(root, "status")[2]).toBe("The strategy 'mine' returned NaN.");
    draw({ behind: 3 });
    expect(read(root, "status")[2]).toBe("model 3 acts behind");
  });

  it("says what the accuracy waits for", () => {
    const said = () => `${read(root, "status")[1]} / ${root.querySelector(".hitl-curve + *")?.textContent}`;
    draw({ n_audited: 0 });
    expect(said()).toContain("nothing audited yet / Shown from the first audited label on. 10 %");
    draw({ n_audited: 0, provisional: 0.876 });
    expect(said()).toContain("accuracy about 0.88, provisional: nothing audited yet / Shown from");
    for (const n_audited of [1, 25]) {
      draw({ n_audited });
      expect(said()).toContain(`accuracy: being measured (${n_audited} audited) / Being computed`);
      draw({ n_audited, error: "The model failed." });
      expect(said()).toContain(`accuracy: not measured (${n_audited} audited) / Not shown`);
    }
  });

  it("says how sure the figure is and what to do next, without repeating it", () => {
    const advice = (changes: Partial<MonitorState>) => {
      draw(changes);
      return root.querySelector<HTMLElement>(".hitl-advice:not([hidden])")?.textContent;
    };
    const estimate = (low: number, high: number, n: number) => ({
      estimate: { value: (low + high) / 2, low, high, n },
    });
    expect(advice({ n_labels: 0, model: "" })).toBeUndefined();
    expect(advice({ n_labels: 6 })).toBe("Too few labels to say how good the model is: label 4 more to see.");
    expect(advice({ error: "The model failed." })).toBeUndefined();
    expect(advice({ provisional: 0.9 })).toMatch(/^Optimistic: .* not drawn at random. Label more to see.$/);
    expect(advice({ provisional: 0.9, audit_share: 0 })).toMatch(/Without audit= it stays so.$/);
    for (const rough of [estimate(0.8, 0.9, 14), estimate(0.6, 0.9, 40)])
      expect(advice({ ...rough, rising: true })).toBe("A rough figure so far: label more to see.");
    expect(advice(estimate(0.8, 0.95, 30))).toBe("Fairly sure.");
    expect(advice({ ...estimate(0.88, 0.96, 30), rising: true })).toBe("Sure. The curve still rises.");
  });

  it("marks a provisional curve", () => {
    const note = () => root.querySelector(".hitl-curve + *")?.textContent;
    const curve = [{ n: 10, value: 0.8, low: null, high: null }];
    draw({ curve, provisional: 0.8 });
    expect(note()).toBe("Provisional, and optimistic: nothing audited yet.");
    draw({ curve, provisional: null });
    expect(note()).toBe("");
  });

  it("says which labels are left out of the balance", () => {
    draw({ n_hidden: 2 });
    expect(root.textContent).toContain(
      "Not counted: 2 labels by others, until you have given your own opinion.",
    );
    draw();
    expect(root.textContent).not.toContain("Not counted");
  });

  it("shows what became of an act, until there is something else to say", () => {
    root.replaceChildren();
    const proposed: unknown[] = [];
    const view = monitorView(
      root,
      {
        undo() {},
        redo() {},
        jump() {},
        open() {},
        restore() {},
        toggle() {},
        trust() {},
        behind() {},
        suspects() {},
        find() {},
        remove() {},
        propose: (...asked) => proposed.push(asked),
        sample() {},
        ...RULES,
        handOver() {},
        takeBack() {},
        settle() {},
      },
      false,
      new AbortController().signal,
    );
    const note = root.querySelector(".hitl-told") as HTMLElement;
    expect(note.hidden).toBe(true);
    view.note("It was refused.");
    expect([note.hidden, note.textContent]).toEqual([false, "It was refused."]);
    let again = 0;
    view.note("It failed.", () => again++);
    note.querySelector("button")?.click();
    expect([note.textContent, again]).toEqual(["It failed. try again", 1]);
    view.note("");
    expect(note.hidden).toBe(true);
    // The hand-over that the Labeler proposes is behind the details.
    const details = root.querySelector(".hitl-folded") as HTMLElement;
    expect(details.hidden).toBe(true);
    for (const _ of [1, 2]) view.handOver();
    expect(details.hidden).toBe(false);
    expect(proposed).toEqual([
      [0.05, null],
      [0.05, null],
    ]);
  });
});

describe("figures of the monitor", () => {
  it("are links to the items behind them", () => {
    const root = document.createElement("div");
    const found: unknown[] = [];
    const view = monitorView(
      root,
      {
        undo: nothing,
        redo: nothing,
        jump: nothing,
        open: nothing,
        restore: nothing,
        toggle: nothing,
        propose: nothing,
        sample: nothing,
        ...RULES,
        handOver: nothing,
        takeBack: nothing,
        trust: nothing,
        behind: nothing,
        suspects: nothing,
        settle: nothing,
        find: (wanted) => found.push(wanted),
        remove: (name) => found.push({ remove: name }),
      },
      true,
      new AbortController().signal,
    );
    const classes = ["spam", "new release", 'say "x"'].map((name, i) => ({
      ...{ id: String(i), name, color: "#0072b2", key: "", guidance: "", example: "", retired: false },
    }));
    const draw = (changes: Partial<MonitorState>): void =>
      view.update({
        state: { ...state, balance: [3, 2, 1], ...changes },
        classes,
        waiting: 0,
        stalled: false,
      });
    draw({ n_labels: 0, model: "" });
    for (const figure of root.querySelectorAll<HTMLElement>(".hitl-status .hitl-figure")) figure.click();
    expect(found).toEqual([]);
    draw({ people: [{ annotator: "Ann Lee", labels: 3, here: false }] });
    for (const figure of root.querySelectorAll<HTMLElement>(".hitl-figure")) figure.click();
    expect(found).toEqual([
      { text: "labelled" },
      { text: "disagrees", by: "confidence", down: true },
      { text: "class:spam" },
      { text: 'class:"new release"' },
      { text: 'by:"Ann Lee"' },
    ]);
    expect(root.querySelector(".hitl-balance")?.textContent).toContain('say "x"');
    found.length = 0;
    const slice = { n_items: 1200, n_labelled: 12, why: "" };
    const unknown = { value: null, low: null, high: null, n: 0 };
    const slices = [
      { ...slice, name: "angry", query: "/!+/", estimate: { value: 0.8, low: 0.7, high: 0.9, n: 4 } },
      { ...slice, name: "not yet", query: "n>1", n_items: null, n_labelled: null, estimate: unknown },
      { ...slice, name: "gone", query: "class:x", estimate: unknown, why: "Unknown class 'x'." },
    ];
    draw({ slices });
    const rows = [...root.querySelectorAll<HTMLElement>(".hitl-slices > li")];
    expect(rows.map((row) => [...row.children].map((part) => part.textContent))).toEqual([
      ["angry", "1,200 items, 12 labelled", "accuracy 0.80 (0.70–0.90)", "×"],
      ["not yet", "…", "", "×"],
      ["gone", "Unknown class 'x'.", "×"],
    ]);
    for (const row of rows) row.querySelector("button")?.click();
    rows[2].querySelector<HTMLElement>("[aria-label='Remove the slice gone']")?.click();
    expect(found).toEqual([
      { text: "slice:angry" },
      { text: 'slice:"not yet"' },
      { text: "slice:gone" },
      { remove: "gone" },
    ]);
    draw({ slices: [] });
    expect(root.querySelector<HTMLElement>(".hitl-sliced")?.hidden).toBe(true);
  });
});
