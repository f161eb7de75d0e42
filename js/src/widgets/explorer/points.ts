import { BLIND, isMachine, levelOf, type Marks, NONE } from "../../plot/look";
import type { Line, Named } from "./list";

/** Number of uncertainty levels in the kernel's messages. */
const LEVELS = 15;
/** Above this level a point is called uncertain. */
const UNCERTAIN = 8;

/** A description of a point: text before and after the name of a class. */
export type Known = { before: string; name: string; after: string; colour: string };

type Shade = { name: string; color: string };

/** Describes points in words, by their marks and the legend of the current colouring. */
export class Points {
  constructor(
    private readonly marks: Marks | null,
    private readonly legend: readonly Shade[],
    private readonly isOutlier: (row: number) => boolean = () => false,
  ) {}

  known(row: number): Known {
    const known = this.mark(row);
    return this.isOutlier(row) ? { ...known, after: `${known.after}, far outside the map` } : known;
  }

  private mark(row: number): Known {
    const { marks } = this;
    const [given, guess] = [this.shade(marks?.label[row]), this.shade(marks?.predicted[row])];
    const none = { name: "", after: "", colour: "transparent" };
    if (given) return { before: "Labelled ", ...given, after: "" };
    if (marks?.doubt[row] === BLIND) return { before: "Asked without a hint: answer first", ...none };
    if (!guess) return { before: "Not labelled", ...none };
    if (isMachine(marks?.doubt[row] ?? 0)) return { before: "Labelled by machine: ", ...guess, after: "" };
    const after = levelOf(marks?.doubt[row] ?? 0) > UNCERTAIN ? ", uncertain" : "";
    return { before: "Model: ", ...guess, after };
  }

  line(row: number): Line {
    const { marks } = this;
    const doubt = marks?.doubt[row] ?? 0;
    const hidden = doubt === BLIND;
    const guess = hidden ? null : this.shade(marks?.predicted[row]);
    const machine = isMachine(doubt);
    return {
      label: this.shade(marks?.label[row]),
      guess,
      machine,
      doubt: guess ? levelOf(doubt) / LEVELS : null,
      hidden,
    };
  }

  private shade(shade: number | undefined): Named {
    const entry = this.legend[shade ?? NONE];
    return entry ? { name: entry.name, colour: entry.color } : null;
  }
}
