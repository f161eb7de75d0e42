import type { Held } from "../host/protocol";
import { count, h, said, show } from "../ui/dom";

export type HeldCallbacks = {
  apply: (held: Held) => void;
  /** Of one group, or of all that waits where the browser keeps nothing. */
  download: (held?: Held) => void;
  discard: (held: Held) => void;
};

const DAY = new Intl.DateTimeFormat([], { day: "numeric", month: "short", year: "numeric" });

/** Answers that are in this browser and in no store, and what can be done with them. */
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
              button("Download", () => on.download()),
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
      button(`Discard ${answers(group)} for good`, () => on.discard(group)),
      button("Keep", () => ask("")),
    ];
  const [apply, title] =
    group.reason === "refused"
      ? ["Send again", "Send to the kernel once more"]
      : ["Apply here", "Label the items of this table with the same id"];
  return [
    button(apply, () => on.apply(group), title),
    button("Export", () => on.download(group), "Download a file that session.import_labels() reads"),
    button("Discard", () => ask(name)),
  ];
}

function spoken(group: Held): (string | HTMLElement)[] {
  const [before, store, after] = words(group);
  return [before, ...(store ? [said(store)] : []), after];
}

/** Before the name of the store, the name, and after it. */
function words({ reason, entries }: Held): [string, string, string] {
  const [last] = entries.slice(-1);
  const n = count(entries.length, "answer");
  const [waits, was, day] = [
    entries.length === 1 ? "waits" : "wait",
    entries.length === 1 ? "was" : "were",
    DAY.format(last.at),
  ];
  const store = last.about?.store ?? "";
  if (reason === "refused") return [`${n} ${was} not saved: ${last.why}`, "", ""];
  if (reason === "table")
    return [`${n} of ${day} ${waits} in this browser: the table was another then.`, "", ""];
  return [
    `${n} ${waits} in this browser for `,
    store || "another store",
    ` of ${day}, which is not the store that is open.`,
  ];
}

function unsafeWords(n: number): string {
  const those = n === 1 ? "It is" : "They are";
  return `${count(n, "answer")} not saved yet. This browser stores nothing for the page: keep it open until ${those.toLowerCase()} saved, or download.`;
}

const answers = ({ entries }: Held): string => count(entries.length, "answer");
const nameOf = ({ entries: [{ act }] }: Held): string => act.id;

function line(words: (string | HTMLElement)[], ...acts: HTMLElement[]): HTMLElement {
  return h(
    "div",
    { class: "hitl-held-line" },
    h("span", {}, ...words),
    h("span", { class: "hitl-held-acts" }, ...acts),
  );
}

function button(text: string, click: () => void, title = ""): HTMLElement {
  return h("button", { class: "hitl-link", text, title, attrs: { type: "button" }, on: { click } });
}
