import type { Item } from "../../items/index";
import { centralRows } from "../../plot/groups";
import type { Places } from "./drawing";

const PER_GROUP = 3;

/** The thumbnails that name the groups of images: their most central members. */
export class Faces {
  private central: number[][] = [];
  private readonly missing = new Set<number>();

  /** `want`: items are needed, those of {@link wanted}. */
  constructor(
    private readonly item: (row: number) => Item | undefined,
    private readonly want: () => void,
  ) {}

  /** The groups of a new map; null if they are named by words. */
  setPlaces(places: Places | null): void {
    this.central = places?.settled ? centralRows(places.groups, places.xy, PER_GROUP) : [];
    this.missing.clear();
  }

  /** Rows whose thumbnails name the groups. */
  get shown(): number[] {
    return this.central.flat();
  }

  /** Rows whose items are needed. */
  get wanted(): number[] {
    return [...this.missing];
  }

  /** The thumbnails of a group, once they are here; otherwise they are requested. */
  of(group: number): string[] {
    const rows = this.central[group] ?? [];
    const urls = rows.flatMap((row) => this.item(row)?.media.slice(0, 1) ?? []);
    if (urls.length === rows.length) return urls;
    if (!this.missing.size) queueMicrotask(this.want);
    for (const row of rows) if (!this.item(row)) this.missing.add(row);
    return [];
  }

  /** Items have arrived; returns whether thumbnails are among them. */
  took(rows: readonly number[]): boolean {
    return rows.filter((row) => this.missing.delete(row)).length > 0;
  }
}
