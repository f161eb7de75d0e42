import "./fields.css";
import "./pair.css";
import { type List, membersOf, showMembers } from "../items/list/members";
import type { Composer, Composing } from "../questions/registry";
import { h, show } from "../ui/dom";
import { corrections } from "./parts/corrections";

/** A side of the screen that is better, or neither. */
type Side = 0 | 1;
type Pick = Side | "tie" | "both bad";

/** Each with its keys, its words, and those for narrow cards. */
const KEYS: readonly (readonly [Pick, readonly string[], string, string])[] = [
  [0, ["1", "ArrowLeft"], "1 is better", "1 better"],
  ["tie", ["0", "="], "Tie", "Tie"],
  ["both bad", ["9", "-"], "Both are bad", "Both bad"],
  [1, ["2", "ArrowRight"], "2 is better", "2 better"],
];
/** The keys of reasons: letters that are not shortcuts of the card. */
const LETTERS = "abcdefhijklo";
const WORDS: Record<Pick, string> = {
  0: "1 as better",
  1: "2 as better",
  tie: "as a tie",
  "both bad": "both as bad",
};

/** A key, and words of which the style sheet shows one; short ones that start with the key stand for both. */
const labelled = (key: string, words: string, short: string): HTMLElement[] => [
  h("kbd", { class: short.startsWith(key) ? "hitl-pair-key" : "", text: key }),
  h("span", { class: "hitl-pair-words", text: words }),
  h("span", { class: "hitl-pair-short", text: short }),
];

/** Two items side by side, on sides drawn at random. */
export function compose(on: Composing): Composer {
  const { classes, settings, stage, changed, give, leave, say } = on;
  const content = on.item?.content as List | undefined;
  const asksReason = settings.reason === true;
  const criteria = (settings.criteria ?? []) as readonly string[];
  const reasons = (settings.reasons ?? []) as readonly string[];
  const codes = new Map(classes.map(({ id }, code) => [id, code]));
  const offered = (id: string): boolean => classes.some((c) => c.id === id && !c.retired);
  /** The places of the two, from left to right. */
  const sides: readonly Side[] = settings.sides === "given" || on.chance < 0.5 ? [0, 1] : [1, 0];
  const places = ["first", "second"];
  const idOf = (pick: Pick): string => (typeof pick === "number" ? places[sides[pick]] : pick);
  const pickOf = (answer: Composing["answer"]): Pick | null => {
    const pick = ([0, 1, "tie", "both bad"] as const).find((one) => idOf(one) === answer?.pair);
    return pick ?? null;
  };
  let picked = pickOf(on.answer);
  const by = new Map(Object.entries((on.answer?.criteria ?? {}) as Record<string, string>));
  const chosen = new Set((on.answer?.reasons ?? []) as readonly string[]);
  /** What is asked now: 0 is the question, then the criteria. */
  let at = 0;
  const suggested = on.answer ? null : pickOf(on.suggested);

  const two = content?.kind === "list" && content.items.length === 2;
  const members = two ? membersOf(content, on.item?.media ?? []) : [];
  const bodies = two ? showMembers(members, stage, on.render, sides[0]) : [];
  const held = (on.answer?.revisions ?? {}) as Record<string, string>;
  const correcting =
    two && settings.revisions
      ? corrections({
          members,
          bodies,
          stage,
          held: places.map((place) => held[place]),
          called: (member) => `${sides.indexOf(member as Side) + 1}`,
          changed,
          say,
          leave,
        })
      : null;
  const views = (two ? sides : []).map((member, side) =>
    h(
      "section",
      { class: "hitl-listed", attrs: { "aria-label": `${side + 1}`, "data-place": places[member] } },
      h("div", { class: "hitl-listed-head" }, h("kbd", { text: `${side + 1}` }), correcting?.buttons[member]),
      bodies[member],
    ),
  );
  const element = two ? h("div", { class: "hitl-pair" }, ...views) : undefined;
  const buttons = KEYS.filter(([pick]) => offered(idOf(pick))).map(([pick, [key], words, short]) => {
    const attrs = { type: "button", "data-pick": pick, "aria-label": words };
    const on = { click: ({ detail }: MouseEvent) => choose(pick, detail) };
    const button = h("button", { class: "hitl-button", attrs, on }, ...labelled(key, words, short));
    return { pick, button };
  });
  const reason = h("textarea", {
    class: "hitl-field hitl-pair-reason",
    attrs: { rows: 1, dir: "auto", placeholder: "Why? (optional)", "aria-label": "Reason" },
  });
  reason.value = String(on.answer?.reason ?? "");
  reason.addEventListener("input", () => changed());
  reason.addEventListener("keydown", (event) => {
    if (event.isComposing || event.key !== "Escape") {
      if (event.isComposing || event.key !== "Enter" || event.shiftKey) return;
      give();
    } else leave();
    event.preventDefault();
    event.stopPropagation();
  });
  show(reason, asksReason);
  const choices = h(
    "div",
    { class: "hitl-pair-choices", attrs: { role: "group", "aria-label": "Which is better" } },
    ...buttons.map(({ button }) => button),
  );
  const lines = criteria.map((name, k) => {
    const picks = ([0, "tie", 1] as const).map((pick) => {
      const place = idOf(pick);
      const [, [key], words, short] = KEYS.find(([one]) => one === pick) as (typeof KEYS)[number];
      const attrs = { type: "button", "aria-label": `${name}: ${words}` };
      const on = { click: ({ detail }: MouseEvent) => judge(k, pick, detail) };
      const button = h(
        "button",
        { class: "hitl-button", attrs, on },
        ...labelled(key, words, pick === "tie" ? short : key),
      );
      return { place, button };
    });
    const line = h(
      "div",
      { class: "hitl-pair-line", attrs: { role: "group", "aria-label": name } },
      h("span", { class: "hitl-pair-name", text: name, attrs: { dir: "auto" } }),
      ...picks.map(({ button }) => button),
    );
    return { name, line, picks };
  });
  const tags = reasons.map((name, k) => {
    const button = h(
      "button",
      { class: "hitl-button", attrs: { type: "button" }, on: { click: () => tag(name) } },
      h("kbd", { text: LETTERS[k].toUpperCase() }),
      h("span", { text: name, attrs: { dir: "auto" } }),
    );
    return { name, button };
  });
  const groups = [
    tags.length &&
      h(
        "div",
        { class: "hitl-pair-tags", attrs: { role: "group", "aria-label": "Reasons" } },
        ...tags.map(({ button }) => button),
      ),
    choices,
    lines.length && h("div", { class: "hitl-pair-lines" }, ...lines.map(({ line }) => line)),
    reason,
  ];
  const fields = h("div", {}, ...groups.filter((one) => one !== 0));

  function choose(pick: Pick, clicks = 0): void {
    picked = pick;
    next(0, clicks);
  }

  /** Answers a criterion. */
  function judge(k: number, pick: Side | "tie", clicks = 0): void {
    by.set(criteria[k], idOf(pick));
    next(k + 1, clicks);
  }

  function tag(name: string): void {
    if (!chosen.delete(name)) chosen.add(name);
    draw();
    changed();
    leave();
    say(`${name}: ${chosen.has(name) ? "chosen" : "not chosen"}`);
  }

  /** Goes on after a question; after the last one the answer is given. */
  function next(from: number, clicks: number): void {
    at = picked === null ? 0 : Math.min(from + 1, criteria.length);
    const last = from === criteria.length && picked !== null;
    draw();
    changed();
    if (!last) {
      leave();
      say(picked === null ? "Which is better?" : `${WORDS[picked]}. ${criteria[at - 1]}: which is better?`);
    } else if (!asksReason) {
      leave(); // a clicked button is gone with the next item
      give(clicks);
    } else {
      say(`${WORDS[picked as Pick]}. Why? Enter gives the answer.`);
      reason.focus({ preventScroll: true });
    }
  }

  function draw(): void {
    for (const { pick, button } of buttons) {
      button.setAttribute("aria-pressed", String(pick === picked));
      button.classList.toggle("hitl-pair-idea", picked === null && pick === suggested);
    }
    views.forEach((view, side) => {
      view.classList.toggle("hitl-listed-chosen", side === picked);
    });
    choices.classList.toggle("hitl-pair-now", criteria.length > 0 && at === 0);
    lines.forEach(({ name, line, picks }, k) => {
      line.classList.toggle("hitl-pair-now", at === k + 1);
      for (const { place, button } of picks) {
        button.setAttribute("aria-pressed", String(by.get(name) === place));
      }
    });
    for (const { name, button } of tags) button.setAttribute("aria-pressed", String(chosen.has(name)));
  }

  /** What is said beside the answer, in the form of the log. */
  function beside(): Record<string, unknown> {
    const why = reason.value.trim();
    const texts = places.map((place, member) => [place, correcting?.of(member)] as const);
    const revisions = texts.filter(([, text]) => text !== undefined);
    return {
      ...(asksReason && why ? { reason: why } : {}),
      ...(chosen.size ? { reasons: reasons.filter((name) => chosen.has(name)) } : {}),
      ...(by.size ? { criteria: Object.fromEntries(by) } : {}),
      ...(revisions.length ? { revisions: Object.fromEntries(revisions) } : {}),
    };
  }

  draw();
  return {
    element,
    fields,
    press(key, shift) {
      if (key === "e" && shift && correcting) {
        say("Correct which one: 1 or 2?");
        correcting.ask(true);
        return true;
      }
      if (shift || !two) return false;
      if (correcting?.asking()) {
        correcting.ask(false);
        const which = KEYS.find(([, keys]) => keys.includes(key))?.[0];
        if (typeof which === "number") {
          correcting.open(sides[which]);
          return true;
        }
      }
      const name = reasons[LETTERS.indexOf(key)];
      if (name !== undefined && key.length === 1) {
        tag(name);
        return true;
      }
      const step = { ArrowUp: -1, ArrowDown: 1 }[key];
      if (step && at + step >= 0 && at + step <= criteria.length) {
        at += step;
        draw();
        return true;
      }
      const pick = KEYS.find(([, keys]) => keys.includes(key))?.[0];
      if (pick === undefined) return false;
      if (at > 0 && pick !== "both bad") judge(at - 1, pick);
      else if (at === 0 && offered(idOf(pick))) choose(pick);
      else return false;
      return true;
    },
    pick: () => undefined,
    picked: () => [],
    called(code) {
      const pick = pickOf({ pair: classes[code]?.id });
      return typeof pick === "number" ? `${pick + 1}` : (classes[code]?.name ?? "");
    },
    read() {
      const pick = picked ?? (on.verify ? suggested : null);
      if (!two) return "This item is not a pair: skip it.";
      if (pick === null) return "Choose the better one: press 1 or 2.";
      const id = idOf(pick);
      return {
        answer: { pair: id, left: places[sides[0]], ...beside() },
        codes: [codes.get(id) ?? 0],
        words: WORDS[pick],
        blank: false,
      };
    },
    draft: () => ({ ...(picked === null ? {} : { pair: idOf(picked) }), ...beside() }),
    keys: [
      ["1 ←", "the first on the screen is better"],
      ["2 →", "the second is better"],
      ...(offered("tie") ? [["0 =", "a tie"] as const] : []),
      ...(offered("both bad") ? [["9 -", "both are bad"] as const] : []),
      ...(criteria.length ? [["↑ ↓", "the question before and after; ⏎ leaves the rest out"] as const] : []),
      ...(reasons.length
        ? [[`A–${LETTERS[reasons.length - 1].toUpperCase()}`, "a reason, before the answer"] as const]
        : []),
      ...(correcting ? [["⇧E 1", "correct 1; ⇧E 2: correct 2; Esc or Ctrl ⏎ ends it"] as const] : []),
      ...(asksReason ? [["⏎", "give the answer, with or without a reason"] as const] : []),
    ],
  };
}
