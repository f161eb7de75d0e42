import "./relations.css";
import { count, h, said, show } from "../../ui/dom";
import { arrows } from "./arrows";
import { keyButton } from "./line";
import type { Keys, Link, Mark, Marking } from "./marking";
import type { Pages } from "./pages";
import type { Piece } from "./pieces";

/** The keys of the types, in their order; without z, which undoes. */
const KEYS = "123456789abcdefghijklmnopqrstuvwxy";
/** Relations that are listed. */
const MOST = 500;

type Span = Mark<Piece>;

export type RelationsCallbacks = {
  types: readonly string[];
  marking: Marking<Piece>;
  pages: Pages;
  draw: () => void;
  say: (words: string) => void;
  /** Moves the focus back, so that keys work. */
  leave: () => void;
};

export const RELATION_KEYS: Keys = [
  [">", "relate the selected span to another: select that one, then press the key of a type"],
  ["<", "the next relation: a type changes it, > turns it around, Del removes it"],
];

/** The relations between the spans of a text: arrows over it, and a list below it. */
export function relationsOf({ types, marking, pages, draw, say, leave }: RelationsCallbacks) {
  /** The span that is being related. */
  let from: Span | null = null;
  /** The relation that keys change. */
  let chosen: Link | null = null;
  let listed: readonly unknown[] = [];

  const list = h("ul", { attrs: { "aria-label": "Relations" } });
  const buttons = types.map((_, i) =>
    keyButton(KEYS[i].toUpperCase(), () => {
      typed(i);
      leave();
    }),
  );
  const choice = h("div", { class: "hitl-relation-types" }, ...buttons.map(({ element }) => element));
  const element = h("div", { class: "hitl-relations" }, choice, list);
  const setArrows = arrows(pages, choose);

  let ideas: ReadonlySet<Link> = new Set();
  const isIdea = (link: Link): boolean => ideas.has(link);
  const spans = (): Map<number, Span> => new Map(marking.ordered.map((span) => [span.nr, span]));

  /** All relations, in the order of the spans from which they go. */
  function all(): Link[] {
    const links = [...marking.links, ...marking.suggestedLinks];
    if (!links.length) return links;
    const place = new Map(marking.ordered.map(({ nr }, i) => [nr, i]));
    const of = (nr: number): number => place.get(nr) ?? 0;
    return links.sort((a, b) => of(a.from) - of(b.from) || of(a.to) - of(b.to));
  }

  /** The relation in words. */
  function told(link: Link, among = spans()): string {
    const words = (nr: number): string => `“${marking.wordsOf(among.get(nr))}”`;
    return `${words(link.from)} ${link.type} ${words(link.to)}`;
  }

  // -- drawing

  /** Reads what is there now; the pages draw the arrows when they are drawn. */
  function update(): void {
    ideas = new Set(marking.suggestedLinks);
    if (from && !marking.ordered.includes(from)) from = null;
    const links = all();
    if (marking.current || marking.draft || (chosen && !links.includes(chosen))) chosen = null;
    const among = spans();
    const other = from && marking.current && marking.current !== from;
    show(choice, from !== null || chosen !== null);
    types.forEach((type, i) => {
      buttons[i].offer(type, chosen?.type === type);
      buttons[i].element.toggleAttribute("disabled", !chosen && !other);
    });
    const now = [chosen, ...links];
    if (!listed.length || now.length !== listed.length || now.some((one, i) => one !== listed[i])) {
      listed = now;
      list.replaceChildren(...links.slice(0, MOST).map((link) => row(link, among)));
      if (links.length > MOST)
        list.append(h("li", { class: "hitl-faint", text: `and ${count(links.length - MOST, "other")}` }));
      if (!links.length)
        list.append(
          h("li", { class: "hitl-faint", text: "No relations. Select a span, then press > to relate it." }),
        );
      list.querySelector<HTMLElement>("[aria-pressed=true]")?.scrollIntoView?.({ block: "nearest" });
    }
    const near = new Set([from?.nr, marking.current?.nr]);
    setArrows(
      links.map((link) => ({
        ...link,
        link,
        idea: isIdea(link),
        on: link === chosen || near.has(link.from) || near.has(link.to),
      })),
      (nr) => among.get(nr),
      (nr) => marking.wordsOf(among.get(nr)),
    );
  }

  function row(link: Link, among: Map<number, Span>): HTMLElement {
    const end = (nr: number): HTMLElement => {
      const span = among.get(nr);
      const name = h("b", { title: span && marking.nameOf(span), attrs: { dir: "auto" } });
      name.textContent = marking.wordsOf(span);
      if (span) name.style.setProperty("--class", marking.colorOf(span));
      return name;
    };
    const pressed = String(link === chosen);
    return h(
      "li",
      { class: `hitl-relation${isIdea(link) ? " hitl-relation-idea" : ""}` },
      h(
        "button",
        {
          attrs: { type: "button", "aria-pressed": pressed },
          on: {
            click: () => {
              choose(link);
              leave();
            },
          },
        },
        end(link.from),
        " ",
        h("i", {}, isIdea(link) ? "suggested: " : "", said(link.type), " →"),
        " ",
        end(link.to),
      ),
      h("button", {
        class: "hitl-relation-out",
        text: "×",
        title: "Remove this relation",
        attrs: { type: "button", "aria-label": `Remove ${told(link, among)}` },
        on: {
          click: () => {
            remove(link);
            leave();
          },
        },
      }),
    );
  }

  /** What can be done now; empty if it has nothing to do with relations. */
  function words(): string {
    const keys = types.map((type, i) => `${KEYS[i].toUpperCase()} ${type}`).join(", ");
    if (from) {
      const { current } = marking;
      if (current && current !== from)
        return `From “${marking.wordsOf(from)}” to “${marking.wordsOf(current)}”: ${keys}. Esc drops it.`;
      return `From “${marking.wordsOf(from)}”: select the other span with . or a click, then press ${keys}.`;
    }
    if (!chosen) return "";
    if (isIdea(chosen)) return `Suggested: ${told(chosen)}. = accepts it, Del removes it.`;
    return `${told(chosen)}. A type changes it, > turns it around, Del removes it.`;
  }

  // -- changing

  function choose(link: Link | null): void {
    from = null;
    marking.choose(null);
    chosen = link;
    if (link) {
      pages.reveal(spans().get(link.from)?.at.start ?? 0);
      say(`${isIdea(link) ? "Suggested: " : ""}${told(link)}`);
    }
    draw();
  }

  function remove(link: Link): void {
    chosen = null;
    marking.relate(link, null);
    say("Relation removed");
  }

  /** Puts a relation in the place of another, or of none. */
  function put(link: Link | null, next: Link, said = told(next)): void {
    if (!marking.relate(link, next)) return;
    from = null;
    chosen = next;
    draw();
    say(said);
  }

  /** The key of a type was pressed. */
  function typed(i: number): void {
    const type = types[i];
    const { current } = marking;
    if (type === undefined)
      marking.refuse(`There are ${types.length} types of relations: ${types.join(", ")}.`);
    else if (chosen?.type === type) say(type);
    else if (chosen) put(chosen, { ...chosen, type });
    else if (from && current && current !== from) put(null, { from: from.nr, to: current.nr, type });
    else marking.refuse("Select the other span first, with . or a click.");
  }

  function begin(): void {
    const { current } = marking;
    if (chosen) put(chosen, { ...chosen, from: chosen.to, to: chosen.from });
    else if (from && current && current !== from && types.length === 1) typed(0);
    else if (from) marking.refuse("Press the key of a type, or Esc to drop the relation.");
    else if (!current)
      marking.refuse("Select a span first, with . or a click; then > relates it to another.");
    else {
      from = current;
      draw();
      say(words());
    }
  }

  function walk(): void {
    const links = all();
    if (links.length) choose(links[(chosen ? links.indexOf(chosen) + 1 : 0) % links.length]);
    else marking.refuse("There are no relations yet: select a span, then press > to relate it.");
  }

  function press(key: string, shift: boolean): boolean | "again" {
    if (key === ">") begin();
    else if (key === "<") {
      walk();
      return "again";
    } else if (!from && !chosen) return false;
    else if (key === "Escape" || (from && key === "z" && !shift)) {
      [from, chosen] = [null, null];
      draw();
      say("Dropped");
    } else if (!shift && KEYS.includes(key) && (from || KEYS.indexOf(key) < Math.max(9, types.length)))
      // Other letters are keys of the card, unless a type is waited for.
      typed(KEYS.indexOf(key));
    else if (chosen && (key === "Delete" || key === "Backspace")) remove(chosen);
    else if (chosen && key === "=" && isIdea(chosen)) put(chosen, { ...chosen }, `Accepted: ${told(chosen)}`);
    else return false;
    return true;
  }

  return {
    element,
    update,
    words,
    press,
    begin,
    /** Whether a span can be related to another now. */
    get ready(): boolean {
      return marking.current !== null && !from;
    },
    /** The span from which a relation is begun. */
    get from(): Span | null {
      return from;
    },
  };
}
