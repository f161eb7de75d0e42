import type { Chosen } from "../../ui/bus";

export type PastCallbacks = {
  /** Requests the items of the act made `n` acts ago; answered by `came`. */
  ask: (n: number) => void;
  /** Selects the items of an act. */
  open: (chosen: Chosen) => void;
  /** Returns to the question, after the last act. */
  leave: () => void;
  say: (words: string) => void;
};

/** The walk through the annotator's own acts, from the last one back. */
export function pastWalk(on: PastCallbacks) {
  /** How many acts ago the act that is shown was made, -1 for none; and whether its items are still to come. */
  let at = -1;
  let coming = false;

  /** Shows the items of an earlier act, or of a later one; returns whether there is one. */
  function step(further: boolean): boolean {
    if (!further && at < 0) return false;
    at += further ? 1 : -1;
    coming = at >= 0;
    if (coming) on.ask(at);
    else on.leave();
    return true;
  }

  return {
    step,
    /** The items of an act; null if there are only `n` acts. */
    came(n: number, items: Pick<Chosen, "rows" | "how"> | null): void {
      if (!coming || (items ? n !== at : n > at)) return;
      if (!items) {
        on.say(n ? "This is your first act" : "You have not labelled anything yet");
        at = n;
        step(false);
      } else if (!items.rows.length) on.say("Its items are not in the table");
      else {
        on.open({ ...items, from: "history" });
        at = n;
      }
    },
    stop(): void {
      [at, coming] = [-1, false];
    },
    /** Whether an act is shown or requested. */
    get walking(): boolean {
      return at >= 0;
    },
    /** Whether the items of an act are requested but not here yet. */
    get coming(): boolean {
      return coming;
    },
  };
}
