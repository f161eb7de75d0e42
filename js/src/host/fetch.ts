/** How long what is asked for at once may take, and hold up what is said after it. */
const MOMENT_MS = 600;
const FIRST_BYTES = 200_000;
const FEWEST_BYTES = 48_000;
const MOST_BYTES = 4_000_000;
/** Smaller answers say how long the way is, not how wide. */
const TELLING_BYTES = 8_000;
/** A slow answer may be the kernel's fault: of what the line was thought to carry so much stays. */
const TRUST = 0.25;
const MOST_ROWS = 64;
const PATIENCE_MS = 30_000;

/**
 * Asks for items: each once, the most urgent first, and at a time no more than the line carries in a moment, so that an
 * acknowledgement never waits long behind pictures. The next are asked for when those under way have come.
 */
export class Fetch {
  private wanted: readonly number[] = [];
  private readonly underWay = new Set<number>();
  private rate = FIRST_BYTES / MOMENT_MS;
  private bytes = 0;
  private since = 0;
  private patience = PATIENCE_MS;
  private timer: ReturnType<typeof setTimeout> | undefined;

  /** `has` says whether an item is here; `ask` asks for some, of which the kernel sends what fits into `most` bytes. */
  constructor(
    private readonly has: (row: number) => boolean,
    private readonly ask: (rows: number[], most: number) => void,
    signal: AbortSignal,
  ) {
    signal.addEventListener("abort", () => clearTimeout(this.timer));
  }

  /** Of these rows those that are neither here nor on their way. */
  missing(rows: readonly number[]): number[] {
    return [...new Set(rows)].filter((row) => !this.has(row) && !this.underWay.has(row));
  }

  /** What is wanted from now on, the most urgent first; what was wanted before and is not under way is forgotten. */
  want(rows: readonly number[]): void {
    this.wanted = rows;
    this.next();
  }

  /** These came, and those are left to be asked for again; the kernel worked on them for `took` ms. */
  got(rows: readonly number[], left: readonly number[] = [], bytes = 0, took = 0): void {
    if (!this.underWay.size) return;
    for (const row of [...rows, ...left]) this.underWay.delete(row);
    this.bytes += bytes;
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

  /** What is under way may be lost: the kernel answers anew. */
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

  /** Where nothing comes for long, the question or its answer is lost, or the line is slower than anybody thought. */
  private wait(): void {
    clearTimeout(this.timer);
    this.timer = setTimeout(() => {
      this.patience *= 2;
      this.rate *= TRUST;
      this.restart();
    }, this.patience);
  }
}

/** Roughly how many bytes a message with pictures took. */
export const sizeOf = (items: unknown, pictures: readonly DataView[]): number =>
  pictures.reduce((sum, { byteLength }) => sum + byteLength, JSON.stringify(items).length);
