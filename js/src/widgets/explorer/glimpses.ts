import { type Item, letGo } from "../../items/index";

const MOST = 2000;

/** The small items of tips, lists and group names that are here; all are dropped when they become too many. */
export class Glimpses {
  private readonly items = new Map<number, Item>();

  get = (row: number): Item | undefined => this.items.get(row);
  has = (row: number): boolean => this.items.has(row);

  take(came: readonly [number, Item][]): void {
    if (this.items.size > MOST) this.clear();
    for (const [row, item] of came) this.items.set(row, item);
  }

  clear(): void {
    for (const item of this.items.values()) letGo(item);
    this.items.clear();
  }
}
