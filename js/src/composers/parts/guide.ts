import { LIGHT_KEYS } from "../../items/picture/light";
import type { filmView } from "../../items/video/view";
import type { Composer } from "../../questions/registry";
import type { Shape } from "./geometry";
import { ALT, unanswerable } from "./line";
import { type Keys, keysOfMarks } from "./marking";
import type { Writing } from "./writing";

export type Drawing = Shape & {
  /** The name in the log. */
  name: string;
  one: string;
  many: string;
  /** How a mark is drawn. */
  drawn: "drag" | "click" | "corners";
  start: string;
  /** Shows a video, if these marks can be on its frames. */
  film?: typeof filmView;
  /** What their texts are typed with, if they can have texts. */
  writing?: typeof Writing;
};

export const OPEN = "Click to add corners. Enter or a double click closes, Backspace removes the last one.";

export const ideaWords = (name: string): string => `Suggested: ${name}. = accepts it, Del removes it.`;

/** What can be done with the selected mark, whose class has a name or not yet. */
export function currentWords(name: string, handles: boolean): string {
  const has = name ? `${name}. A class relabels it` : "Press a class";
  const more = handles ? ", ⇧ and arrows resize it, Space switches the corner" : "";
  return `${has}. Arrows move it${more}.`;
}

/** What can be done with the selected mark, if it has a text. */
export const writingWords = (name: string, idea: boolean): string =>
  `${idea ? "Suggested: " : ""}${name || "no class"}. ⏎ types${idea ? " or accepts" : ""}, then ⏎ goes to the next one. Esc and ? for all keys.`;

/** The keys for the texts of marks. */
export const WRITING: Keys = [
  ["⏎", "type the text of the selected mark; while typing: accept it, and go to the next one"],
  ["Ctrl ⏎", "give the answer, while typing"],
  ["Esc", "leave the text, so that the other keys work"],
  [`${ALT} ↑ ↓`, "the previous and the next one, while typing"],
  [`${ALT} P`, "its next class, while typing; with ⇧ the one before"],
  [`${ALT} Del`, "remove it, while typing"],
  [`${ALT} Z ⇧Z`, "undo and redo, while typing"],
];

/** What can be done while no mark is selected; `name`: the class of the next one. */
export function startWords({ start, many }: Drawing, name: string, n: number): string {
  const walk = n ? `. and , walk through the ${many}. ` : "";
  return `${start}${name && ` as ${name}`}. ${walk}+ and − zoom.`;
}

/** The keys of all marks on an image. */
export const keysOnImage = (one: string, many: string, own: Keys, light = LIGHT_KEYS): Keys =>
  keysOfMarks(one, many, [
    ...own,
    ["+ − Home", "zoom, and show the whole image; drag with Space to pan"],
    ...light,
  ]);

/** The keys of a video below its marks. */
const FILM_KEYS: Keys = [
  [";", "the selected box on the next frame, too; from another frame: on this one"],
  [":", "fill the frames between it and the box before"],
  ["PgUp PgDn", "the previous and the next frame; with ⇧ 2 s"],
  ["Space", "play and pause, if no box is selected"],
  ["< >", "slower and faster"],
  ["% #", "loop, and go to a frame"],
];

export function keysOf({ drawn, one, many }: Drawing, film = false): Keys {
  const keys: (Keys[number] | false)[] = [
    ["N", drawn === "corners" ? "a polygon, and its next corner" : `a new ${one} in the middle`],
    ["← → ↑ ↓", "move it, faster while held; else pan"],
    drawn !== "click" && ["⇧← ⇧→ ⇧↑ ⇧↓", "move one corner"],
    drawn !== "click" && ["Space", "the other corner"],
    drawn === "drag" && ["*", "snap to what is in the box"],
    ...(film ? FILM_KEYS : []),
  ];
  return keysOnImage(
    one,
    many,
    keys.filter((key) => key !== false),
    film ? [] : LIGHT_KEYS,
  );
}

/** For an item that cannot be shown, which the card says. */
export const unshown = (many: string): Composer =>
  unanswerable(`This item cannot be shown, so ${many} cannot be drawn: skip it.`);
