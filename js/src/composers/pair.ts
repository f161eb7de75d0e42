import "./fields.css";
import "./pair.css";
import { type List, membersOf, showMembers } from "../items/list/members";
import type { Composer, Composing } from "../questions/registry";
import { h, show } from "../ui/dom";

/** A side of the screen that is better, or neither. */
type Side = 0 | 1;
type Pick = Side | "tie" | "both bad";

const KEYS: readonly (readonly [Pick, readonly string[], string])[] = [
  [0, ["1", "ArrowLeft"], "1 is better"],
  ["tie", ["0", "="], "Tie"],
  ["both bad", ["9", "-"], "Both are bad"],
  [1, ["2", "ArrowRight"], "2 is better"],
];
const WORDS: Record<Pick, string> = {
  0: "1 as better",
  1: "2 as better",
  tie: "as a tie",
  "both bad": "both as bad",
};

/** Two items side by side, on sides drawn at random. */
export function compose(on: Composing): Composer {
  const { classes, settings, stage, changed, give, leave, say } = on;
  const content = on.item?.content as List | undefined;
  const asksReason = settings.reason === true;
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
  const suggested = on.answer ? null : pickOf(on.suggested);

  const two = content?.kind === "list" && content.items.length === 2;
  const members = two ? membersOf(content, on.item?.media ?? []) : [];
  const bodies = two ? showMembers([members[sides[0]], members[sides[1]]], stage, on.render) : [];
  const views = bodies.map((body, side) =>
    h(
      "section",
      { class: "hitl-listed", attrs: { "aria-label": `${side + 1}`, "data-place": places[sides[side]] } },
      h("div", { class: "hitl-listed-head" }, h("kbd", { text: `${side + 1}` })),
      body,
    ),
  );
  const element = two ? h("div", { class: "hitl-pair" }, ...views) : undefined;
  const buttons = KEYS.filter(([pick]) => offered(idOf(pick))).map(([pick, [key], words]) => {
    const button = h(
      "button",
      {
        class: "hitl-button",
        attrs: { type: "button", "data-pick": pick },
        on: { click: ({ detail }) => choose(pick, detail) },
      },
      h("kbd", { text: key }),
      words,
    );
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
  const fields = h(
    "div",
    {},
    h(
      "div",
      { class: "hitl-pair-choices", attrs: { role: "group", "aria-label": "Which is better" } },
      ...buttons.map(({ button }) => button),
    ),
    reason,
  );

  function choose(pick: Pick, clicks = 0): void {
    picked = pick;
    draw();
    changed();
    if (!asksReason) {
      leave(); // a clicked button is gone with the next item
      give(clicks);
    } else {
      say(`${WORDS[pick]}. Why? Enter gives the answer.`);
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
  }

  draw();
  return {
    element,
    fields,
    press(key, shift) {
      if (shift || !two) return false;
      const found = KEYS.find(([pick, keys]) => keys.includes(key) && offered(idOf(pick)));
      if (!found) return false;
      choose(found[0]);
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
      const why = reason.value.trim();
      return {
        answer: { pair: id, left: places[sides[0]], ...(asksReason && why ? { reason: why } : {}) },
        codes: [codes.get(id) ?? 0],
        words: WORDS[pick],
        blank: false,
      };
    },
    keys: [
      ["1 ←", "the first on the screen is better"],
      ["2 →", "the second is better"],
      ...(offered("tie") ? [["0 =", "a tie"] as const] : []),
      ...(offered("both bad") ? [["9 -", "both are bad"] as const] : []),
      ...(asksReason ? [["⏎", "give the answer, with or without a reason"] as const] : []),
    ],
  };
}
