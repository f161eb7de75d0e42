import "./history.css";
import type { HistoryEntry, LabelClass } from "../../host/protocol";
import { colourOf } from "../../questions/index";
import { count, h, said } from "../../ui/dom";

export type HistoryCallbacks = {
  /** Shows the items of this act. */
  open: (act: string) => void;
  /** Goes to the state after this act. */
  jump: (act: string) => void;
  /** Repeats these acts, oldest first. */
  restore: (acts: string[]) => void;
};

/** The annotator's own acts, newest first; unchanged rows are reused. */
export function historyView(on: HistoryCallbacks) {
  const list = h("ol", { class: "hitl-history" });
  let rows = new Map<string, HTMLElement>();

  function update(entries: HistoryEntry[], classes: LabelClass[]): void {
    const next = new Map<string, HTMLElement>();
    const keep = (key: string, make: () => HTMLElement): void => {
      next.set(key, rows.get(key) ?? make());
    };
    const now = entries.findIndex((entry) => entry.state === "holds");
    for (const [i, entry] of entries.entries()) {
      if (entry.apart && !entries[i - 1]?.apart) keep("apart", gap);
      const branch = branchAt(entries, i);
      if (branch.length > 1) keep(JSON.stringify(branch), () => branchRow(branch, on));
      const color = colourOf(entry.codes ?? [], classes);
      keep(JSON.stringify([entry, color, i === now]), () => historyRow(entry, color, i === now, on));
    }
    rows = next;
    // Moving an element would lose the focus.
    const shown = [...next.values()];
    if (shown.some((row, i) => list.children[i] !== row) || list.children.length !== shown.length)
      list.replaceChildren(...shown);
    if (!next.size) list.append(h("li", { class: "hitl-faint", text: "Nothing yet" }));
  }

  return { element: list, update };
}

/** The consecutive acts left behind that start at this entry; empty elsewhere. */
export function branchAt(entries: HistoryEntry[], i: number): HistoryEntry[] {
  const left = (k: number): boolean => entries[k]?.state === "left behind";
  if (!left(i) || left(i - 1)) return [];
  let end = i;
  while (left(end)) end++;
  return entries.slice(i, end);
}

const gap = (): HTMLElement => h("li", { class: "hitl-faint", text: "… and earlier, left behind:" });

const labelsOf = (acts: HistoryEntry[]): number =>
  acts.reduce((n, act) => n + (act.kind === "label" ? act.n : 0), 0);

function howMany(acts: number, labels: number): string {
  return labels ? `${count(acts, "act")}, ${count(labels, "label")}` : count(acts, "act");
}

function branchRow(branch: HistoryEntry[], on: HistoryCallbacks): HTMLElement {
  const oldestFirst = branch.map((act) => act.id).reverse();
  return h(
    "li",
    { class: "hitl-branch hitl-faint" },
    h("span", { text: `Left behind: ${howMany(branch.length, labelsOf(branch))}` }),
    h("button", {
      class: "hitl-link",
      text: "restore all",
      title: "Repeat these acts, oldest first. Your newer answers for their items are replaced",
      attrs: { type: "button" },
      on: { click: () => on.restore(oldestFirst) },
    }),
  );
}

/** How the items of an act were chosen. */
const HOW: Record<string, string> = {
  api: "from Python",
  audit: "at random",
  cluster: "group",
  opinion: "second opinion",
  rectangle: "box",
  search: "found",
  spot: "spot check",
};

const clock = new Intl.DateTimeFormat([], {
  hour: "2-digit",
  minute: "2-digit",
  second: "2-digit",
  hour12: false,
});

function historyRow(entry: HistoryEntry, color: string, now: boolean, on: HistoryCallbacks): HTMLElement {
  const dot = h("span", { class: "hitl-dot" });
  dot.style.background = color;
  const undone = entry.state === "holds" ? null : entry.state;
  const how = HOW[entry.selection ?? ""] ?? entry.selection ?? "";
  return h(
    "li",
    { class: undone ? "hitl-undone" : "", attrs: { "aria-current": now ? "step" : null } },
    dot,
    what(entry, on),
    undone ? h("span", { class: "hitl-faint hitl-history-state", text: undone }) : null,
    h("span", { class: "hitl-faint hitl-history-how", text: undone ? "" : how }),
    h("span", { class: "hitl-faint hitl-number hitl-history-how", text: clock.format(new Date(entry.time)) }),
    now ? h("span", { class: "hitl-faint", text: "now" }) : way(entry, on),
  );
}

/** The description of an act, which opens its items; changes of classes and slices have none. */
function what(entry: HistoryEntry, on: HistoryCallbacks): HTMLElement {
  const words = entry.value ?? (entry.kind === "skip" ? "skipped" : "label removed");
  const many = entry.n > 1 ? ` · ${count(entry.n, "item")}` : "";
  if (!entry.n) return h("span", { class: "hitl-history-what" }, said(words));
  return h(
    "button",
    {
      class: "hitl-history-what",
      title: entry.n > 1 ? "Show these items on the map" : "Show this item",
      attrs: { type: "button" },
      on: { click: () => on.open(entry.id) },
    },
    said(words),
    many,
  );
}

/** The button that goes to an act or restores it, with a text that says what this does. */
function way({ id, state, way }: HistoryEntry, on: HistoryCallbacks): HTMLElement | null {
  if (state === "left behind") {
    const title = "Repeat this act. Your newer answers for its items are replaced";
    return wayButton("restore", "", title, () => on.restore([id]));
  }
  if (!way || state === "brought back") return null;
  const n = howMany(...way);
  return state === "holds"
    ? wayButton("Go back", ` to here: undoes ${n}`, "", () => on.jump(id))
    : wayButton("Go forward", ` to here: restores ${n}`, "", () => on.jump(id));
}

function wayButton(short: string, rest: string, title: string, act: () => void): HTMLElement {
  return h(
    "button",
    {
      class: "hitl-link hitl-history-way",
      title: title || short + rest,
      attrs: { type: "button", "aria-label": short + rest },
      on: { click: act },
    },
    short,
    rest ? h("span", { class: "hitl-history-rest", text: rest }) : null,
  );
}
