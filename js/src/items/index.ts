import type { Content } from "../host/protocol";
import { count, h, said } from "../ui/dom";
import { markupFrame } from "./frame";

/** An item as the browser holds it: the content, and the address of its picture where it has one. */
export type Item = { content: Content; url?: string; picture?: HTMLImageElement };

type Renderer<K extends Content["kind"]> = (
  content: Extract<Content, { kind: K }>,
  url: string | undefined,
) => HTMLElement;

const renderers: { [K in Content["kind"]]: Renderer<K> } = {
  text: (content) => {
    return withRest(
      h("div", { class: "hitl-text", text: content.text, attrs: { dir: "auto" } }),
      content.cut,
    );
  },
  markup: (content) => withRest(markupFrame(content), content.cut),
  image: (content, url) => {
    const picture = h("img", {
      class: "hitl-image",
      attrs: { src: url ?? "", alt: "The item", draggable: "false" },
    });
    // Small pictures are pixels, not photographs.
    if (Math.max(content.width, content.height) <= 64) picture.classList.add("hitl-pixels");
    return picture;
  },
  remote: ({ url }) => {
    const picture = h("img", {
      class: "hitl-image",
      // The other host learns nothing of this page.
      attrs: { referrerpolicy: "no-referrer", alt: "The item", draggable: "false", src: url },
      on: { error: () => picture.replaceWith(broken(`The image cannot be loaded from ${hostOf(url)}.`)) },
    });
    return picture;
  },
  table: (content) =>
    h(
      "table",
      { class: "hitl-table" },
      h(
        "tbody",
        {},
        ...content.rows.map(([name, value]) =>
          h(
            "tr",
            {},
            h("th", { text: name, attrs: { scope: "row" } }),
            h("td", { text: value, attrs: { dir: "auto" } }),
          ),
        ),
      ),
    ),
  broken: (content) => broken(content.why),
};

function broken(why: string): HTMLElement {
  return h(
    "div",
    { class: "hitl-broken" },
    h("div", { class: "hitl-broken-head", text: "This item cannot be shown" }),
    h("div", { text: why, attrs: { dir: "auto" } }),
  );
}

function withRest(body: HTMLElement, cut = 0): HTMLElement {
  if (!cut) return body;
  const rest = h("div", { class: "hitl-faint", text: `${count(cut, "character")} more` });
  return h("div", { class: "hitl-with-rest" }, body, rest);
}

const hostOf = (url: string): string => new URL(url).host;

export function renderItem(item: Item): HTMLElement {
  const render = renderers[item.content.kind] as Renderer<Content["kind"]>;
  return render(item.content as never, item.url);
}

/** Loads the picture before its turn: the card then shows it in the same frame as everything else. */
export function preload(item: Item): void {
  if (!item.url) return;
  item.picture = new Image();
  item.picture.src = item.url;
}

const SPOKEN = 200;

/** An item in words, for those who hear it. */
export function spokenItem({ content }: Item, row: number): string {
  if (content.kind === "image" || content.kind === "remote") return `image ${(row + 1).toLocaleString("en")}`;
  if (content.kind === "broken") return `an item that cannot be shown. ${content.why}`;
  if (content.kind === "table")
    return shortened(content.rows.map(([name, value]) => `${name}: ${value}`).join(", "), SPOKEN);
  return shortened(content.text, SPOKEN);
}

function shortened(text: string, characters: number): string {
  const line = text.replace(/\s+/g, " ").trim();
  return line.length > characters ? `${line.slice(0, characters - 1)}…` : line;
}

/** A glimpse of an item: a few lines or a thumbnail. */
export function renderGlimpse(item: Item, characters = 160): HTMLElement {
  const { content } = item;
  if (content.kind === "text" || content.kind === "markup") {
    const text = shortened(content.text, characters);
    return h("div", { class: "hitl-glimpse", text, attrs: { dir: "auto" } });
  }
  if (content.kind === "table") {
    const cells = content.rows.slice(0, 4).flatMap(([name, value]) => [said(name), " ", said(value), " · "]);
    return h("div", { class: "hitl-glimpse" }, ...cells.slice(0, -1));
  }
  if (content.kind === "broken") {
    return h("div", { class: "hitl-glimpse hitl-faint", text: `Cannot be shown. ${content.why}` });
  }
  return renderItem(item);
}
