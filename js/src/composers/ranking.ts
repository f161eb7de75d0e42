import "./ranking.css";
import { type List, membersOf, showMembers } from "../items/list/members";
import type { Composer, Composing } from "../questions/registry";
import { h, setText } from "../ui/dom";
import { shuffled } from "./parts/chance";
import { Timeline } from "./parts/timeline";

/** Members by their index in the item, best first. */
type Order = readonly number[];

/** The order with one member at another place. */
export function moved(order: Order, member: number, to: number): Order {
  const at = Math.max(0, Math.min(to, order.length - 1));
  if (order[at] === member) return order;
  const others = order.filter((one) => one !== member);
  return [...others.slice(0, at), member, ...others.slice(at)];
}

/** Items in an order that the annotator makes, by dragging, with buttons or with the arrow keys. */
export function compose(on: Composing): Composer {
  const { stage, say, changed, leave } = on;
  const content = on.item?.content as List | undefined;
  if (content?.kind !== "list") return unreadable();
  const n = content.items.length;
  const shown = shuffled(n, on.chance);
  /** How many are ranked; the others are below, in no order. */
  const top = Math.min(Number(on.settings.top ?? n), n);
  const given = orderOf(on.answer, shown) ?? orderOf(on.suggested, shown);
  const order = new Timeline<Order>(given ?? shown);
  let touched = given !== null && Boolean(on.answer ?? on.verify);
  let current = order.now[0];

  const bodies = showMembers(membersOf(content, on.item?.media ?? []), stage, on.render);
  const rows = bodies.map((body, member) => {
    const grip = h("div", { class: "hitl-rank-grip", title: "Drag to move" });
    const row = h(
      "li",
      { class: "hitl-rank", attrs: { "data-member": member + 1 }, on: { click: () => choose(member) } },
      grip,
      body,
      h("div", { class: "hitl-rank-moves" }, step("↑", "Up", member, -1), step("↓", "Down", member, 1)),
    );
    drags(grip, row, member);
    return { row, grip };
  });
  const element = h("ol", { class: "hitl-ranks", attrs: { "aria-label": "Ranking, best first" } });

  function step(sign: string, words: string, member: number, by: number): HTMLElement {
    const click = (event: Event): void => {
      event.stopPropagation();
      move(member, order.now.indexOf(member) + by);
      leave();
    };
    const attrs = { type: "button", "aria-label": words };
    return h("button", { class: "hitl-button", text: sign, title: words, attrs, on: { click } });
  }

  function draw(now: Order = order.now): void {
    const wanted = now.map((member) => rows[member].row);
    // Elements are moved only if necessary, because frames in them load again.
    if (wanted.some((row, k) => element.children[k] !== row)) element.replaceChildren(...wanted);
    now.forEach((member, k) => {
      const { row, grip } = rows[member];
      setText(grip, k < top ? `${k + 1}` : "–");
      row.classList.toggle("hitl-rank-below", k >= top);
      row.classList.toggle("hitl-rank-current", member === current);
    });
  }

  function choose(member: number): void {
    current = member;
    draw();
    leave();
  }

  function move(member: number, to: number): void {
    current = member;
    const next = moved(order.now, member, to);
    if (next !== order.now) {
      order.set(next);
      touched = true;
      changed();
    }
    draw();
    rows[member].row.scrollIntoView({ block: "nearest" });
    say(
      order.now.indexOf(member) < top ? `Now ${order.now.indexOf(member) + 1} of ${n}` : "Now below the best",
    );
  }

  function drags(grip: HTMLElement, row: HTMLElement, member: number): void {
    let now: Order | null = null;
    grip.addEventListener("pointerdown", (event) => {
      if (event.button) return;
      event.preventDefault();
      grip.setPointerCapture(event.pointerId);
      now = order.now;
      row.classList.add("hitl-rank-dragged");
    });
    grip.addEventListener("pointermove", ({ clientY }) => {
      if (!now) return;
      const others = now.filter((one) => one !== member);
      const above = others.filter((one) => {
        const { top, height } = rows[one].row.getBoundingClientRect();
        return clientY > top + height / 2;
      });
      now = moved(now, member, above.length);
      // The element that is dragged stays in the page, so that it keeps the pointer: the others move around it.
      place(now, member);
    });
    const end = (keep: boolean) => (): void => {
      const found = now;
      now = null;
      row.classList.remove("hitl-rank-dragged");
      if (found && keep) move(member, found.indexOf(member));
      else if (found) draw();
      if (found) leave();
    };
    grip.addEventListener("pointerup", end(true));
    grip.addEventListener("pointercancel", end(false));
  }

  /** Puts the other rows before and after one that stays where it is in the page. */
  function place(now: Order, member: number): void {
    const at = now.indexOf(member);
    const { row } = rows[member];
    for (const one of now.slice(0, at)) row.before(rows[one].row);
    for (const one of now.slice(at + 1).reverse()) row.after(rows[one].row);
    now.forEach((one, k) => {
      setText(rows[one].grip, k < top ? `${k + 1}` : "–");
      rows[one].row.classList.toggle("hitl-rank-below", k >= top);
    });
  }

  draw();
  return {
    element,
    press(key, shift) {
      const at = order.now.indexOf(current);
      const by = { ArrowUp: -1, ArrowDown: 1 }[key];
      if (by && shift) move(current, at + by);
      else if (by) {
        current = order.now[Math.max(0, Math.min(at + by, n - 1))];
        draw();
        rows[current].row.scrollIntoView({ block: "nearest" });
        say(`${order.now.indexOf(current) + 1} of ${n}`);
      } else if (/^[1-9]$/.test(key) && Number(key) <= n) move(current, Number(key) - 1);
      else if (key === "z" && order.step(!shift)) {
        draw();
        changed();
        say(shift ? "Redone" : "Undone");
      } else return false;
      return "again";
    },
    pick: () => undefined,
    picked: () => [],
    read: () => ({
      answer: {
        ranking: order.now.slice(0, top).map((k) => k + 1),
        shown: shown.map((k) => k + 1),
        ...(on.settings.top === undefined ? {} : { top: true }),
      },
      codes: [],
      words: "as ranked",
      blank: !touched,
    }),
    keys: [
      ["↑ ↓", "choose; with ⇧ move"],
      ["1–9", "move the chosen one to this rank"],
      ["Z ⇧Z", "undo and redo in this item"],
    ],
  };
}

/** The order of an answer; members that it does not rank come last, as they are shown. */
function orderOf(answer: Composing["answer"], shown: Order): Order | null {
  const places = answer?.ranking as number[] | undefined;
  if (!places || (places.length !== shown.length && !answer?.top)) return null;
  const best = places.map((place) => place - 1).filter((member) => member < shown.length);
  return [...best, ...shown.filter((member) => !best.includes(member))];
}

/** For an item that cannot be read: it is shown as what it is. */
const unreadable = (): Composer => ({
  press: () => false,
  pick: () => undefined,
  picked: () => [],
  read: () => "This item is not a list: skip it.",
});
