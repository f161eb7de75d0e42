import "./held.css";
import type { Held } from "../../host/held";
import { link } from "../../ui/button";
import { count, h, said, show } from "../../ui/dom";

export type HeldCallbacks = {
  apply: (held: Held) => void;
  /** Downloads one group, or without it all waiting acts. */
  download: (held?: Held) => void;
  discard: (held: Held) => void;
};

const DAY = new Intl.DateTimeFormat([], { day: "numeric", month: "short", year: "numeric" });

/** Shows answers that are in this browser but not in a store, and what can be done with them. */
export function heldView(root: HTMLElement, on: HeldCallbacks) {
  const list = h("div", { class: "hitl-held", attrs: { role: "status" } });
  root.prepend(list);
  let shown = "";
  let asking = "";

  function update(held: readonly Held[], unsafe: number): void {
    const now = JSON.stringify([held.map((group) => [nameOf(group), words(group).join("")]), unsafe, asking]);
    if (now === shown) return;
    shown = now;
    const refresh = (name: string): void => {
      asking = name;
      update(held, unsafe);
    };
    list.replaceChildren(
      ...(unsafe
        ? [
            line(
              [unsafeWords(unsafe)],
              link("Download", () => on.download()),
            ),
          ]
        : []),
      ...held.map((group) => line(spoken(group), ...buttons(group, asking, refresh, on))),
    );
    show(list, list.children.length > 0);
  }

  return { update };
}

function buttons(group: Held, asking: string, ask: (name: string) => void, on: HeldCallbacks): HTMLElement[] {
  const name = nameOf(group);
  if (asking === name)
    return [
      link(`Discard ${counted(group)} permanently`, () => on.discard(group)),
      link("Keep", () => ask("")),
    ];
  const [apply, title] =
    group.reason === "refused"
      ? ["Send again", "Send to the kernel again"]
      : ["Apply here", "Label the items with the same ids in this table"];
  return [
    // Another task may ask another question.
    ...(group.reason === "task" ? [] : [link(apply, () => on.apply(group), title)]),
    ...(isAnswers(group)
      ? [link("Export", () => on.download(group), "Download a file that session.import_labels() reads")]
      : []),
    link("Discard", () => ask(name)),
  ];
}

function spoken(group: Held): (string | HTMLElement)[] {
  const [before, store, after] = words(group);
  return [before, ...(store ? [said(store)] : []), after];
}

/** The text before the name of the store or task, the name, and the text after it. */
function words(held: Held): [string, string, string] {
  const { reason, entries } = held;
  const [last] = entries.slice(-1);
  const one = entries.length === 1;
  if (reason === "refused")
    return [`${counted(held)} ${one ? "was" : "were"} not saved: ${last.why}`, "", ""];
  const waits = `${counted(held)} from ${DAY.format(last.at)} ${one ? "is" : "are"} waiting in this browser`;
  if (reason === "table") return [`${waits}, made before the table changed, or for another one.`, "", ""];
  if (reason === "task")
    return [
      `${waits} for the task `,
      last.about?.task ?? "",
      ` of ${last.about?.store}. Open that task to save ${one ? "it" : "them"}.`,
    ];
  const gone = ", which is not the store that is open here. It may have been deleted, moved or replaced.";
  return [`${waits} for `, last.about?.store || "another store", gone];
}

function unsafeWords(n: number): string {
  const [is, they] = n === 1 ? ["is", "it is"] : ["are", "they are"];
  return `${count(n, "answer")} ${is} not saved yet, and this browser cannot store data for the page: keep it open until ${they} saved.`;
}

const isAnswers = ({ entries }: Held): boolean =>
  entries.every(({ act: { type } }) => type === "label" || type === "skip");
const counted = (held: Held): string => {
  const changes = held.entries.every(({ act }) => act.type === "change");
  return count(held.entries.length, isAnswers(held) ? "answer" : changes ? "change" : "act");
};
const nameOf = ({ entries: [{ act }] }: Held): string => act.id;

function line(words: (string | HTMLElement)[], ...acts: HTMLElement[]): HTMLElement {
  return h(
    "div",
    { class: "hitl-held-line" },
    h("span", {}, ...words),
    h("span", { class: "hitl-held-acts" }, ...acts),
  );
}
