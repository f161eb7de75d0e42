import type { Content } from "../host/protocol";

/** An item as the browser holds it: the content, and the addresses of the media that came with it. */
export type Item = { content: Content; media: readonly string[]; loaded?: unknown };

/** All that only this kind of item knows; `kind` is what its content says. */
export type ItemKind<C extends Content> = {
  /** On the card. */
  render: (content: C, media: readonly string[]) => HTMLElement;
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

function kindOf({ kind }: Content): ItemKind<never> {
  const found = kinds.get(kind) ?? kinds.get("broken");
  if (!found) throw new Error(`no kind of item is called ${kind}`);
  return found;
}

export const renderItem = ({ content, media }: Item): HTMLElement =>
  kindOf(content).render(content as never, media);

/** A glimpse of an item: a few lines or a thumbnail. */
export const renderGlimpse = ({ content, media }: Item, characters = 160): HTMLElement =>
  kindOf(content).glimpse(content as never, media, characters);

/** An item in words. */
export const spokenItem = ({ content }: Item, row: number): string =>
  kindOf(content).spoken(content as never, row);

/** Loads what the item shows: the card then shows it in the same frame as everything else. */
export function preload(item: Item): void {
  item.loaded = kindOf(item.content).preload?.(item.media);
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
