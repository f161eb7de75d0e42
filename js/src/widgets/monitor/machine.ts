import "./machine.css";
import type { MachineState, MonitorState, ProposalMessage } from "../../host/protocol";
import { count, h, percent, setText, show } from "../../ui/dom";
import type { Wanted } from "../../ui/query";

export type MachineCallbacks = {
  /** Asks how many items the model may label. */
  propose: (error: number, certainty: number | null) => void;
  /** Shows a few of the proposed items, encoded as rows. */
  sample: (rows: string) => void;
  handOver: (proposal: string) => void;
  takeBack: (act: string) => void;
  find: (wanted: Wanted) => void;
};

const ERRORS = [0.01, 0.02, 0.05, 0.1, 0.2];
const CERTAINTIES = [null, 0.9, 0.95];

/** What the model may label, what it has labelled, and what random checks of that found. */
export function machineView(on: MachineCallbacks) {
  const error = select(
    "Accepted share of wrong labels",
    ERRORS.map((share) => [String(share), percent(share)]),
    "0.05",
  );
  const certainty = select(
    "How sure this is",
    CERTAINTIES.map((sure) => [
      String(sure),
      sure === null ? "on average" : `with ${percent(sure)} certainty`,
    ]),
    "null",
  );
  const ask = button("hitl-tool", "See how many", propose);
  const found = h("div", { class: "hitl-number", attrs: { role: "status" } });
  const look = button("hitl-link", "", () => proposal && on.sample(proposal.some));
  const give = button("hitl-tool hitl-primary", "", () => {
    if (!proposal) return;
    on.handOver(proposal.id);
    proposal = null;
    draw();
  });
  const choice = h(
    "div",
    { class: "hitl-machine-choice" },
    h("span", { text: "Let the model label what it is sure enough of: at most" }),
    error,
    h("span", { text: "wrong," }),
    certainty,
    ask,
  );
  const offer = h("div", { class: "hitl-machine-offer" }, found, look, give);
  const used = h("span", { class: "hitl-number" });
  const all = button("hitl-link", "show them", () => on.find({ text: "is:machine" }));
  const back = button("hitl-link", "take back", () => state && on.takeBack(state.act));
  const inUse = h("div", { class: "hitl-machine-offer" }, used, all, back);
  const checks = h("div", { class: "hitl-number hitl-faint" });
  const element = h("section", { class: "hitl-machine" }, inUse, checks, choice, offer);

  let proposal: ProposalMessage | null = null;
  let state: MachineState | null = null;
  draw();

  for (const one of [error, certainty])
    one.addEventListener("change", () => {
      if (proposal) propose();
    });

  function propose(): void {
    setText(found, "Being computed\u2026");
    for (const part of [look, give]) show(part, false);
    show(offer, true);
    on.propose(Number(error.value), certainty.value === "null" ? null : Number(certainty.value));
  }

  function draw(): void {
    show(offer, proposal !== null);
    if (!proposal) return;
    setText(found, offerWords(proposal));
    setText(look, `look at ${count(Math.min(20, proposal.n), "item")}`);
    setText(give, `Hand over ${count(proposal.n, "item")}`);
    for (const part of [look, give]) show(part, proposal.n > 0);
  }

  return {
    element,
    /** Asks how many items the model may label. */
    propose,
    /** Shows what was proposed. */
    offer(made: ProposalMessage): void {
      proposal = made;
      draw();
    },
    /** Says why there is no proposal; the button asks again. */
    failed(why: string): void {
      proposal = null;
      setText(found, `Not computed: ${why}`);
      show(offer, true);
    },
    update({ machine, handable, model }: MonitorState): void {
      state = machine;
      const using = machine !== null && machine.withdrawn === null;
      show(inUse, using);
      show(checks, machine !== null && (using || machine.withdrawn === "risen"));
      if (machine) setText(used, usedWords(machine));
      if (machine) setText(checks, checkWords(machine));
      setText(ask, using ? "See how many now" : "See how many");
      show(element, handable && (model !== "" || machine !== null));
    },
  };
}

/** What was promised, in words. */
const promise = (error: number, certainty: number | null): string =>
  `at most ${percent(error)} wrong ${certainty === null ? "on average" : `with ${percent(certainty)} certainty`}`;

export function offerWords({ n, of, audits, needed, why, error, certainty }: ProposalMessage): string {
  if (why) return why;
  const from = `judged by ${count(audits, "audited item")}`;
  if (n) return `${n.toLocaleString("en")} of ${count(of, "unlabelled item")}, ${from}.`;
  if (needed)
    return `None yet: ${promise(error, certainty)} takes at least ${count(needed, "more audited item")} (${audits} so far). Label more.`;
  return `None yet, ${from}: the model makes too many mistakes where it is sure. Label more, or accept more mistakes.`;
}

export const usedWords = ({ n, error, certainty }: MachineState): string =>
  `${count(n, "machine label")} in use: ${promise(error, certainty)}.`;

export function checkWords({ checked, wrong, low, high, withdrawn }: MachineState): string {
  const end = withdrawn === "risen" ? " The machine labels were withdrawn." : "";
  if (!checked) return `Some of the questions check them at random: none yet.${end}`;
  const [from, to] = [low, high].map((share) => (100 * share).toFixed(share < 0.1 ? 1 : 0));
  return `${wrong} of ${count(checked, "spot check")} wrong (${from}\u2013${to} %, 95 % interval).${end}`;
}

function select(label: string, options: string[][], value: string): HTMLSelectElement {
  const made = h(
    "select",
    { class: "hitl-select", attrs: { "aria-label": label } },
    ...options.map(([of, text]) => h("option", { text, attrs: { value: of } })),
  );
  made.value = value;
  return made;
}

const button = (look: string, text: string, act: () => void): HTMLButtonElement =>
  h("button", { class: look, text, attrs: { type: "button" }, on: { click: act } });
