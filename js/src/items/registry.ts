import "./registry.css";
import type { Content, More } from "../host/protocol";
import type { Press } from "../ui/keys";

/** An item as the browser holds it: the content, and the addresses of the media that came with it. */
export type Item = { content: Content; media: readonly string[]; loaded?: unknown };

/** What the kernel says of an item when it is asked for more: see `InParts` in items/base.py. */
export type Part = { content: Content; bytes: Uint8Array[] };

/** What a card lends to the item that it shows. */
export type Stage = {
  /** Ends when the card shows something else: then nothing may sound, move or be asked for. */
  signal: AbortSignal;
  /** Asks the kernel for a part of the item, as its kind understands `ask`. Rejects with words for people. */
  more: (ask: More["ask"], signal?: AbortSignal) => Promise<Part>;
  /**
   * Gathers bytes that come in parts: `at` of what is asked counts up until `total` of the answers is reached. `heard` is
   * told how many are here, and of how many.
   */
  gather: (
    ask: More["ask"],
    heard?: (here: number, total: number) => void,
    signal?: AbortSignal,
  ) => Promise<Uint8Array[]>;
  /**
   * Hears the keys on the widget that the card itself does not take: it takes letters, digits, brackets and Escape. The
   * item says whether it took one, and "again" where it also takes its repeats while it is held.
   */
  keys: (press: Press) => void;
};

const alone = (): Promise<never> => Promise.reject(new Error("There is no kernel to ask."));
/** Where nothing is lent. */
const NOTHING: Stage = {
  signal: new AbortController().signal,
  more: alone,
  gather: alone,
  keys: () => undefined,
};

/** All that only this kind of item knows; `kind` is what its content says. */
export type ItemKind<C extends Content> = {
  /** On the card. */
  render: (content: C, media: readonly string[], stage: Stage) => HTMLElement;
  /** In a list or a tooltip: a few lines of so many characters, or a thumbnail. */
  glimpse: (content: C, media: readonly string[], characters: number) => HTMLElement;
  /** In words, for those who hear it. */
  spoken: (content: C, row: number) => string;
  /** Loads media before the item's turn; what it returns is kept with the item. */
  preload?: (media: readonly string[]) => unknown;
  /** Shows what is shown below an element in the colours of now. */
  redress?: (root: HTMLElement) => void;
};

const kinds = new Map<string, ItemKind<never>>();

export function registerItem<C extends Content>(name: C["kind"], kind: ItemKind<C>): void {
  kinds.set(name, kind as ItemKind<never>);
}

/** An item's kind and content; of one that this page does not know, a placeholder that says so. */
function known(content: Content): [ItemKind<never>, never] {
  const found = kinds.get(content.kind);
  if (found) return [found, content as never];
  const why = `This page does not know items of kind "${content.kind}". Restart the kernel and reload the page.`;
  return known({ kind: "broken", why });
}

export function renderItem({ content, media }: Item, stage = NOTHING): HTMLElement {
  const [kind, told] = known(content);
  return kind.render(told, media, stage);
}

/** A glimpse of an item: a few lines or a thumbnail. */
export function renderGlimpse({ content, media }: Item, characters = 160): HTMLElement {
  const [kind, told] = known(content);
  return kind.glimpse(told, media, characters);
}

/** An item in words. */
export function spokenItem({ content }: Item, row: number): string {
  const [kind, told] = known(content);
  return kind.spoken(told, row);
}

/** Loads what the item shows: the card then shows it in the same frame as everything else. */
export function preload(item: Item): void {
  item.loaded = known(item.content)[0].preload?.(item.media);
}

/** Lets go of the media. */
export const letGo = ({ media }: Item): void => {
  for (const address of media) URL.revokeObjectURL(address);
};

/** The page's colours changed: shows the items below an element in those of now. */
export function redress(root: HTMLElement): void {
  for (const kind of kinds.values()) kind.redress?.(root);
}

/** How much of an item is said. */
export const SPOKEN = 200;

/** One line of at most so many characters. */
export function shortened(text: string, characters: number): string {
  const line = text.replace(/\s+/g, " ").trim();
  return line.length > characters ? `${line.slice(0, characters - 1)}…` : line;
}
