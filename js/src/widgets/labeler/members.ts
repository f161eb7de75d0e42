import "./members.css";
import type { LabelClass, Member } from "../../host/protocol";
import { type Item, renderGlimpse, spokenItem } from "../../items/index";
import { has, minus, NO_ROWS, type Rows, rowsOf, union } from "../../plot/rows";
import { colourOf, namesOf } from "../../questions/index";
import { h, setText } from "../../ui/dom";
import { type Shape, virtual } from "../../ui/virtual";

const TILE: Shape = { line: 92, tile: 92 };
const TOUCH = "(pointer: coarse)";

const lineShape = (): Shape => ({ line: window.matchMedia(TOUCH).matches ? 44 : 32 });

export type MembersCallbacks = {
  item: (row: number) => Item | undefined;
  /** What is known of an item of the selection; undefined until it is here. */
  member: (row: number) => Member | undefined;
  /** These rows are visible. */
  want: (rows: number[]) => void;
  /** These rows are left out of the act from now on. */
  exclude: (out: Rows) => void;
  /** Shows one item on the card. */
  open: (row: number) => void;
};

/** All items of a selection, each with a checkbox. Unchecked ones are left out of the act. */
export function membersList(on: MembersCallbacks, signal: AbortSignal) {
  let rows: Rows = NO_ROWS;
  /** Rows that are listed first, and all others. */
  let first: readonly number[] = [];
  let rest: Rows = NO_ROWS;
  let out: Rows = NO_ROWS;
  let classes: LabelClass[] = [];
  let current = -1;
  /** Where a range starts, and whether it checks or unchecks. */
  let anchor = -1;
  let checking = false;

  const lines = h("div", { class: "hitl-member-lines", attrs: { role: "presentation" } });
  const tall = h("div", { class: "hitl-member-tall", attrs: { role: "presentation" } }, lines);
  const element = h(
    "div",
    {
      class: "hitl-members",
      attrs: { role: "listbox", tabindex: 0, "aria-label": "Selected items", "aria-multiselectable": "true" },
    },
    tall,
  );
  const list = virtual({ scroll: element, tall, lines }, { cell, drawn }, signal);

  const rowAt = (place: number): number =>
    place < first.length ? first[place] : (rest[place - first.length] ?? -1);

  function cell(place: number): { element: HTMLElement; update: () => void } {
    const row = rowAt(place);
    const says = h("span", { class: "hitl-member-says" });
    const glimpse = h("span", { class: "hitl-member-item" });
    const tick = h("span", { class: "hitl-tick", attrs: { "aria-hidden": "true" } });
    const element = h(
      "div",
      {
        class: "hitl-member",
        attrs: {
          role: "option",
          id: `hitl-member-${row}`,
          "aria-posinset": place + 1,
          "aria-setsize": rows.length,
          "data-place": place,
          "data-row": row,
        },
      },
      tick,
      glimpse,
      says,
    );
    let shown: unknown[] = [];
    const update = (): void => {
      element.setAttribute("aria-selected", String(!has(out, row)));
      element.toggleAttribute("data-current", place === current);
      const now = [on.item(row), on.member(row), classes];
      if (now.every((part, i) => part === shown[i])) return;
      shown = now;
      fill(element, glimpse, says, row);
    };
    return { element, update };
  }

  function fill(element: HTMLElement, glimpse: HTMLElement, says: HTMLElement, row: number): void {
    const [item, member] = [on.item(row), on.member(row)];
    glimpse.replaceChildren(item ? renderGlimpse(item, 200) : "…");
    const words = member ? saysOf(member, classes) : [];
    says.replaceChildren(...words);
    says.title = says.textContent ?? "";
    if (!item) return;
    const text = spokenItem(item, row);
    element.title = glimpse.textContent ? text : "";
    element.setAttribute("aria-label", `${text}, ${says.textContent}`);
  }

  function drawn(places: number[]): void {
    const active = lines.querySelector("[data-current]");
    if (active) element.setAttribute("aria-activedescendant", active.id);
    else element.removeAttribute("aria-activedescendant");
    on.want(places.map(rowAt));
  }

  function go(place: number, extend = false): void {
    current = Math.max(0, Math.min(rows.length - 1, place));
    list.reveal(current);
    if (extend && anchor >= 0) check(anchor, current);
    else list.draw();
  }

  function toggle(place: number): void {
    current = anchor = place;
    checking = has(out, rowAt(place));
    check(place, place);
  }

  /** Gives all places between two the state that the first one got. */
  function check(a: number, b: number): void {
    const [low, high] = [Math.min(a, b), Math.max(a, b)];
    const some = rowsOf(Array.from({ length: high - low + 1 }, (_, i) => rowAt(low + i)));
    on.exclude(checking ? minus(out, some) : union(out, some));
  }

  element.addEventListener(
    "click",
    ({ target, shiftKey }) => {
      const at = (target as HTMLElement).closest<HTMLElement>(".hitl-member");
      if (!at) return;
      const place = Number(at.dataset.place);
      if (shiftKey && anchor >= 0) go(place, true);
      else toggle(place);
      element.focus({ preventScroll: true });
    },
    { signal },
  );
  element.addEventListener(
    "dblclick",
    ({ target }) => {
      const at = (target as HTMLElement).closest<HTMLElement>(".hitl-member");
      if (at) on.open(Number(at.dataset.row)); // the two clicks checked and unchecked it
    },
    { signal },
  );
  // Neither a double click nor a range selects text.
  element.addEventListener("mousedown", (e) => (e.detail > 1 || e.shiftKey) && e.preventDefault(), {
    signal,
  });

  return {
    element,
    /** Shows these rows: the unusual ones first, images as tiles; `at` is the row of the current line. */
    show(all: Rows, odd: readonly number[], pictures: boolean, at?: number): void {
      [rows, first, current, anchor] = [all, odd, -1, -1];
      rest = minus(all, rowsOf(odd));
      element.classList.toggle("hitl-tiles", pictures);
      list.set(all.length, pictures ? TILE : lineShape());
      if (at === undefined) return;
      go(odd.includes(at) ? odd.indexOf(at) : odd.length + rest.indexOf(at));
      element.focus({ preventScroll: true });
    },
    update(excluded: Rows, known: LabelClass[]): void {
      [out, classes] = [excluded, known];
      list.draw();
    },
    /** Handles a key; returns whether it belongs to the list. The first key enters the list. */
    press(key: string, shift: boolean): boolean {
      const steps: Record<string, number> = {
        ArrowDown: list.columns(),
        ArrowUp: -list.columns(),
        ArrowRight: 1,
        ArrowLeft: -1,
        PageDown: list.page(),
        PageUp: -list.page(),
        Home: -rows.length,
        End: rows.length,
      };
      // The lines have no other use for the arrow to the right.
      const opens = key === "o" || (key === "ArrowRight" && !element.classList.contains("hitl-tiles"));
      if (!rows.length || (key !== " " && !opens && !(key in steps))) return false;
      if (current < 0) go(0);
      else if (opens) {
        on.open(rowAt(current));
        return true;
      } else if (key === " ") toggle(current);
      else go(current + steps[key], shift);
      element.focus({ preventScroll: true });
      return true;
    },
  };
}

export type MembersList = ReturnType<typeof membersList>;

/** The label, or else the guess in a pale colour; both if the model contradicts the label. */
function saysOf({ codes, said, guess, blind }: Member, classes: LabelClass[]): Node[] {
  const faint = (text: string): HTMLElement => h("span", { class: "hitl-faint", text });
  if (blind) return [faint("no hint")];
  if (said) return [h("bdi", { text: said })];
  if (!codes) return guess ? named(guess.codes, classes, "hitl-pale") : [faint("—")];
  if (!guess || namesOf(guess.codes, classes) === namesOf(codes, classes)) return named(codes, classes);
  return [...named(codes, classes), faint(" ≠ "), ...named(guess.codes, classes, "hitl-pale")];
}

function named(codes: readonly number[], classes: LabelClass[], look = ""): Node[] {
  const dot = h("span", { class: `hitl-dot ${look}`, attrs: { "aria-hidden": "true" } });
  dot.style.background = colourOf(codes, classes);
  const name = h("bdi", { class: look ? "hitl-faint" : "" });
  setText(name, namesOf(codes, classes));
  return [dot, name];
}
