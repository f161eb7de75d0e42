import type { Ask, Selection } from "../host/protocol";
import { closest } from "./dom";
import type { Wanted } from "./query";

/**
 * Selected points and how they were selected; `from` if the history or an undo restored the selection, or if it is one
 * member of another; `query` if they are all that a search found.
 */
export type Chosen = {
  rows: Uint32Array;
  how: Selection;
  from?: "history" | "undo" | "member";
  query?: string;
};

/** Events between the views of a session on a page; the kernel does not see them. */
export type PageEvents = {
  /** The points selected on the map; null for none. */
  selection: Chosen | null;
  /** Select these points on the map: see {@link choose}. */
  choose: Chosen;
  /** An undo in another view shows this item again. */
  back: Ask;
  /** Rows that were just labelled, and the codes of their classes; null if the labels were removed. */
  acted: { rows: Uint32Array; codes: readonly number[] | null; words?: string };
  /** A key that was meant for an answer did not count. */
  missed: { why: string };
  /** Acts were undone or redone. */
  turned: null;
  /** The item in the Labeler; if it is asked blind, nothing may reveal its class. */
  current: { row: number; blind: boolean } | null;
  /** A key pressed on the map that the map does not handle. */
  key: { key: string; shift: boolean };
  /** Whether the map has the keyboard focus and passes keys on to the Labeler. */
  keys: { here: boolean };
  /** Keys in the Labeler that change the groups on the map. */
  regroup: { finer: boolean };
  /** Focus the find field. */
  find: null;
  /** Find the items that are most like this one. */
  alike: { row: number };
  /** Run a query of the find field. */
  query: Wanted;
  /** Keep only those of the selected items that a query finds. */
  narrow: { text: string };
  /** Show the items with doubtful labels, one by one. */
  suspects: null;
  /** Show on the map what a rule would label alone: rows and the codes of their classes; null for an end of it. */
  preview: { rows: Uint32Array; codes: Uint8Array } | null;
  /** Open the rules. */
  rules: null;
  /** Return the keys to the item that is to be answered. */
  answer: null;
  /** Show what may be handed over to the model. */
  handOver: null;
  /** Switch between the list and the map. */
  list: null;
  /** Leave only these of the selected points selected; the others stay on the card, unchecked. */
  keep: Chosen;
  /** The Labeler no longer needs the selection. */
  release: null;
  /** Acts that the kernel has not acknowledged. */
  waiting: { n: number; since: number };
  /** A Labeler is on the page, so the map does not need its own class buttons. */
  labeler: null;
  who: null;
};

type Name = keyof PageEvents;
type Listener = (detail: never) => boolean | undefined;
type Page = { [SLOT]?: Map<string, Set<Member>> };
/** An interface, because each widget's bundle has its own copy of the class. */
type Member = { group: () => Element | null; hear: (name: string, detail: unknown) => boolean };

const SLOT = Symbol.for("hitl-widgets.bus.2");
// Events that concern the whole session, not only the views in a group.
const EVERYWHERE: ReadonlySet<Name> = new Set<Name>(["acted", "turned", "waiting"]);
// Views in the same Workbench form a group; a clone of an output is a separate group.
const GROUP = ".hitl-workbench, .jp-LinkedOutputView";

/** Connects the views of a session that are grouped on the page. */
export class Bus {
  private readonly listeners = new Map<Name, Listener[]>();
  private readonly me: Member;
  private readonly members: Set<Member>;

  constructor(session: string, root: Element, signal: AbortSignal) {
    const page = globalThis as Page;
    page[SLOT] ??= new Map();
    this.members = page[SLOT].get(session) ?? new Set();
    page[SLOT].set(session, this.members);
    this.me = {
      group: () => closest(root, GROUP),
      hear: (name, detail) =>
        (this.listeners.get(name as Name) ?? []).some((hear) => hear(detail as never) === true),
    };
    this.members.add(this.me);
    signal.addEventListener("abort", () => {
      this.members.delete(this.me);
      if (!this.members.size) page[SLOT]?.delete(session);
    });
  }

  /** Sends an event; returns whether a listener took it. */
  tell<K extends Name>(name: K, detail: PageEvents[K]): boolean {
    const others = [...this.members].filter((member) => member !== this.me);
    const group = this.me.group();
    const near = others.filter((member) => member.group() === group);
    // A view without a group sends to all.
    const audience = EVERYWHERE.has(name) || !near.length ? others : near;
    return audience.some((member) => member.hear(name, detail));
  }

  /** Adds a listener; one that returns true takes the event, so that no other gets it. */
  on<K extends Name>(
    name: K,
    // biome-ignore lint/suspicious/noConfusingVoidType: most listeners only listen
    listener: (detail: PageEvents[K]) => boolean | void,
  ): void {
    this.listeners.set(name, [...(this.listeners.get(name) ?? []), listener as Listener]);
  }
}

/** Selects points on the map, or else in the Labeler; returns whether either is on the page. */
export function choose(bus: Bus, chosen: Chosen): boolean {
  return bus.tell("choose", chosen) || bus.tell("selection", chosen);
}
