import "./bulk.css";
import type { LabelClass, Member } from "../../host/protocol";
import { type Item, renderGlimpse } from "../../items/index";
import { colourOf, namesOf } from "../../questions/index";
import { count, h, percent, said } from "../../ui/dom";
import type { Chosen } from "./state";

const HOW: Record<string, string> = {
  clicked: "selected one by one",
  lasso: "selected with the lasso",
  rectangle: "selected with a box",
  cluster: "a group on the map",
  search: "found",
};

/** A summary of a selection before it is labelled. */
export function bulkCard(
  chosen: Chosen,
  classes: LabelClass[],
  item: (row: number) => Item | undefined,
): HTMLElement {
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
    head.append(h("div", { class: "hitl-faint", text: words }));
  }
  if (sample.mix.length) card.append(mixBar(sample.mix, classes, sample.n));
  card.append(
    list(sample.random.length < rows.length ? "Random sample" : "All of them", sample.random, classes, item),
  );
  if (sample.odd.length) card.append(list("Unusual items", sample.odd, classes, item));
  return card;
}

/** A bar with the shares of the classes. If several classes may apply, these are shares of the items. */
function mixBar(mix: { code: number; n: number }[], classes: LabelClass[], n: number): HTMLElement {
  const sum = mix.reduce((sum, part) => sum + part.n, 0);
  const total = Math.max(Math.min(sum, n), 1);
  const bar = h("div", { class: "hitl-mix", attrs: { "aria-hidden": "true" } });
  for (const { code, n } of mix) {
    bar.append(h("span", { style: { flex: String(n), background: classes[code].color } }));
  }
  const words = mix
    .slice(0, 3)
    .flatMap(({ code, n }, i) => [i ? ", " : "", said(classes[code].name), ` (${percent(n / total)})`]);
  return h("div", {}, h("div", { class: "hitl-faint" }, "The model predicts ", ...words), bar);
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
