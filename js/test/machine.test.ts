// @vitest-environment happy-dom
import { beforeEach, describe, expect, it } from "vitest";
import type { MachineState, MonitorState, ProposalMessage } from "../src/host/protocol";
import { isMachine, KIND, Looks, levelOf, MACHINE, NONE } from "../src/plot/look";
import { Points } from "../src/widgets/explorer/points";
import { machineView } from "../src/widgets/monitor/machine";
import { monitorState } from "./fakes";

const handed: MachineState = {
  act: "a1",
  n: 1842,
  error: 0.05,
  certainty: 0.9,
  checked: 31,
  wrong: 2,
  low: 0.012,
  high: 0.2,
  withdrawn: null,
};
const proposal: ProposalMessage = {
  type: "proposal",
  to: "v",
  id: "p1",
  error: 0.05,
  certainty: null,
  n: 1842,
  of: 2310,
  audits: 120,
  needed: 0,
  some: "rows",
  why: "",
};

describe("handing over", () => {
  let told: unknown[][];
  let root: HTMLElement;
  let view: ReturnType<typeof machineView>;
  const say =
    (name: string) =>
    (...with_: unknown[]): void => {
      told.push([name, ...with_]);
    };
  const draw = (changes: Partial<MonitorState>): void => view.update({ ...monitorState, ...changes });
  const read = (): string =>
    [...root.children]
      .filter((one) => !(one as HTMLElement).hidden)
      .flatMap((one) => [...one.children].filter((part) => !(part as HTMLElement).hidden))
      .filter((one) => one.tagName !== "SELECT")
      .map((one) => one.textContent)
      .join(" | ");
  const click = (words: string): void =>
    [...root.querySelectorAll("button")].find((one) => one.textContent?.startsWith(words))?.click();

  beforeEach(() => {
    told = [];
    view = machineView({
      propose: say("propose"),
      sample: say("look"),
      handOver: say("hand over"),
      takeBack: say("take back"),
      find: say("find"),
    });
    root = view.element;
    draw({});
  });

  it("asks how many, offers a look at some, and hands over what was offered, once", () => {
    expect(read()).toBe("Let the model label what it is sure enough of: at most | wrong, | See how many");
    click("See how many");
    expect(told).toEqual([["propose", 0.05, null]]);
    expect(read()).toContain("Being computed");
    view.offer(proposal);
    expect(read()).toContain("1,842 of 2,310 unlabelled items, judged by 120 audited items.");
    click("look at 20 items");
    click("Hand over 1,842 items");
    click("Hand over 1,842 items");
    expect(told.slice(1)).toEqual([
      ["look", "rows"],
      ["hand over", "p1"],
    ]);
  });

  it("computes the offer again when the promise changes", () => {
    const [error, certainty] = root.querySelectorAll("select");
    error.value = "0.1";
    error.dispatchEvent(new Event("change"));
    expect(told).toEqual([]);
    view.offer(proposal);
    certainty.value = "0.9";
    certainty.dispatchEvent(new Event("change"));
    expect(told).toEqual([["propose", 0.1, 0.9]]);
  });

  it.each([
    [
      { n: 0, needed: 34, audits: 11 },
      "None yet: at most 5 % wrong on average takes at least 34 more audited items (11 so far).",
    ],
    [
      { n: 0, needed: 0 },
      "None yet, judged by 120 audited items: the model makes too many mistakes where it is sure.",
    ],
    [{ n: 0, why: "There is no model yet." }, "There is no model yet."],
  ])("says why there is no offer: %o", (changes, words) => {
    view.offer({ ...proposal, ...changes });
    expect(read()).toContain(words);
    expect(read()).not.toContain("Hand over");
  });

  it("says what is in use and what checks found, and takes it back", () => {
    draw({ machine: handed });
    expect(read()).toContain("1,842 machine labels in use: at most 5 % wrong with 90 % certainty.");
    expect(root.textContent).toContain("2 of 31 spot checks wrong (1.2–20 %, 95 % interval).");
    click("show them");
    click("take back");
    expect(told).toEqual([
      ["find", { text: "is:machine" }],
      ["take back", "a1"],
    ]);
  });

  it("says that labels were withdrawn, and offers to hand over anew", () => {
    draw({ machine: { ...handed, withdrawn: "risen", wrong: 9 } });
    expect(root.textContent).toContain("9 of 31 spot checks wrong");
    expect(root.textContent).toContain("The machine labels were withdrawn.");
    expect(read()).not.toContain("in use");
    expect(read()).toContain("See how many");
  });

  it("is hidden where the model cannot be given anything", () => {
    draw({ handable: false });
    expect(root.hidden).toBe(true);
    draw({ model: "" });
    expect(root.hidden).toBe(true);
  });
});

describe("a machine label on the map", () => {
  const marks = {
    label: Uint8Array.of(NONE, NONE, NONE, 0),
    predicted: Uint8Array.of(1, 1, NONE, NONE),
    doubt: Uint8Array.of(MACHINE | 3, 3, 255, 0),
  };
  const theme = { dark: false, text: "#111", faint: "#999", line: "#ccc", ground: "#fff", accent: "#06c" };
  const looks = new Looks({
    marks,
    clusters: null,
    palette: ["#e69f00", "#56b4e9"],
    flags: new Uint8Array(4),
    choosing: false,
    by: "label",
    theme,
  });

  it("is full in colour with a thin ring: neither like a prediction nor like a label", () => {
    const [machine, guess, , label] = [0, 1, 2, 3].map((i) => looks.of(i));
    expect([machine.opacity, guess.opacity]).toEqual([1, 0.5]);
    expect([machine.fill, machine.stroke]).toEqual([guess.fill, theme.faint]);
    expect([guess.width, machine.width < label.width, machine.size < label.size]).toEqual([0, true, true]);
    const [colours, kinds] = [new Uint32Array(4), new Uint8Array(4)];
    looks.fill(Uint32Array.of(0, 1, 2, 3), colours, kinds);
    expect([...kinds]).toEqual([KIND.machine, KIND.plain, KIND.plain, KIND.labelled]);
    expect(colours[0] >>> 24).toBe(255);
  });

  it("keeps the uncertainty beside it, and an item asked blind shows nothing", () => {
    expect([levelOf(MACHINE | 3), isMachine(MACHINE | 3), isMachine(3), isMachine(255)]).toEqual([
      3,
      true,
      false,
      false,
    ]);
    const points = new Points(marks, [
      { name: "a", color: "#e69f00" },
      { name: "b", color: "#56b4e9" },
    ]);
    expect(points.known(0)).toMatchObject({ before: "Labelled by machine: ", name: "b", after: "" });
    expect(points.known(1)).toMatchObject({ before: "Model: ", name: "b" });
    expect(points.line(0)).toMatchObject({ machine: true, doubt: 3 / 15 });
    expect(points.known(2).before).toBe("Asked without a hint: answer first");
  });
});
