import "./rules.css";
import type {
  KeepRule,
  LabelClass,
  Refused,
  RetireRule,
  RuleFigures,
  RuleState,
  RulesMessage,
  TryRule,
  VotesMessage,
} from "../../host/protocol";
import { link } from "../../ui/button";
import { count, focused, h, percent, said, setText, show } from "../../ui/dom";
import { onKey, onTyping, type Press } from "../../ui/keys";
import { interval } from "./trust";

const TYPING_MS = 200;
/** A rule is shown on the map if the pointer or the focus stays on it. */
const RESTING_MS = 80;

export type RulesCallbacks = {
  /** Keeps a query as a rule for a class; `answered` is told why it is refused, or null. */
  keepRule: (
    rule: Pick<KeepRule, "query" | "of">,
    answered: (refused: Pick<Refused, "why"> | null) => void,
  ) => void;
  retireRule: (rule: Pick<RetireRule, "name" | "back">) => void;
  removeRule: (name: string) => void;
  /** Asks what a rule would label alone; answered by `votes`. */
  tryRule: (rule: Pick<TryRule, "name" | "query" | "of">) => void;
  /** Shows on the map what it would label alone; null for what the model says. */
  preview: (shown: { rows: Uint32Array; codes: Uint8Array } | null) => void;
  /** Shows these items. */
  look: (rows: Uint32Array) => void;
  undo: () => void;
  redo: () => void;
  /** Returns the keys to the items. */
  leave: () => void;
};

const EMPTY =
  "No rules yet. A rule says at once of many items what they are: “unsubscribe” is an ad. It is no label: the model " +
  "uses it only as far as your labels prove it right. Type what to find, choose the class, and press Enter.";

/** The rules: what each covers, how good it is on the labels, and a field for a new one. */
export function rulesView(on: RulesCallbacks, signal: AbortSignal) {
  const query = h("input", {
    class: "hitl-field",
    attrs: {
      type: "text",
      maxlength: 2000,
      placeholder: "Items with … (words, /pattern/, column>value)",
      "aria-label": "What the new rule finds",
      autocomplete: "off",
      spellcheck: "false",
    },
  });
  const what = h("select", { class: "hitl-select", attrs: { "aria-label": "Class of its items" } });
  const keep = h("button", {
    class: "hitl-tool hitl-primary",
    text: "Keep",
    title: "Keep this rule (Enter)",
    attrs: { type: "button" },
    on: { click: give },
  });
  const making = h("div", { class: "hitl-rules-new" }, query, h("span", { text: "are" }), what, keep);
  const told = h("div", { class: "hitl-rules-tried hitl-number", attrs: { role: "status" } });
  const failure = h("div", { class: "hitl-told", attrs: { role: "status", hidden: true } });
  const empty = h("div", { class: "hitl-rules-empty hitl-faint hitl-waiting", text: "Being computed" });
  const list = h("ul", { class: "hitl-rules-list" });
  const trust = h("div", { class: "hitl-faint" });
  const element = h(
    "section",
    { class: "hitl-rules", attrs: { "aria-label": "Rules", hidden: true } },
    making,
    told,
    failure,
    empty,
    list,
    trust,
  );
  let classes: readonly LabelClass[] = [];
  let state: RulesMessage | null = null;
  let drawn = "";
  /** The rule on the map: its name, or "" for the new one; null for none. */
  let shown: string | null = null;
  /** Items of the rule that was asked to be opened. */
  let opening: string | null = null;
  let resting: ReturnType<typeof setTimeout> | undefined;
  signal.addEventListener("abort", () => clearTimeout(resting));

  // -- a new rule

  const typed = (): Pick<TryRule, "name" | "query" | "of"> => ({
    name: "",
    query: query.value.trim(),
    of: what.value,
  });

  function attempt(): void {
    clearTimeout(resting);
    const rule = typed();
    say("", false);
    if (!rule.query) {
      if (shown === "") hide();
      return;
    }
    resting = setTimeout(() => {
      shown = "";
      setText(told, "Looking");
      on.tryRule(rule);
    }, TYPING_MS);
  }

  function say(words: string, bad: boolean): void {
    setText(told, words);
    told.classList.toggle("hitl-bad", bad);
    query.setAttribute("aria-invalid", String(bad));
  }

  function give(): void {
    const rule = typed();
    if (!rule.query) {
      query.focus();
      return;
    }
    on.keepRule(rule, (refused) => {
      if (refused) say(refused.why, true);
      else if (query.value.trim() === rule.query) clear();
    });
  }

  function clear(): void {
    query.value = "";
    say("", false);
    hide();
  }

  function hide(): void {
    clearTimeout(resting);
    if (shown === null) return;
    shown = null;
    on.preview(null);
  }

  for (const type of ["input", "focus"]) query.addEventListener(type, attempt);
  what.addEventListener("change", attempt);
  onTyping(making, ({ key, target }) => {
    if (key === "Enter" && target !== keep) give();
    else if (key === "Escape") {
      clear();
      on.leave();
    } else if (key === "ArrowDown" && target === query) step(0);
    else return false;
    return true;
  });
  element.addEventListener("focusout", ({ relatedTarget }) => {
    if (!(relatedTarget instanceof Node && element.contains(relatedTarget))) hide();
  });

  // -- those that are kept

  const lines = (): HTMLElement[] => [
    ...list.querySelectorAll<HTMLElement>(".hitl-rule-words > .hitl-figure"),
  ];

  /** The rule that has the focus: its place, or -1. */
  const place = (): number => lines().findIndex((line) => line.closest("li")?.contains(focused()));

  /** Moves the focus to a rule, or to the field before the first. */
  function step(to: number): void {
    const all = lines();
    if (to < 0) query.focus();
    else all[Math.min(to, all.length - 1)]?.focus();
  }

  const press: Press = (key, shift) => {
    const at = place();
    const rule = state?.rules[at];
    if (!rule) return false;
    if (key === "ArrowDown" || key === "ArrowUp") {
      step(key === "ArrowDown" ? at + 1 : at - 1);
      return "again";
    }
    if (key === "Delete" || key === "Backspace") on.retireRule({ name: rule.name, back: rule.retired });
    else if (key === "z") (shift ? on.redo : on.undo)();
    else if (key === "Escape") {
      hide();
      on.leave();
    } else return false;
    return true;
  };
  onKey(list, press, signal);

  function rest(name: string): void {
    clearTimeout(resting);
    resting = setTimeout(() => {
      shown = name;
      on.tryRule({ name, query: "", of: "" });
    }, RESTING_MS);
  }

  /** Back to the rule that has the focus, or to what the model says. */
  function unrest(): void {
    const rule = state?.rules[place()];
    if (rule) rest(rule.name);
    else if (shown) hide();
    else clearTimeout(resting);
  }

  function open(rule: RuleState): void {
    opening = rule.name;
    on.tryRule({ name: rule.name, query: "", of: "" });
  }

  function row(rule: RuleState, of: RulesMessage): HTMLElement {
    const { name, words, figures, retired, why, bad, same_as } = rule;
    const main = h("button", {
      class: "hitl-figure",
      text: name,
      title: `Show its items: ${words}. By ${rule.by}`,
      attrs: { type: "button", dir: "auto" },
      on: { click: () => open(rule) },
    });
    const back = link(
      retired ? "bring back" : "retire",
      () => on.retireRule({ name, back: retired }),
      retired ? "Use the rule again" : "Keep the rule without using it",
    );
    const remove = h("button", {
      class: "hitl-cross",
      text: "\u00d7",
      title: "Remove the rule",
      attrs: { type: "button", "aria-label": `Remove the rule ${name}` },
      on: { click: () => on.removeRule(name) },
    });
    const note = why || bad || (same_as ? `The same votes as “${same_as}”, which count once.` : "");
    const line = h(
      "li",
      { attrs: { "data-name": name, "data-retired": retired } },
      h(
        "span",
        { class: "hitl-rule-words" },
        main,
        words === name ? null : h("span", { class: "hitl-faint", text: words, attrs: { dir: "auto" } }),
        retired ? h("span", { class: "hitl-faint", text: "retired" }) : null,
      ),
      h("span", { class: "hitl-rule-class" }, ...chips(figures)),
      h("span", {
        class: "hitl-number",
        text: why ? "" : count(figures.n_items, "item"),
        title: why ? "" : `${percent(figures.n_items / of.n_items)} of all; ${alone(figures)}`,
      }),
      h("span", {
        class: "hitl-number hitl-faint",
        text: figures.n_conflicts ? count(figures.n_conflicts, "conflict") : "",
        title: "Items for which another rule votes for another class",
      }),
      figures.low === null || figures.high === null
        ? h("span", {})
        : interval(figures.accuracy, figures.low, figures.high),
      h("span", { class: "hitl-number", text: why ? "" : accuracy(figures) }),
      h("span", { class: "hitl-rule-acts" }, back, remove),
      note
        ? h("div", { class: `hitl-rule-told ${why || bad ? "hitl-bad" : "hitl-faint"}`, text: note })
        : null,
    );
    line.addEventListener("pointerenter", () => !why && rest(name));
    line.addEventListener("pointerleave", unrest);
    line.addEventListener("focusin", () => !why && rest(name));
    return line;
  }

  const chips = ({ codes }: RuleFigures): HTMLElement[] =>
    codes.flatMap((code) => {
      const c = classes[code];
      if (!c) return [];
      return [
        h("span", { class: "hitl-dot", attrs: { "aria-hidden": "true" }, style: { background: c.color } }),
        said(c.name),
      ];
    });

  function draw(): void {
    const now = JSON.stringify([state, classes]);
    if (!state || now === drawn) return;
    drawn = now;
    const { rules, why } = state;
    empty.classList.remove("hitl-waiting");
    setText(empty, why || EMPTY);
    show(empty, why !== "" || !rules.length);
    show(making, why === "");
    setText(trust, state.trust);
    show(trust, state.trust !== "");
    const at = place();
    const name = lines()[at]?.textContent;
    list.replaceChildren(...rules.map((rule) => row(rule, state as RulesMessage)));
    show(list, rules.length > 0);
    if (at < 0) return;
    const after = lines();
    const again = after[rules.findIndex((rule) => rule.name === name)] ?? after[at] ?? after.at(-1);
    (again ?? query).focus({ preventScroll: true });
  }

  return {
    element,
    /** The field for a new rule, for the keyboard. */
    focus: (): void => query.focus({ preventScroll: true }),
    /** Ends what is shown on the map. */
    hide,
    /** Says why the rules could not be computed; earlier ones stay. */
    failed(why: string, again: () => void): void {
      failure.replaceChildren(
        `${drawn ? "Not up to date" : "Not computed"}: ${why} `,
        link("try again", again),
      );
      show(failure, true);
      if (!drawn) show(empty, false);
    },
    update(message: RulesMessage): void {
      show(failure, false);
      state = message;
      draw();
    },
    setClasses(now: readonly LabelClass[]): void {
      if (now === classes) return;
      const before = what.value;
      classes = now;
      const live = now.filter((c) => !c.retired);
      what.replaceChildren(...live.map((c) => h("option", { text: c.name, attrs: { value: c.id } })));
      if (live.some((c) => c.id === before)) what.value = before;
      draw();
    },
    /** What a rule would label alone. */
    tried(message: VotesMessage, rows: Uint32Array, codes: Uint8Array): void {
      const { name, query: of, why, figures } = message;
      if (name && name === opening) {
        opening = null;
        if (!why) on.look(rows);
      }
      if (!name && of === typed().query && message.of === what.value)
        say(why || (figures ? triedWords(figures) : ""), why !== "");
      if (shown === null || shown !== name || (!name && of !== typed().query)) return;
      on.preview(why ? null : { rows, codes });
    },
  };
}

/** What a rule would do that is not kept yet. */
export function triedWords(figures: RuleFigures): string {
  const { n_items, n_alone, n_conflicts } = figures;
  if (!n_items) return "No item.";
  const rest = [
    accuracy(figures) || "none of them labelled yet",
    n_alone < n_items ? `${n_alone.toLocaleString("en")} that no other rule covers` : "",
    n_conflicts ? count(n_conflicts, "conflict") : "",
  ];
  return `${count(n_items, "item")}: ${rest.filter(Boolean).join(", ")}.`;
}

/** How good a rule is on the labels. */
export function accuracy({ n_labelled, accuracy, low, high }: RuleFigures): string {
  if (accuracy === null || low === null || high === null) return "";
  return `${percent(accuracy)} of ${count(n_labelled, "label")} right (${Math.round(100 * low)}–${percent(high)})`;
}

const alone = ({ n_alone }: RuleFigures): string =>
  `${n_alone.toLocaleString("en")} of them without a vote of another rule`;
