/** A hand on the mouse needs longer than this to answer something new. */
const CLICK_MS = 150;
/** So long the second click of a double click may take. */
const DOUBLE_MS = 500;
/** A picture that takes longer is not waited for: the person sees that it is not there. */
const PICTURE_MS = 4000;

/**
 * Since when the person sees what is on the card. One guard for keys and clicks: an answer counts where it can be meant
 * for what it would answer.
 */
export class Gaze {
  private subject: unknown = null;
  private since = Number.POSITIVE_INFINITY;

  /** The card shows something else now, in this element; null where it shows nothing to be answered. */
  show(subject: unknown, element: HTMLElement): void {
    if (subject === this.subject) return;
    this.subject = subject;
    this.since = Number.POSITIVE_INFINITY;
    if (subject === null) return;
    const seen = (): void => {
      // With the next frame it is on the screen.
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

  /** Why an answer cannot be meant for the subject; "" where it can. `clicks`: as a click event counts them, 0 for a key. */
  whyNot(subject: unknown, clicks: number): string {
    if (subject === null || subject !== this.subject) return "the next item was not here yet";
    const seen = this.elapsed;
    if (clicks > 1 && seen < DOUBLE_MS) return "a double click counts once";
    if (seen < (clicks ? CLICK_MS : 0)) return "the item had only just appeared";
    return "";
  }

  /** Milliseconds for which it is seen; below 0 where it is not. */
  get elapsed(): number {
    return this.since === Number.POSITIVE_INFINITY ? -1 : performance.now() - this.since;
  }
}
