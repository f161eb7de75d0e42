import type { MapPlot } from "../../plot/map";

const ARROWS: Record<string, [number, number]> = {
  ArrowLeft: [-1, 0],
  ArrowRight: [1, 0],
  ArrowUp: [0, 1],
  ArrowDown: [0, -1],
};

export type KeyCallbacks = {
  /** Whether a class has this key, which then means the class. */
  isClass: (key: string) => boolean;
  find: () => void;
  showAs: () => void;
  /** Finds the items most like the one that keys refer to. */
  alike: () => void;
  /** Offers the key to the list. */
  list: (key: string, shift: boolean) => boolean;
  nextDoubt: () => void;
  grow: () => void;
  regroup: (finer: boolean) => void;
  /** Offers the key to the other widgets on the page. */
  others: (key: string, shift: boolean) => boolean;
  /** Submits the draft; returns whether there is one. */
  give: () => boolean;
  escape: () => void;
  /** Answers with the class of this key; returns whether there is one. */
  label: (key: string) => boolean;
};

/** What a key does while the map or its list has the focus. */
export function keysOf(plot: () => MapPlot | null, on: KeyCallbacks) {
  return (key: string, shift: boolean): boolean | "again" => {
    const map = plot();
    if (!map) return false;
    const free = !on.isClass(key);
    if (key === "/") on.find();
    else if (key === "t" && free) on.showAs();
    else if (key === "m" && free) on.alike();
    else if (on.list(key, shift)) return "again";
    else if (key === "n") on.nextDoubt();
    else if (key === "g") on.grow();
    else if (key in ARROWS) map.move(...ARROWS[key]);
    else if (key === "+" || key === "=") map.zoom(0.7);
    else if (key === "-") map.zoom(1 / 0.7);
    else if (key === "0" && free) map.showAll();
    else if (key === "[" || key === "]") on.regroup(key === "]");
    else if (on.others(key, shift)) return true;
    // Otherwise the notebook scrolls.
    else if (key === " ") return true;
    else if (key === "Enter" && (on.give() || map.nextInStack())) return true;
    else if (key === "Escape") on.escape();
    else return !shift && on.label(key);
    return true;
  };
}
