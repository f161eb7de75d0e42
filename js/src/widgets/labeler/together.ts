import "./together.css";
import type { Mark, TogetherMessage } from "../../host/protocol";
import type { Rows } from "../../plot/rows";
import { h, percent, show } from "../../ui/dom";

export type TogetherCallbacks = {
  /** Asks what tells these rows from all others; returns the id of the request. */
  together: (rows: Rows) => string;
  /** Keeps only those of the items that a query finds. */
  narrow: (text: string) => void;
};

/** What tells a selection from all other items: a line that opens on demand. */
export function togetherView(on: TogetherCallbacks) {
  const link = h("button", {
    class: "hitl-link hitl-together-link",
    title: "What tells them from all other items",
    attrs: { type: "button", "aria-expanded": "false" },
    on: { click: toggle },
  });
  link.append(h("kbd", { text: "⇧W" }), h("span", { text: "why together" }));
  const element = h("div", { class: "hitl-together", attrs: { hidden: true, role: "status" } });
  let rows: Rows | null = null;
  let told: Rows | null = null;
  let asked = "";

  function ask(): void {
    if (element.hidden || !rows?.length || rows === told) return;
    told = rows;
    asked = on.together(rows);
    if (!element.childNodes.length) element.replaceChildren(faint("Comparing them with the others…"));
  }

  function toggle(): void {
    show(element, element.hidden === true);
    link.setAttribute("aria-expanded", String(!element.hidden));
    ask();
  }

  function marked({ words, query, n, of, rest, of_rest }: Mark): HTMLElement {
    const times = rest ? `${factor((n * of_rest) / (of * rest))}×` : "only here";
    const number = (k: number): string => k.toLocaleString("en");
    const title = `${number(n)} of these ${number(of)}, ${number(rest)} of ${number(of_rest)} others`;
    const parts = [
      h("bdi", { text: words }),
      h("span", { class: "hitl-faint", text: ` ${number(n)} of ${number(of)}, ${times}` }),
    ];
    if (!query) return h("span", { class: "hitl-together-mark", title }, ...parts);
    return h(
      "button",
      {
        class: "hitl-only",
        title: `${title}. Keep only these`,
        attrs: { type: "button" },
        on: { click: () => on.narrow(query) },
      },
      ...parts,
    );
  }

  return {
    link,
    element,
    toggle,
    /** Other rows are selected. */
    update(now: Rows): void {
      rows = now;
      ask();
    },
    came({ id, marks, near, chance, missing }: TogetherMessage): void {
      if (id !== asked) return;
      const none = "No word and no column is more common here than elsewhere.";
      const neighbours = `${percent(near ?? 0)} of their neighbours are selected, too`;
      const by = near === null ? "" : `${neighbours} (${percent(chance)} by chance).`;
      const parts = [
        faint(marks.length ? "more common here" : none),
        ...marks.map(marked),
        ...(by ? [faint(by)] : []),
      ];
      element.replaceChildren(...(missing ? [missing] : parts));
    },
  };
}

const faint = (text: string): HTMLElement => h("span", { class: "hitl-faint", text });

/** A factor with as many digits as it means. */
const factor = (x: number): string => (x < 10 ? x.toFixed(1) : Math.round(x).toLocaleString("en"));
