import "./strikes.css";
import type { EffectMessage, Spoken, Struck } from "../../host/protocol";
import { keyed, link } from "../../ui/button";
import { count, focused, h, percent, said, show } from "../../ui/dom";
import type { Press } from "../../ui/keys";
import { type TextMark, textMarks } from "../../ui/marks";
import { condition } from "../../ui/query";
import { placesOf } from "../../ui/words";

/** What is struck out: a word, a column, or a word of one column. */
export type Named = { word: string | null; column: string | null };

export type StrikeCallbacks = {
  /** Asks what striking it out would do. */
  preview: (named: Named) => void;
  /** Strikes it out, or brings it back. */
  strike: (named: Named, on: boolean) => void;
  /** Finds the items with it, to make a rule of them. */
  find: (query: string) => void;
  /** Returns the keys to the card. */
  leave: () => void;
  say: (words: string) => void;
};

/** Words that can be struck out, what that would do, and what is struck out. */
export function strikesView(
  card: HTMLElement,
  reasons: HTMLElement,
  on: StrikeCallbacks,
  signal: AbortSignal,
) {
  let struck: readonly Struck[] = [];
  let buttons: [HTMLButtonElement, Named][] = [];
  /** What is about to be struck out, and whether it was said what that would do. */
  let asked: Named | null = null;
  let told = false;
  /** Whether the first word gets the focus once it is there. */
  let entering = false;
  const [markOut, markHere] = [textMarks(card, signal), textMarks(card, signal)];
  const list = h("div", { class: "hitl-strikes-list", attrs: { role: "group", "aria-label": "Struck out" } });
  const words = h("div", { class: "hitl-strikes-words", attrs: { role: "status" } });
  const go = keyed("\u23ce", "strike out", "", hold);
  const stay = keyed("Esc", "leave it", "", () => leave(true));
  const confirm = h("div", { class: "hitl-strikes-ask", attrs: { hidden: true } }, words, go, stay);

  const drawHere = (word: string | null): void => {
    const wanted = word === null ? [] : [word];
    markHere((text) => marked(text, wanted, "hitl-struck-here"));
  };
  const drawOut = (): void => {
    const wanted = struck.flatMap(({ word, more }) => (word !== null && !more ? [word] : []));
    markOut((text) => marked(text, wanted, "hitl-struck"));
  };

  /** A word that can be struck out; one of all words is reached by Tab, the others by the arrows. */
  function button(one: Spoken): HTMLElement {
    const named = { word: one.word, column: one.column };
    if (named.word === null && named.column === null) return said(one.shown);
    const made = h(
      "button",
      {
        class: "hitl-word",
        title: "Strike out: what it would cost is shown first (X). A rule from it (⇧A)",
        attrs: { type: "button", tabindex: buttons.length ? -1 : 0 },
        on: {
          click: () => ask(named),
          focus: () => {
            for (const [other] of buttons) other.tabIndex = other === made ? 0 : -1;
            drawHere(named.word);
          },
          blur: () => drawHere(null),
        },
      },
      said(one.shown),
    );
    buttons.push([made, named]);
    return made;
  }

  function ask(named: Named): void {
    [asked, told] = [named, false];
    words.replaceChildren(
      "Strike out ",
      name(named),
      "? ",
      h("span", { class: "hitl-faint", text: "Looking at what it would change" }),
    );
    show(confirm, true);
    show(reasons, false);
    go.focus({ preventScroll: true });
    on.preview(named);
  }

  function hold(): void {
    if (!asked) return;
    if (!told) {
      on.say("First look at what it would change");
      return;
    }
    on.strike(asked, true);
    on.say(`${asked.word ?? asked.column} is struck out`);
    leave(false);
  }

  /** Ends the question; the word it was about gets the focus if `back`. */
  function leave(back: boolean): void {
    const before = asked;
    const here = confirm.contains(focused());
    asked = null;
    show(confirm, false);
    show(reasons, true);
    if (here && !(back && focusOn(before))) on.leave();
  }

  /** Gives a word the focus, by default the first; returns whether it is there. */
  function focusOn(named: Named | null): boolean {
    const found = named ? buttons.find(([, one]) => same(one, named)) : buttons[0];
    found?.[0].focus({ preventScroll: true });
    return found !== undefined;
  }

  /** Finds the items with the word that has the focus, to make a rule of them; returns whether there is one. */
  function rule(): boolean {
    const named = buttons.find(([button]) => button === focused())?.[1];
    if (!named) return false;
    const query = named.word === null ? null : queryOf(named.column, named.word);
    if (query) on.find(query);
    else on.say("Only a word can become a rule");
    return true;
  }

  /** Handles the keys of the words and of the question; returns whether it was one of them. */
  function press(key: string, shift: boolean): ReturnType<Press> {
    if (shift) return key === "a" && !asked && rule();
    if (asked) {
      if (key === "Escape") leave(true);
      return key === "Escape";
    }
    const at = buttons.findIndex(([button]) => button === focused());
    if (at < 0) return false;
    const step = { ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1 }[key];
    if (step) {
      buttons[(at + step + buttons.length) % buttons.length][0].focus({ preventScroll: true });
      return "again";
    }
    if (key === "x" || key === "Delete" || key === "Backspace") ask(buttons[at][1]);
    else if (key === "Escape") on.leave();
    else return false;
    return true;
  }

  function drawList(): void {
    const lines = [
      ["struck out", struck.filter(({ more }) => !more)] as const,
      ["count more", struck.filter(({ more }) => more)] as const,
    ];
    list.replaceChildren(
      ...lines
        .flatMap(([label, found]) => [
          found.length ? h("span", { class: "hitl-faint", text: label }) : null,
          ...found.map((one) =>
            h(
              "span",
              { class: `hitl-strikes-one${one.more ? "" : " hitl-strikes-out"}` },
              said(one.name),
              back(one),
            ),
          ),
        ])
        .filter((part) => part !== null),
    );
    show(list, struck.length > 0);
  }

  /** Brings something back; not by its hidden words. */
  function back({ name, word, column }: Struck): HTMLElement | null {
    if (word === null && column === null) return null;
    const made = link("bring back", () => {
      on.strike({ word, column }, false);
      on.say(`${name} is brought back`);
      on.leave();
    });
    made.setAttribute("aria-label", `Bring back ${name}`);
    return made;
  }

  return {
    list,
    confirm,
    press,
    button,
    /** New words are about to be made; returns what gives the focus back to the one that had it. */
    renew(): () => void {
      const had = buttons.find(([button]) => button === focused())?.[1];
      buttons = [];
      return () => {
        if (had || entering) focusOn(had ?? null) || on.leave();
        entering = false;
      };
    },
    /** Gives the first word the focus, now or once there are words. */
    enter(): void {
      entering = !focusOn(null);
    },
    /** Another item is on the card. */
    update(): void {
      entering = false;
      if (asked) leave(false);
      drawHere(null);
      drawOut();
    },
    now(found: readonly Struck[]): void {
      struck = found;
      drawList();
      drawOut();
    },
    effect(message: EffectMessage): void {
      if (!asked || !same(asked, message)) return;
      told = true;
      words.replaceChildren("Strike out ", name(asked), "? ", ...effectWords(message));
    },
  };
}

const marked = (text: string, words: readonly string[], name: string): TextMark[] =>
  placesOf(text, words).map(([start, end]) => [start, end, name]);

/** The search for a word, or for a value of a column; null if it cannot be written. */
function queryOf(column: string | null, word: string): string | null {
  if (column !== null) return condition(column, word);
  return word.includes('"') ? null : `"${word}"`;
}

const same = (a: Named, b: Named): boolean => a.word === b.word && a.column === b.column;

const name = ({ word, column }: Named): HTMLElement =>
  h("b", {}, said(word === null ? `the column ${column}` : column === null ? word : `${word} (${column})`));

/** A change in points, or with some digits. */
const signed = (change: number, digits = 0): string =>
  `${change < 0 ? "\u2212" : "+"}${digits ? Math.abs(change).toFixed(digits) : Math.abs(Math.round(100 * change))}`;

/** What striking something out would do, in words. */
export function effectWords(message: EffectMessage): (string | HTMLElement)[] {
  const { items, of, n, measure, shares, before, after, low, high, audited, missing } = message;
  const where = items ? `In ${items.toLocaleString("en")} of ${count(of, "item")}. ` : "";
  if (before === null || after === null || low === null || high === null) return [`${where}${missing}`];
  const shown = (a: number, b: number): string =>
    shares ? `${percent(a)} \u2192 ${percent(b)}` : `${a.toFixed(2)} \u2192 ${b.toFixed(2)}`;
  const by = shares ? signed : (change: number) => signed(change, 2);
  const told = [
    where,
    `${measure[0].toUpperCase()}${measure.slice(1)} on ${count(n, "label")}: `,
    h("b", { class: "hitl-number", text: shown(before, after) }),
    h("span", {
      class: "hitl-number",
      text: ` (${by(after - before)}, between ${by(low)} and ${by(high)}${shares ? " points" : ""})`,
    }),
  ];
  if (audited) told.push(`; ${shown(audited[1], audited[2])} on ${count(audited[0], "audited one")}`);
  return told;
}
