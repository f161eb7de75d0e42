import "./registry.css";
import type { Content, More } from "../host/protocol";
import type { Press } from "../ui/keys";

/** An item in the browser: the content, and the URLs of its media. */
export type Item = {
  content: Content;
  media: readonly string[];
  /** Names and values of columns beside the item. */
  context?: readonly (readonly [string, string])[];
  loaded?: unknown;
};

/** A part of an item that was requested from the kernel: see `InParts` in items/base.py. */
export type Part = { content: Content; bytes: Uint8Array[] };

/** Keys and what they do. */
export type Told = readonly (readonly [string, string])[];

/** What the card provides to the item that it shows. */
export type Stage = {
  /** Aborts when the card shows something else; the item must then stop all sound, motion and requests. */
  signal: AbortSignal;
  /** Requests a part of the item; `ask` depends on the kind. Rejects with a message for users. */
  more: (ask: More["ask"], signal?: AbortSignal) => Promise<Part>;
  /**
   * Gathers bytes in parts: `at` of the request counts up to `total` of the answers. `heard` is called with the number
   * of bytes so far and the total.
   */
  gather: (
    ask: More["ask"],
    heard?: (here: number, total: number) => void,
    signal?: AbortSignal,
  ) => Promise<Uint8Array[]>;
  /**
   * Handles keys that the card itself does not use (it uses letters, digits, brackets and Escape). Returns whether the
   * key was handled, and "again" to also handle its repeats while it is held. `told`: what the list of keys says of
   * them. `arrows`: whether all arrows are for the item now, also those that the card uses.
   */
  keys: (press: Press, told?: Told, arrows?: () => boolean) => void;
};

const alone = (): Promise<never> => Promise.reject(new Error("There is no kernel."));
/** For items that are shown without a card. */
const NOTHING: Stage = {
  signal: new AbortController().signal,
  more: alone,
  gather: alone,
  keys: () => undefined,
};

/** Everything that is specific to a kind of item. */
export type ItemKind<C extends Content> = {
  /** Shows the item on the card. */
  render: (content: C, media: readonly string[], stage: Stage) => HTMLElement;
  /** Shows a preview in a list or a tooltip: a few lines up to `characters`, or a thumbnail. */
  glimpse: (content: C, media: readonly string[], characters: number) => HTMLElement;
  /** Text for screen readers. */
  spoken: (content: C, row: number) => string;
  /** Loads media in advance; the result is kept with the item. */
  preload?: (media: readonly string[], content: C) => unknown;
  /** Updates the colours of the items inside an element. */
  redress?: (root: HTMLElement) => void;
};

const kinds = new Map<string, ItemKind<never>>();

export function registerItem<C extends Content>(name: C["kind"], kind: ItemKind<C>): void {
  kinds.set(name, kind as ItemKind<never>);
}

/** The module of a kind that is loaded when the first such item arrives: src/viewers/<kind>.ts. */
export type ViewerModule = { viewer: ItemKind<Content> };

/** The kinds of some items, and of items within them, that are not registered yet. */
export function missingKinds(contents: readonly Content[]): string[] {
  const within = ({ kind, items }: Content): string[] => [
    kind,
    ...(kind === "list" ? (items as Content[]).flatMap(within) : []),
  ];
  return [...new Set(contents.flatMap(within))].filter((kind) => !kinds.has(kind));
}

/** The kind and content of an item; a placeholder with an explanation if the kind is unknown. */
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

/** A preview of an item: a few lines or a thumbnail. */
export function renderGlimpse({ content, media }: Item, characters = 160): HTMLElement {
  const [kind, told] = known(content);
  return kind.glimpse(told, media, characters);
}

/** An item as text for screen readers. */
export function spokenItem({ content }: Item, row: number): string {
  // What is blurred is not read aloud either.
  if (content.warning) return `Content warning: ${content.warning}`;
  const [kind, told] = known(content);
  return kind.spoken(told, row);
}

/** Loads the media of an item, so that the card can show it without delay. */
export function preload(item: Item): void {
  const [kind, told] = known(item.content);
  item.loaded = kind.preload?.(item.media, told);
}

/** Releases the media of an item. */
export const letGo = ({ media }: Item): void => {
  for (const address of media) URL.revokeObjectURL(address);
};

/** Updates the colours of the items inside an element after a theme change. */
export function redress(root: HTMLElement): void {
  for (const kind of kinds.values()) kind.redress?.(root);
}

/** Maximum characters of an item's text for screen readers. */
export const SPOKEN = 200;

/** Shortens a text to one line with at most `characters`. */
export function shortened(text: string, characters: number): string {
  const line = text.replace(/\s+/g, " ").trim();
  return line.length > characters ? `${line.slice(0, characters - 1)}…` : line;
}
