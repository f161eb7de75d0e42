// @vitest-environment happy-dom
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import type { FoundMessage } from "../src/host/protocol";
import { findField } from "../src/widgets/explorer/find";

const answer = (query: string, more: Partial<FoundMessage> = {}): FoundMessage => ({
  type: "found",
  to: "view",
  query,
  rows: "",
  ranked: false,
  parts: [],
  why: "",
  ...more,
});

function field() {
  const on = { find: vi.fn(), keep: vi.fn(), done: vi.fn(), early: vi.fn() };
  const stop = new AbortController();
  const made = findField(on, stop.signal);
  document.body.replaceChildren(made.element);
  const input = made.element.querySelector("input") as HTMLInputElement;
  const type = (text: string): void => {
    input.value = text;
    input.dispatchEvent(new Event("input"));
  };
  const press = (key: string): KeyboardEvent => {
    const event = new KeyboardEvent("keydown", { key, bubbles: true, cancelable: true });
    input.dispatchEvent(event);
    return event;
  };
  const status = (): string => made.element.querySelector("[role=status]")?.textContent ?? "";
  return { on, stop, made, input, type, press, status };
}

describe("the find field", () => {
  beforeEach(() => {
    vi.useFakeTimers();
  });
  afterEach(() => {
    vi.useRealTimers();
  });

  it("asks once a person stops typing, and once for the same words", () => {
    const { on, type } = field();
    for (const text of ["r", "re", "refund"]) type(text);
    expect(on.find).not.toHaveBeenCalled();
    vi.runAllTimers();
    expect(on.find).toHaveBeenCalledExactlyOnceWith("refund");
    type(" refund ");
    vi.runAllTimers();
    expect(on.find).toHaveBeenCalledOnce();
  });

  it("shows the answer to what stands there, and no other", () => {
    const { made, type, status } = field();
    type("refund late");
    vi.runAllTimers();
    expect(status()).toBe("…");
    expect(made.show(answer("refund"), 3)).toBe(false);
    expect(status()).toBe("…");
    const parts = [
      { typed: "refund", n: 1337 },
      { typed: "late", n: 2 },
    ];
    expect(made.show(answer("refund late", { parts }), 1)).toBe(true);
    expect(status()).toBe("1 item found");
    expect(made.element.textContent).toContain("refund 1,337 · late 2");
  });

  it("gives the keys away with Enter, but not before there is an answer", () => {
    const { on, made, type, press } = field();
    type("refund");
    expect(press("Enter").defaultPrevented).toBe(true);
    expect(on.find).toHaveBeenCalledExactlyOnceWith("refund");
    expect(on.done).not.toHaveBeenCalled();
    made.show(answer("refund"), 3);
    expect(on.done).toHaveBeenCalledOnce();
    press("Enter");
    expect(on.done).toHaveBeenCalledTimes(2);
  });

  it("takes no key between Enter and the answer into the query", () => {
    const { on, made, type, press, input, status } = field();
    type("refund");
    press("Enter");
    expect(press("1").defaultPrevented).toBe(true);
    expect(input.value).toBe("refund");
    expect(status()).toBe("still searching, press again");
    expect(on.early).toHaveBeenCalledExactlyOnceWith("1");
    expect(press("Shift").defaultPrevented).toBe(false);
    made.show(answer("refund"), 3);
    expect(status()).toBe("3 items found");
    expect(on.done).toHaveBeenCalledOnce();
    expect(press("1").defaultPrevented).toBe(false);
  });

  it("stays where it is when the query cannot be read", () => {
    const { on, made, type, press, input, status } = field();
    type("clas:x");
    press("Enter");
    made.show(answer("clas:x", { why: "no column or field 'clas'" }), 0);
    expect(on.done).not.toHaveBeenCalled();
    expect(made.element.querySelector("[role=alert]")?.textContent).toBe("no column or field 'clas'");
    expect(input.getAttribute("aria-invalid")).toBe("true");
    expect(status()).toBe("");
    press("Enter");
    expect(on.done).not.toHaveBeenCalled();
    type("class:x");
    vi.runAllTimers();
    made.show(answer("class:x"), 0);
    expect(input.getAttribute("aria-invalid")).toBe("false");
    expect(status()).toBe("0 items found");
  });

  it("forgets with Escape, which goes no further", () => {
    const { on, made, type, press, input, status } = field();
    type("refund");
    vi.runAllTimers();
    made.show(answer("refund"), 3);
    const outside = vi.fn();
    document.body.addEventListener("keydown", outside, { once: true });
    press("Escape");
    expect(outside).not.toHaveBeenCalled();
    expect([input.value, status()]).toEqual(["", ""]);
    expect(on.find).toHaveBeenLastCalledWith("");
    expect(on.done).toHaveBeenCalledOnce();
  });

  it("is left from the map, too, if it holds a query", () => {
    const { on, made, type, input } = field();
    expect(made.leave()).toBe(false);
    expect(on.done).not.toHaveBeenCalled();
    type("refund");
    vi.runAllTimers();
    made.show(answer("refund"), 3);
    expect(made.leave()).toBe(true);
    expect([input.value, on.find.mock.lastCall]).toEqual(["", [""]]);
    expect(made.leave()).toBe(false);
  });

  it("leaves keys of an input method and other keys alone", () => {
    const { on, press, input } = field();
    const composing = new KeyboardEvent("keydown", { key: "Enter", isComposing: true, cancelable: true });
    input.dispatchEvent(composing);
    expect(composing.defaultPrevented).toBe(false);
    expect(press("1").defaultPrevented).toBe(false);
    expect(on.done).not.toHaveBeenCalled();
  });

  it("is emptied when something else is chosen, without asking", () => {
    const { on, made, type, input, status } = field();
    type("refund");
    vi.runAllTimers();
    made.clear();
    expect([input.value, status()]).toEqual(["", ""]);
    expect(made.show(answer("refund"), 3)).toBe(false);
    expect(on.find).toHaveBeenCalledOnce();
    type("refund");
    vi.runAllTimers();
    expect(on.find).toHaveBeenCalledTimes(2);
  });

  it("keeps what was found under a name, but no errors and no slices", () => {
    const { on, made, type, input, status } = field();
    const keep = made.element.querySelector<HTMLElement>(".hitl-find-keep") as HTMLElement;
    const form = made.element.querySelector<HTMLElement>(".hitl-slice") as HTMLElement;
    const name = form.querySelector("input") as HTMLInputElement;
    const enter = (key: string): boolean =>
      name.dispatchEvent(new KeyboardEvent("keydown", { key, bubbles: true, cancelable: true }));
    const search = (query: string, why = ""): void => {
      type(query);
      vi.runAllTimers();
      made.show(answer(query, { why }), 3);
    };
    expect(keep.hidden).toBe(true);
    search('refund "not paid"');
    expect(keep.hidden).toBe(false);
    keep.click();
    expect([form.hidden, name.value]).toEqual([false, "refund not paid"]);
    name.value = "  ";
    enter("Enter");
    expect(on.keep).not.toHaveBeenCalled();
    name.value = " unpaid ";
    const outside = vi.fn();
    document.body.addEventListener("keydown", outside);
    enter("x");
    enter("Enter");
    document.body.removeEventListener("keydown", outside);
    expect(outside).not.toHaveBeenCalled();
    const unpaid = { name: "unpaid", query: 'refund "not paid"', replace: false };
    expect(on.keep).toHaveBeenCalledExactlyOnceWith(unpaid, expect.any(Function));
    enter("Enter");
    expect(on.keep, "it is being saved").toHaveBeenCalledOnce();
    expect(form.hidden).toBe(false);
    on.keep.mock.calls[0][1](null);
    expect(form.hidden).toBe(true);
    expect(document.activeElement).toBe(input);
    expect([status(), keep.hidden]).toEqual(["kept as “unpaid”", true]);
    search("late");
    expect(status()).toBe("3 items found");
    search('refund "not paid"');
    keep.click();
    enter("Escape");
    expect(form.hidden).toBe(true);
    keep.click();
    search("refunds");
    expect(form.hidden, "it was about another query").toBe(true);
    for (const [query, why] of [
      ["clas:x", "unknown"],
      ["slice:unpaid", ""],
      ["late -slice:unpaid", ""],
    ]) {
      search(query, why);
      expect(keep.hidden).toBe(true);
    }
  });

  it("asks before a name is taken from another search", () => {
    const { on, made, type } = field();
    const form = made.element.querySelector<HTMLElement>(".hitl-slice") as HTMLElement;
    const name = form.querySelector("input") as HTMLInputElement;
    const [, replace] = [...form.querySelectorAll("button")];
    const why = (): string => form.querySelector("[role=alert]:not([hidden])")?.textContent ?? "";
    const enter = (): boolean =>
      name.dispatchEvent(new KeyboardEvent("keydown", { key: "Enter", bubbles: true }));
    const refuse = (why: string, taken: boolean): void => on.keep.mock.lastCall?.[1]({ why, taken });
    type("refund late");
    vi.runAllTimers();
    made.show(answer("refund late"), 3);
    made.element.querySelector<HTMLElement>(".hitl-find-keep")?.click();
    expect(replace.hidden).toBe(true);
    name.value = "late";
    enter();
    refuse("'late' keeps another search", true);
    expect([form.hidden, replace.hidden, why()]).toEqual([false, false, "'late' keeps another search"]);
    name.value = "late 2";
    name.dispatchEvent(new Event("input"));
    expect([replace.hidden, why()], "another name may be free").toEqual([true, ""]);
    enter();
    refuse("not a name", false);
    expect([replace.hidden, why()]).toEqual([true, "not a name"]);
    name.value = "late";
    enter();
    refuse("'late' keeps another search", true);
    replace.click();
    expect(on.keep.mock.lastCall?.[0]).toEqual({ name: "late", query: "refund late", replace: true });
    on.keep.mock.lastCall?.[1](null);
    expect(form.hidden).toBe(true);
  });

  it("asks nothing after the view is gone", () => {
    const { on, stop, type } = field();
    type("refund");
    stop.abort();
    vi.runAllTimers();
    expect(on.find).not.toHaveBeenCalled();
  });

  it("runs a link's query again, although it was the last one", () => {
    const { made, on } = field();
    made.run("labelled");
    made.run("labelled");
    expect(on.find.mock.calls).toEqual([["labelled"], ["labelled"]]);
  });
});
