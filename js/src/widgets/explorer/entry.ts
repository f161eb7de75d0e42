import { decodeRows, encodeRows, f32, itemsOf, u8, u16, u32 } from "../../host/codecs";
import { Fetch, sizeOf } from "../../host/fetch";
import type {
  ColouredClasses,
  ColumnMessage,
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
import { hullsOf } from "../../plot/groups";
import { NONE } from "../../plot/look";
import { makeEngine } from "../../plot/make";
import type { How } from "../../plot/map";
import { both, NO_ROWS, type Rows } from "../../plot/rows";
import { type Codes, namesOf, type QuestionKind, questionOf } from "../../questions/index";
import { announcer } from "../../ui/announce";
import { Bus, type Chosen } from "../../ui/bus";
import { count } from "../../ui/dom";
import { onKey } from "../../ui/keys";
import { onTheme, readTheme } from "../../ui/theme";
import { colouringOf } from "./colouring";
import { Drawing } from "./drawing";
import { Faces } from "./faces";
import { findField } from "./find";
import { hoverView } from "./hover";
import { keysOf } from "./keys";
import { listingOf } from "./listing";
import { newsOf } from "./news";
import { Painting } from "./painting";
import { type Known, Points } from "./points";
import { type Coloured, type ExplorerCallbacks, explorerView } from "./view";

const GROW = 10;

export default defineWidget("explorer", ({ root, channel, signal }) => {
  const bus = new Bus(channel.session, root, signal);
  const say = announcer(root);
  const glimpses = new Map<number, Item>();
  const fetch = new Fetch(
    (row) => glimpses.has(row),
    (rows, most) => channel.ask({ type: "show", view: channel.view, rows, small: true, most }),
    signal,
  );
  let kind = "";
  let classes: LabelClass[] = [];
  let question: QuestionKind | undefined;
  /** The colours of the answers. */
  let answers: Coloured = { ways: [], by: "", legend: [] };
  /** The classes chosen so far for the selected points, if an answer can have several. */
  let draft: Codes = [];
  let chosen: { rows: Rows; how: How } | null = null;
  let here = -1;
  let labeler = false;
  /** The selection of which only what a query finds is kept, until its result arrives. */
  let narrowing: { query: string; rows: Rows; how: How } | null = null;
  let starting = false;
  let scale = 1;

  const find = findField(
    {
      find: (query) => {
        if (query) channel.ask({ type: "find", view: channel.view, query });
        else {
          if (chosen?.how === "search") choose(NO_ROWS, "search", true);
          list.all();
        }
      },
      done: () => (list.open ? list.focus() : root.focus({ preventScroll: true })),
    },
    signal,
  );
  const callbacks: ExplorerCallbacks = {
    tool: (tool) => {
      if (map.plot) map.plot.tool = tool;
      view.setTool(tool);
    },
    colour: (colour) => colouring.choose(colour),
    shade: (by) => channel.ask({ type: "shade", view: channel.view, by }),
    zoom: (factor) => map.plot?.zoom(factor),
    fit: () => map.plot?.showAll(),
    press: pressed,
    give: () => label(draft),
    clear: () => choose(NO_ROWS, "clicked", true),
    undo: () => {
      if (!bus.tell("key", { key: "z", shift: false })) channel.act({ type: "undo" });
      news.clear();
    },
    grow: () => map.plot?.grow(GROW),
    nextDoubt: () => map.plot?.next(painting.rings),
    regroup,
    showAs: (asList) => list.showAs(asList),
    retry: () => channel.ask({ type: "retry", view: channel.view }),
  };
  const points = (): Points => new Points(painting.marks, answers.legend);
  const item = (row: number): Item | undefined => glimpses.get(row);
  const want = (): void => fetch.want([...hover.rows, ...list.visible, ...faces.wanted]);
  const faces = new Faces(item, want);
  const known = (row: number): Known => {
    const found = points().known(row);
    return map.plot?.isOutlier(row) ? { ...found, after: `${found.after}, far outside the map` } : found;
  };
  const hover = hoverView(
    { item, known, want, near: (row, most) => map.plot?.near(row, most) ?? [] },
    signal,
  );
  const list = listingOf(
    {
      list: (rows, by, down) => {
        channel.ask({ type: "list", view: channel.view, rows: rows ? encodeRows(rows) : "", by, down });
      },
      lines: (number, start, n) => channel.ask({ type: "window", view: channel.view, number, start, n }),
      line: (row) => points().line(row),
      item,
      want,
      shown,
      chosen: () => chosen,
      select: (rows, how) => choose(rows, how, true),
      say,
    },
    signal,
  );
  const colouring = colouringOf(
    {
      plot: () => map.plot,
      marks: () => painting.marks,
      rings: () => painting.rings.length,
      theme: () => readTheme(root),
      ask: (column) => channel.ask({ type: "colour", view: channel.view, column }),
      next: () => callbacks.nextDoubt(),
      say,
      chosen: (colour) => view.setColour(colour),
    },
    signal,
  );
  const view = explorerView(root, callbacks, {
    find: find.element,
    list: list.element,
    legend: colouring.element,
    tip: hover.element,
  });
  const map = new Drawing(
    root,
    view,
    {
      plot: { say, hover: hover.set, select: choose, thumbs: (group) => faces.of(group) },
      before: (plot) => {
        view.setReady();
        return painting.start(plot);
      },
      drawn: (plot) => plot.setHere(here),
    },
    signal,
  );
  const painting = new Painting(
    () => map.plot,
    () => list.draw(),
    signal,
  );
  onTheme(root, () => colouring.drawLegend(), signal);
  view.setTool("click");
  view.setList(false);

  const news = newsOf((words) => view.setNews(words), signal);

  // -- selecting

  function choose(rows: Rows, how: How, fromHere = false, from?: Chosen["from"]): void {
    chosen = rows.length ? { rows, how } : null;
    narrowing = null;
    if (!list.open && how !== "search") find.clear();
    list.selected(rows);
    if (fromHere) void map.plot?.setSelection(rows);
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

  /** Shows an act right after the next item, without waiting for the kernel. */
  function paint(rows: Rows, codes: Codes | null): void {
    news.acted(rows.length, codes && namesOf(codes, classes));
    const shade = (codes && question?.shade(codes, answers.by, classes)) ?? NONE;
    if (rows.length === 1) map.plot?.flash(rows[0], answers.legend[shade]?.color ?? readTheme(root).accent);
    painting.label(rows, shade);
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
    if (list.current >= 0) return list.current;
    return chosen?.rows.length === 1 ? chosen.rows[0] : here;
  }

  function findAlike(row: number): void {
    if (row < 0) return;
    find.adopt();
    channel.ask({ type: "alike", view: channel.view, row });
  }

  const press = keysOf(() => map.plot, {
    isClass,
    find: () => find.focus(),
    showAs: () => list.toggle(),
    alike: () => findAlike(rowHere()),
    list: (key, shift) => list.press(key, shift),
    nextDoubt: callbacks.nextDoubt,
    grow: callbacks.grow,
    regroup,
    others: (key, shift) => bus.tell("key", { key, shift }),
    give: () => {
      if (!question?.drafted || !chosen || labeler) return false;
      label(draft);
      return true;
    },
    escape: () => (chosen ? choose(NO_ROWS, "clicked", true) : root.blur()),
    label: (key) => {
      const code = classes.findIndex((c) => c.key === key);
      if (code < 0 || !chosen) return false;
      pressed(code);
      return true;
    },
  });

  onKey(root, press, signal);
  root.addEventListener("focusin", () => void bus.tell("keys", { here: true }), { signal });
  root.addEventListener("focusout", () => void bus.tell("keys", { here: false }), { signal });
  bus.on("release", () => {
    if (chosen) {
      chosen = null;
      if (!list.open) find.clear();
      list.setChecked(NO_ROWS);
      view.setChosen(0);
      void map.plot?.setSelection(NO_ROWS);
    }
  });
  bus.on("choose", ({ rows, how, from }) => {
    if (!map.places) return;
    list.severally();
    choose(rows, how as How, true, from);
    if (list.open) list.only(rows);
    else map.plot?.show(rows);
    return true;
  });
  bus.on("alike", ({ row }) => {
    findAlike(row);
    return true;
  });
  bus.on("query", (asked) => {
    list.setWanted(asked);
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
    list.toggle();
    return true;
  });
  bus.on("find", () => {
    find.focus();
    return true;
  });
  bus.on("regroup", ({ finer }) => regroup(finer));
  bus.on("acted", ({ rows, codes }) => {
    paint(rows, codes);
    list.labelled(rows);
  });
  bus.on("current", (current) => {
    here = current?.row ?? -1;
    map.plot?.setHere(here);
    if (current?.blind && painting.hide(here)) hover.draw();
  });
  bus.on("labeler", () => {
    labeler = true;
    drawClasses();
  });

  function shown(asList: boolean): void {
    view.setList(asList);
    if (asList) return;
    map.fit();
    root.focus({ preventScroll: true });
  }

  // -- messages from the kernel

  channel.on<ListMessage>("list", (message) => list.show(message), signal);
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
      hover.draw();
      list.draw();
      if (faces.took(rows)) map.plot?.drawGroups();
    },
    signal,
  );

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
      if (!find.show(message, rows.length) || !map.places) return;
      list.found(message);
      choose(rows, "search", true);
      if (list.open) list.showFound(message, rows);
      else if (rows.length) map.plot?.show(rows);
    },
    signal,
  );

  channel.on<ExplorerWelcome>(
    "welcome",
    async (message) => {
      classes = message.classes;
      question = questionOf(message.asks);
      kind = message.kind;
      setAnswers(message);
      view.setColumns(message.columns);
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
        map.start(engine, palette());
        if (message.colour !== "label") colouring.choose(message.colour);
        bus.tell("who", null);
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
      setAnswers(message);
      hover.draw();
    },
    signal,
  );

  function setAnswers({ ways, by, legend }: Coloured): void {
    answers = { ways, by, legend };
    view.setWays(answers);
    void map.plot?.setPalette(palette());
    colouring.setClasses(legend);
  }

  const palette = (): string[] => answers.legend.map(({ color }) => color);

  channel.on<MapMessage>(
    "map",
    (message, [xy, of, corners]) => {
      const hulls = hullsOf(message.corners, f32(corners));
      const { method, settled, names } = message;
      scale = message.scale;
      view.setGroups(names.length);
      const places = { xy: f32(xy), groups: { of: u16(of), names, hulls }, method, settled };
      faces.setPlaces(kind === "image" ? places : null);
      map.show(places);
    },
    signal,
  );
  channel.on<MarksMessage>(
    "marks",
    (message, [rows, label_, predicted, doubt]) => {
      const told = { label: u8(label_).slice(), predicted: u8(predicted).slice(), doubt: u8(doubt).slice() };
      const changed = message.full ? null : u32(rows);
      const predictions = painting.take(changed, told);
      if (!painting.marks) return;
      if (predictions !== null) news.round(predictions, message.behind);
      colouring.count();
      root.dataset.round = String(message.number);
      void painting.draw(changed, message.rings).then(() => {
        if (map.plot) root.dataset.painted = String(message.number);
      });
      hover.draw();
    },
    signal,
  );
  channel.on<ColumnMessage>(
    "column",
    (message, [shades]) => colouring.take(message, u8(shades).slice()),
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
