import "./slices.css";
import type { Measure, SliceState } from "../../host/protocol";
import { count, h } from "../../ui/dom";
import { condition, type Wanted } from "../../ui/query";

export type SlicesCallbacks = {
  find: (wanted: Wanted) => void;
  /** Removes the slice; its items and labels stay. */
  remove: (name: string) => void;
};

/** A row for each slice: its items, and the accuracy on those that are not labelled. */
export function sliceRows(slices: SliceState[], measure: Measure, on: SlicesCallbacks): HTMLElement[] {
  return slices.map((slice) => {
    const { name, query, why } = slice;
    const show = h("button", {
      class: "hitl-figure hitl-bar-name",
      text: name,
      title: `Show the items: ${query}`,
      attrs: { type: "button", dir: "auto" },
      on: { click: () => on.find({ text: condition("slice", name) ?? query }) },
    });
    const remove = h("button", {
      class: "hitl-cross",
      text: "\u00d7",
      title: "Remove this slice. Its items and labels stay",
      attrs: { type: "button", "aria-label": `Remove the slice ${name}` },
      on: { click: () => on.remove(name) },
    });
    if (why) return h("li", {}, show, h("span", { class: "hitl-bad hitl-slice-why", text: why }), remove);
    return h(
      "li",
      {},
      show,
      h("span", { class: "hitl-number", text: counts(slice) }),
      h("span", { class: "hitl-number", text: measured(slice, measure), title: titleOf(slice, measure) }),
      remove,
    );
  });
}

function counts({ n_items, n_labelled }: SliceState): string {
  if (n_items === null) return "\u2026";
  return `${count(n_items, "item")}, ${(n_labelled ?? 0).toLocaleString("en")} labelled`;
}

function measured({ estimate: { value, low, high } }: SliceState, { name }: Measure): string {
  if (value === null || low === null || high === null) return "";
  return `${name} ${value.toFixed(2)} (${low.toFixed(2)}\u2013${high.toFixed(2)})`;
}

function titleOf({ estimate: { value, n } }: SliceState, { name }: Measure): string {
  if (value === null) return "";
  return `Estimated ${name} on its unlabelled items, with the 95 % interval; ${n} of its items audited`;
}
