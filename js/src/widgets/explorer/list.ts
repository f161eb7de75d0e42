import "./list.css";
import type { ListMessage } from "../../host/protocol";
import { type Item, renderGlimpse } from "../../items/index";
import { has, minus, NO_ROWS, type Rows, rowsOf, union } from "../../plot/rows";
import { count, h, percent, said, setText, show } from "../../ui/dom";
import { type Shape, virtual } from "../../ui/virtual";
import { hitMarks } from "./hits";

const SHAPE: Shape = { line: 32 };
const PAGE = 100;
const MOST_IN_RANGE = 10_000;

const ORDERS: Record<string, string> = {
  found: "most similar",
  row: "table order",
  doubt: "uncertainty",
  confidence: "confidence",
  time: "time labelled",
  label: "label",
  prediction: "prediction",
};

let made = 0;

/** A class and its colour; null for none. */
export type Named = { name: string; colour: string } | null;
/** What a line shows besides the item itself; `hidden` if it must not show a guess. */
export type Line = {
  label: Named;
  guess: Named;
  /** Whether the guess is a machine label. */
  machine: boolean;
  doubt: number | null;
  hidden: boolean;
};

export type ListCallbacks = {
  /** Requests another order; answered by {@link ListView.show}. */
  order: (by: string, down: boolean) => void;
  /** Requests `n` lines of list `number` from `start` on; answered by {@link ListView.fill}. */
  lines: (number: number, start: number, n: number) => void;
  line: (row: number) => Line;
  item: (row: number) => Item | undefined;
  /** These rows are visible, so their items are needed. */
  want: (rows: number[]) => void;
  /** The selection has changed to these rows. */
  check: (rows: Rows) => void;
  /** This row has become the current one. */
  open: (row: number) => void;
  say: (words: string) => void;
};

export type ListView = ReturnType<typeof listView>;

/** The items as a list: an alternative to the map that needs no sight and no mouse. */
export function listView(on: ListCallbacks, signal: AbortSignal) {
  let number = -1;
  let n = 0;
  let order = { by: "row", down: false };
  let listed: Rows | null = null; // null for all
  let checked: Rows = NO_ROWS;
  let current = -1; // position of the current line in the list
  let anchor = -1;
  let pages = new Map<number, { rows: Uint32Array; cells: string[][] }>();
  let asked = new Set<number>();
  let range: [number, number] | null = null;
  /** Places whose box was pressed before their lines arrived. */
  const toggled = new Set<number>();

  const all = h("input", {
    class: "hitl-check",
    attrs: { type: "checkbox", "aria-label": "Select all listed items" },
  });
  const words = h("span", { class: "hitl-number", attrs: { role: "status" } });
  const by = h("select", { class: "hitl-select", attrs: { "aria-label": "Order by" } });
  const direction = h("button", { class: "hitl-tool hitl-list-direction", attrs: { type: "button" } });
  const again = h("button", {
    class: "hitl-link",
    text: "refresh",
    title: "Sort again: items stay where they are while you label",
    on: { click: () => on.order(order.by, order.down) },
    attrs: { type: "button" },
  });
  const lines = h("div", { class: "hitl-lines", attrs: { role: "presentation" } });
  const tall = h("div", { class: "hitl-list-tall", attrs: { role: "presentation" } }, lines);
  const id = `hitl-list-names-${++made}`;
  const names = h("div", { class: "hitl-list-names", attrs: { role: "row", id, "aria-rowindex": 1 } });
  // The names do not scroll, but belong to the grid.
  const grid = h(
    "div",
    {
      class: "hitl-list-scroll",
      attrs: {
        role: "grid",
        tabindex: 0,
        "aria-label": "Items",
        "aria-multiselectable": "true",
        "aria-owns": id,
      },
    },
    tall,
  );
  const empty = h("div", { class: "hitl-faint hitl-list-empty", text: "Waiting for the kernel" });
  const element = h(
    "div",
    { class: "hitl-table", attrs: { hidden: true } },
    h(
      "div",
      { class: "hitl-list-head" },
      h("label", { class: "hitl-list-all" }, all, words),
      h("span", { class: "hitl-list-order" }, h("label", {}, "Order ", by), direction, again),
    ),
    h("div", { class: "hitl-list-grid" }, names, grid),
    empty,
  );
  const list = virtual({ scroll: grid, tall, lines }, { cell: line, drawn }, signal);

  const hits = hitMarks(signal);

  const rowAt = (place: number): number => pages.get(Math.floor(place / PAGE))?.rows[place % PAGE] ?? -1;

  function draw(): void {
    if (!element.hidden) list.draw();
  }

  function drawn(places: number[]): void {
    if (places.length) request(places[0], places[places.length - 1] + 1);
    const active = lines.querySelector("[data-current]");
    if (active) grid.setAttribute("aria-activedescendant", active.id);
    else grid.removeAttribute("aria-activedescendant");
    hits.mark(lines.querySelectorAll<HTMLElement>(".hitl-cell-item > .hitl-glimpse"));
    on.want(places.map(rowAt).filter((row) => row >= 0));
  }

  /** Requests the lines from one to before another that were not requested yet. */
  function request(from: number, to: number): void {
    for (let page = Math.floor(from / PAGE); page * PAGE < to; page++) {
      if (asked.has(page)) continue;
      asked.add(page);
      on.lines(number, page * PAGE, Math.min(PAGE, n - page * PAGE));
    }
  }

  function line(place: number): { element: HTMLElement; update: () => void } {
    const check = h("input", {
      class: "hitl-check",
      attrs: { type: "checkbox", tabindex: -1, "aria-label": "Select" },
    });
    const told = cell("hitl-cell-says");
    const doubt = cell("hitl-cell-doubt hitl-number");
    const glimpse = cell("hitl-cell-item", h("span", { class: "hitl-faint", text: "…" }));
    const element = h(
      "div",
      {
        class: "hitl-line",
        attrs: {
          role: "row",
          id: `hitl-line-${number}-${place}`,
          "aria-rowindex": place + 2,
          "data-place": place,
        },
      },
      cell("hitl-cell-check", check),
      told,
      doubt,
      glimpse,
    );
    let shownRow = -1;
    let shownItem: Item | undefined;
    let shownLine = "";
    const update = (): void => {
      element.toggleAttribute("data-current", place === current);
      const row = rowAt(place);
      check.checked = row >= 0 && has(checked, row);
      element.setAttribute("aria-selected", String(check.checked));
      if (row < 0) return;
      if (row !== shownRow) {
        shownRow = row;
        element.dataset.row = String(row);
        const cells = pages.get(Math.floor(place / PAGE))?.cells[place % PAGE] ?? [];
        element.append(...cells.map((text) => cell("hitl-cell-more", said(text))));
      }
      const item = on.item(row);
      if (item && item !== shownItem) glimpse.replaceChildren(renderGlimpse(item, 200));
      shownItem = item ?? shownItem;
      const known = on.line(row);
      const now = JSON.stringify(known);
      if (now === shownLine) return;
      shownLine = now;
      told.replaceChildren(...says(known));
      setText(doubt, known.doubt === null ? "" : percent(known.doubt));
    };
    return { element, update };
  }

  /** The names of the columns, which sort by them. */
  function drawNames(columns: readonly string[]): void {
    const heading = (name: string, by: string, text: string, title: string): HTMLElement => {
      const sorted = by === order.by ? (order.down ? "descending" : "ascending") : null;
      const down = sorted ? !order.down : isDown(by);
      const arrow = sorted && h("span", { text: order.down ? " ↓" : " ↑", attrs: { "aria-hidden": "true" } });
      const sort = h(
        "button",
        {
          class: "hitl-list-name",
          title,
          attrs: { type: "button" },
          on: { click: () => on.order(by, down) },
        },
        said(text),
        arrow,
      );
      return h("span", { class: name, attrs: { role: "columnheader", "aria-sort": sorted } }, sort);
    };
    names.replaceChildren(
      h("span", { attrs: { role: "columnheader", "aria-label": "Selected" } }),
      heading(
        "",
        "label",
        "Label",
        "The label, or else the model's guess in a pale colour. Click to sort by label",
      ),
      heading(
        "hitl-list-end",
        "doubt",
        "Uncertainty",
        "How uncertain the model is: 0 % certain, 100 % no idea. Click to sort",
      ),
      heading("", "row", "Item", "The items. Click for the order of the table"),
      ...columns.map((name) => heading("hitl-list-more", name, name, `${name}. Click to sort`)),
    );
  }

  function drawHead(): void {
    const some = checked.length;
    setText(words, some ? `${count(some, "item")} selected of ${n.toLocaleString("en")}` : count(n, "item"));
    all.checked = some > 0 && some >= n;
    all.indeterminate = some > 0 && some < n;
    setText(direction, order.down ? "↓" : "↑");
    direction.title = order.down ? "Largest first: turn around" : "Smallest first: turn around";
    direction.setAttribute("aria-label", direction.title);
  }

  function go(place: number, extend = false): void {
    if (!n) return;
    const before = current;
    current = Math.max(0, Math.min(n - 1, place));
    if (extend) checkRange(anchor >= 0 ? anchor : Math.max(before, 0), current);
    else anchor = current;
    list.reveal(current);
    draw();
    const row = rowAt(current);
    if (!checked.length && row >= 0) on.open(row);
  }

  function toggle(place: number): void {
    const row = rowAt(place);
    if (row < 0) {
      if (!toggled.delete(place)) toggled.add(place);
      return;
    }
    const one = Uint32Array.of(row);
    setChecked(has(checked, row) ? minus(checked, one) : union(checked, one));
    on.check(checked);
  }

  /** Selects all lines between two; requests the ones that were not loaded yet. */
  function checkRange(a: number, b: number): void {
    const [low, high] = [Math.min(a, b), Math.max(a, b)];
    if (high - low > MOST_IN_RANGE) {
      on.say(
        `A range may have at most ${MOST_IN_RANGE.toLocaleString("en")} lines: use the find field to select more`,
      );
      return;
    }
    range = [low, high];
    request(low, high + 1);
    finishRange();
  }

  function finishRange(): void {
    if (!range) return;
    const [low, high] = range;
    const rows = Array.from({ length: high - low + 1 }, (_, i) => rowAt(low + i));
    if (rows.includes(-1)) return;
    range = null;
    setChecked(union(checked, rowsOf(rows)));
    on.check(checked);
  }

  function setChecked(rows: Rows): void {
    checked = rows;
    drawHead();
    draw();
  }

  all.addEventListener(
    "change",
    () => {
      setChecked(all.checked ? (listed ?? Uint32Array.from({ length: n }, (_, row) => row)) : NO_ROWS);
      on.check(checked);
    },
    { signal },
  );
  by.addEventListener("change", () => on.order(by.value, isDown(by.value)), {
    signal,
  });
  direction.addEventListener("click", () => on.order(order.by, !order.down), { signal });
  lines.addEventListener(
    "click",
    (event) => {
      const at = (event.target as HTMLElement).closest<HTMLElement>(".hitl-line");
      if (!at) return;
      const place = Number(at.dataset.place);
      const onBox = (event.target as HTMLElement).matches("input");
      if (event.shiftKey) {
        event.preventDefault();
        go(place, true);
      } else if (onBox) {
        event.preventDefault();
        current = anchor = place;
        toggle(place);
      } else go(place);
      grid.focus({ preventScroll: true });
    },
    { signal },
  );
  // A double click must not select text.
  lines.addEventListener("mousedown", (event) => event.detail > 1 && event.preventDefault(), { signal });

  return {
    element,
    get current(): number {
      return rowAt(current);
    },
    focus: (): void => grid.focus({ preventScroll: true }),
    /** Shows a new list of these rows, null for all; `why` explains why the requested order was not possible. */
    show(message: ListMessage, rows: Rows | null): void {
      ({ number, n } = message);
      listed = rows;
      order = { by: message.by, down: message.down };
      pages = new Map();
      asked = new Set();
      range = null;
      toggled.clear();
      current = anchor = -1;
      by.replaceChildren(
        ...message.orders.map((name) =>
          h("option", { text: ORDERS[name] ?? name, attrs: { value: name, selected: name === order.by } }),
        ),
      );
      element.style.setProperty("--more", String(message.columns.length));
      grid.setAttribute("aria-rowcount", String(n + 1));
      drawNames(message.columns);
      list.set(n, SHAPE);
      setText(empty, n ? "" : "No items");
      show(empty, !n);
      if (message.why) on.say(message.why);
      drawHead();
    },
    /** Adds lines from the kernel. */
    fill(of: number, start: number, rows: Uint32Array, cells: string[][]): void {
      if (of !== number) return;
      pages.set(start / PAGE, { rows, cells });
      for (const place of [...toggled]) if (rowAt(place) >= 0 && toggled.delete(place)) toggle(place);
      finishRange();
      draw();
    },
    setChecked,
    /** The conditions of the query whose result the list shows; their words are marked. */
    setHits: hits.set,
    draw,
    /** Moves on after the current line was answered. */
    next(): void {
      if (current >= 0 && !checked.length) go(current + 1);
    },
    /** Handles a key; returns whether it belongs to the list. */
    press(key: string, shift: boolean): boolean {
      if (key === "ArrowDown") go(current + 1, shift);
      else if (key === "ArrowUp") go(current - 1, shift);
      else if (key === "PageDown") go(current + list.page(), shift);
      else if (key === "PageUp") go(current - list.page(), shift);
      else if (key === "Home") go(0, shift);
      else if (key === "End") go(n - 1, shift);
      else if (key === " " && current >= 0) toggle(current);
      else return false;
      return true;
    },
  };
}

const cell = (name: string, ...children: (Node | string | null)[]): HTMLElement =>
  h("span", { class: `hitl-cell ${name}`, attrs: { role: "gridcell" } }, ...children);

/** Whether an order starts with the largest. */
const isDown = (by: string): boolean => by === "doubt" || by === "time";

/** The label, or else the guess in a pale colour; both if the model contradicts the label. */
function says({ label, guess, machine, hidden }: Line): (Node | string)[] {
  if (hidden) return [h("span", { class: "hitl-faint", text: "no hint" })];
  if (!label && guess && machine)
    return [...named(guess), h("span", { class: "hitl-faint", text: " by machine" })];
  if (!label) return guess ? named(guess, "hitl-pale") : [h("span", { class: "hitl-faint", text: "—" })];
  if (!guess || guess.name === label.name) return named(label);
  return [...named(label), h("span", { class: "hitl-faint", text: " ≠ " }), ...named(guess, "hitl-pale")];
}

function named({ name, colour }: NonNullable<Named>, look = ""): Node[] {
  const dot = h("span", { class: `hitl-dot ${look}`, attrs: { "aria-hidden": "true" } });
  dot.style.background = colour;
  return [dot, h("bdi", { class: look ? "hitl-faint" : "", text: name })];
}
