import type { Stage } from "../registry";
import { type Size, TILE, type TileAt } from "./frame";

/** Tiles that are kept, of at most 1 MB each. */
const KEPT = 128;
const AT_ONCE = 3;

const keyOf = ({ level, x, y }: TileAt): string => `${level}/${x}/${y}`;

/** The tiles of a large image, requested from the kernel when they are in sight. */
export class Tiles {
  private readonly here = new Map<string, ImageBitmap>();
  private readonly underWay = new Set<string>();
  private wanted: readonly TileAt[] = [];

  constructor(
    private readonly image: Size,
    private readonly stage: Stage,
    private readonly came: () => void,
    private readonly failed: (error: unknown) => void,
  ) {
    stage.signal.addEventListener("abort", () => {
      for (const bitmap of this.here.values()) bitmap.close();
      this.here.clear();
    });
  }

  /** Sets the tiles in sight, the most urgent first; earlier ones that are not requested yet are forgotten. */
  want(tiles: readonly TileAt[]): void {
    this.wanted = tiles;
    this.next();
  }

  /** A tile that is here, and the part of the image that it shows. */
  get(tile: TileAt): { bitmap: ImageBitmap; x: number; y: number; width: number; height: number } | null {
    const bitmap = this.here.get(keyOf(tile));
    if (!bitmap) return null;
    const step = TILE << tile.level;
    const [x, y] = [tile.x * step, tile.y * step];
    const { width, height } = this.image;
    return { bitmap, x, y, width: Math.min(step, width - x), height: Math.min(step, height - y) };
  }

  private next(): void {
    for (const tile of this.wanted) {
      if (this.underWay.size >= AT_ONCE) return;
      const key = keyOf(tile);
      const bitmap = this.here.get(key);
      if (bitmap) {
        this.here.delete(key);
        this.here.set(key, bitmap);
      } else if (!this.underWay.has(key)) void this.load(tile, key);
    }
  }

  private async load(tile: TileAt, key: string): Promise<void> {
    this.underWay.add(key);
    try {
      const { bytes } = await this.stage.more({ what: "tile", ...tile, ...this.image });
      const bitmap = await createImageBitmap(new Blob(bytes as BlobPart[]));
      if (this.stage.signal.aborted) {
        bitmap.close();
        return;
      }
      this.here.set(key, bitmap);
      for (const [old, one] of this.here) {
        if (this.here.size <= KEPT) break;
        one.close();
        this.here.delete(old);
      }
      this.came();
    } catch (error) {
      // One failure is enough: the others would fail as well, and the whole image stays in sight.
      this.wanted = [];
      if (!this.stage.signal.aborted) this.failed(error);
    } finally {
      this.underWay.delete(key);
      if (!this.stage.signal.aborted) this.next();
    }
  }
}
