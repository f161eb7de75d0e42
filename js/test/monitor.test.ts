// @vitest-environment happy-dom
import { beforeEach, describe, expect, it } from "vitest";
import type { MonitorState } from "../src/host/protocol";
import { monitorView } from "../src/views/monitor";

const state: MonitorState = {
  n_items: 1797,
  n_labels: 50,
  n_audited: 5,
  audit_share: 0.1,
  balance: [30, 20],
  estimate: { value: null, low: null, high: null, n: 5 },
  curve: [],
  behind: 0,
  model: "neighbours 78 %, linear 22 %",
  explanation: "with each of 50 labels left out in turn, neighbours got 41 right, a linear model 36",
  strategy: "doubt",
  stage: "",
  store: { name: "labels.sqlite", where: "/here/labels.sqlite", unsaved: "", restored: 0 },
  task: "labels",
  annotator: "ada",
  closed: false,
  error: "",
  undo: true,
  redo: false,
  notices: [],
  n_changed: 0,
  people: [],
  history: [],
};

/** What can be read, line by line, without opening or pointing at anything. */
const read = (root: HTMLElement, part: string): string[] =>
  [...root.querySelectorAll(`summary .hitl-${part} > :not([hidden])`)].map((e) => e.textContent ?? "");

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
        undo: () => {},
        redo: () => {},
        jump: () => {},
        toggle: () => {},
        settle: (keep) => settled.push(keep),
      },
      false,
    );
    draw = (changes = {}, waiting = 0) =>
      view.update({ state: { ...state, ...changes }, classes: [], waiting, stalled: false });
  });

  it("says which model is used, why, and who chooses the questions, also when it is folded", () => {
    draw();
    expect(root.querySelector("details")?.open).toBe(false);
    expect(read(root, "why")).toEqual([
      "model: neighbours 78 %, linear 22 %",
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
    expect(read(root, "why")).toEqual(["model: RandomForestClassifier", "questions: margin"]);
  });

  it("names no model before there is one", () => {
    draw({ model: "", explanation: "", n_labels: 0 });
    expect(read(root, "why")[0]).toBe("model: starts with the first label");
    draw({ model: "", explanation: "", n_labels: 3, stage: "reading 1,797 items" });
    expect(read(root, "why")[0]).toBe("model: none yet");
    expect(read(root, "status")[2]).toBe("reading 1,797 items");
  });

  it("never says saved after a write that failed", () => {
    draw();
    expect(read(root, "status").at(-1)).toBe("saved in labels.sqlite");
    const why = "labels.sqlite was moved or deleted.";
    for (const changes of [{}, { closed: true }]) {
      draw({ store: { ...state.store, unsaved: why }, ...changes });
      expect(read(root, "status").at(-1)).toBe(`not saved: ${why}`);
      expect(root.querySelector("summary .hitl-bad")).not.toBeNull();
    }
    draw({ store: { ...state.store, unsaved: why } }, 2);
    expect(read(root, "status").at(-1)).toBe(`not saved: ${why} 2 acts kept in this browser.`);
    draw({ store: { ...state.store, restored: 2 } });
    expect(read(root, "status").at(-1)).toBe(
      "saved in labels.sqlite; 2 acts written again, since an older copy had replaced it",
    );
    expect(root.querySelector("summary .hitl-bad")).toBeNull();
  });

  it("says what went wrong before anything else about the model", () => {
    draw({ error: "The strategy 'mine' returned NaN.", behind: 3 });
    expect(read(root, "status")[2]).toBe("The strategy 'mine' returned NaN.");
    draw({ behind: 3 });
    expect(read(root, "status")[2]).toBe("model 3 acts behind");
  });
});
