/** The time that one request may take, and so delay messages after it. */
const MOMENT_MS = 600;
const FIRST_BYTES = 200_000;
const FEWEST_BYTES = 48_000;
const MOST_BYTES = 4_000_000;
/** Smaller answers measure latency, not bandwidth. */
const TELLING_BYTES = 8_000;
/** The share of the estimated rate that is kept after a slow answer, which may be due to the kernel. */
const TRUST = 0.25;
const MOST_ROWS = 64;
const PATIENCE_MS = 30_000;

/**
 * Requests items: each once, the most urgent first, and only as many at a time as the connection transfers quickly, so
 * that an acknowledgement never waits long behind images. The next ones are requested when those have arrived.
 */
export class Fetch {
  private wanted: readonly number[] = [];
  private readonly underWay = new Set<number>();
  private rate = FIRST_BYTES / MOMENT_MS;
  private bytes = 0;
  private since = 0;
  private patience = PATIENCE_MS;
  private timer: ReturnType<typeof setTimeout> | undefined;

  /** `has`: whether an item is here. `ask`: requests items, of which the kernel sends what fits into `most` bytes. */
  constructor(
    private readonly has: (row: number) => boolean,
    private readonly ask: (rows: number[], most: number) => void,
    signal: AbortSignal,
  ) {
    signal.addEventListener("abort", () => clearTimeout(this.timer));
  }

  /** The rows that are neither here nor requested. */
  missing(rows: readonly number[]): number[] {
    return [...new Set(rows)].filter((row) => !this.has(row) && !this.underWay.has(row));
  }

  /** Sets the wanted rows, most urgent first; earlier ones that are not requested yet are forgotten. */
  want(rows: readonly number[]): void {
    this.wanted = rows;
    this.next();
  }

  /**
   * Notes that `rows` have arrived and `left` must be requested again; the kernel needed `took` ms. Only what was
   * requested here says something about this request.
   */
  got(rows: readonly number[], left: readonly number[] = [], bytes = 0, took = 0): void {
    const mine = rows.filter((row) => this.underWay.delete(row)).length;
    const again = left.filter((row) => this.underWay.delete(row)).length;
    if (!mine && !again) return;
    if (mine) this.bytes += (bytes * mine) / rows.length;
    this.patience = PATIENCE_MS;
    if (this.underWay.size) {
      this.wait();
      return;
    }
    if (this.bytes >= TELLING_BYTES) {
      const seen = this.bytes / Math.max(1, performance.now() - this.since - took);
      this.rate = Math.max(seen, TRUST * this.rate);
    }
    this.next();
  }

  /** Requests again, because earlier requests may be lost. */
  restart(): void {
    this.underWay.clear();
    this.next();
  }

  private next(): void {
    if (this.underWay.size) return;
    clearTimeout(this.timer);
    const rows = this.missing(this.wanted).slice(0, MOST_ROWS);
    if (!rows.length) return;
    for (const row of rows) this.underWay.add(row);
    this.bytes = 0;
    this.since = performance.now();
    this.wait();
    this.ask(rows, Math.round(Math.min(MOST_BYTES, Math.max(FEWEST_BYTES, this.rate * MOMENT_MS))));
  }

  /** If nothing arrives for long, a message was lost or the connection is slower than estimated. */
  private wait(): void {
    clearTimeout(this.timer);
    this.timer = setTimeout(() => {
      this.patience *= 2;
      this.rate *= TRUST;
      this.restart();
    }, this.patience);
  }
}

/** The approximate size of a message with images, in bytes. */
export const sizeOf = (items: unknown, pictures: readonly DataView[]): number =>
  pictures.reduce((sum, { byteLength }) => sum + byteLength, JSON.stringify(items).length);
