import "./view.css";
import type { LabelClass, MonitorState, Person } from "../../host/protocol";
import { enable, enabled, link } from "../../ui/button";
import { count, h, percent, said, setParts, setText, show } from "../../ui/dom";
import { condition } from "../../ui/query";
import { type HistoryCallbacks, historyView } from "./history";
import { type MachineCallbacks, machineView } from "./machine";
import { type RulesCallbacks, rulesView } from "./rules";
import { type SlicesCallbacks, sliceRows } from "./slices";
import { type TrustCallbacks, trustView } from "./trust";
import { yoursRows } from "./yours";

export type MonitorCallbacks = HistoryCallbacks &
  SlicesCallbacks &
  MachineCallbacks &
  TrustCallbacks &
  RulesCallbacks & {
    undo: () => void;
    redo: () => void;
    toggle: (open: boolean) => void;
    /** The trust section was opened or closed. */
    trust: (open: boolean) => void;
    /** The rules were opened or closed. */
    rules: (open: boolean) => void;
    /** Keeps or drops the labels of all items that have changed since. */
    settle: (keep: boolean) => void;
  };

export type MonitorProps = { state: MonitorState; classes: LabelClass[]; waiting: number; stalled: boolean };

export function monitorView(root: HTMLElement, on: MonitorCallbacks, open: boolean, signal: AbortSignal) {
  const given = figure("Show the labelled items", () => on.find({ text: "labelled" }));
  const of = h("span", {});
  const labels = part("hitl-number");
  labels.append(given, of);
  const accuracy = figure("", () => on.find({ text: "disagrees", by: "confidence", down: true }));
  const quality = part("hitl-number");
  quality.append(accuracy);
  const sync = part("hitl-number");
  const here = part("");
  const saved = part("");
  const status = h(
    "div",
    { class: "hitl-status", attrs: { role: "status", "aria-live": "off" } },
    labels,
    quality,
    sync,
    here,
    saved,
  );
  const advice = h("div", { class: "hitl-advice hitl-number" });

  const model = part("hitl-number");
  const evidence = part("hitl-number hitl-faint");
  const strategy = part("hitl-faint");
  const why = h("div", { class: "hitl-why" }, model, evidence, strategy);
  evidence.title = "This only compares the two. The accuracy is estimated for the unlabelled items.";

  const balance = h("div", { class: "hitl-balance" });
  const hidden = h("div", { class: "hitl-faint" });
  const verified = h("div", { class: "hitl-faint hitl-number" });
  const chart = h("div", { class: "hitl-curve" });
  const curveWords = h("div", { class: "hitl-faint" });
  const history = historyView(on);
  const note = h("div", { class: "hitl-told", attrs: { role: "status", hidden: true } });
  const undo = link("undo", on.undo);
  const redo = link("redo", on.redo);
  const people = h("div", { class: "hitl-people" });
  const decided = h("div", { class: "hitl-faint" });
  const team = h("section", {}, heading("Annotators"), people, decided);
  const yours = h("dl", { class: "hitl-yours" });
  const mine = h("section", {}, heading("Yours, shown only to you"), yours);
  const notices = h("ul", { class: "hitl-notices" });
  const settle = h(
    "div",
    { class: "hitl-acts" },
    link("keep these labels", () => on.settle(true)),
    link("drop them", () => on.settle(false)),
  );
  const panels = h(
    "div",
    { class: "hitl-panels" },
    h("section", {}, heading("Labels"), balance, hidden, verified, team, mine),
    h("section", {}, heading("Learning curve"), chart, curveWords, heading("Model"), why),
    h("section", {}, heading("History", undo, redo), history.element),
  );
  const slices = h("ul", { class: "hitl-slices" });
  const sliced = h("section", { class: "hitl-sliced" }, heading("Slices"), slices);
  const machine = machineView(on);
  const handed = h("section", { class: "hitl-handed" }, heading("Machine labels"), machine.element);
  const folded = h("div", { class: "hitl-folded" }, notices, settle, panels, handed, sliced);
  const trust = trustView(on);
  const details = folds("Details", folded, on.toggle);
  const trusting = folds("Trust", trust.element, on.trust);
  trusting.title = "How good are the labels and the model, and how sure is that?";
  const rules = rulesView(on, signal);
  const ruling = folds("Rules", rules.element, (open) => {
    if (!open) rules.hide();
    on.rules(open);
  });
  ruling.title = "What many items are at once, as rules that your labels must prove (key R)";
  const buttons = h("div", { class: "hitl-fold-buttons" }, ruling, trusting, details);
  // The note is visible whichever section is open.
  root.append(
    h("div", { class: "hitl-overview" }, status, buttons, advice),
    note,
    rules.element,
    trust.element,
    folded,
  );
  fold(details, folded, open);
  fold(trusting, trust.element, false);
  fold(ruling, rules.element, false);
  let drawn = "";
  let cut = "";

  return {
    chart,
    offer: machine.offer,
    offerFailed: machine.failed,
    /** Shows what may be handed over to the model. */
    handOver(): void {
      if (folded.hidden) details.click();
      machine.propose();
      handed.scrollIntoView({ block: "nearest" });
    },
    trust: trust.update,
    trustFailed: trust.failed,
    ruled: rules.update,
    rulesFailed: rules.failed,
    tried: rules.tried,
    /** Opens the rules for the keyboard. */
    openRules(): void {
      if (rules.element.hidden) ruling.click();
      rules.focus();
    },
    /** Shows a note about an act or a request that can be made again; an empty text removes it. */
    note(words: string, again?: () => void): void {
      note.replaceChildren(words, ...(again ? [" ", link("try again", again)] : []));
      show(note, words !== "");
    },
    update({ state, classes, waiting, stalled }: MonitorProps): void {
      rules.setClasses(classes);
      setText(given, count(state.n_labels, "label"));
      const by =
        state.machine?.withdrawn === null ? `, ${state.machine.n.toLocaleString("en")} by machine` : "";
      setText(of, ` of ${count(state.n_items, "item")}${by}`);
      setText(accuracy, accuracyWords(state));
      accuracy.title = `${titleOf(state)} Click to see the items whose label the model contradicts.`;
      enable(accuracy, Boolean(state.model));
      enable(given, state.n_labels > 0);
      setText(advice, adviceOf(state));
      show(advice, advice.textContent !== "");
      setText(sync, syncWords(state));
      setText(model, state.model || (state.n_labels ? "none yet" : "starts with the first label"));
      setText(evidence, state.explanation);
      show(evidence, state.explanation !== "");
      setText(strategy, `questions: ${state.strategy}`);
      const others = state.people.filter((one) => one.here && one.annotator !== state.annotator);
      setText(here, others.length ? `${listed(others.map((one) => one.annotator))} also here` : "");
      show(here, others.length > 0);
      show(team, state.people.length > 0);
      people.replaceChildren(
        ...state.people.flatMap((one) => personRow(one, one.annotator === state.annotator, on)),
      );
      show(mine, state.yours !== null);
      if (state.yours) yours.replaceChildren(...yoursRows(state.yours, on));
      setParts(saved, ...savedWords(state, waiting));
      saved.title = state.store.where;
      saved.classList.toggle("hitl-bad", stalled || state.closed || state.store.unsaved !== "");
      notices.replaceChildren(
        ...state.notices.map((words) => h("li", { text: words, attrs: { dir: "auto" } })),
      );
      show(notices, state.notices.length > 0);
      show(settle, state.n_changed > 0);
      const shares = JSON.stringify([state.balance, state.n_none, state.shades, classes]);
      if (shares !== drawn) drawBalance(balance, state, classes, on);
      const parts = JSON.stringify(state.slices);
      if (parts !== cut) slices.replaceChildren(...sliceRows(state.slices, state.measure, on));
      cut = parts;
      show(sliced, state.slices.length > 0);
      machine.update(state);
      show(handed, !machine.element.hidden);
      setText(hidden, state.n_hidden ? hiddenWords(state.n_hidden) : "");
      setText(verified, verifiedWords(state.verified));
      setText(decided, state.consensus);
      drawn = shares;
      show(chart, state.curve.length > 0);
      setText(curveWords, curveNote(state));
      history.update(state.history, classes);
      enable(undo, state.undo);
      enable(redo, state.redo);
    },
  };
}

function titleOf(state: MonitorState): string {
  if (state.estimate.value !== null || state.provisional === null) return measureTitle(state);
  return `Each label was predicted by a model trained on the others. Optimistic: these items were not drawn at random. ${measureTitle(state)}`;
}

function measureTitle({ measure: { name } }: MonitorState): string {
  const what =
    name === "accuracy" ? "The share of unlabelled items that the model predicts correctly" : MEASURES[name];
  return `${what ?? name}, estimated from labels that it had not seen.`;
}

const MEASURES: Record<string, string> = {
  "Jaccard index":
    "Of the classes that the model or the annotator chooses, the share that both choose, averaged over unlabelled items",
  "mean absolute error": "How far the model's guess is off, averaged over unlabelled items",
};

function accuracyWords(state: MonitorState): string {
  const {
    estimate,
    provisional,
    measure: { name },
    n_audited,
    error,
  } = state;
  const { value, low, high, n } = estimate;
  if (!name) return "";
  if (value === null || low === null || high === null) {
    if (provisional !== null)
      return `${name} about ${provisional.toFixed(2)}, provisional: nothing audited yet`;
    if (!n_audited) return `${name}: nothing audited yet`;
    return `${name}: ${error ? "not measured" : "being measured"} (${n_audited} audited)`;
  }
  return `${name} ${value.toFixed(2)} (${low.toFixed(2)}–${high.toFixed(2)}, ${n} audited)`;
}

function syncWords(state: MonitorState): string {
  if (state.error) return state.error;
  if (state.stage && !state.model) return state.stage;
  if (state.behind > 0 && state.n_labels > 0) return `model ${count(state.behind, "act")} behind`;
  if (!state.measure.name) return "";
  if (!state.model) return "no model yet";
  return "model up to date";
}

function savedWords({ store, closed }: MonitorState, waiting: number): (string | HTMLElement)[] {
  const kept = waiting > 0 ? [` ${count(waiting, "act")} kept in this browser.`] : [];
  if (store.unsaved) return ["not saved: ", said(store.unsaved), ...kept];
  if (closed) return ["session closed: run the cell again"];
  if (waiting > 0) return [`${count(waiting, "label")} waiting for the kernel`];
  if (store.name === "memory") return ["kept in memory only"];
  const again = `; ${count(store.restored, "act")} written again after an older copy replaced it`;
  return ["saved in ", said(store.name), ...(store.restored ? [again] : [])];
}

/** With fewer labels there is no estimate at all. */
const PROVISIONAL = 10;
/** With fewer audited labels, or a wider interval, the estimate is rough; up to this width it is sure. */
const [ENOUGH, WIDE, NARROW] = [15, 0.2, 0.1];

/** How sure the figure is, and what to do next. */
export function adviceOf(state: MonitorState): string {
  const { estimate, provisional, rising, measure, n_labels, model, error, audit_share } = state;
  if (!n_labels || !model || error || !measure.name) return "";
  const { value, low, high, n } = estimate;
  const more = audit_share ? " Label more to see." : " Without audit= it stays so.";
  if (provisional !== null)
    return `Optimistic: measured on your own labels, which were not drawn at random.${more}`;
  if (value === null || low === null || high === null) {
    const left = PROVISIONAL - n_labels;
    return left > 0 ? `Too few labels to say how good the model is: label ${left} more to see.` : "";
  }
  const width = (high - low) / Math.abs(measure.best - measure.worst);
  if (n < ENOUGH || width > WIDE) return "A rough figure so far: label more to see.";
  const sure = width > NARROW ? "Fairly sure." : "Sure.";
  return rising ? `${sure} The curve still rises.` : sure;
}

function curveNote(state: MonitorState): string {
  if (!state.curve.length) return curveMissing(state);
  return state.provisional === null ? "" : "Provisional, and optimistic: nothing audited yet.";
}

function curveMissing(state: MonitorState): string {
  if (!state.measure.name) return "Nothing is learned from these answers, so there is no curve.";
  if (state.audit_share === 0) return "Shown when some of the questions are audited (audit=0.1).";
  if (!state.n_audited)
    return `Shown from the first audited label on. ${percent(state.audit_share)} of the questions are drawn at random for the audit.`;
  return state.error
    ? "Not shown: the model cannot be measured, see above."
    : `Being computed: ${state.n_audited} audited.`;
}

/** How often the answers are the suggested ones. */
function verifiedWords(verified: MonitorState["verified"]): string {
  if (!verified || !(verified.shown + verified.hidden)) return "";
  const { shown, shown_same, hidden, hidden_same } = verified;
  const told = [
    shown ? `${shown_same.toLocaleString("en")} of ${shown.toLocaleString("en")} that were shown` : "",
    hidden ? `${hidden_same.toLocaleString("en")} of ${hidden.toLocaleString("en")} that were hidden` : "",
  ];
  return `Answered as suggested: ${told.filter(Boolean).join(", ")}.`;
}

const hiddenWords = (n: number): string =>
  `Not counted: ${count(n, "label")} by others, until you have given your own opinion.`;

function drawBalance(
  element: HTMLElement,
  { balance: counts, n_none, shades }: MonitorState,
  classes: LabelClass[],
  on: MonitorCallbacks,
): void {
  const most = Math.max(1, ...counts, n_none, ...shades.map(({ n }) => n));
  element.replaceChildren(
    ...shades.flatMap(({ name, color, n }) => {
      const bar = h("span", {
        class: "hitl-bar",
        style: { "--class": color, width: `${(100 * n) / most}%` },
      });
      return [
        h("span", { class: "hitl-bar-name", text: name }),
        h("span", { class: "hitl-bar-track" }, bar),
        h("span", { class: "hitl-number", text: n.toLocaleString("en") }),
      ];
    }),
    ...classes.flatMap((c, code) => {
      if (c.retired && !counts[code]) return [];
      const bar = h("span", { class: "hitl-bar", style: { "--class": c.color } });
      bar.style.width = `${(100 * (counts[code] ?? 0)) / most}%`;
      return [
        named(c.name, condition("class", c.name), on, c.retired ? " (retired)" : ""),
        h("span", { class: "hitl-bar-track" }, bar),
        h("span", { class: "hitl-number", text: (counts[code] ?? 0).toLocaleString("en") }),
      ];
    }),
    ...(n_none
      ? [
          h("span", { class: "hitl-bar-name hitl-faint", text: "none of them" }),
          h(
            "span",
            { class: "hitl-bar-track" },
            h("span", { class: "hitl-bar hitl-bar-none", style: { width: `${(100 * n_none) / most}%` } }),
          ),
          h("span", { class: "hitl-number", text: n_none.toLocaleString("en") }),
        ]
      : []),
  );
}

/** A list of names, with the text direction of each isolated. */
function listed(names: string[]): string {
  const shown = names.slice(0, 3).map((name) => `\u2068${name}\u2069`);
  const more = names.length - shown.length;
  if (more > 0) shown.push(`${more} more`);
  return `${shown.join(", ")} ${names.length === 1 ? "is" : "are"}`;
}

/** A name that shows its items; plain text if no query can express it. */
function named(name: string, text: string | null, on: MonitorCallbacks, note = ""): HTMLElement {
  const look = note ? "hitl-bar-name hitl-faint" : "hitl-bar-name";
  if (text === null)
    return h("span", { class: look, text: name, title: name + note, attrs: { dir: "auto" } });
  const button = figure(`Show the items: ${name}${note}`, () => on.find({ text }));
  button.className += ` ${look}`;
  button.dir = "auto";
  setText(button, name);
  return button;
}

function personRow({ annotator, labels, here }: Person, you: boolean, on: MonitorCallbacks): HTMLElement[] {
  return [
    named(annotator, condition("by", annotator), on),
    h("span", { class: "hitl-faint", text: you ? "you" : here ? "here now" : "" }),
    h("span", { class: "hitl-number", text: labels.toLocaleString("en") }),
  ];
}

/** A button that shows or hides a part of the Monitor. */
function folds(words: string, part: HTMLElement, then: (open: boolean) => void): HTMLButtonElement {
  const button = h("button", {
    class: "hitl-tool hitl-fold-button",
    text: words,
    attrs: { type: "button" },
    on: {
      click: () => {
        fold(button, part, part.hidden === true);
        then(!part.hidden);
      },
    },
  });
  return button;
}

function fold(button: HTMLElement, part: HTMLElement, open: boolean): void {
  show(part, open);
  button.setAttribute("aria-expanded", String(open));
}

const part = (name: string): HTMLElement => h("span", { class: `hitl-part ${name}` });

const heading = (words: string, ...rest: HTMLElement[]): HTMLElement =>
  h("div", { class: "hitl-small-head" }, h("span", { text: words }), ...rest);

/** A number or a name that is a button. */
function figure(title: string, act: () => void): HTMLButtonElement {
  return h("button", {
    class: "hitl-figure",
    title,
    attrs: { type: "button" },
    on: { click: (event) => enabled(event) && act() },
  });
}
