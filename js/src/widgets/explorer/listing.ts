import type { FoundMessage, ListMessage } from "../../host/protocol";
import type { How } from "../../plot/map";
import { NO_ROWS, type Rows } from "../../plot/rows";
import type { Wanted } from "../../ui/query";
import { type ListCallbacks, listView } from "./list";

export type ListingCallbacks = Pick<ListCallbacks, "lines" | "line" | "item" | "say"> & {
  /** Requests a list of these rows, null for all. */
  list: (rows: Rows | null, by: string, down: boolean) => void;
  /** Items of visible lines are needed. */
  want: () => void;
  /** The list is shown instead of the map, or the map again. */
  shown: (asList: boolean) => void;
  /** The selection, which the list shows when it opens. */
  chosen: () => { rows: Rows; how: How } | null;
  select: (rows: Rows, how: How) => void;
};

/** Whether the items are shown as a list, which of them, and in which order. */
export function listingOf(on: ListingCallbacks, signal: AbortSignal) {
  let open = false;
  /** The rows in the list, null for all, and its visible rows. */
  let listed: Rows | null = null;
  let visible: number[] = [];
  /** The selection is the current line, not a set of checked lines. */
  let single = false;
  /** The order in which the list shows what is found next. */
  let wanted: Wanted | null = null;
  /** The latest search put the most similar items first. */
  let ranked = false;
  /** The conditions of that search. */
  let typed: string[] = [];

  const list = listView(
    {
      order,
      lines: on.lines,
      line: on.line,
      item: on.item,
      want: (rows) => {
        visible = rows;
        on.want();
      },
      check: (rows) => {
        single = false;
        on.select(rows, on.chosen()?.how ?? "clicked");
      },
      open: (row) => {
        single = true;
        on.select(Uint32Array.of(row), "clicked");
      },
      say: on.say,
    },
    signal,
  );

  function order(by: string, down: boolean): void {
    list.setHits(listed && on.chosen()?.how === "search" ? typed : []);
    on.list(listed, by, down);
  }

  function showAs(asList: boolean): void {
    if (asList === open) return;
    open = asList;
    on.shown(asList);
    if (!asList) return;
    const chosen = on.chosen();
    single = false;
    listed = chosen?.rows ?? null;
    const by = chosen?.how === "search" && ranked ? "found" : "row";
    order(listed ? by : "doubt", !listed);
    list.setChecked(chosen?.rows ?? NO_ROWS);
    list.focus();
  }

  return {
    element: list.element,
    get open(): boolean {
      return open;
    },
    /** The row of the current line; -1 for none. */
    get current(): number {
      return open ? list.current : -1;
    },
    /** The rows of the visible lines. */
    get visible(): number[] {
      return open ? visible : [];
    },
    showAs,
    toggle: (): void => showAs(!open),
    focus: list.focus,
    draw(): void {
      if (open) list.draw();
    },
    /** Lists all items, the most uncertain first. */
    all(): void {
      listed = null;
      if (open) order("doubt", true);
    },
    /** Lists these rows, which have been selected as a set. */
    only(rows: Rows): void {
      listed = rows;
      order("row", false);
    },
    /** The next selection is a set, not the current line. */
    severally(): void {
      single = false;
    },
    setChecked: list.setChecked,
    /** The selection has changed. */
    selected(rows: Rows): void {
      if (open && !single) list.setChecked(rows);
    },
    /** The order in which the result of a query is shown; it opens the list if it names one. */
    setWanted(asked: Wanted): void {
      wanted = asked;
      if (asked.by) showAs(true);
    },
    /** A search has found these rows. */
    found(message: FoundMessage): void {
      single = false;
      ranked = message.ranked;
      typed = message.parts.map((part) => part.typed);
    },
    /** Lists what was found, as its query or the link behind it wants it. */
    showFound({ query, why }: FoundMessage, rows: Rows): void {
      listed = why ? null : rows;
      const { by, down } = wanted?.text === query ? wanted : {};
      order(by ?? (ranked ? "found" : "row"), down ?? false);
    },
    /** Moves on once the current line is labelled. */
    labelled(rows: Rows): void {
      if (open && single && rows.length === 1 && rows[0] === list.current) setTimeout(() => list.next());
    },
    press: (key: string, shift: boolean): boolean => open && list.press(key, shift),
    show: (message: ListMessage): void => list.show(message, listed),
    fill: list.fill,
  };
}
