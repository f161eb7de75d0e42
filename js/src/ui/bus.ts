import type { Selection } from "../host/protocol";

/** What the views of one session on one page tell each other; nothing of it concerns the kernel. */
export type PageEvents = {
  /** The points chosen on the map, or none. */
  selection: { rows: Uint32Array; how: Selection } | null;
  /** Rows that were labelled a moment ago, and their class (-1: no longer labelled). */
  acted: { rows: Uint32Array; code: number };
  /** The item on the Labeler's card. */
  current: { row: number } | null;
  /** A key pressed on the map that is not the map's own. */
  key: { key: string; shift: boolean };
  /** The map has the keys, which it passes on to the card; or has them no more. */
  keys: { here: boolean };
  /** Keys of the card that change the groups on the map. */
  regroup: { finer: boolean };
  /** The Labeler is done with the selection. */
  release: null;
  /** Acts that the kernel has not acknowledged. */
  waiting: { n: number; since: number };
  /** A Labeler is on the page (the map then needs no class buttons of its own). */
  labeler: null;
  who: null;
};

const SLOT = Symbol.for("hitl-widgets.bus");
type Page = { [SLOT]?: EventTarget };

export class Bus {
  private readonly target: EventTarget;

  constructor(
    private readonly key: string,
    private readonly signal: AbortSignal,
  ) {
    const page = globalThis as Page;
    page[SLOT] ??= new EventTarget();
    this.target = page[SLOT];
  }

  /** Tell; returns whether somebody took it. */
  tell<K extends keyof PageEvents>(name: K, detail: PageEvents[K]): boolean {
    const event = new CustomEvent(`${this.key}/${name}`, { detail, cancelable: true });
    this.target.dispatchEvent(event);
    return event.defaultPrevented;
  }

  /** Hear; a listener that returns true takes the event: no other gets it. */
  on<K extends keyof PageEvents>(
    name: K,
    // biome-ignore lint/suspicious/noConfusingVoidType: most listeners only listen
    listener: (detail: PageEvents[K]) => boolean | void,
  ): void {
    this.target.addEventListener(
      `${this.key}/${name}`,
      (event) => {
        if (listener((event as CustomEvent<PageEvents[K]>).detail) !== true) return;
        event.preventDefault();
        event.stopImmediatePropagation();
      },
      { signal: this.signal },
    );
  }
}
