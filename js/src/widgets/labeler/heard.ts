import { shuffled } from "../../composers/parts/chance";
import type { Item } from "../../items/index";
import type { List } from "../../items/list/members";

type Settings = Readonly<Record<string, unknown>>;

/** The item with its members in the order in which the card shows them, for screen readers. */
export function heard(item: Item, asks: string, settings: Settings, chance: number): Item {
  const content = item.content as List;
  if (content.kind !== "list" || (asks !== "pair" && asks !== "ranking")) return item;
  const pair = settings.sides === "given" || chance < 0.5 ? [0, 1] : [1, 0];
  const order = asks === "pair" ? pair : shuffled(content.items.length, chance);
  const of = <T>(all: readonly T[]): T[] => order.map((k) => all[k]);
  return { ...item, content: { kind: "list", items: of(content.items), media: of(content.media) } as List };
}
