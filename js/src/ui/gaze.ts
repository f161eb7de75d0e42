/** Clicks sooner than this after an item appeared cannot be meant for it. */
const CLICK_MS = 150;
/** The longest time between the clicks of a double click. */
const DOUBLE_MS = 500;
/** The longest time to wait for an image to load. */
const PICTURE_MS = 4000;

/**
 * Tracks since when the current item is visible. An answer by key or click counts only if it can be meant for the item.
 */
export class Gaze {
  private subject: unknown = null;
  private since = Number.POSITIVE_INFINITY;

  /** Notes what this element shows now; null if there is nothing to answer. */
  show(subject: unknown, element: HTMLElement): void {
    if (subject === this.subject) return;
    this.subject = subject;
    this.since = Number.POSITIVE_INFINITY;
    if (subject === null) return;
    const seen = (): void => {
      // It is visible with the next frame.
      requestAnimationFrame(() => {
        if (this.subject === subject) this.since = Math.min(this.since, performance.now());
      });
    };
    const picture = element.querySelector("img");
    if (!picture || picture.complete) {
      seen();
      return;
    }
    for (const event of ["load", "error"]) picture.addEventListener(event, seen, { once: true });
    setTimeout(seen, PICTURE_MS);
  }

  /** Why an answer cannot be meant for the subject; "" if it can. `clicks`: `detail` of the click event, 0 for keys. */
  whyNot(subject: unknown, clicks: number): string {
    if (subject === null || subject !== this.subject) return "the next item had not loaded yet";
    const seen = this.elapsed;
    if (clicks > 1 && seen < DOUBLE_MS) return "a double click counts once";
    if (seen < (clicks ? CLICK_MS : 0)) return "the item had only just appeared";
    return "";
  }

  /** Milliseconds for which the item has been visible; negative if it is not. */
  get elapsed(): number {
    return this.since === Number.POSITIVE_INFINITY ? -1 : performance.now() - this.since;
  }
}
