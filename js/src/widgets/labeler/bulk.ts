import "./bulk.css";
import type { LabelClass, Member } from "../../host/protocol";
import { type Item, renderGlimpse } from "../../items/index";
import { colourOf, namesOf } from "../../questions/index";
import { count, h, percent, said } from "../../ui/dom";
import { condition } from "../../ui/query";
import type { Chosen } from "./state";

/** Predicted classes that are named. */
const SHOWN = 3;

const HOW: Record<string, string> = {
  clicked: "selected one by one",
  lasso: "selected with the lasso",
  rectangle: "selected with a box",
  cluster: "a group on the map",
  search: "found",
};

export type BulkCallbacks = {
  item: (row: number) => Item | undefined;
  /** Keeps only those of the items that a query finds. */
  narrow: (text: string) => void;
  /** Shows all items in the list. */
  list: () => void;
};

/** A summary of a selection before it is labelled. */
export function bulkCard(chosen: Chosen, classes: LabelClass[], on: BulkCallbacks): HTMLElement {
  const { rows, how, sample } = chosen;
  const head = h(
    "div",
    { class: "hitl-bulk-head" },
    h("strong", { class: "hitl-number", text: count(rows.length, "item") }),
    h("span", { class: "hitl-faint", text: ` ${HOW[how] ?? how}` }),
  );
  const card = h("div", { class: "hitl-bulk" }, head);
  if (!sample) {
    card.append(h("div", { class: "hitl-faint hitl-waiting", text: "Loading a summary" }));
    return card;
  }
  if (sample.n_labelled) {
    const words = `${sample.n_labelled.toLocaleString("en")} of them already labelled: a new label replaces yours.`;
    const left = rows.length - sample.n_labelled;
    const only = link(`only the ${left.toLocaleString("en")} unlabelled`, () => on.narrow("unlabelled"));
    head.append(h("div", { class: "hitl-faint" }, words, left ? only : null));
  }
  if (sample.mix.length) card.append(mixBar(sample.mix, classes, sample.n, on));
  const some = sample.random.length < rows.length;
  card.append(list(some ? "Random sample" : "All of them", sample.random, classes, on.item));
  if (sample.odd.length) card.append(list("Unusual items", sample.odd, classes, on.item));
  if (some) card.append(link("see all of them in the list (key T)", on.list));
  return card;
}

/** A bar with the shares of the classes. If several classes may apply, these are shares of the items. */
function mixBar(
  mix: { code: number; n: number }[],
  classes: LabelClass[],
  n: number,
  on: BulkCallbacks,
): HTMLElement {
  const sum = mix.reduce((sum, part) => sum + part.n, 0);
  const total = Math.max(Math.min(sum, n), 1);
  const bar = h("div", { class: "hitl-mix", attrs: { "aria-hidden": "true" } });
  for (const { code, n } of mix) {
    bar.append(h("span", { style: { flex: String(n), background: classes[code].color } }));
  }
  const words = mix.slice(0, SHOWN).flatMap(({ code, n }, i) => {
    const { name } = classes[code];
    const text = condition("predicted", name);
    const part = text === null || mix.length < 2 ? said(name) : narrowing(name, () => on.narrow(text));
    return [i ? ", " : "", part, ` (${percent(n / total)})`];
  });
  const more = mix.length > SHOWN ? ` and ${count(mix.length - SHOWN, "other")}` : "";
  return h("div", {}, h("div", { class: "hitl-faint" }, "The model predicts ", ...words, more), bar);
}

const link = (text: string, click: () => void): HTMLElement =>
  h("button", { class: "hitl-link", text, attrs: { type: "button" }, on: { click } });

/** The name of a predicted class, which keeps only its items. */
function narrowing(name: string, click: () => void): HTMLElement {
  const title = `Keep only the items that the model predicts to be ${name}`;
  return h("button", {
    class: "hitl-link",
    text: name,
    title,
    attrs: { type: "button", dir: "auto" },
    on: { click },
  });
}

function list(
  title: string,
  members: Member[],
  classes: LabelClass[],
  item: (row: number) => Item | undefined,
): HTMLElement {
  const pictures = members.some((member) => item(member.row)?.content.kind === "image");
  const rows = members.map((member) => {
    const found = item(member.row);
    const codes = member.codes ?? member.guess?.codes ?? null;
    const dot = h("span", { class: "hitl-dot", attrs: { "aria-hidden": "true" } });
    if (codes) {
      dot.style.background = colourOf(codes, classes);
      dot.classList.toggle("hitl-pale", !member.codes);
    }
    const glimpse = found ? renderGlimpse(found) : h("div", { class: "hitl-glimpse hitl-faint", text: "…" });
    return h("li", { title: codes ? namesOf(codes, classes) : "" }, dot, glimpse);
  });
  return h(
    "div",
    {},
    h("div", { class: "hitl-small-head", text: title }),
    h("ul", { class: pictures ? "hitl-members hitl-thumbs" : "hitl-members" }, ...rows),
  );
}
