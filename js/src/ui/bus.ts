import type { Ask, Selection } from "../host/protocol";

/** Points, how they were chosen, and what brought them back where no hand chose them just now. */
export type Chosen = { rows: Uint32Array; how: Selection; from?: "history" | "undo" };

/** What the views of one session on one page tell each other; nothing of it concerns the kernel. */
export type PageEvents = {
  /** The points chosen on the map, or none. */
  selection: Chosen | null;
  /** The map is to choose these points, as if a person had: see {@link choose}. */
  choose: Chosen;
  /** An undo elsewhere gives this item back to the card. */
  back: Ask;
  /** Rows that were labelled a moment ago, and the codes of their classes. */
  acted: { rows: Uint32Array; codes: readonly number[] };
  /** The item on the Labeler's card; nothing may tell what it is called where it is asked blind. */
  current: { row: number; blind: boolean } | null;
  /** A key pressed on the map that is not the map's own. */
  key: { key: string; shift: boolean };
  /** The map has the keys, which it passes on to the card; or has them no more. */
  keys: { here: boolean };
  /** Keys of the card that change the groups on the map. */
  regroup: { finer: boolean };
  /** The find field is to take the keys. */
  find: null;
  /** The items are to be shown as a list, or as a map again. */
  list: null;
  /** The Labeler is done with the selection. */
  release: null;
  /** Acts that the kernel has not acknowledged. */
  waiting: { n: number; since: number };
  /** A Labeler is on the page (the map then needs no class buttons of its own). */
  labeler: null;
  who: null;
};

type Name = keyof PageEvents;
type Listener = (detail: never) => boolean | undefined;
type Page = { [SLOT]?: Map<string, Set<Member>> };
/** Of the widgets' bundles each has its own class of these. */
type Member = { group: () => Element | null; hear: (name: string, detail: unknown) => boolean };

const SLOT = Symbol.for("hitl-widgets.bus.2");
// What is true of the session, whichever of its views shows it.
const EVERYWHERE: ReadonlySet<Name> = new Set<Name>(["acted", "waiting"]);
// Views of a Workbench act on what they show beside each other; a clone of an output is a place of its own.
const GROUP = ".hitl-workbench, .jp-LinkedOutputView";

/** Joins the views of one session, named by the kernel, that stand together on the page. */
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
      group: () => root.closest(GROUP),
      hear: (name, detail) =>
        (this.listeners.get(name as Name) ?? []).some((hear) => hear(detail as never) === true),
    };
    this.members.add(this.me);
    signal.addEventListener("abort", () => {
      this.members.delete(this.me);
      if (!this.members.size) page[SLOT]?.delete(session);
    });
  }

  /** Tell; returns whether somebody took it. */
  tell<K extends Name>(name: K, detail: PageEvents[K]): boolean {
    const others = [...this.members].filter((member) => member !== this.me);
    const group = this.me.group();
    const near = others.filter((member) => member.group() === group);
    // A view that stands alone belongs to all.
    const audience = EVERYWHERE.has(name) || !near.length ? others : near;
    return audience.some((member) => member.hear(name, detail));
  }

  /** Hear; a listener that returns true takes the event: no other gets it. */
  on<K extends Name>(
    name: K,
    // biome-ignore lint/suspicious/noConfusingVoidType: most listeners only listen
    listener: (detail: PageEvents[K]) => boolean | void,
  ): void {
    this.listeners.set(name, [...(this.listeners.get(name) ?? []), listener as Listener]);
  }
}

/** Chooses points on the map, else on the card; returns whether either was there to take them. */
export function choose(bus: Bus, chosen: Chosen): boolean {
  return bus.tell("choose", chosen) || bus.tell("selection", chosen);
}
