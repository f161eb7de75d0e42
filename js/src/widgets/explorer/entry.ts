import { decodeRows, encodeRows, f32, itemsOf, u8, u16, u32 } from "../../host/codecs";
import { Fetch, sizeOf } from "../../host/fetch";
import type {
  ColouredClasses,
  ExplorerWelcome,
  Failed,
  FoundMessage,
  ItemsMessage,
  LabelClass,
  ListMessage,
  MapMessage,
  MarksMessage,
  Refused,
  StageMessage,
  WindowMessage,
} from "../../host/protocol";
import { loadVega, type VegaModule } from "../../host/vega";
import { defineWidget } from "../../host/widget";
import { type Item, letGo } from "../../items/index";
import type { Engine } from "../../plot/engine";
import type { Point } from "../../plot/geometry";
import { hullsOf } from "../../plot/groups";
import { BLIND, change, type Marks, NONE } from "../../plot/look";
import { makeEngine } from "../../plot/make";
import { type Groups, type How, MapPlot } from "../../plot/map";
import { both, NO_ROWS, type Rows } from "../../plot/rows";
import { type Codes, namesOf, type QuestionKind, questionOf } from "../../questions/index";
import { announcer } from "../../ui/announce";
import { Bus, type Chosen } from "../../ui/bus";
import { count } from "../../ui/dom";
import { onKey } from "../../ui/keys";
import type { Wanted } from "../../ui/query";
import { onTheme, readTheme } from "../../ui/theme";
import { findField } from "./find";
import { legendView } from "./legend";
import { type Line, listView, type Named } from "./list";
import { newsOf, predictionsChanged } from "./news";
import { type Colouring, type ExplorerCallbacks, explorerView, type Known } from "./view";

const HOVER_MS = 60;
/** Number of uncertainty levels in the kernel's messages. */
const LEVELS = 15;
const GROW = 10;
const COUNT_MS = 150;
const ARROWS: Record<string, [number, number]> = {
  ArrowLeft: [-1, 0],
  ArrowRight: [1, 0],
  ArrowUp: [0, 1],
  ArrowDown: [0, -1],
};

export default defineWidget("explorer", ({ root, channel, signal }) => {
  const bus = new Bus(channel.session, root, signal);
  const say = announcer(root);
  const glimpses = new Map<number, Item>();
  const fetch = new Fetch(
    (row) => glimpses.has(row),
    (rows, most) => channel.ask({ type: "show", view: channel.view, rows, small: true, most }),
    signal,
  );
  let classes: LabelClass[] = [];
  let question: QuestionKind | undefined;
  let colouring: Colouring = { ways: [], by: "", legend: [] };
  /** The classes chosen so far for the selected points, if an answer can have several. */
  let draft: Codes = [];
  let plot: MapPlot | null = null;
  let marks: Marks | null = null;
  let rings: number[] = [];
  let places: { xy: Float32Array; groups: Groups; method: string; settled: boolean } | null = null;
  let chosen: { rows: Rows; how: How } | null = null;
  let hover: { row: number; at: Point } | null = null;
  let here = -1;
  let labeler = false;
  let listing = false;
  /** The rows in the list (null for all), and its visible rows. */
  let listed: Rows | null = null;
  let inList: number[] = [];
  /** The selection is the current line of the list, not a set of checked lines. */
  let single = false;
  /** The order in which the list shows what is found next. */
  let wanted: Wanted | null = null;
  /** The latest search put the most similar items first. */
  let ranked = false;
  /** The selection of which only what a query finds is kept, until its result arrives. */
  let narrowing: { query: string; rows: Rows; how: How } | null = null;
  let starting = false;
  let drawing = false;
  let counting: ReturnType<typeof setTimeout> | undefined;
  let scale = 1;

  const find = findField(
    {
      find: (query) => {
        if (query) channel.ask({ type: "find", view: channel.view, query });
        else {
          if (chosen?.how === "search") choose(NO_ROWS, "search", true);
          if (listing) {
            listed = null;
            orderList("doubt", true);
          }
        }
      },
      keep: (name, query) => {
        channel.act({ type: "slice", name, query });
        say(`Kept as the slice ${name}`);
      },
      done: () => (listing ? list.focus() : root.focus({ preventScroll: true })),
    },
    signal,
  );
  const callbacks: ExplorerCallbacks = {
    tool: (tool) => {
      if (plot) plot.tool = tool;
      view.setTool(tool);
    },
    colour: (by) => {
      void plot?.setColour(by);
      legend.setVisible(by === "label" || by === "prediction");
      countShades();
    },
    shade: (by) => channel.ask({ type: "shade", view: channel.view, by }),
    zoom: (factor) => plot?.zoom(factor),
    fit: () => plot?.showAll(),
    press: pressed,
    give: () => label(draft),
    clear: () => choose(NO_ROWS, "clicked", true),
    undo: () => {
      if (!bus.tell("key", { key: "z", shift: false })) channel.act({ type: "undo" });
      news.clear();
    },
    grow: () => plot?.grow(GROW),
    nextDoubt: () => plot?.next(rings),
    regroup,
    showAs,
    retry: () => channel.ask({ type: "retry", view: channel.view }),
  };
  const list = listView(
    {
      order: (by, down) => orderList(by, down),
      lines: (number, start, n) => channel.ask({ type: "window", view: channel.view, number, start, n }),
      line,
      item: (row) => glimpses.get(row),
      want: (rows) => {
        inList = rows;
        fetchGlimpses();
      },
      check: (rows) => {
        single = false;
        choose(rows, chosen && chosen.how !== "clicked" ? chosen.how : "clicked", true);
      },
      open: (row) => {
        single = true;
        choose(Uint32Array.of(row), "clicked", true);
      },
      say,
    },
    signal,
  );
  const legend = legendView({
    filter: (filter) => void plot?.setFilter(filter),
    isolate: (shade) => void plot?.isolate(shade),
  });
  const view = explorerView(root, callbacks, find.element, list.element, legend.element);
  view.setTool("click");
  view.setList(false);

  /** Counts the points of each shade, after the round is on the screen. */
  function countShades(): void {
    clearTimeout(counting);
    counting = setTimeout(() => {
      if (marks && plot) legend.count(marks, plot.by);
    }, COUNT_MS);
  }

  const news = newsOf((words) => view.setNews(words), signal);

  // -- selecting

  function choose(rows: Rows, how: How, fromHere = false, from?: Chosen["from"]): void {
    chosen = rows.length ? { rows, how } : null;
    narrowing = null;
    if (!listing && how !== "search") find.clear();
    if (listing && !single) list.setChecked(rows);
    if (fromHere) void plot?.setSelection(rows);
    view.setChosen(rows.length);
    draft = [];
    labeler = bus.tell("selection", chosen && { ...chosen, from }) || (labeler && rows.length === 0);
    drawClasses();
    if (rows.length) say(`${count(rows.length, "item")} selected`);
  }

  /** Shows the map's own class buttons if no Labeler is on the page. */
  const drawClasses = (): void =>
    view.setClasses(classes, chosen !== null && !labeler, question?.drafted ? draft : null);

  function pressed(code: number): void {
    if (!chosen || !question || !classes[code] || classes[code].retired) return;
    const codes = question.press(draft, code);
    if (!question.drafted) label(codes);
    else {
      draft = codes;
      drawClasses();
    }
  }

  function label(codes: Codes): void {
    if (!chosen || !question) return;
    const { rows, how } = chosen;
    const value = namesOf(codes, classes);
    const answer = question.answer(codes, classes);
    channel.act({ type: "label", value, answer, selection: how, rows: encodeRows(rows) });
    paint(rows, codes);
    say(`${count(rows.length, "item")} labelled ${value}`);
    choose(NO_ROWS, how, true);
  }

  /** Rings the uncertain rows, without those that have been labelled since. */
  function ring(rows: number[]): void {
    rings = rows.filter((row) => (marks?.label[row] ?? NONE) === NONE);
    if (listing) list.draw();
  }

  /** Shows an act right after the next item, without waiting for the kernel. */
  function paint(rows: Rows, codes: Codes | null): void {
    news.acted(rows.length, codes && namesOf(codes, classes));
    const shade = (codes && question?.shade(codes, colouring.by, classes)) ?? NONE;
    if (rows.length === 1) plot?.flash(rows[0], colouring.legend[shade]?.color ?? readTheme(root).accent);
    requestAnimationFrame(() =>
      setTimeout(() => {
        if (!marks || !plot || signal.aborted) return;
        for (const row of rows) marks.label[row] = shade;
        ring(rings);
        void plot.setRound(rows, marks, rings);
      }),
    );
  }

  /** Hides the label and guess of a point that is asked blind, until it is answered. */
  function hide(row: number): void {
    if (!marks || marks.doubt[row] === BLIND) return;
    [marks.label[row], marks.predicted[row], marks.doubt[row]] = [NONE, NONE, BLIND];
    ring(rings.filter((one) => one !== row));
    void plot?.setRound(Uint32Array.of(row), marks, rings);
    drawTip();
  }

  function regroup(finer: boolean): void {
    const wanted = Math.max(0.25, Math.min(4, finer ? scale / Math.SQRT2 : scale * Math.SQRT2));
    if (wanted === scale) {
      say(finer ? "The groups are as fine as they get" : "The groups are as coarse as they get");
      return;
    }
    scale = wanted;
    channel.ask({ type: "groups", view: channel.view, scale });
    say(finer ? "Finer groups" : "Coarser groups");
  }

  const isClass = (key: string): boolean => classes.some((c) => c.key === key);

  /** The item that a key refers to: the current line, the selected point, or the item in the Labeler. */
  function rowHere(): number {
    if (listing && list.current >= 0) return list.current;
    return chosen?.rows.length === 1 ? chosen.rows[0] : here;
  }

  function findAlike(row: number): void {
    if (row < 0) return;
    find.adopt();
    channel.ask({ type: "alike", view: channel.view, row });
  }

  function press(key: string, shift: boolean): boolean | "again" {
    if (!plot) return false;
    if (key === "/") find.focus();
    else if (key === "t" && !isClass(key)) showAs(!listing);
    else if (key === "m" && !isClass(key)) findAlike(rowHere());
    else if (listing && list.press(key, shift)) return "again";
    else if (key === "n") plot.next(rings);
    else if (key === "g") plot.grow(GROW);
    else if (key in ARROWS) plot.move(...ARROWS[key]);
    else if (key === "+" || key === "=") plot.zoom(0.7);
    else if (key === "-") plot.zoom(1 / 0.7);
    else if (key === "0" && !isClass(key)) plot.showAll();
    else if (key === "[" || key === "]") regroup(key === "]");
    else if (bus.tell("key", { key, shift })) return true;
    // Otherwise the notebook scrolls.
    else if (key === " ") return true;
    else if (key === "Enter" && question?.drafted && chosen && !labeler) label(draft);
    else if (key === "Escape") {
      if (chosen) choose(NO_ROWS, "clicked", true);
      else root.blur();
    } else {
      const code = classes.findIndex((c) => c.key === key);
      if (code < 0 || !chosen || shift) return false;
      pressed(code);
    }
    return true;
  }

  onKey(root, press, signal);
  root.addEventListener("focusin", () => void bus.tell("keys", { here: true }), { signal });
  root.addEventListener("focusout", () => void bus.tell("keys", { here: false }), { signal });
  bus.on("release", () => {
    if (chosen) {
      chosen = null;
      if (!listing) find.clear();
      list.setChecked(NO_ROWS);
      view.setChosen(0);
      void plot?.setSelection(NO_ROWS);
    }
  });
  bus.on("keep", ({ rows, how }) => {
    if (!plot || !places) return;
    chosen = rows.length ? { rows, how: how as How } : null;
    list.setChecked(rows);
    view.setChosen(rows.length);
    void plot.setSelection(rows);
    return true;
  });
  bus.on("choose", ({ rows, how, from }) => {
    if (!plot || !places) return;
    single = false;
    choose(rows, how as How, true, from);
    if (listing) {
      listed = rows;
      orderList("row", false);
    } else plot.show(rows);
    return true;
  });
  bus.on("alike", ({ row }) => {
    findAlike(row);
    return true;
  });
  bus.on("query", (asked) => {
    wanted = asked;
    if (asked.by) showAs(true);
    find.run(asked.text);
    return true;
  });
  bus.on("turned", news.clear);
  bus.on("narrow", ({ text }) => {
    if (!chosen) return;
    narrowing = { query: text, ...chosen };
    channel.ask({ type: "find", view: channel.view, query: text });
    return true;
  });
  bus.on("list", () => {
    showAs(!listing);
    return true;
  });
  bus.on("find", () => {
    find.focus();
    return true;
  });
  bus.on("regroup", ({ finer }) => regroup(finer));
  bus.on("acted", ({ rows, codes }) => {
    paint(rows, codes);
    if (listing && single && rows.length === 1 && rows[0] === list.current) setTimeout(() => list.next());
  });
  bus.on("current", (current) => {
    here = current?.row ?? -1;
    plot?.setHere(here);
    if (current?.blind) hide(here);
  });
  bus.on("labeler", () => {
    labeler = true;
    drawClasses();
  });

  // -- hover

  function onHover(row: number | null, at: Point): void {
    hover = row === null ? null : { row, at };
    drawTip();
    if (row === null || glimpses.has(row)) return;
    setTimeout(() => {
      if (hover?.row === row) fetchGlimpses();
    }, HOVER_MS);
  }

  /** Describes a point with text and a colour. */
  function known(row: number): Known {
    const [label_, predicted] = [marks?.label[row] ?? NONE, marks?.predicted[row] ?? NONE];
    const [given, guess] = [colouring.legend[label_], colouring.legend[predicted]];
    if (given) return { before: "Labelled ", name: given.name, after: "", colour: given.color };
    if (marks?.doubt[row] === BLIND)
      return { before: "Asked without a hint: answer first", name: "", after: "", colour: "transparent" };
    if (!guess) return { before: "Not labelled", name: "", after: "", colour: "transparent" };
    const after = (marks?.doubt[row] ?? 0) > 8 ? ", uncertain" : "";
    return { before: "Model: ", name: guess.name, after, colour: guess.color };
  }

  function drawTip(): void {
    if (!hover || !marks) {
      view.showTip(null, undefined, null);
      return;
    }
    view.showTip(hover.at, glimpses.get(hover.row), known(hover.row));
  }

  function fetchGlimpses(): void {
    fetch.want([...(hover ? [hover.row] : []), ...(listing ? inList : [])]);
  }

  // -- the list

  function showAs(asList: boolean): void {
    if (asList === listing) return;
    listing = asList;
    view.setList(asList);
    if (asList) {
      single = false;
      listed = chosen?.rows ?? null;
      const by = chosen?.how === "search" && ranked ? "found" : "row";
      orderList(listed ? by : "doubt", !listed);
      list.setChecked(chosen?.rows ?? NO_ROWS);
      list.focus();
    } else {
      // The plot had no size while it was hidden.
      if (view.plot.clientWidth > 50) void plot?.resize(view.plot.clientWidth, view.plot.clientHeight);
      root.focus({ preventScroll: true });
    }
  }

  /** Orders what was found, as its query or the link behind it wants it. */
  function orderFound({ query, ranked }: FoundMessage): void {
    const { by, down } = wanted?.text === query ? wanted : {};
    orderList(by ?? (ranked ? "found" : "row"), down ?? false);
  }

  function orderList(by: string, down: boolean): void {
    channel.ask({ type: "list", view: channel.view, rows: listed ? encodeRows(listed) : "", by, down });
  }

  const shadeOf = (shade: number | undefined): Named => {
    const entry = colouring.legend[shade ?? NONE];
    return entry ? { name: entry.name, colour: entry.color } : null;
  };

  function line(row: number): Line {
    const doubt = marks?.doubt[row] ?? 0;
    const hidden = doubt === BLIND;
    const guess = hidden ? null : shadeOf(marks?.predicted[row]);
    return { label: shadeOf(marks?.label[row]), guess, doubt: guess ? doubt / LEVELS : null, hidden };
  }

  channel.on<ListMessage>("list", (message) => list.show(message, listed), signal);
  channel.on<WindowMessage>(
    "window",
    (message, [rows]) => list.fill(message.number, message.start, u32(rows), message.cells),
    signal,
  );

  channel.on<ItemsMessage>(
    "items",
    (message, pictures) => {
      if (glimpses.size > 2000) {
        for (const item of glimpses.values()) letGo(item);
        glimpses.clear();
      }
      const came = itemsOf(message, pictures);
      for (const [row, item] of came) glimpses.set(row, item);
      const rows = came.map(([row]) => row);
      fetch.got(rows, message.left, sizeOf(message.items, pictures), message.took_ms);
      drawTip();
      if (listing) list.draw();
    },
    signal,
  );

  // -- messages from the kernel

  channel.on<FoundMessage>(
    "found",
    (message) => {
      const rows = message.why ? NO_ROWS : decodeRows(message.rows || "");
      if (narrowing?.query === message.query) {
        const kept = both(narrowing.rows, rows);
        const { how } = narrowing;
        narrowing = null;
        if (kept.length) choose(kept, how, true);
        else say(message.why || "None of the selected items");
        return;
      }
      if (!find.show(message, rows.length) || !plot || !places) return;
      single = false;
      ranked = message.ranked;
      choose(rows, "search", true);
      if (listing) {
        listed = message.why ? null : rows;
        orderFound(message);
      } else if (rows.length) plot.show(rows);
    },
    signal,
  );

  channel.on<ExplorerWelcome>(
    "welcome",
    async (message) => {
      classes = message.classes;
      question = questionOf(message.asks);
      setColouring(message);
      view.setStage(message.stage);
      view.setTrouble(message.trouble);
      if (starting) return;
      starting = true;
      view.setEmpty("Drawing the map");
      try {
        const vega = (): Promise<VegaModule> => loadVega(channel, signal);
        const engine = await makeEngine(message, view.chart, vega, signal, (name) => {
          root.dataset.engine = name;
        });
        if (signal.aborted) return engine.destroy();
        start(engine);
      } catch (error) {
        starting = false;
        if (!signal.aborted) view.setEmpty(`The map cannot be drawn: ${(error as Error).message}`);
      }
    },
    signal,
  );

  channel.on<ColouredClasses>(
    "classes",
    (message) => {
      classes = message.classes;
      draft = [];
      drawClasses();
      setColouring(message);
      void plot?.setPalette(palette());
      if (hover) drawTip();
    },
    signal,
  );

  function setColouring({ ways = [], by = "", legend: shades = [] }: Partial<Colouring>): void {
    colouring = { ways, by, legend: shades };
    view.setColouring(colouring);
    legend.setShades(shades);
    legend.setVisible(!plot || plot.by === "label" || plot.by === "prediction");
    countShades();
  }

  const palette = (): string[] => colouring.legend.map(({ color }) => color);

  function start(engine: Engine): void {
    const { clientWidth, clientHeight } = view.plot;
    plot = new MapPlot(
      engine,
      palette(),
      readTheme(root),
      Math.max(clientWidth, 100),
      Math.max(clientHeight, 100),
      {
        hover: onHover,
        select: choose,
        wheel: (e) => e.ctrlKey || e.metaKey || root.contains(document.activeElement),
        focus: () => root.focus({ preventScroll: true }),
      },
      signal,
    );
    view.chart.after(plot.element);
    const resized = new ResizeObserver(() => {
      if (view.plot.clientWidth > 50) void plot?.resize(view.plot.clientWidth, view.plot.clientHeight);
    });
    resized.observe(view.plot);
    onTheme(root, () => void plot?.setTheme(readTheme(root)), signal);
    signal.addEventListener("abort", () => {
      resized.disconnect();
      plot?.destroy();
    });
    void drawAll();
    bus.tell("who", null);
  }

  /** Draws the newest map; frames that arrive while one is being drawn are skipped. */
  async function drawAll(): Promise<void> {
    if (!plot || drawing) return;
    drawing = true;
    try {
      for (let shown: typeof places = null; places && places !== shown && !signal.aborted; ) {
        shown = places;
        view.setReady();
        if (marks) await plot.setRound(NO_ROWS, marks, rings);
        await plot.setPoints(shown.xy, shown.groups);
        plot.setHere(here);
        root.dataset.method = shown.method;
        root.dataset.settled = String(shown.settled);
        root.dataset.drawn = String(Number(root.dataset.drawn ?? 0) + 1);
        if (root.dataset.round) root.dataset.painted = root.dataset.round;
      }
    } finally {
      drawing = false;
    }
  }

  channel.on<MapMessage>(
    "map",
    (message, [xy, of, corners]) => {
      const hulls = hullsOf(message.corners, f32(corners));
      const { method, settled, names } = message;
      places = { xy: f32(xy), groups: { of: u16(of), names, hulls }, method, settled };
      scale = message.scale;
      view.setGroups(names.length);
      void drawAll();
    },
    signal,
  );
  channel.on<MarksMessage>(
    "marks",
    (message, [rows, label_, predicted, doubt]) => {
      const told = { label: u8(label_).slice(), predicted: u8(predicted).slice(), doubt: u8(doubt).slice() };
      const changed = message.full ? null : u32(rows);
      if (marks) news.round(predictionsChanged(marks, changed, told.predicted), message.behind);
      if (changed === null) marks = told;
      else if (marks) change(marks, changed, told);
      else return;
      ring(message.rings);
      countShades();
      root.dataset.round = String(message.number);
      void plot?.setRound(changed, marks, rings).then(() => {
        root.dataset.painted = String(message.number);
      });
      if (hover) drawTip();
    },
    signal,
  );
  channel.on<StageMessage>(
    "stage",
    ({ stage, trouble }) => {
      view.setStage(stage);
      view.setTrouble(trouble);
    },
    signal,
  );
  for (const type of ["refused", "failed"] as const) {
    channel.on<Refused | Failed>(
      type,
      ({ why }) => {
        view.setStage({ words: why, fraction: null });
        say(why);
      },
      signal,
    );
  }
});
