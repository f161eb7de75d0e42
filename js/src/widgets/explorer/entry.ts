import { decodeRows, encodeRows, f32, u8, u16, u32 } from "../../host/codecs";
import { loadVega, type VegaModule } from "../../host/modules";
import type {
  ColouredClasses,
  ColumnMessage,
  ExplorerWelcome,
  Failed,
  FoundMessage,
  ListMessage,
  MapMessage,
  MarksMessage,
  Refused,
  StageMessage,
  WindowMessage,
} from "../../host/protocol";
import { itemStock } from "../../host/stock";
import { defineWidget } from "../../host/widget";
import { hullsOf } from "../../plot/groups";
import { makeEngine } from "../../plot/make";
import type { How } from "../../plot/map";
import { both, NO_ROWS, type Rows, rowsOf, union } from "../../plot/rows";
import type { Codes } from "../../questions/index";
import { announcer } from "../../ui/announce";
import { Bus, type Chosen } from "../../ui/bus";
import { count } from "../../ui/dom";
import { onKey } from "../../ui/keys";
import { onTheme, readTheme } from "../../ui/theme";
import { Answering } from "./answering";
import { colouringOf } from "./colouring";
import { Drawing } from "./drawing";
import { Faces } from "./faces";
import { findField } from "./find";
import { Grouping } from "./grouping";
import { hoverView } from "./hover";
import { keysOf } from "./keys";
import { listingOf } from "./listing";
import { newsOf } from "./news";
import { Painting } from "./painting";
import { type Known, Points } from "./points";
import { type ExplorerCallbacks, explorerView } from "./view";

/** The largest part in which the items around the pointer are asked. */
const PART_BYTES = 64_000;

export default defineWidget("explorer", ({ root, channel, signal }) => {
  const bus = new Bus(channel.session, root, signal);
  const say = announcer(root);
  const near = (): number[] => [...hover.near, ...list.visible, ...faces.wanted];
  const glimpses = itemStock(
    channel,
    {
      root,
      small: true,
      apart: true, // the item under the pointer does not wait for others
      part: () => (hover.near.length ? PART_BYTES : Number.POSITIVE_INFINITY),
      column: () => colouring.column,
      needed: () => [...hover.rows, ...near(), ...faces.shown],
      came: (rows) => {
        hover.draw();
        list.draw();
        if (faces.took(rows)) map.plot?.drawGroups();
      },
    },
    signal,
  );
  let kind = "";
  const answers = new Answering({ answer: label, drafted: drawClasses });
  let chosen: { rows: Rows; how: How } | null = null;
  /** Everything that was selected has been unchecked on the card. */
  let unchecked = false;
  let here = -1;
  let labeler = false;
  /** The selection of which only what a query finds is kept, until its result arrives. */
  let narrowing: { query: string; rows: Rows; how: How } | null = null;
  let starting = false;
  const groups = new Grouping((scale) => channel.ask({ type: "groups", view: channel.view, scale }), say);

  const find = findField(
    {
      find: (query) => {
        if (query) channel.ask({ type: "find", view: channel.view, query });
        else {
          if (chosen?.how === "search") choose(NO_ROWS, "search", true);
          list.all();
        }
      },
      keep: (slice, answered) => {
        channel.act({ type: "slice", ...slice }, (refused) => {
          if (!refused) say(`Kept as the slice ${slice.name}`);
          answered(refused);
        });
      },
      early: (key) => {
        if (!answers.isKey(key)) return;
        const why = "the search was still running, press the key again";
        if (!bus.tell("missed", { why })) say(`The answer did not count: ${why}`);
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
    press: (code) => answers.press(code),
    give: () => answers.give(),
    clear: () => choose(NO_ROWS, "clicked", true),
    undo: () => {
      if (!bus.tell("key", { key: "z", shift: false })) channel.act({ type: "undo" });
      news.clear();
    },
    grow: () => map.plot?.grow(),
    nextDoubt: () => map.plot?.next(painting.rings),
    regroup: (finer) => groups.step(finer),
    showAs: (asList) => list.showAs(asList),
    retry: () => channel.ask({ type: "retry", view: channel.view }),
  };
  const points = (): Points =>
    new Points(painting.marks, answers.colours.legend, (row) => map.plot?.isOutlier(row) ?? false);
  const want = (): void => glimpses.want(hover.rows, near());
  const faces = new Faces(glimpses.get, want);
  const known = (row: number): Known => points().known(row);
  const hover = hoverView({ item: glimpses.get, known, want, plot: () => map.plot }, signal);
  const list = listingOf(
    {
      list: (rows, by, down) => {
        channel.ask({ type: "list", view: channel.view, rows: rows ? encodeRows(rows) : "", by, down });
      },
      lines: (number, start, n) => channel.ask({ type: "window", view: channel.view, number, start, n }),
      line: (row) => points().line(row),
      item: glimpses.get,
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
      ask: (of) => channel.ask({ type: "colour", view: channel.view, ...of }),
      next: () => callbacks.nextDoubt(),
      say,
      chosen: (colour) => view.setColour(colour),
      // Items come with the value of the column.
      changed: () => glimpses.clear(),
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

  function choose(rows: Rows, how: How, fromHere = false, from?: Chosen["from"], query?: string): void {
    chosen = rows.length ? { rows, how } : null;
    narrowing = null;
    unchecked = false;
    if (!list.open && how !== "search") find.clear();
    list.selected(rows);
    if (fromHere) void map.plot?.setSelection(rows);
    view.setChosen(rows.length);
    labeler = bus.tell("selection", chosen && { ...chosen, from, query }) || (labeler && rows.length === 0);
    answers.clear();
    if (rows.length) say(`${count(rows.length, "item")} selected`);
  }

  /** Shows the map's own class buttons if no Labeler is on the page. */
  function drawClasses(): void {
    view.setClasses(answers.composed ? [] : answers.classes, chosen !== null && !labeler, answers.draft);
  }

  function label(codes: Codes): void {
    if (!chosen) return;
    const { rows, how } = chosen;
    channel.act({ type: "label", ...answers.sent(codes), selection: how, rows: encodeRows(rows) });
    paint(rows, codes);
    say(`${count(rows.length, "item")} labelled ${answers.names(codes)}`);
    choose(NO_ROWS, how, true);
  }

  /** Shows an act right after the next item, without waiting for the kernel. */
  function paint(rows: Rows, codes: Codes | null, words?: string): void {
    news.acted(rows.length, codes && (words ?? answers.names(codes)));
    const shade = answers.shade(codes);
    const colour = answers.palette[shade] ?? readTheme(root).accent;
    if (rows.length === 1) map.plot?.flash(rows[0], colour);
    painting.label(rows, shade);
  }

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
    isClass: answers.isKey,
    find: () => find.focus(),
    showAs: () => list.toggle(),
    alike: () => findAlike(rowHere()),
    list: (key, shift) => list.press(key, shift),
    nextDoubt: callbacks.nextDoubt,
    grow: callbacks.grow,
    regroup: (finer) => groups.step(finer),
    others: (key, shift) => bus.tell("key", { key, shift }),
    give: () => {
      if (!answers.draft || !chosen || labeler) return false;
      answers.give();
      return true;
    },
    escape: () => {
      if (chosen || unchecked) choose(NO_ROWS, "clicked", true);
      else if (!find.leave()) root.blur();
    },
    label: (key) => chosen !== null && answers.pressKey(key),
  });

  onKey(root, press, signal);
  root.addEventListener("focusin", () => void bus.tell("keys", { here: true }), { signal });
  root.addEventListener("focusout", () => void bus.tell("keys", { here: false }), { signal });
  bus.on("release", () => {
    if (chosen || unchecked) {
      chosen = null;
      unchecked = false;
      if (!list.open) find.clear();
      list.setChecked(NO_ROWS);
      view.setChosen(0);
      void map.plot?.setSelection(NO_ROWS);
    }
  });
  bus.on("keep", ({ rows, how }) => {
    if (!map.places) return;
    chosen = rows.length ? { rows, how: how as How } : null;
    unchecked = !chosen;
    list.setChecked(rows);
    view.setChosen(rows.length);
    void map.plot?.setSelection(rows);
    return true;
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
  bus.on("preview", (alone) => {
    colouring.plain(alone !== null);
    void painting.show(alone);
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
  bus.on("regroup", ({ finer }) => groups.step(finer));
  bus.on("acted", ({ rows, codes, words }) => {
    paint(rows, codes, words);
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
    map.plot?.leave();
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
      // What a ranking finds depends on the model.
      choose(rows, "search", true, undefined, message.ranked ? undefined : message.query);
      if (list.open) list.showFound(message, rows);
      else if (rows.length) map.plot?.show(rows);
    },
    signal,
  );

  channel.on<ExplorerWelcome>(
    "welcome",
    async (message) => {
      kind = message.kind;
      ask(message);
      view.setColumns(message.columns);
      setWork(message);
      if (starting) return;
      starting = true;
      view.setEmpty("Drawing the map");
      try {
        const vega = (): Promise<VegaModule> => loadVega(channel, signal);
        const engine = await makeEngine(message, view.chart, vega, signal, (name) => {
          root.dataset.engine = name;
        });
        if (signal.aborted) return engine.destroy();
        map.start(engine, answers.palette);
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
      ask(message);
      answers.clear();
      hover.draw();
    },
    signal,
  );

  function setWork({ stage, trouble }: Pick<StageMessage, "stage" | "trouble">): void {
    view.setStage(stage);
    view.setTrouble(trouble);
  }

  /** Takes the question, and the colours of its answers. */
  function ask(message: ExplorerWelcome | ColouredClasses): void {
    answers.take(message);
    view.setWays(answers.colours);
    void map.plot?.setPalette(answers.palette);
    colouring.setClasses(answers.colours.legend);
  }

  channel.on<MapMessage>(
    "map",
    (message, [xy, of, corners]) => {
      const hulls = hullsOf(message.corners, f32(corners));
      const { method, settled, names } = message;
      groups.scale = message.scale;
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
      const settled = changed && !message.behind && !channel.waiting().length ? painting.settle() : [];
      colouring.count();
      colouring.renew();
      root.dataset.round = String(message.number);
      const drawn = changed && settled.length ? union(changed, rowsOf(settled)) : changed;
      void painting.draw(drawn, message.rings).then(() => {
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
  channel.on<StageMessage>("stage", setWork, signal);
  for (const type of ["refused", "failed"] as const) {
    channel.on<Refused | Failed>(
      type,
      ({ why }) => {
        news.told(why);
        say(why);
      },
      signal,
    );
  }
});
