import type { Content } from "../../host/protocol";
import { h } from "../../ui/dom";
import type { Press } from "../../ui/keys";
import type { Item, Stage, Told } from "../registry";

/** Items of other kinds, and how many of the media each has; `names`: those of their columns. */
export type List = { kind: "list"; items: Content[]; media: number[]; names?: string[] };

/** The members of a list as items. */
export function membersOf({ items, media }: List, all: readonly string[]): Item[] {
  let from = 0;
  return items.map((content, k) => {
    const own = all.slice(from, from + media[k]);
    from += media[k];
    return { content, media: own };
  });
}

/** Shows all members, in their order; keys are first for the one that was used last, and before that for `active`. */
export function showMembers(
  members: readonly Item[],
  stage: Stage,
  render: (item: Item, stage: Stage) => HTMLElement,
  active = 0,
): HTMLElement[] {
  const presses: (Press | undefined)[] = [];
  const arrows: ((() => boolean) | undefined)[] = [];
  const tell = (told?: Told): void =>
    stage.keys(
      (key, shift) => {
        // What the one that was used last does not know may be for another one.
        for (const press of [presses[active], ...presses]) {
          const taken = press?.(key, shift);
          if (taken) return taken;
        }
        return false;
      },
      told,
      () => arrows.some((all) => all?.()),
    );
  tell();
  return members.map((item, member) => {
    const own: Stage = {
      signal: stage.signal,
      more: (ask, signal) => stage.more({ ...ask, member }, signal),
      gather: (ask, heard, signal) => stage.gather({ ...ask, member }, heard, signal),
      keys: (press, told, all) => {
        [presses[member], arrows[member]] = [press, all];
        tell(told);
      },
    };
    const use = (): void => {
      active = member;
    };
    const element = h("div", { class: "hitl-listed-body", on: { pointerdown: use, focusin: use } });
    element.append(render(item, own));
    return element;
  });
}
