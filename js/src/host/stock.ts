// First in every style sheet, before those of the items.
import "../ui/base.css";
import { type Item, letGo, missingKinds, preload, registerItem, type ViewerModule } from "../items/index";
import type { Channel } from "./channel";
import { itemsOf } from "./codecs";
import { Fetch, sizeOf } from "./fetch";
import { loadModule } from "./modules";
import type { ItemsMessage } from "./protocol";

/** How many items are kept, and how many previews. */
const [MOST, MOST_SMALL] = [300, 2000];
const REST_MS = 150;

export type Stock = ReturnType<typeof itemStock>;

export type StockOptions = {
  /** The widget, which gets the style sheets of what is loaded. */
  root: HTMLElement;
  /** Whether these are previews. */
  small?: boolean;
  /** Whether urgent items do not wait for others that are under way; then the others are requested at once, too. */
  apart?: boolean;
  /** The most bytes of a part in which the others then come, so that an urgent item is never behind many. */
  part?: () => number;
  /** The column whose value comes with previews. */
  column?: () => string;
  /** The rows that are never dropped. */
  needed: () => readonly number[];
  /** The items of these rows have come. */
  came: (rows: readonly number[]) => void;
};

/** The items that are here. They are requested once and in advance, so that the next one is shown without delay. */
export function itemStock(
  channel: Channel,
  { root, small = false, apart = false, part, column, needed, came }: StockOptions,
  signal: AbortSignal,
) {
  const most = small ? MOST_SMALL : MOST;
  const items = new Map<number, Item>();
  /** Rows that are shown as they are here, and requested again. */
  const stale = new Set<number>();
  const lane = (limit?: () => number): Fetch =>
    new Fetch(
      (row) => items.has(row) && !stale.has(row),
      (rows, bytes) => {
        const most = Math.min(bytes, limit?.() ?? bytes);
        channel.ask({ type: "show", view: channel.view, rows, small, column: column?.(), most });
      },
      signal,
    );
  const fetch = lane();
  const second = apart ? lane(part) : null;
  let later: ReturnType<typeof setTimeout> | undefined;

  /** Requests items: the urgent ones at once, others when there is nothing else to do. */
  function want(urgent: readonly number[], others: readonly number[]): void {
    if (second) {
      fetch.want(urgent);
      second.want(others);
      return;
    }
    const wanted = [...urgent, ...others];
    clearTimeout(later);
    if (!fetch.missing(wanted).length) return;
    // A label is acknowledged sooner if there is no other request at the same time.
    if (fetch.missing(urgent).length) fetch.want(wanted);
    else later = setTimeout(() => fetch.want(wanted), REST_MS);
  }

  function keep(row: number, item: Item): void {
    stale.delete(row);
    items.set(row, item);
    preload(item);
    if (items.size <= most) return;
    const kept = new Set(needed());
    for (const [old, item] of items) {
      if (items.size <= most) break;
      if (kept.has(old) || old === row) continue;
      letGo(item);
      items.delete(old);
    }
  }

  channel.on<ItemsMessage>(
    "items",
    (message, pictures) => {
      if (Boolean(message.small) !== small) return;
      const got = itemsOf(message, pictures);
      const missing = missingKinds(got.map(([, { content }]) => content));
      if (missing.length) void load(missing).then(() => signal.aborted || take(message, pictures, got));
      else take(message, pictures, got);
    },
    signal,
  );

  /** Loads the viewers of kinds of items. */
  async function load(names: readonly string[]): Promise<void> {
    const one = async (name: string): Promise<void> => {
      try {
        const { viewer } = await loadModule<ViewerModule>(`view-${name}`, channel, signal, root);
        registerItem(name, viewer);
      } catch (error) {
        // Items of this kind are shown with a note that says so.
        if (!signal.aborted) console.error(`hitl-widgets: cannot show items of kind "${name}".`, error);
      }
    };
    await Promise.all(names.map(one));
  }

  function take(message: ItemsMessage, pictures: readonly DataView[], got: ReturnType<typeof itemsOf>): void {
    for (const [row, item] of got) keep(row, item);
    const rows = got.map(([row]) => row);
    const bytes = sizeOf(message.items, pictures);
    for (const lane of [fetch, second]) lane?.got(rows, message.left, bytes, message.took_ms);
    came(rows);
  }

  function clear(): void {
    for (const item of items.values()) letGo(item);
    items.clear();
  }

  signal.addEventListener("abort", () => {
    clearTimeout(later);
    clear();
  });

  return {
    want,
    /** Drops all items; those that are wanted are requested again. */
    clear(): void {
      clear();
      fetch.restart();
      second?.restart();
    },
    /** Requests an item again; the one that is here is shown until then. */
    renew(row: number): void {
      stale.add(row);
      want([row], []);
    },
    has: (row: number): boolean => items.has(row),
    get: (row: number): Item | undefined => items.get(row),
  };
}
