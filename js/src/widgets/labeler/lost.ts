import "./held.css";
import type { Lost } from "../../host/protocol";
import { h, said, show } from "../../ui/dom";
import type { ClassChange } from "./classes";

const MOST = 4;

/** Asks whether classes that are missing from the cell were renamed; their labels are kept in any case. */
export function lostView(root: HTMLElement, change: (change: ClassChange) => void) {
  const list = h("div", { class: "hitl-held hitl-lost", attrs: { role: "status" } });
  root.prepend(list);
  let shown: readonly Lost[] = [];

  function update(lost: readonly Lost[]): void {
    if (lost === shown) return;
    shown = lost;
    list.replaceChildren(...lost.map((one) => question(one, change)));
    show(list, lost.length > 0);
  }

  show(list, false);
  return { update };
}

function question({ name, to }: Lost, change: (change: ClassChange) => void): HTMLElement {
  const renamed = to
    .slice(0, MOST)
    .map((now) =>
      button(["Renamed to ", said(now)], () => change({ change: "merge", of: [name, now], name: now })),
    );
  return h(
    "div",
    { class: "hitl-held-line" },
    h("span", {}, "The cell no longer has ", said(name), ", but there are labels of it. Was it renamed?"),
    h(
      "span",
      { class: "hitl-held-acts" },
      ...renamed,
      button(
        ["No, retire ", said(name)],
        () => change({ change: "retire", of: [name] }),
        "Its labels are kept",
      ),
    ),
  );
}

function button(words: (string | HTMLElement)[], click: () => void, title = ""): HTMLElement {
  return h("button", { class: "hitl-link", title, attrs: { type: "button" }, on: { click } }, ...words);
}
