import { type Marks, NONE } from "../../plot/look";
import { count } from "../../ui/dom";

const SHOWN_MS = 8000;

/** How many items have another prediction than before; `rows` are those that were sent, null for all. */
export function predictionsChanged({ predicted }: Marks, rows: Uint32Array | null, now: Uint8Array): number {
  let n = 0;
  for (let k = 0; k < now.length; k++) {
    const before = predicted[rows ? rows[k] : k];
    if (before !== now[k] && before !== NONE && now[k] !== NONE) n++;
  }
  return n;
}

/** Says what the last act did, and what it changed in the model's predictions. */
export function newsOf(tell: (words: string) => void, signal: AbortSignal) {
  let act = "";
  let changed = 0;
  let later: ReturnType<typeof setTimeout> | undefined;

  function clear(): void {
    clearTimeout(later);
    act = "";
    changed = 0;
    tell("");
  }

  function say(): void {
    tell(changed ? `${act}, ${count(changed, "prediction")} changed` : act);
    clearTimeout(later);
    later = setTimeout(clear, SHOWN_MS);
  }

  signal.addEventListener("abort", () => clearTimeout(later));
  return {
    clear,
    /** Items were labelled; without a name, their labels were removed. */
    acted(n: number, name: string | null): void {
      const many = name === null ? `${count(n, "label")} removed` : `${count(n, "item")} labelled ${name}`;
      act = n > 1 ? many : name === null ? "Label removed" : `Labelled ${name}`;
      changed = 0;
      say();
    },
    /** Something was refused. */
    told(words: string): void {
      clear();
      tell(words);
      later = setTimeout(clear, SHOWN_MS);
    },
    /** A round of the model arrived, which is `behind` some acts. */
    round(n: number, behind: number): void {
      if (!act) return;
      changed += n;
      if (!behind) say();
    },
  };
}
