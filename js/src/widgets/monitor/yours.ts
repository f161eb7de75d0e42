import type { Figure, Yours } from "../../host/protocol";
import { count, h, percent } from "../../ui/dom";
import type { Wanted } from "../../ui/query";

/** Fewer answers to known questions say too little, and would tell which questions these are. */
const ENOUGH = 5;

/** The annotator's own figures, each with its number. */
export function yoursRows(yours: Yours, on: { find: (wanted: Wanted) => void }): HTMLElement[] {
  const { seconds, agreement, gold, undone, reviewed, upheld, changed, limit } = yours;
  const rows: HTMLElement[] = [];
  const add = (name: string, title: string, ...parts: (string | HTMLElement | null)[]): void => {
    const told = parts.filter((part): part is string | HTMLElement => part !== null && part !== "");
    rows.push(h("dt", { text: name, title }), h("dd", { class: "hitl-number" }, ...told));
  };
  const last = `From your last ${limit.toLocaleString("en")} acts on single items.`;
  if (seconds.value !== null)
    add("pace", `The median time that an item was on the screen. ${last}`, paceWords(seconds));
  if (agreement.value !== null)
    add("agreement", `How far you agree with others on the same items. ${last}`, shareWords(agreement));
  if (gold.value !== null && gold.n >= ENOUGH)
    add("known answers", `How far you agree with answers that were known. ${last}`, shareWords(gold));
  if (undone.value !== null)
    add(
      "undone",
      `The share of your labels that you undid. ${last}`,
      `${percent(undone.value)} of ${undone.n}`,
    );
  if (reviewed) {
    const open = h("button", {
      class: "hitl-figure",
      text: count(reviewed - upheld, "changed answer"),
      title: "Show what was decided otherwise, and why",
      attrs: { type: "button" },
      on: { click: () => on.find({ text: changed }) },
    });
    const same = `${upheld.toLocaleString("en")} of ${reviewed.toLocaleString("en")} as you answered`;
    add("reviewed", "What reviewers decided on items that you answered.", same, changed ? ", " : null);
    if (changed) rows.at(-1)?.append(open);
  }
  return rows;
}

function paceWords({ value, n, lately, before }: Figure): string {
  const now = `${secondsWords(value ?? 0)} per item (${count(n, "item")})`;
  return lately === null || before === null
    ? now
    : `${now}; lately ${secondsWords(lately)}, before ${secondsWords(before)}`;
}

function shareWords({ value, n, low, high, lately, before }: Figure): string {
  const range = low === null || high === null ? "" : `${percent(low)}–${percent(high)}, `;
  const now = `${percent(value ?? 0)} (${range}${count(n, "item")})`;
  return lately === null || before === null
    ? now
    : `${now}; lately ${percent(lately)}, before ${percent(before)}`;
}

const secondsWords = (s: number): string => (s < 10 ? `${s.toFixed(1)} s` : `${Math.round(s)} s`);
