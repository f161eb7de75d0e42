// @vitest-environment happy-dom
import { beforeEach, describe, expect, it, vi } from "vitest";
import type { LabelClass, TrustMessage } from "../src/host/protocol";
import { trustView } from "../src/widgets/monitor/trust";

const CLASSES = ["spam", "ham"].map(
  (name) => ({ id: name, name, color: "#0072b2", retired: false }) as LabelClass,
);
const none = { value: null, low: null, high: null, n: 0 };
const TOLD: TrustMessage = {
  type: "trust",
  to: "v",
  why: "",
  measure: { name: "accuracy", worst: 0, best: 1 },
  estimate: { value: 0.9, low: 0.84, high: 0.95, n: 31 },
  audit: { right: 28, n: 30, low: 0.79, high: 0.98, any_low: 0.71, any_high: 0.99 },
  classes: [
    { code: 0, n: 40, estimate: { value: 0.95, low: 0.9, high: 0.99, n: 12 } },
    { code: 1, n: 3, estimate: none },
  ],
  confusion: [
    [38, 2],
    [0, 3],
  ],
  n_confusion: 43,
  bands: [
    { n: 0, right: 0, confidence: 0, low: 0, high: 1 },
    { n: 30, right: 28, confidence: 0.93, low: 0.79, high: 0.98 },
  ],
  banded: true,
  projection: null,
  advice: "go on",
  reasons: ["The predictions still change."],
  n_doubtful: 2,
  n_kept: 1,
  people: [],
  pairs: [],
  alpha: null,
  pace: {
    n: 43,
    n_timed: 40,
    seconds: 2.5,
    n_hasty: 1,
    n_in_runs: 0,
    n_runs: 0,
    again: 4,
    same: 3,
    low: 0.3,
    high: 0.95,
  },
};

describe("the trust section", () => {
  const [behind, suspects] = [vi.fn(), vi.fn()];
  let view: ReturnType<typeof trustView>;
  const text = (): string => view.element.textContent ?? "";
  const titles = (): (string | null | undefined)[] =>
    [...view.element.querySelectorAll(".hitl-small-head")].map((e) => e.textContent);
  const told = (changes: Partial<TrustMessage> = {}): void => view.update({ ...TOLD, ...changes }, CLASSES);
  const press = (name: string): void => {
    const all = [...view.element.querySelectorAll<HTMLElement>("button, [role=button]")];
    const found = all.find((e) => (e.getAttribute("aria-label") ?? e.textContent)?.includes(name));
    found?.dispatchEvent(new MouseEvent("click", { bubbles: true }));
  };
  beforeEach(() => {
    behind.mockClear();
    suspects.mockClear();
    view = trustView({ behind, suspects });
  });

  it("says that it is being computed, and then why there is nothing", () => {
    expect(text()).toBe("Being computed");
    told({ why: "There is no model yet.", pace: { ...TOLD.pace, n: 0 } });
    expect(view.element.querySelector(".hitl-trust-empty")?.textContent).toBe("There is no model yet.");
    expect(titles()).toEqual(["Your labels0 one by one"]);
  });

  it("says why figures could not be computed, and tries again", () => {
    const again = vi.fn();
    const shown = (): (string | null)[] =>
      [...view.element.children].filter((e) => !(e as HTMLElement).hidden).map((e) => e.textContent);
    view.failed("The store is locked.", again);
    expect(shown()[0]).toBe("Not computed: The store is locked. try again");
    expect(text()).not.toMatch(/^Being computed/);
    press("try again");
    expect(again).toHaveBeenCalledOnce();
    expect(shown()[0]).toBe("Being computed");
    told();
    view.failed("The store is locked.", again);
    expect(shown()[0]).toBe("Not up to date: The store is locked. try again");
    expect(titles().length).toBeGreaterThan(3);
    told();
    expect(shown().join()).not.toContain("locked");
  });

  it("says the n of every figure, and which interval holds when", () => {
    told();
    expect(titles()).toEqual([
      "Accuracy on unlabelled items31 audited",
      "By predicted class43 labels",
      "Confusions43 labels",
      "Calibration30 audited items",
      "Labels to look at againof 43",
      "Your labels43 one by one",
    ]);
    expect(text()).toContain("28 of 30 audited items predicted correctly");
    expect(text()).toContain("if 30 were planned beforehand0.79–0.98");
    expect(text()).toContain("if you look after every label0.71–0.99");
    expect(text()).toContain("0.95 (0.90–0.99, 12)");
    expect(text()).toContain("too few");
    expect(text()).toContain("Asked again: 3 of 4 answered as before (0.30–0.95)");
    expect(text()).toContain("1 label looked at and kept");
  });

  it("opens the items behind its figures", () => {
    told();
    press("2 items labelled spam, predicted as ham");
    press("Confidence 0.93");
    press("1 label given far faster");
    press("look through 2 labels");
    expect(behind.mock.calls).toEqual([
      [{ what: "cell", a: 0, b: 1 }],
      [{ what: "band", a: 1 }],
      [{ what: "hasty" }],
    ]);
    expect(suspects).toHaveBeenCalledOnce();
  });

  it("lists the most frequent confusions of many classes", () => {
    const n = 12;
    const many = Array.from({ length: n }, (_, k) => ({ ...CLASSES[0], id: `${k}`, name: `class ${k}` }));
    const confusion = many.map((_, a) => many.map((_, b) => (a === b ? 9 : a === 3 && b === 5 ? 4 : 0)));
    view.update({ ...TOLD, confusion }, many);
    expect([...view.element.querySelectorAll(".hitl-confused")].map((e) => e.textContent)).toEqual([
      "class 3\u2192class 54",
    ]);
  });

  it("shows how far annotators agree, and opens the items about which they differ", () => {
    told({
      people: ["ann", "bob"],
      pairs: [{ one: 0, two: 1, n: 50, agree: 0.84, kappa: 0.7 }],
      alpha: { n: 50, value: 0.71, low: 0.5, high: 0.9 },
    });
    expect(titles().at(-1)).toBe("Agreement50 items with several answers");
    press("ann and bob agree on 84 % of 50 items, kappa 0.70");
    expect(behind.mock.calls).toEqual([[{ what: "pair", a: 1, b: 0 }]]);
  });

  it("says what is missing while nothing is audited, and offers no empty list", () => {
    told({ audit: null, estimate: none, n_doubtful: 0, n_kept: 0 });
    expect(titles()[0]).toBe("Accuracy on unlabelled items0 audited");
    expect(text()).toContain("Nothing is audited yet.");
    expect(text()).toContain("Nothing speaks against a label at the moment.");
    const look = [...view.element.querySelectorAll("button")].find((b) => b.textContent?.includes("look"));
    expect(look?.hidden).toBe(true);
  });
});
