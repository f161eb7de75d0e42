// @vitest-environment happy-dom
import { beforeEach, describe, expect, it } from "vitest";
import type { LabelClass } from "../src/host/protocol";
import { type ClassChange, classEditor } from "../src/widgets/labeler/classes";

const of = (name: string, more: Partial<LabelClass> = {}): LabelClass => ({
  id: name,
  name,
  guidance: "",
  example: "",
  key: "1",
  color: "#0072b2",
  retired: false,
  ...more,
});

describe("the classes that can be edited", () => {
  let sent: ClassChange[];
  let refuse: (why: string) => void;
  let editor: ReturnType<typeof classEditor>;
  const rows = () => [...editor.element.querySelectorAll<HTMLElement>("li")];
  const field = (row: HTMLElement, label: string): HTMLInputElement => {
    const found = row.querySelector<HTMLInputElement>(`[aria-label="${label}"]`);
    if (!found) throw new Error(`no ${label}`);
    return found;
  };
  const type = (input: HTMLInputElement, value: string): void => {
    input.focus();
    input.value = value;
    input.dispatchEvent(new KeyboardEvent("keydown", { key: "Enter" }));
    input.blur();
    input.dispatchEvent(new Event("change")); // the browser's own, when the field is left
  };

  beforeEach(() => {
    sent = [];
    editor = classEditor((change, refused) => {
      sent.push(change);
      refuse = refused;
    });
    document.body.replaceChildren(editor.element);
    editor.update([of("spam"), of("ham", { key: "2" }), of("other", { key: "3" })]);
  });

  it("sends a rename once, by Enter or by leaving the field", () => {
    type(field(rows()[0], "Name"), "junk");
    expect(sent).toEqual([{ change: "rename", of: ["spam"], name: "junk" }]);
  });

  it("leaves a name as it was where it is emptied", () => {
    type(field(rows()[0], "Name"), " ");
    expect(sent).toEqual([]);
    expect(field(rows()[0], "Name").value).toBe("spam");
  });

  it("keeps what somebody is writing while others change the classes", () => {
    const name = field(rows()[1], "Name");
    name.focus();
    name.value = "ham and e";
    editor.update([of("other", { key: "3" }), of("spam", { name: "junk" }), of("ham", { key: "2" })]);
    expect(rows().map((row) => field(row, "Name").value)).toEqual(["other", "junk", "ham and e"]);
  });

  it("adds, splits, merges, retires and reorders", () => {
    type(field(editor.element, "New class"), "scam");
    type(field(rows()[0], "Split into: one, two"), "a, b , ,c");
    const merge = rows()[1].querySelector("select") as HTMLSelectElement;
    merge.selectedIndex = 2; // the others are spam and other
    merge.dispatchEvent(new Event("change"));
    field(rows()[2], "Stop offering this class; its labels are kept").click();
    field(rows()[2], "Move up").click();
    expect(sent).toEqual([
      { change: "add", classes: [{ name: "scam" }] },
      { change: "split", of: ["spam"], classes: [{ name: "a" }, { name: "b" }, { name: "c" }] },
      { change: "merge", of: ["ham", "other"], name: "other" },
      { change: "retire", of: ["other"] },
      { change: "reorder", of: ["spam", "other", "ham"] },
    ]);
  });

  it("does not split into one, and offers no merge where two are left", () => {
    type(field(rows()[0], "Split into: one, two"), "alone");
    expect(sent).toEqual([]);
    editor.update([of("spam"), of("ham")]);
    expect(rows()[0].querySelector("select")?.hidden).toBe(true);
  });

  it("lists the retired ones, to be offered again", () => {
    editor.update([of("spam"), of("ham"), of("old", { retired: true })]);
    expect(rows()).toHaveLength(2);
    field(editor.element, "Offer old again").click();
    expect(sent).toEqual([{ change: "restore", of: ["old"] }]);
  });

  it("says at its field why a change is refused, until it is corrected", () => {
    const why = (within: Element): string =>
      [...within.querySelectorAll<HTMLElement>("[role=alert]")]
        .filter((one) => !one.hidden)
        .map((one) => one.textContent)
        .join();
    const fresh = field(editor.element, "New class");
    for (const [input, wrong, right, within] of [
      [field(rows()[0], "Name"), "ham", "junk", rows()[0]],
      [field(rows()[1], "Key"), "z", "b", rows()[1]],
      [field(rows()[2], "Split into: one, two"), "a, a", "a, b", rows()[2]],
      [fresh, "ham", "scam", editor.element],
    ] as const) {
      sent = [];
      type(input, wrong);
      refuse("it is taken");
      expect([input.value, why(within), input.getAttribute("aria-invalid")]).toEqual([
        wrong,
        "it is taken",
        "true",
      ]);
      type(input, wrong);
      expect([sent.length, why(within)], "the same may be tried again").toEqual([2, ""]);
      refuse("it is taken");
      input.value = right;
      input.dispatchEvent(new Event("input"));
      expect([why(within), input.getAttribute("aria-invalid")]).toEqual(["", null]);
      type(input, right);
      refuse("");
      expect([sent.length, why(editor.element)]).toEqual([3, ""]);
    }
    expect(fresh.value, "free for the next one").toBe("");
  });

  it("gives the field back as it was on Escape", () => {
    const name = field(rows()[0], "Name");
    name.value = "half";
    name.dispatchEvent(new KeyboardEvent("keydown", { key: "Escape" }));
    expect(name.value).toBe("spam");
    expect(sent).toEqual([]);
  });
});
