import "./difference.css";
import differences from "fast-diff";
import { h } from "../../ui/dom";

/** What was changed in a draft, for an element of class `hitl-diff`; empty if nothing was. */
export function difference(draft: string, text: string): (string | HTMLElement)[] {
  const [before, after] = [draft.trim(), text.trim()];
  if (before === after) return [];
  return differences(before, after).map(([kind, part]) =>
    kind === 0 ? part : h(kind > 0 ? "ins" : "del", { text: part }),
  );
}
