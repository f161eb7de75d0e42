import "./cover.css";
import type { Ask } from "../../host/protocol";
import type { Item } from "../../items/index";
import { h, show } from "../../ui/dom";

type Subject = Pick<Ask, "key" | "row">;

/**
 * What covers the item on the card until the user wants to see it: a blur, or dots for personal data. `lifted` is
 * called when the blur was removed.
 */
export function coverView<A extends Subject>(
  card: HTMLElement,
  reveal: (ask: A) => void,
  lifted: () => void = () => {},
) {
  let ask: A | null = null;
  let item: Item | undefined;
  /** The items that were shown despite their warning. */
  const seen = new Set<string>();
  const words = h("span", { attrs: { dir: "auto" } });
  const button = h(
    "button",
    { class: "hitl-button", attrs: { type: "button" }, on: { click: () => lift() } },
    h("kbd", { text: "⇧V" }),
    h("span", { text: "show it" }),
  );
  const warning = h("div", { class: "hitl-warning", attrs: { role: "status", hidden: true } }, words, button);
  const masked = h(
    "div",
    { class: "hitl-masked hitl-faint", attrs: { role: "status", hidden: true } },
    "Personal data is hidden. ",
    h(
      "button",
      {
        class: "hitl-link",
        title: "The history records who looked at it",
        attrs: { type: "button" },
        on: { click: () => lift() },
      },
      h("kbd", { text: "⇧V" }),
      " show it",
    ),
  );

  const isBlurred = (): boolean => Boolean(ask && item?.content.warning && !seen.has(ask.key));
  const isMasked = (): boolean => Boolean(ask && item?.content.masked && !isBlurred());

  function draw(): void {
    const blurred = isBlurred();
    card.classList.toggle("hitl-blurred", blurred);
    for (const child of card.children) child.toggleAttribute("inert", blurred);
    if (blurred) words.textContent = `Content warning: ${item?.content.warning}`;
    show(warning, blurred);
    show(masked, isMasked());
  }

  /** Shows what is covered; returns whether something was. */
  function lift(): boolean {
    const [blurred, hidden] = [isBlurred(), isMasked()];
    if (!ask || !(blurred || hidden)) return false;
    if (blurred) seen.add(ask.key);
    else reveal(ask);
    draw();
    if (blurred) lifted();
    return true;
  }

  return {
    /** In front of the card, and below it. */
    warning,
    masked,
    lift,
    /** Whether an item would be blurred. */
    blurs: (key: string, item: Item): boolean => Boolean(item.content.warning) && !seen.has(key),
    /** The item on the card has changed, or is drawn anew. */
    update(now: A | null, found: Item | undefined): void {
      [ask, item] = [now, found];
      draw();
    },
  };
}
