import "../../ui/class-buttons.css";
import "./view.css";
import type { Coloured as Kinds, LabelClass, Stage } from "../../host/protocol";
import type { Tool } from "../../plot/overlay";
import { type Codes, namesOf } from "../../questions/index";
import { count, h, percent, setText, show } from "../../ui/dom";
import { icon } from "../../ui/icons";

export type ExplorerCallbacks = {
  tool: (tool: Tool) => void;
  /** Colours the points by the label, the prediction, ..., or `column:NAME`. */
  colour: (by: string) => void;
  zoom: (factor: number) => void;
  fit: () => void;
  /** Colours the answers in one of the available ways. */
  shade: (by: string) => void;
  /** One of the map's own class buttons was pressed. */
  press: (code: number) => void;
  /** Confirms the draft as the answer. */
  give: () => void;
  clear: () => void;
  undo: () => void;
  grow: () => void;
  /** Show the items as a list, or as a map. */
  showAs: (list: boolean) => void;
  /** Tries failed background work again. */
  retry: () => void;
  nextDoubt: () => void;
  /** More and smaller groups, or fewer and larger ones. */
  regroup: (finer: boolean) => void;
};

const TOOLS: [Tool, string, string][] = [
  ["click", "Click", "Click a point; drag to move the map. Shift adds, Alt removes"],
  ["lasso", "Lasso", "Draw around points. Shift adds, Alt removes"],
  ["rectangle", "Box", "Drag a box over points. Shift adds, Alt removes"],
  ["cluster", "Group", "Click a group on the map. Shift adds, Alt removes"],
];

const COLOURS: [string, string][] = [
  ["label", "label"],
  ["prediction", "prediction"],
  ["doubt", "uncertainty"],
  ["group", "group"],
  ["lens:suspects", "doubtful labels"],
];

/** The ways to colour the answers, the one in use, and its legend. */
export type Coloured = Pick<Kinds, "ways" | "by" | "legend">;

/** Parts of the Explorer that have modules of their own. */
export type Parts = Record<"find" | "list" | "legend" | "tip", HTMLElement>;

export function explorerView(
  root: HTMLElement,
  on: ExplorerCallbacks,
  { find, list: table, legend, tip }: Parts,
) {
  const chart = h("div", { class: "hitl-chart", attrs: { "aria-hidden": "true" } });
  const stageBar = h("span", { class: "hitl-stage-bar" });
  const stageWords = h("span", {});
  const stage = h(
    "div",
    { class: "hitl-stage", attrs: { role: "status", hidden: true } },
    stageWords,
    stageBar,
  );
  const troubleWords = h("span", {});
  const trouble = h(
    "div",
    { class: "hitl-trouble", attrs: { role: "alert", hidden: true } },
    troubleWords,
    h("button", {
      class: "hitl-button",
      text: "Try again",
      on: { click: on.retry },
      attrs: { type: "button" },
    }),
  );
  const empty = h("div", { class: "hitl-map-empty hitl-waiting", text: "Waiting for the kernel" });
  const chosen = h("span", { class: "hitl-number" });
  const clear = h("button", {
    class: "hitl-link",
    text: "clear",
    on: { click: on.clear },
    attrs: { type: "button" },
  });
  const grow = h("button", {
    class: "hitl-link",
    text: "grow",
    title: "Add the ten nearest points on the map (key G)",
    on: { click: on.grow },
    attrs: { type: "button" },
  });
  const chip = h("div", { class: "hitl-chip", attrs: { hidden: true } }, chosen, grow, clear);
  const happened = h("span", { class: "hitl-number", attrs: { dir: "auto" } });
  const undo = h("button", {
    class: "hitl-link",
    text: "undo",
    on: { click: on.undo },
    attrs: { type: "button" },
  });
  const news = h("div", { class: "hitl-news", attrs: { hidden: true } }, happened, undo);
  const zoom = h(
    "div",
    { class: "hitl-zoom", attrs: { role: "group", "aria-label": "Zoom" } },
    tool(icon("in"), "Zoom in", () => on.zoom(0.7)),
    tool(icon("out"), "Zoom out", () => on.zoom(1 / 0.7)),
    tool(icon("fit"), "Show everything (key 0)", on.fit),
  );
  const plot = h("div", { class: "hitl-plot" }, chart, empty, chip, news, tip, zoom);
  const place = h("div", { class: "hitl-place" }, plot, table, stage, trouble);

  const tools = TOOLS.map(([tool, words, title]) =>
    h(
      "button",
      {
        class: "hitl-tool",
        title: `${words}: ${title}`,
        on: { click: () => on.tool(tool) },
        attrs: {
          type: "button",
          "data-tool": tool,
          "aria-label": words,
          "aria-pressed": String(tool === "click"),
        },
      },
      icon(tool),
    ),
  );
  const colour = h(
    "select",
    {
      class: "hitl-select",
      attrs: { "aria-label": "Colour by" },
      on: { change: () => on.colour(colour.value) },
    },
    ...COLOURS.map(([by, words]) => h("option", { text: `Colour: ${words}`, attrs: { value: by } })),
  );
  const ways = h("select", {
    class: "hitl-select",
    attrs: { "aria-label": "Colour the answers by", hidden: true },
    on: { change: () => on.shade(ways.value) },
  });
  const groups = h("span", { class: "hitl-count", attrs: { hidden: true } });
  const asMap = way("Map", "Show the items as points (key T)", () => on.showAs(false));
  const asList = way("List", "Show the items as lines (key T)", () => on.showAs(true));
  const bar = h(
    "div",
    { class: "hitl-tools", attrs: { role: "toolbar", "aria-label": "Map" } },
    h("div", { class: "hitl-segment", attrs: { role: "group", "aria-label": "Select by" } }, ...tools),
    h(
      "button",
      {
        class: "hitl-tool hitl-next",
        title: "Select the next uncertain point; the arrow keys move to neighbours",
        on: { click: on.nextDoubt },
        attrs: { type: "button" },
      },
      h("kbd", { text: "N" }),
      "next uncertain",
    ),
    h(
      "span",
      { class: "hitl-colour" },
      colour,
      ways,
      h(
        "span",
        { class: "hitl-segment", attrs: { role: "group", "aria-label": "Groups" } },
        tool(icon("out"), "Fewer and larger groups (key [)", () => on.regroup(false)),
        groups,
        tool(icon("in"), "More and smaller groups (key ])", () => on.regroup(true)),
      ),
    ),
  );
  const top = h(
    "div",
    { class: "hitl-top" },
    find,
    h("div", { class: "hitl-segment", attrs: { role: "group", "aria-label": "Show as" } }, asMap, asList),
  );
  const classes = h("div", { class: "hitl-classes hitl-classes-map", attrs: { hidden: true } });
  const below = h("div", {}, legend);
  root.append(top, place, below, bar, classes);

  const view = {
    plot,
    chart,
    setTool(now: Tool): void {
      for (const element of tools) element.setAttribute("aria-pressed", String(element.dataset.tool === now));
      plot.dataset.tool = now;
    },
    setReady(): void {
      show(empty, false);
    },
    setEmpty(words: string): void {
      setText(empty, words);
    },
    setStage(now: Stage | null): void {
      show(stage, now !== null);
      if (!now) return;
      setText(stageWords, now.fraction === null ? now.words : `${now.words}, ${percent(now.fraction)}`);
      stageBar.style.setProperty("--done", String(now.fraction ?? 0));
      stageBar.classList.toggle("hitl-unknown", now.fraction === null);
    },
    /** Shows failures that are not retried automatically; empty for none. */
    setTrouble(words: string): void {
      show(trouble, words !== "");
      setText(troubleWords, words);
    },
    /** Shows the number of groups; 0 while they still move. */
    setGroups(n: number): void {
      show(groups, n > 0);
      setText(groups, count(n, "group"));
    },
    /** Shows what the last act changed; empty for nothing. */
    setNews(words: string): void {
      setText(happened, words);
      show(news, words !== "" && chip.hidden === true);
    },
    setChosen(n: number): void {
      show(chip, n > 0);
      if (n) show(news, false);
      setText(chosen, `${count(n, "item")} selected`);
    },
    /** Shows the map's own class buttons, for a page without a Labeler. */
    setClasses(all: LabelClass[], visible: boolean, draft: Codes | null): void {
      show(classes, visible);
      if (!visible) return;
      classes.replaceChildren(
        ...all.flatMap((c, code) =>
          c.retired
            ? []
            : h(
                "button",
                {
                  class: "hitl-button hitl-class",
                  title: c.guidance || c.name,
                  on: { click: () => on.press(code) },
                  attrs: {
                    type: "button",
                    "data-class": c.name,
                    "aria-pressed": draft ? String(draft.includes(code)) : null,
                  },
                  style: { "--class": c.color },
                },
                c.key ? h("kbd", { text: c.key.toUpperCase() }) : null,
                h("span", { class: "hitl-class-name", text: c.name, attrs: { dir: "auto" } }),
              ),
        ),
        ...(draft
          ? [
              h(
                "button",
                { class: "hitl-button", on: { click: on.give }, attrs: { type: "button" } },
                h("kbd", { text: "⏎" }),
                `answer: ${namesOf(draft, all)}`,
              ),
            ]
          : []),
      );
    },
    /** Offers the columns of the table as ways to colour the points. */
    setColumns(names: string[]): void {
      colour.querySelector("optgroup")?.remove();
      if (!names.length) return;
      const options = names.map((name) =>
        h("option", { text: `Colour: column ${name}`, attrs: { value: `column:${name}` } }),
      );
      colour.append(h("optgroup", { attrs: { label: "Columns" } }, ...options));
    },
    setColour(by: string): void {
      colour.value = by;
    },
    setWays({ ways: all, by }: Coloured): void {
      show(ways, all.length > 1);
      ways.replaceChildren(
        ...all.map((way) =>
          h("option", { text: way.words, attrs: { value: way.by, selected: way.by === by } }),
        ),
      );
    },
    /** Whether the items are shown as a list. */
    setList(list: boolean): void {
      root.dataset.view = list ? "list" : "map";
      show(plot, !list);
      show(table, list);
      show(bar, !list);
      show(below, !list);
      for (const [element, is] of [
        [asMap, !list],
        [asList, list],
      ] as const)
        element.setAttribute("aria-pressed", String(is));
    },
  };
  return view;
}

function tool(content: Node, title: string, click: () => void): HTMLElement {
  const props = { class: "hitl-tool", title, on: { click }, attrs: { type: "button", "aria-label": title } };
  return h("button", props, content);
}

function way(text: string, title: string, click: () => void): HTMLElement {
  return h("button", { class: "hitl-tool", text, title, on: { click }, attrs: { type: "button" } });
}
