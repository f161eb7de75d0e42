import type { Content } from "../host/protocol";
import { h, setText } from "../ui/dom";

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
  /** CSS that no other kind needs, below `.hitl`. */
  style?: string;
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

export function renderItem({ content, media }: Item): HTMLElement {
  const [kind, told] = known(content);
  wear(content.kind, kind);
  return kind.render(told, media);
}

/** A glimpse of an item: a few lines or a thumbnail. */
export function renderGlimpse({ content, media }: Item, characters = 160): HTMLElement {
  const [kind, told] = known(content);
  wear(content.kind, kind);
  return kind.glimpse(told, media, characters);
}

/** A kind's own CSS, once on the page however many widgets bring it, as the last brought it. */
function wear(name: string, { style }: ItemKind<never>): void {
  if (!style) return;
  const id = `hitl-style-${name}`;
  const sheet = document.getElementById(id) ?? document.head.appendChild(h("style", { attrs: { id } }));
  setText(sheet, style);
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
