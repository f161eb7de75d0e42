// @vitest-environment happy-dom

import { beforeEach, describe, expect, it, vi } from "vitest";
import type { LabelClass, ProposedMessage } from "../src/host/protocol";
import { proposalView } from "../src/widgets/labeler/proposal";

const on = { look: vi.fn(), handOver: vi.fn(), dismiss: vi.fn(), change: vi.fn(), leave: vi.fn() };
let view: ReturnType<typeof proposalView>;
const classes = ["spam", "ham", "junk"].map((name) => ({ name }) as LabelClass);
const proposed = (given: Partial<ProposedMessage> = {}): ProposedMessage => ({
  type: "proposed",
  to: null,
  name: "class 1",
  kind: "class",
  text: "Is a class missing?",
  rows: "AQ",
  n: 40,
  classes: [],
  ...given,
});
const nothing = proposed({ name: "", kind: "", text: "" });
const field = () => view.element.querySelector("input") as HTMLInputElement;
const type = (name: string, key: string): void => {
  field().value = name;
  field().dispatchEvent(new KeyboardEvent("keydown", { key, bubbles: true, cancelable: true }));
};

beforeEach(() => {
  vi.resetAllMocks();
  view = proposalView(on);
  document.body.replaceChildren(view.element);
});

describe("what the model proposes", () => {
  it("takes no keys where there is nothing", () => {
    view.came(nothing, classes);
    expect(view.element.hidden).toBe(true);
    expect([view.accept(), view.dismiss()]).toEqual([false, false]);
  });

  it("opens the items of a missing class, and adds the class by name", () => {
    view.came(proposed(), classes);
    expect(view.accept()).toBe(true);
    expect(on.look).toHaveBeenCalledWith("AQ");
    expect(document.activeElement).toBe(field());
    type(" offers ", "Enter");
    expect(on.change.mock.calls[0][0]).toEqual({ change: "add", classes: [{ name: "offers" }] });
    // A refused name stays, with the reason.
    on.change.mock.calls[0][1]("There is a class offers.");
    expect(view.element.textContent).toContain("There is a class offers.");
    expect(field().value).toBe(" offers ");
    on.change.mock.calls[0][1]("");
    expect(view.element.textContent).toContain("Is a class missing?");
    expect(on.leave).toHaveBeenCalled();
  });

  it("does not change while a name is typed", () => {
    view.came(proposed(), classes);
    view.accept();
    view.came(nothing, classes);
    expect(view.element.hidden).toBe(false);
    type("off", "Escape");
    expect(view.element.hidden).toBe(true);
    expect(on.change).not.toHaveBeenCalled();
  });

  it("merges two classes, or shows what differs", () => {
    view.came(proposed({ kind: "merge", name: "merge a b", classes: [0, 2], n: 7 }), classes);
    const look = [...view.element.querySelectorAll("button")].find(
      (b) => b.textContent === "look at 7 labels",
    );
    look?.click();
    expect(on.look).toHaveBeenCalledWith("AQ");
    view.accept();
    expect(on.change.mock.calls[0][0]).toEqual({ change: "merge", of: ["spam", "junk"], name: "spam" });
  });

  it("shows some items and the hand-over, and only the labels where a rule differs", () => {
    view.came(proposed({ kind: "hand_over", name: "hand over" }), classes);
    view.accept();
    expect(on.handOver).toHaveBeenCalled();
    view.came(proposed({ kind: "rule", name: "rule ads" }), classes);
    view.accept();
    expect(on.look).toHaveBeenCalledTimes(2);
    expect(on.handOver).toHaveBeenCalledTimes(1);
    expect(field().closest("span")?.hidden).toBe(true);
  });

  it("is gone at once when it is dismissed, and there again after an undo", () => {
    view.came(proposed(), classes);
    expect(view.dismiss()).toBe(true);
    expect(on.dismiss).toHaveBeenCalledWith("class 1");
    expect(view.element.hidden).toBe(true);
    view.came(proposed(), classes);
    expect(view.element.hidden).toBe(false);
  });
});
