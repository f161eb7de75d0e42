import "./legend.css";
import { type ColourBy, type Filter, type Marks, NONE, NOTHING_HIDDEN, shadeShown } from "../../plot/look";
import { h, setText, show } from "../../ui/dom";

export type LegendCallbacks = {
  /** The hidden points have changed. */
  filter: (filter: Filter) => void;
  /** Points of one shade stand out while the pointer is on it; null for none. */
  isolate: (shade: number | null) => void;
};

type Shade = { name: string; color: string };
type Entry = { element: HTMLButtonElement; n: HTMLElement };

/** What the colours and marks of the map mean, with counts; a click hides or shows the points. */
export function legendView(on: LegendCallbacks) {
  let shades: Shade[] = [];
  let entries: Entry[] = [];
  let filter: Filter = NOTHING_HIDDEN;

  const labelled = state("hitl-mark-labelled", "Labelled", () => toggle({ labelled: !filter.labelled }));
  const unlabelled = state("hitl-mark-guess", "Not labelled", () =>
    toggle({ unlabelled: !filter.unlabelled }),
  );
  const all = h("button", {
    class: "hitl-link",
    text: "show all",
    attrs: { type: "button", hidden: true },
    on: { click: () => toggle(NOTHING_HIDDEN) },
  });
  const colours = h("div", { class: "hitl-legend-colours" });
  const element = h(
    "div",
    { class: "hitl-legend", attrs: { role: "group", "aria-label": "Legend", hidden: true } },
    labelled.element,
    unlabelled.element,
    colours,
    all,
  );

  function state(mark: string, words: string, click: () => void): Entry {
    const n = h("span", { class: "hitl-number hitl-faint" });
    const made = h(
      "button",
      {
        class: "hitl-legend-entry",
        title: `${words}: hide or show`,
        attrs: { type: "button" },
        on: { click },
      },
      h("span", { class: `hitl-dot ${mark}`, attrs: { "aria-hidden": "true" } }),
      h("span", { text: words }),
      n,
    );
    return { element: made, n };
  }

  function toggle(changes: Partial<Filter>): void {
    filter = { ...filter, ...changes };
    draw();
    on.filter(filter);
  }

  function toggleShade(shade: number, only: boolean): void {
    const hidden = new Set(filter.shades);
    if (only) {
      const others = [...shades.keys(), NONE].filter((other) => other !== shade);
      const isOnly = !hidden.has(shade) && others.every((other) => hidden.has(other));
      hidden.clear();
      if (!isOnly) for (const other of others) hidden.add(other);
    } else if (!hidden.delete(shade)) hidden.add(shade);
    toggle({ shades: hidden });
    on.isolate(null);
  }

  function draw(): void {
    for (const [shade, { element }] of entries.entries())
      element.setAttribute("aria-pressed", String(!filter.shades.has(shade)));
    labelled.element.setAttribute("aria-pressed", String(!filter.labelled));
    unlabelled.element.setAttribute("aria-pressed", String(!filter.unlabelled));
    show(all, filter.labelled || filter.unlabelled || filter.shades.size > 0);
  }

  function entryOf({ name, color }: Shade, shade: number): Entry {
    const n = h("span", { class: "hitl-number hitl-faint" });
    const dot = h("span", { class: "hitl-dot", attrs: { "aria-hidden": "true" } });
    dot.style.background = color;
    const isolate = (): void => on.isolate(shade);
    const join = (): void => on.isolate(null);
    const element = h(
      "button",
      {
        class: "hitl-legend-entry",
        title: `${name}: click to hide or show, Alt+click to show nothing else`,
        attrs: { type: "button" },
        on: {
          click: (event) => toggleShade(shade, event.altKey),
          pointerenter: isolate,
          pointerleave: join,
          focus: (event) => (event.currentTarget as HTMLElement).matches(":focus-visible") && isolate(),
          blur: join,
        },
      },
      dot,
      h("bdi", { text: name }),
      n,
    );
    return { element, n };
  }

  return {
    element,
    /** Sets the shades of the current colouring, which shows everything again if they have changed. */
    setShades(next: Shade[]): void {
      const same =
        next.length === shades.length &&
        next.every(({ name, color }, i) => name === shades[i].name && color === shades[i].color);
      if (same) return;
      shades = next;
      entries = shades.map(entryOf);
      colours.replaceChildren(...entries.map(({ element }) => element));
      if (filter.shades.size) toggle({ shades: new Set() });
      draw();
    },
    /** Shows how many points have each shade. */
    count(marks: Marks, by: ColourBy): void {
      const n = new Uint32Array(256);
      let given = 0;
      for (let i = 0; i < marks.label.length; i++) {
        n[shadeShown(marks, i, by)]++;
        if (marks.label[i] !== NONE) given++;
      }
      for (const [shade, entry] of entries.entries()) setText(entry.n, n[shade].toLocaleString("en"));
      setText(labelled.n, given.toLocaleString("en"));
      setText(unlabelled.n, (marks.label.length - given).toLocaleString("en"));
    },
    /** Whether the colours mean classes; otherwise the legend explains nothing, and nothing stays hidden. */
    setVisible(visible: boolean): void {
      show(element, visible);
      if (!visible && !all.hidden) toggle(NOTHING_HIDDEN);
    },
  };
}
