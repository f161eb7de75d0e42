import "./legend.css";
import { type Filter, hiddenBy, type Meaning, NONE, NOTHING_HIDDEN, shadeShown } from "../../plot/look";
import { h, setText, show } from "../../ui/dom";

/** The least width of a scale, and the width of a digit. */
const SCALE_PX = 170;
const DIGIT_PX = 6.2;

export type LegendCallbacks = {
  /** The hidden points have changed. */
  filter: (filter: Filter) => void;
  /** Points of one shade stand out while the pointer is on it; null for none. */
  isolate: (shade: number | null) => void;
  /** Selects the next of the suggested points. */
  next: () => void;
};

export type Shade = { name: string; color: string };
/** A scale: its CSS gradient, and values along it, from 0 to 1. */
export type Scale = {
  gradient: string;
  ticks: readonly { at: number; text: string }[];
  note: string;
  /** Whether only labelled points have a value: the others are in the legend already. */
  ofLabels?: boolean;
};
type Entry = { element: HTMLButtonElement; name: HTMLElement; n: HTMLElement };

/** What the colours and marks of the map mean, with counts; a click hides or shows the points. */
export function legendView(on: LegendCallbacks) {
  let shades: Shade[] = [];
  let entries: Entry[] = [];
  let filter: Filter = NOTHING_HIDDEN;
  let meant: Meaning | null = null;
  let ofLabels = false;

  const labelled = entryOf("Labelled", "hitl-mark-labelled", {
    click: () => toggle({ labelled: !filter.labelled }),
  });
  labelled.element.title = "With a ring: labelled. Click to hide or show";
  const suggested = entryOf("Suggested", "hitl-mark-ringed", { click: on.next });
  suggested.element.title = "In a circle: the items to label next. Click for the next one (key N)";
  const unlabelled = entryOf("Not labelled", "hitl-mark-guess", {
    click: () => toggle({ unlabelled: !filter.unlabelled }),
  });
  const all = h("button", {
    class: "hitl-link",
    attrs: { type: "button", hidden: true },
    on: { click: () => toggle(NOTHING_HIDDEN) },
  });
  const colours = h("div", { class: "hitl-legend-colours" });
  const bar = h("span", { class: "hitl-scale-bar" });
  const ticks = h("span", { class: "hitl-scale-ticks hitl-number" });
  const scale = h("span", { class: "hitl-scale", attrs: { role: "img", hidden: true } }, bar, ticks);
  const missing = entryOf("no value", "hitl-mark-missing", {
    click: (event) => toggleShade(NONE, event.altKey),
    ...isolates(NONE),
  });
  show(missing.element, false);
  const element = h(
    "div",
    { class: "hitl-legend", attrs: { role: "group", "aria-label": "Legend" } },
    labelled.element,
    suggested.element,
    unlabelled.element,
    scale,
    colours,
    missing.element,
    all,
  );

  function toggle(changes: Partial<Filter>): void {
    filter = { ...filter, ...changes };
    draw();
    on.filter(filter);
  }

  function toggleShade(shade: number, only: boolean): void {
    const hidden = new Set(filter.shades);
    if (only) {
      const others = [...(scale.hidden ? shades.keys() : Array(NONE).keys()), NONE].filter(
        (o) => o !== shade,
      );
      const isOnly = !hidden.has(shade) && others.every((other) => hidden.has(other));
      hidden.clear();
      if (!isOnly) for (const other of others) hidden.add(other);
    } else if (!hidden.delete(shade)) hidden.add(shade);
    toggle({ shades: hidden });
    on.isolate(null);
  }

  function isolates(shade: number): Partial<Handlers> {
    const [isolate, join] = [() => on.isolate(shade), () => on.isolate(null)];
    return {
      pointerenter: isolate,
      pointerleave: join,
      focus: (event) => (event.currentTarget as HTMLElement).matches(":focus-visible") && isolate(),
      blur: join,
    };
  }

  function draw(): void {
    const pressed = ({ element }: Entry, is: boolean): void =>
      element.setAttribute("aria-pressed", String(is));
    for (const [shade, entry] of entries.entries()) pressed(entry, !filter.shades.has(shade));
    pressed(missing, !filter.shades.has(NONE));
    pressed(labelled, !filter.labelled);
    pressed(unlabelled, !filter.unlabelled);
    show(all, filter.labelled || filter.unlabelled || filter.shades.size > 0);
    drawShown();
  }

  /** How many points are shown, if some are hidden. */
  function drawShown(): void {
    const hidden = meant && hiddenBy(filter, meant);
    if (!hidden) return;
    const shown = hidden.reduce((n, is) => n - is, hidden.length);
    setText(all, `${shown.toLocaleString("en")} of ${hidden.length.toLocaleString("en")} shown: show all`);
  }

  function shadeEntry({ name, color }: Shade, shade: number): Entry {
    const entry = entryOf(name, "", {
      click: (event) => toggleShade(shade, event.altKey),
      ...isolates(shade),
    });
    (entry.element.firstElementChild as HTMLElement).style.background = color;
    entry.element.title = `${name}: click to hide or show, Alt+click to show nothing else`;
    return entry;
  }

  draw();
  return {
    element,
    /** Sets the shades of the current colouring, which shows everything again if they have changed. */
    setShades(next: Shade[]): void {
      const same =
        next.length === shades.length &&
        next.every(({ name, color }, i) => name === shades[i].name && color === shades[i].color);
      if (same) return;
      shades = next;
      entries = shades.map(shadeEntry);
      colours.replaceChildren(...entries.map(({ element }) => element));
      if (filter.shades.size) toggle({ shades: new Set() });
      draw();
    },
    /** Shows a scale; null if the colours are those of the shades. */
    setScale(next: Scale | null): void {
      show(scale, next !== null);
      ofLabels = next?.ofLabels === true;
      if (!next) return;
      bar.style.background = next.gradient;
      ticks.replaceChildren(
        ...apart(next.ticks).map(({ at, text }) => h("span", { text, style: { "--at": String(at) } })),
      );
      scale.title = next.note;
      const words = next.ticks.map(({ text }) => text);
      scale.setAttribute("aria-label", `Scale: ${[words.join(", "), next.note].filter(Boolean).join("; ")}`);
    },
    /** Shows how many points have each shade, and how many are suggested. */
    count(meaning: Meaning, rings: number): void {
      meant = meaning;
      drawShown();
      const n = new Uint32Array(256);
      const { label, predicted } = meaning.marks;
      let [given, guessed] = [0, 0];
      for (let i = 0; i < label.length; i++) {
        n[shadeShown(meaning, i)]++;
        if (label[i] !== NONE) given++;
        else if (predicted[i] !== NONE) guessed++;
      }
      const say = (entry: Entry, many: number): void => setText(entry.n, many.toLocaleString("en"));
      for (const [shade, entry] of entries.entries()) say(entry, n[shade]);
      say(labelled, given);
      say(suggested, rings);
      say(unlabelled, label.length - given);
      say(missing, n[NONE]);
      show(missing.element, meaning.by === "column" && !ofLabels && n[NONE] > 0);
      const isGuess = guessed > 0 && (meaning.by === "label" || meaning.by === "prediction");
      setText(unlabelled.name, isGuess ? "Predicted" : "Not labelled");
      unlabelled.element.title = `Pale: not labelled${isGuess ? ", in the colour of the prediction" : ""}. Click to hide or show`;
    },
    /** Shows the points of all shades again, because the colours get another meaning. */
    showShades(): void {
      if (filter.shades.size) toggle({ shades: new Set() });
    },
  };
}

/** The ticks for which there is room, evenly. */
function apart(ticks: Scale["ticks"]): Scale["ticks"] {
  if (ticks.length < 3) return ticks;
  const longest = Math.max(...ticks.map(({ text }) => text.length));
  const gap = SCALE_PX * (ticks[1].at - ticks[0].at);
  const every = Math.ceil((longest * DIGIT_PX + 8) / gap);
  return ticks.filter((_, k) => k % every === 0);
}

type Handlers = { [K in keyof HTMLElementEventMap]: (event: HTMLElementEventMap[K]) => void };

function entryOf(words: string, mark: string, handlers: Partial<Handlers>): Entry {
  // The names of classes and values, which have no mark, are the user's.
  const name = h(mark ? "span" : "bdi", { text: words });
  const n = h("span", { class: "hitl-number hitl-faint" });
  const dot = h("span", { class: `hitl-dot ${mark}`, attrs: { "aria-hidden": "true" } });
  const props = { class: "hitl-legend-entry", attrs: { type: "button" }, on: handlers };
  return { element: h("button", props, dot, name, n), name, n };
}
