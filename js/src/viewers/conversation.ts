import "./conversation.css";
import { type ItemKind, SPOKEN, type Stage, shortened } from "../items/registry";
import { count, h, said } from "../ui/dom";

type Turn = { role: string; text: string; name?: string; cut?: number };
/** The turns from the number `first` on, of `n`. `last`: the question is about the last turn. */
type Conversation = { kind: "conversation"; turns: Turn[]; first: number; n: number; last?: boolean };

/** Characters or lines of a turn from which on it is folded. */
const [LONG, LONG_LINES] = [900, 14];
/** Roles whose turns are on the right, and those that say how to behave or what a tool returned. */
const OWN = new Set(["user", "prompter", "customer", "client"]);
const ASIDE = new Set(["system", "developer", "tool", "function", "ipython"]);

export const viewer: ItemKind<Conversation> = {
  render: ({ turns, first, n, last }, _, stage) => {
    const list = h("ol", {
      class: "hitl-turns",
      attrs: { "aria-label": count(n, "turn"), start: first + 1 },
    });
    list.append(...turns.map((turn, k) => turnView(turn, last === true && k === turns.length - 1)));
    const element = h("div", { class: "hitl-conversation" }, list);
    if (first) list.before(earlier(list, first, stage));
    stage.keys((key) => {
      if (key !== " ") return false;
      const folded = list.querySelector<HTMLElement>(".hitl-turn-all");
      const card = element.parentElement;
      if (card && card.scrollTop + card.clientHeight < card.scrollHeight - 1)
        card.scrollBy({ top: 0.9 * card.clientHeight });
      else if (folded) folded.click();
      return "again";
    });
    // The last turns are the ones that are asked about; the card is not on the page yet.
    if (last) requestAnimationFrame(() => list.lastElementChild?.scrollIntoView({ block: "nearest" }));
    return element;
  },
  glimpse: ({ turns, first }, _, characters) => {
    const each = Math.max(40, Math.floor(characters / turns.length));
    return h(
      "div",
      { class: "hitl-glimpse" },
      first ? h("span", { class: "hitl-faint", text: `${count(first, "turn")} … ` }) : null,
      ...turns.flatMap((turn, k) => [
        k ? " · " : "",
        h("span", { class: "hitl-faint" }, said(nameOf(turn)), ": "),
        said(shortened(turn.text, each)),
      ]),
    );
  },
  spoken: ({ turns, n }) => {
    const last = turns.slice(-2).map((turn) => `${nameOf(turn)}: ${turn.text}`);
    return shortened(`${count(n, "turn")}. ${last.join(". ")}`, SPOKEN);
  },
};

const nameOf = ({ name, role }: Turn): string => name ?? role;

function turnView(turn: Turn, asked: boolean): HTMLElement {
  const role = turn.role.toLowerCase();
  const side = OWN.has(role) ? "own" : ASIDE.has(role) ? "aside" : "other";
  const head = h(
    "div",
    { class: "hitl-turn-role" },
    said(nameOf(turn)),
    turn.name && turn.name !== turn.role ? h("span", { class: "hitl-faint" }, " ", said(turn.role)) : null,
  );
  const { text, cut = 0 } = turn;
  const body = h("div", { class: "hitl-turn-text", attrs: { dir: "auto" } });
  if (text.trim()) body.textContent = text;
  else body.append(h("span", { class: "hitl-faint", text: "no text" }));
  const element = h("li", { class: `hitl-turn hitl-turn-${side}` }, head, body);
  if (asked) {
    element.classList.add("hitl-turn-asked");
    element.setAttribute("aria-current", "true");
  }
  if (!asked && (text.length > LONG || text.split("\n", LONG_LINES + 1).length > LONG_LINES)) {
    body.classList.add("hitl-turn-folded");
    const all = h("button", {
      class: "hitl-link hitl-turn-all",
      text: `show ${cut ? "" : "all "}${count(text.length, "character")}`,
      attrs: { type: "button" },
      on: {
        click: () => {
          body.classList.remove("hitl-turn-folded");
          all.remove();
        },
      },
    });
    element.append(all);
  }
  if (cut) element.append(h("div", { class: "hitl-faint", text: `${count(cut, "character")} more` }));
  return element;
}

/** A button that fetches earlier turns and puts them above the others. */
function earlier(list: HTMLElement, first: number, stage: Stage): HTMLElement {
  let from = first;
  const button = h("button", {
    class: "hitl-link",
    attrs: { type: "button" },
    on: { click: () => void fetch() },
  });
  const words = (why = ""): void => {
    button.textContent = `${why}show ${count(from, "earlier turn")}`;
  };
  async function fetch(): Promise<void> {
    button.disabled = true;
    try {
      const content = (await stage.more({ before: from })).content as unknown as Conversation;
      from = content.first;
      list.setAttribute("start", String(from + 1));
      list.prepend(...content.turns.map((turn) => turnView(turn, false)));
      if (from) words();
      else button.remove();
    } catch (error) {
      if (!stage.signal.aborted) words(`${(error as Error).message} Try again: `);
    }
    button.disabled = false;
  }
  words();
  return h("div", { class: "hitl-turns-earlier" }, button);
}
