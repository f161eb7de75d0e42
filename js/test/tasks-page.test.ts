// @vitest-environment happy-dom
import { readFileSync } from "node:fs";
import { afterEach, describe, expect, it } from "vitest";

const script = readFileSync("../src/hitl_widgets/transfer/work/page.js", "utf8");
const HOSTILE = '<img src=x onerror="alert(1)">';

interface Work {
  kind: string;
  settings?: Record<string, unknown>;
  classes?: string[];
  swap?: boolean;
  n?: number;
}

let batches = 0;
const saved: Blob[] = [];
const add = document.addEventListener.bind(document);
let listening: [string, EventListener][] = [];

/** Open a page with these tasks; with `again`, as after a reload. */
function open(work: Work, again = false): void {
  if (!again) batches++;
  const pair = work.kind === "pair";
  const classes = (work.classes ?? []).map((name, k) => ({
    name,
    guidance: k === 0 ? HOSTILE : "",
    example: "",
    ...(pair && k < 2 ? { title: "AB"[k] } : {}),
  }));
  const tasks = Array.from({ length: work.n ?? 2 }, (_, k) => ({
    item: `k${k}`,
    blocks: pair
      ? [
          { kind: "text", text: "one" },
          { kind: "text", text: "two" },
        ]
      : [{ kind: "text", text: `${HOSTILE} ${k}` }],
    context: [["from", "me"]],
    swap: work.swap ?? false,
  }));
  const told = {
    batch: `batch${batches}`,
    task: "labels",
    kind: work.kind,
    question: "What is it?",
    instructions: "Read.",
    classes,
    settings: work.settings ?? {},
    examples: [],
    tasks,
  };
  for (const [name, listener] of listening) document.removeEventListener(name, listener);
  listening = [];
  document.addEventListener = ((name: string, listener: EventListener) => {
    listening.push([name, listener]);
    add(name, listener);
  }) as typeof document.addEventListener;
  document.body.innerHTML = '<main id="page"></main><script type="application/json" id="work"></script>';
  (document.getElementById("work") as HTMLElement).textContent = JSON.stringify(told);
  URL.createObjectURL = (blob) => {
    saved.push(blob as Blob);
    return "blob:x";
  };
  new Function(script)();
}

const find = <T extends HTMLElement = HTMLInputElement>(selector: string): T =>
  document.querySelector(selector) as T;
const button = (text: string): HTMLButtonElement =>
  [...document.querySelectorAll("button")].find((one) => one.textContent === text) as HTMLButtonElement;
const press = (key: string): boolean =>
  find("h1").dispatchEvent(new KeyboardEvent("keydown", { key, bubbles: true, cancelable: true }));

function named(person: string): void {
  const field = find("#person");
  field.value = person;
  field.dispatchEvent(new Event("input", { bubbles: true }));
}

async function answers(): Promise<Record<string, unknown>> {
  button("Save answers to a file").click();
  const told = JSON.parse(await (saved.pop() as Blob).text());
  expect(told.hitl_answers).toBe(1);
  return Object.fromEntries(
    told.answers.map((one: { item: string; value: unknown }) => [one.item, one.value]),
  );
}

afterEach(() => {
  document.addEventListener = add;
});

describe("the page of tasks", () => {
  it("is answered by keys, shows hostile texts as they are, and is saved under a name", async () => {
    open({ kind: "choice", classes: ["good", "bad"] });
    expect(document.querySelector("img")).toBeNull();
    expect(document.body.textContent).toContain(`${HOSTILE} 0`);
    expect(document.body.textContent).toContain("Task 1 of 2");
    press("Enter");
    expect(find("[role=status]").textContent).toContain("Give an answer first");
    press("2");
    press("Enter");
    expect(document.body.textContent).toContain("Task 2 of 2");
    expect(document.activeElement).toBe(find("h1"));
    button("I cannot say").click();
    expect(document.body.textContent).toContain("That was the last task.");
    button("Save answers to a file").click();
    expect(find("[role=status]").textContent).toContain("Write your name first");
    expect(saved).toEqual([]);
    named("Ann");
    expect(await answers()).toEqual({ k0: "bad", k1: null });
    expect(find("[role=status]").textContent).toContain("2 of 2 answers are in the file");
  });

  it("keeps answers over a reload, and lets them be corrected", async () => {
    open({ kind: "choice", classes: ["good", "bad"] });
    named("Ann");
    press("1");
    press("Enter");
    open({ kind: "choice", classes: ["good", "bad"] }, true);
    expect(document.body.textContent).toContain("Task 2 of 2");
    button("Back").click();
    expect(find("input[value=good]").checked).toBe(true);
    press("2");
    press("Enter");
    expect(await answers()).toEqual({ k0: "bad" });
  });

  it("takes several classes, or none", async () => {
    open({ kind: "choices", classes: ["a", "b", "c"] });
    named("Ann");
    press("3");
    press("1");
    press("Enter");
    press("Enter");
    expect(await answers()).toEqual({ k0: ["a", "c"], k1: [] });
  });

  it("takes numbers within the range, and texts", async () => {
    open({ kind: "number", settings: { low: 0, high: 10, step: 1, unit: "cm" }, n: 1 });
    named("Ann");
    expect(find("fieldset label").textContent).toContain("in cm");
    const submit = (value: string): void => {
      find("[name=value]").value = value;
      find<HTMLFormElement>("form").requestSubmit();
    };
    submit("");
    submit("11");
    expect(await answers()).toEqual({});
    submit("7");
    expect(await answers()).toEqual({ k0: 7 });
    open({ kind: "text", settings: { lines: true }, n: 1 });
    named("Ann");
    submit(" two\nlines ");
    expect(await answers()).toEqual({ k0: "two\nlines" });
  });

  it.each([
    [false, ["one", "two"], "first"],
    [true, ["two", "one"], "second"],
  ])("compares two whose sides are swapped: %s", async (swap, shown, left) => {
    open({ kind: "pair", classes: ["first", "second", "tie"], swap, n: 2 });
    named("Ann");
    const blocks = [...document.querySelectorAll(".blocks .block")].map((one) => one.textContent);
    expect(blocks).toEqual([`A${shown[0]}`, `B${shown[1]}`]);
    press("1");
    press("Enter");
    press("3");
    press("Enter");
    expect(await answers()).toEqual({ k0: { label: left, left }, k1: { label: "tie", left } });
  });
});
