import type { Member, MembersMessage, SampleMessage } from "../../host/protocol";
import { both, NO_ROWS, type Rows, union } from "../../plot/rows";
import type { Chosen as Selected } from "../../ui/bus";
import { type Chosen, kept, type LabelerEvent } from "./state";

/** The time after the last checkbox until the summary is requested again. */
const REST_MS = 150;
/** Bulk acts whose exclusions an undo restores. */
const REMEMBERED = 50;

export type SelectionCallbacks = {
  chosen: () => Chosen | null;
  dispatch: (event: LabelerEvent) => void;
  /** Requests the summary of these rows, and returns the id of the request; answered by `summary`. */
  ask: (rows: Rows) => string;
  /** Requests what is known of some rows; answered by `members`. */
  askMembers: (rows: number[]) => void;
  /** Shows on the map which rows are left. */
  keep: (selected: Selected) => void;
  /** Selects rows on the map, or here if there is none. */
  choose: (selected: Selected) => void;
  /** Draws again. */
  draw: () => void;
};

/** What is selected on the map, or what an act that is shown again consists of, and what is excluded from it. */
export function selectionOf(on: SelectionCallbacks) {
  /** The request for the summary of the latest selection. */
  let asked = "";
  let resting: ReturnType<typeof setTimeout> | undefined;
  const known = new Map<number, Member>();
  const underWay = new Set<number>();
  /** Rows of which something else may be known by now. */
  const stale = new Set<number>();
  /** Selections as they were when they were labelled, newest last. */
  const given: Chosen[] = [];
  /** The selection that is being narrowed. */
  let narrowing: Chosen | null = null;
  /** The selection that is being shown again, with its exclusions. */
  let restoring: Chosen | null = null;
  /** The selection of which one member is open. */
  let whole: Chosen | null = null;

  function take(selected: Selected | null): void {
    clearTimeout(resting);
    known.clear();
    underWay.clear();
    stale.clear();
    if (selected?.from !== "member") whole = null;
    on.dispatch({ type: "chosen", chosen: selected && complete(selected) });
    const now = on.chosen();
    if (now) asked = on.ask(kept(now));
  }

  /** A new selection, with the exclusions that it had. */
  function complete(selected: Selected): Chosen {
    const fresh = { ...selected, out: NO_ROWS, sample: null };
    const before =
      restoring ??
      (selected.from === "undo" ? given.findLast((one) => same(kept(one), selected.rows)) : null);
    const wider = narrowing;
    [restoring, narrowing] = [null, null];
    if (before && same(kept(before), selected.rows)) return { ...before, from: selected.from, sample: null };
    if (wider && both(selected.rows, wider.rows).length === selected.rows.length) return { ...fresh, wider };
    return fresh;
  }

  /** Selects what is left of a selection; if that is nothing, all of it. */
  function restore(chosen: Chosen): void {
    const all = kept(chosen).length ? chosen : { ...chosen, out: NO_ROWS };
    restoring = all;
    on.choose({ rows: kept(all), how: all.how });
  }

  return {
    take,
    summary(sample: SampleMessage): void {
      if (sample.id === asked) on.dispatch({ type: "sample", sample });
    },
    /** The model has changed: requests the summary and the visible items again, which are shown until then. */
    refresh(): void {
      const now = on.chosen();
      if (!now || !kept(now).length) return;
      for (const row of known.keys()) stale.add(row);
      asked = on.ask(kept(now));
    },
    /** Leaves these rows out of the act. */
    exclude(out: Rows): void {
      on.dispatch({ type: "exclude", out });
      const now = on.chosen();
      if (!now) return;
      const rows = kept(now);
      on.keep({ rows, how: now.how });
      clearTimeout(resting);
      resting = setTimeout(() => {
        if (rows.length) asked = on.ask(rows);
      }, REST_MS);
    },
    /** Notes that the selection is about to be narrowed. */
    narrow(): void {
      narrowing = on.chosen();
    },
    /** Goes back to the selection before it was narrowed. */
    widen(): void {
      const wider = on.chosen()?.wider;
      if (wider) restore(wider);
    },
    /** Shows one member of the selection. */
    open(row: number): void {
      whole = on.chosen();
      on.choose({ rows: Uint32Array.of(row), how: "clicked", from: "member" });
    },
    /** The selection whose member is open. */
    get whole(): Chosen | null {
      return whole;
    },
    /** Goes back to a selection from its member `at`; `done`: which is left out of it from now on. */
    close(of: Chosen, at: number, done = false): void {
      const out = done ? union(of.out, Uint32Array.of(at)) : of.out;
      restore({ ...of, out, at });
    },
    /** Remembers what was selected when it was labelled. */
    gave(chosen: Chosen): void {
      given.push(chosen);
      if (given.length > REMEMBERED) given.shift();
    },
    member: (row: number): Member | undefined => known.get(row),
    /** Requests what is not known yet of some rows. */
    want(rows: readonly number[]): void {
      const missing = rows.filter((row) => (!known.has(row) || stale.has(row)) && !underWay.has(row));
      if (!missing.length) return;
      for (const row of missing) {
        underWay.add(row);
        stale.delete(row);
      }
      on.askMembers(missing);
    },
    members({ members }: MembersMessage): void {
      for (const member of members) {
        known.set(member.row, member);
        underWay.delete(member.row);
      }
      on.draw();
    },
    end: (): void => clearTimeout(resting),
  };
}

const same = (a: Rows, b: Rows): boolean => a.length === b.length && a.every((row, i) => row === b[i]);
