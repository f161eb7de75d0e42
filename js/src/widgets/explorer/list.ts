import "./list.css";
import type { ListMessage } from "../../host/protocol";
import { type Item, renderGlimpse } from "../../items/index";
import { has, minus, NO_ROWS, type Rows, rowsOf, union } from "../../plot/rows";
import { count, h, percent, said, setText, show } from "../../ui/dom";

const LINE_PX = 32;
/** Browsers limit the height of an element to some ten million pixels; longer lists scroll in larger steps. */
const TALLEST_PX = 8_000_000;
const PAGE = 100;
/** Extra lines drawn above and below the visible ones. */
const MARGIN = 4;
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

/** A class and its colour; null for none. */
export type Named = { name: string; colour: string } | null;
/** What a line shows besides the item itself; `hidden` if it must not show a guess. */
export type Line = { label: Named; guess: Named; doubt: number | null; hidden: boolean };

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
  let frame = 0;
  let range: [number, number] | null = null;
  let pressed = false;

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
  const scroll = h(
    "div",
    {
      class: "hitl-list-scroll",
      attrs: { role: "grid", tabindex: 0, "aria-label": "Items", "aria-multiselectable": "true" },
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
    scroll,
    empty,
  );

  const seen = (): number => Math.max(1, Math.floor(scroll.clientHeight / LINE_PX));
  const height = (): number => Math.min(n * LINE_PX, TALLEST_PX);
  /** The first visible line, as a fraction. */
  const first = (): number => {
    const whole = height() - scroll.clientHeight;
    return whole > 0 ? (scroll.scrollTop / whole) * Math.max(0, n - scroll.clientHeight / LINE_PX) : 0;
  };
  const rowAt = (place: number): number => pages.get(Math.floor(place / PAGE))?.rows[place % PAGE] ?? -1;

  function draw(): void {
    if (!frame) frame = requestAnimationFrame(drawNow);
  }

  function drawNow(): void {
    frame = 0;
    // Replacing a line between press and release would lose the click.
    if (element.hidden || pressed) return;
    const top = first();
    const from = Math.max(0, Math.floor(top) - MARGIN);
    const to = Math.min(n, Math.ceil(top) + seen() + MARGIN + 1);
    request(from, to);
    // Relative to the scroll position, since one pixel may stand for several lines.
    lines.style.transform = `translateY(${scroll.scrollTop - (top - from) * LINE_PX}px)`;
    const places = Array.from({ length: Math.max(0, to - from) }, (_, i) => from + i);
    lines.replaceChildren(...places.map(line));
    scroll.setAttribute("aria-rowcount", String(n));
    const active = lines.querySelector("[data-current]");
    if (active) scroll.setAttribute("aria-activedescendant", active.id);
    else scroll.removeAttribute("aria-activedescendant");
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

  function line(place: number): HTMLElement {
    const row = rowAt(place);
    const is = current === place;
    const isChecked = row >= 0 && has(checked, row);
    const told = row >= 0 ? on.line(row) : null;
    const item = row >= 0 ? on.item(row) : undefined;
    const cells = pages.get(Math.floor(place / PAGE))?.cells[place % PAGE] ?? [];
    const cell = (name: string, ...children: (Node | string | null)[]): HTMLElement =>
      h("span", { class: `hitl-cell ${name}`, attrs: { role: "gridcell" } }, ...children);
    const check = h("input", {
      class: "hitl-check",
      attrs: { type: "checkbox", tabindex: -1, "aria-label": "Select", checked: isChecked },
    });
    return h(
      "div",
      {
        class: "hitl-line",
        attrs: {
          role: "row",
          id: `hitl-line-${number}-${place}`,
          "aria-rowindex": place + 1,
          "aria-selected": String(isChecked),
          "data-place": place,
          "data-row": row >= 0 ? row : null,
          "data-current": is,
        },
      },
      cell("hitl-cell-check", check),
      cell("hitl-cell-says", ...(told ? says(told) : [])),
      cell("hitl-cell-doubt hitl-number", told?.doubt == null ? "" : percent(told.doubt)),
      cell("hitl-cell-item", item ? renderGlimpse(item, 200) : h("span", { class: "hitl-faint", text: "…" })),
      ...cells.map((text) => cell("hitl-cell-more", said(text))),
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
    reveal(current);
    draw();
    const row = rowAt(current);
    if (!checked.length && row >= 0) on.open(row);
  }

  function reveal(place: number): void {
    const top = first();
    const fits = scroll.clientHeight / LINE_PX;
    let to = top;
    if (place < top) to = place;
    else if (place + 1 > top + fits) to = place + 1 - fits;
    if (to === top) return;
    const most = Math.max(0, n - fits);
    scroll.scrollTop = most > 0 ? (to / most) * (height() - scroll.clientHeight) : 0;
  }

  function toggle(place: number): void {
    const row = rowAt(place);
    if (row < 0) return;
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

  scroll.addEventListener("scroll", draw, { passive: true, signal });
  all.addEventListener(
    "change",
    () => {
      setChecked(all.checked ? (listed ?? Uint32Array.from({ length: n }, (_, row) => row)) : NO_ROWS);
      on.check(checked);
    },
    { signal },
  );
  by.addEventListener("change", () => on.order(by.value, by.value === "doubt" || by.value === "time"), {
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
      scroll.focus({ preventScroll: true });
    },
    { signal },
  );
  lines.addEventListener(
    "pointerdown",
    () => {
      pressed = true;
      const released = new AbortController();
      const release = (): void => {
        released.abort();
        // Wait for the click that follows the release.
        setTimeout(() => {
          pressed = false;
          draw();
        });
      };
      for (const type of ["pointerup", "pointercancel"])
        window.addEventListener(type, release, { signal: released.signal });
    },
    { signal },
  );
  // A double click must not select text.
  lines.addEventListener("mousedown", (event) => event.detail > 1 && event.preventDefault(), { signal });
  const resized = new ResizeObserver(draw);
  resized.observe(scroll);
  signal.addEventListener("abort", () => {
    resized.disconnect();
    cancelAnimationFrame(frame);
  });

  return {
    element,
    get current(): number {
      return rowAt(current);
    },
    focus: (): void => scroll.focus({ preventScroll: true }),
    /** Shows a new list of these rows, null for all; `why` explains why the requested order was not possible. */
    show(message: ListMessage, rows: Rows | null): void {
      ({ number, n } = message);
      listed = rows;
      order = { by: message.by, down: message.down };
      pages = new Map();
      asked = new Set();
      range = null;
      current = anchor = -1;
      by.replaceChildren(
        ...message.orders.map((name) =>
          h("option", { text: ORDERS[name] ?? name, attrs: { value: name, selected: name === order.by } }),
        ),
      );
      element.style.setProperty("--columns", String(message.columns.length));
      tall.style.height = `${height()}px`;
      scroll.scrollTop = 0;
      setText(empty, n ? "" : "No items");
      show(empty, !n);
      if (message.why) on.say(message.why);
      drawHead();
      draw();
    },
    /** Adds lines from the kernel. */
    fill(of: number, start: number, rows: Uint32Array, cells: string[][]): void {
      if (of !== number) return;
      pages.set(start / PAGE, { rows, cells });
      finishRange();
      draw();
    },
    setChecked,
    draw,
    /** Moves on after the current line was answered. */
    next(): void {
      if (current >= 0 && !checked.length) go(current + 1);
    },
    /** Handles a key; returns whether it belongs to the list. */
    press(key: string, shift: boolean): boolean {
      if (key === "ArrowDown") go(current + 1, shift);
      else if (key === "ArrowUp") go(current - 1, shift);
      else if (key === "PageDown") go(current + seen(), shift);
      else if (key === "PageUp") go(current - seen(), shift);
      else if (key === "Home") go(0, shift);
      else if (key === "End") go(n - 1, shift);
      else if (key === " " && current >= 0) toggle(current);
      else return false;
      return true;
    },
  };
}

/** The label, or else the guess in a pale colour; both if the model contradicts the label. */
function says({ label, guess, hidden }: Line): (Node | string)[] {
  if (hidden) return [h("span", { class: "hitl-faint", text: "no hint" })];
  if (!label) return guess ? named(guess, "hitl-pale") : [h("span", { class: "hitl-faint", text: "—" })];
  if (!guess || guess.name === label.name) return named(label);
  return [...named(label), h("span", { class: "hitl-faint", text: " ≠ " }), ...named(guess, "hitl-pale")];
}

function named({ name, colour }: NonNullable<Named>, look = ""): Node[] {
  const dot = h("span", { class: `hitl-dot ${look}`, attrs: { "aria-hidden": "true" } });
  dot.style.background = colour;
  return [dot, h("bdi", { class: look ? "hitl-faint" : "", text: name })];
}
