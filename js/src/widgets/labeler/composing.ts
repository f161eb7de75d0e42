import type { AnswersMessage, Ask } from "../../host/protocol";
import type { Composed } from "../../questions/index";

type Answer = Composed["answer"];

/** Answers that are kept for items that may be shown again. */
const MOST = 200;
/** Characters of what is kept beyond the page. */
const LARGEST = 500_000;

export type CompositionCallbacks = {
  /** Whether there are suggested answers. */
  suggests: () => boolean;
  /** Requests the labels and suggestions of some rows; answered by `came`. */
  ask: (rows: number[]) => void;
  draw: () => void;
  /** What was begun before the page was loaded or the cell was run again, and where to keep it. */
  kept: string | null;
  keep: (begun: string) => void;
};

/** What the composer of an item starts with. */
export type Start = { answer?: Answer; suggested?: Answer; why?: string };

/** The answers that are composed on the card: those that were begun, given, saved, and suggested. */
export function compositions(on: CompositionCallbacks) {
  /** By the key of the item. */
  const begun = new Map<string, Answer>(readBegun(on.kept));
  const given = new Map<string, Answer>();
  /** By row, since the labels changed last. */
  const saved = new Map<number, Answer | null>();
  const suggested = new Map<number, { suggested: Answer | null; why: string }>();
  /** Rows whose suggestion is older than the model. It is used until the new one is here. */
  const old = new Set<number>();
  const asked = new Set<number>();
  /** The answer that was given last, and how often one was copied. */
  let last: Answer | undefined;
  let copies = 0;

  function keep<K, V>(all: Map<K, V>, key: K, value: V): void {
    all.delete(key);
    all.set(key, value);
    for (const old of all.keys()) {
      if (all.size <= MOST) break;
      all.delete(old);
    }
  }

  /** Keeps what was begun beyond this page, unless it is too large for the browser. */
  function remember(): void {
    const told = JSON.stringify([...begun]);
    if (told.length <= LARGEST) on.keep(told);
  }

  function want(rows: readonly number[]): void {
    const missing = rows.filter((row) => !asked.has(row));
    if (!missing.length) return;
    for (const row of missing) asked.add(row);
    on.ask(missing);
  }

  return {
    /** Whether what an item starts with is known; otherwise it is requested. `labelled`: the item has a label. */
    ready({ key, row, blind }: Ask, labelled: boolean): boolean {
      const lacks = labelled ? !saved.has(row) : on.suggests() && !blind && !suggested.has(row);
      if (!lacks || begun.has(key)) return true;
      want([row]);
      return false;
    },
    /** Requests the suggestions of items that are asked soon. */
    ahead(asks: readonly Ask[]): void {
      if (on.suggests())
        want(
          asks
            .filter(
              ({ key, row, blind }) => !blind && !begun.has(key) && (!suggested.has(row) || old.has(row)),
            )
            .map(({ row }) => row),
        );
    },
    /** What an item starts with: what was begun, what is saved, or what was undone. */
    start({ key, row, blind }: Ask, labelled: boolean): Start {
      // A label that is gone by now was undone: the item starts with the answer that was given.
      const label = labelled ? saved.get(row) : undefined;
      const answer = begun.get(key) ?? label ?? given.get(key);
      const told = blind ? undefined : suggested.get(row);
      return { answer, suggested: told?.suggested ?? undefined, why: told?.why };
    },
    came({ answers }: AnswersMessage): void {
      for (const { row, answer, suggested: other, why } of answers) {
        asked.delete(row);
        old.delete(row);
        keep(saved, row, answer);
        keep(suggested, row, { suggested: other, why });
      }
      on.draw();
    },
    begin(key: string, answer: Answer): void {
      keep(begun, key, answer);
      remember();
    },
    /** The items whose answers were begun, the newest first. */
    begun: (): string[] => [...begun.keys()].reverse(),
    give(key: string, answer: Answer): void {
      last = answer;
      begun.delete(key);
      remember();
      keep(given, key, answer);
    },
    /** Starts the item with a copy of the answer that was given last; returns whether there is one. */
    copy(key: string): boolean {
      if (!last) return false;
      // The texts that were corrected are those of another item; what was begun on this one stays.
      const { revisions: _, ...answer } = last;
      const { revisions } = begun.get(key) ?? {};
      keep(begun, key, revisions ? { ...answer, revisions } : answer);
      copies++;
      return true;
    },
    get copies(): number {
      return copies;
    },
    /** The labels may have changed. */
    forget: (): void => saved.clear(),
    /** The suggestions have changed: those of items that are asked soon are requested again. */
    renew(): void {
      for (const row of suggested.keys()) old.add(row);
      asked.clear();
    },
  };
}

function readBegun(kept: string | null): [string, Answer][] {
  try {
    const found: unknown = JSON.parse(kept ?? "[]");
    return Array.isArray(found) ? found.filter((one) => Array.isArray(one) && one.length === 2) : [];
  } catch {
    return [];
  }
}

export type Compositions = ReturnType<typeof compositions>;
