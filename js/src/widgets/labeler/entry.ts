import type { Channel } from "../../host/channel";
import { decodeRows, encodeRows } from "../../host/codecs";
import { loadModule } from "../../host/modules";
import { Parts } from "../../host/parts";
import type {
  Ack,
  AnswersMessage,
  Ask,
  BegunItems,
  ClassesMessage,
  Failed,
  GuidanceMessage,
  LabelerWelcome,
  MembersMessage,
  PastMessage,
  QueueMessage,
  Refused,
  SampleMessage,
  SkippedItems,
  StateMessage,
  SuspectItems,
  TogetherMessage,
} from "../../host/protocol";
import { itemStock } from "../../host/stock";
import { defineWidget } from "../../host/widget";
import { redress, spokenItem } from "../../items/index";
import { type Codes, type ComposerModule, questionOf } from "../../questions/index";
import { announcer } from "../../ui/announce";
import { Bus, type Chosen, choose } from "../../ui/bus";
import { chanceOf } from "../../ui/chance";
import { download, focused } from "../../ui/dom";
import { Gaze } from "../../ui/gaze";
import { leaveKeys, onKey, type Press, takeKeys } from "../../ui/keys";
import { remember, remembered } from "../../ui/remember";
import { onTheme } from "../../ui/theme";
import { actsOf } from "./acts";
import type { ClassChange } from "./classes";
import { compositions } from "./composing";
import { MANY, recentFrom, used } from "./grouping";
import { heard } from "./heard";
import { heldView } from "./held";
import { lostView } from "./lost";
import { pastWalk } from "./past";
import { selectionOf } from "./selection";
import {
  atHand,
  emptyWords,
  type Guidance,
  initial,
  isAgain,
  type LabelerEvent,
  NO_GUIDANCE,
  onCard as onCardOf,
  reduce,
  turning,
} from "./state";
import type { TeachingMessage, TeachModule } from "./teaching";
import { labelerView } from "./view";

const AHEAD = 12;
const SOON = 6;
const STALLED_MS = 3000;
/** How long the kernel has to send a module that somebody waits for. */
const PATIENCE_MS = 20_000;

export default defineWidget("labeler", ({ root, channel, signal }) => {
  const bus = new Bus(channel.session, root, signal);
  const say = announcer(root);
  const parts = new Parts(channel, signal);
  const guessKey = `hitl-guess:${channel.key}`;
  let state = initial;
  let compose: ComposerModule["compose"] | null = null;
  /** Notes that were written here, until the kernel tells the next state. */
  const notes = new Map<string, string>();
  let guidance: Guidance = NO_GUIDANCE;
  /** Items whose personal data is shown once the kernel has logged it, by the act. */
  const revealing = new Map<string, number>();
  let showGuess = remembered(guessKey) !== "hidden";
  const recentKey = `hitl-recent:${channel.key}`;
  let recent = recentFrom(remembered(recentKey));
  const whyKey = `hitl-why:${channel.key}`;
  const gaze = new Gaze();
  /** The announcement for the next item that is shown; "" for none. */
  let upcoming = "";
  let waitingSince = 0;
  /** The selected items that are in sight. */
  let inSight: readonly number[] = [];
  /** The search whose result is to become a rule. */
  let ruling = "";
  /** The last note about an act that was not saved; removed once all are saved. */
  let failure = "";

  const view = labelerView(
    root,
    {
      press: (code, clicks) => pressed(code, clicks),
      give: (clicks) => acts.give(clicks),
      skip: (clicks, why) => acts.skip(clicks, why),
      reject: () => acts.reject(),
      note: (text) => acts.note(text),
      reveal: ({ key, row }) => revealing.set(channel.act({ type: "reveal", key }), row),
      clear: (clicks) => acts.clear(clicks),
      again: lookAgain,
      undo: () => acts.turn("undo"),
      redo: () => acts.turn("redo"),
      walk: (back) => void past.step(back),
      release: () => back(),
      bulk: {
        item: (row) => glimpses.get(row),
        member: (row) => selection.member(row),
        want: (rows) => {
          inSight = rows;
          glimpses.want(rows, []);
          selection.want(rows);
        },
        exclude: (out) => selection.exclude(out),
        open: (row) => selection.open(row),
        narrow: (text) => {
          selection.narrow();
          needsMap(bus.tell("narrow", { text }));
        },
        widen: () => selection.widen(),
        always: () => void acts.always(),
        together: (rows) => channel.ask({ type: "together", view: channel.view, rows: encodeRows(rows) }),
      },
      toggleGuess: () => {
        showGuess = !showGuess;
        remember(guessKey, showGuess ? "" : "hidden");
        draw();
      },
      settle: (keep) => acts.settle(keep),
      change,
      showing: (subject, card) => {
        gaze.show(subject, card);
        if (typeof subject === "string" && upcoming) say(sayNext(upcoming));
      },
      ready: (ask, labelled) => composing.ready(ask, labelled),
      chance: (ask) => chanceOf(`${channel.key}\n${ask.key}`),
      start: (ask, labelled) => composing.start(ask, labelled),
      begun: (ask, answer) => {
        composing.begin(ask.key, answer);
        acts.changed();
      },
      say: (words) => say(words),
      parts: (row, end) => parts.of(row, end),
      load: () => loadModule<TeachModule>("teach", channel, signal, root, PATIENCE_MS),
      teaching: {
        edit: {
          source: (row) => channel.ask({ type: "source", view: channel.view, row }),
          guess: (row, edited) => channel.ask({ type: "try", view: channel.view, row, ...edited }),
          flip: (row) => channel.ask({ type: "flip", view: channel.view, row }),
          keep: (key, of, edited, labelled) => acts.keepEdited(key, of, edited, labelled),
        },
        guide: {
          keep: (example) => {
            teach({ type: "guide", ...example }, told);
            say("Kept in the guidance");
          },
          requeue: (of) =>
            teach({ type: "requeue", of }, (refusal) => {
              told(refusal);
              if (!refusal) lookAtDoubtful();
            }),
          again: lookAtDoubtful,
          open,
        },
        because: {
          ask: (row, codes) => channel.ask({ type: "why", view: channel.view, row, codes }),
          open,
          find: (query) => {
            ruling = query;
            needsMap(bus.tell("query", { text: query }));
          },
          always: (on) => remember(whyKey, on ? "always" : ""),
          preview: (named) => channel.ask({ type: "preview", view: channel.view, ...named }),
          strike: (named, on) => teach({ type: "strike", ...named, on }),
        },
        proposal: {
          look: (rows) => select({ rows: decodeRows(rows), how: "search" }),
          handOver: () => {
            const words = "This needs the Monitor, which is not on this page. Or call session.hand_over(…).";
            if (!bus.tell("handOver", null)) dispatch({ type: "note", words });
          },
          dismiss: (name) => {
            teach({ type: "dismiss", name }, told);
            say("It is not proposed again. Undo takes that back.");
          },
        },
      },
    },
    remembered(whyKey) === "always",
  );

  /** Selects items, on the map if it is on the page. */
  function select(chosen: Chosen): void {
    if (!choose(bus, chosen)) take(chosen);
  }

  function open(row: number): void {
    select({ rows: Uint32Array.of(row), how: "clicked" });
  }

  /** Sends an act that is not an answer. */
  function teach(...made: Parameters<typeof channel.act>): void {
    channel.act(...made);
    bus.tell("turned", null); // what the map says is no longer about the last act
    tellWaiting();
  }

  /** Says why an act was refused. */
  function told(refusal: { why: string } | null): void {
    if (refusal) dispatch({ type: "note", words: refusal.why });
    tellWaiting();
  }

  const lost = lostView(root, (made) => change(made, (why) => why && dispatch({ type: "note", words: why })));

  function change(made: ClassChange, refused: (why: string) => void): void {
    channel.act({ type: "change", ...made }, (refusal) => {
      refused(refusal?.why ?? "");
      tellWaiting();
    });
    tellWaiting();
  }

  const held = heldView(root, {
    apply: (group) => {
      channel.apply(group);
      tellWaiting();
    },
    discard: (group) => {
      channel.discard(group);
      tellWaiting();
    },
    download: (group) => {
      const store = group?.entries[0].about?.store ?? channel.about?.store ?? "labels";
      download(`answers-${store.replace(/[^\w.-]/g, "_")}.jsonl`, channel.exported(group));
    },
  });

  function needsMap(taken: boolean): void {
    if (!taken) dispatch({ type: "note", words: "This needs the map, which is not on this page." });
  }

  function dispatch(event: LabelerEvent): void {
    const before = onCard();
    const { n_events, suggestions } = state;
    state = atHand(reduce(state, event), stock.has);
    if (state.n_events !== n_events) composing.forget();
    if (state.suggestions !== suggestions) composing.renew();
    fetchAhead();
    draw();
    const now = onCard();
    if (now?.row !== before?.row || now?.blind !== before?.blind) tellCurrent(now);
  }

  function draw(): void {
    view.update({
      state,
      ask: onCard(),
      item: stock.get,
      showGuess,
      recent,
      compose,
      notes,
      suggested: suggested(),
      copies: composing.copies,
      guidance,
    });
    lost.update(state.lost);
  }

  const onCard = (): Ask | null => onCardOf(state);

  /** The suggested classes of the item on the card; null if there are none or they are hidden. */
  function suggested(): Codes | null {
    const ask = onCard();
    if (!ask || !state.suggests || state.composed || ask.blind || state.chosen) return null;
    const { suggested: found } = composing.start(ask, false);
    return found ? (questionOf(state.asks)?.read(found, state.classes) ?? null) : null;
  }
  const tellCurrent = (ask: Ask | null): boolean =>
    bus.tell("current", ask ? { row: ask.row, blind: ask.blind === true } : null);

  const stock = itemStock(
    channel,
    { root, needed: () => state.queue.map((ask) => ask.row), came: draw },
    signal,
  );
  const glimpses = itemStock(channel, { root, small: true, needed: () => inSight, came: draw }, signal);
  const selection = selectionOf({
    chosen: () => state.chosen,
    dispatch,
    ask: (rows) => channel.ask({ type: "sample", view: channel.view, rows: encodeRows(rows) }),
    askMembers: (rows) => channel.ask({ type: "members", view: channel.view, rows }),
    keep: (selected) => bus.tell("keep", selected),
    choose: select,
    draw,
  });
  const past = pastWalk({
    ask: (n) => channel.ask({ type: "past", view: channel.view, n }),
    open: select,
    leave: () => state.chosen && release(),
    say,
  });

  const begunKey = `hitl-begun:${channel.key}`;
  const composing = compositions({
    kept: remembered(begunKey),
    keep: (begun) => remember(begunKey, begun),
    suggests: () => state.suggests,
    ask: (rows) => channel.ask({ type: "answers", view: channel.view, rows }),
    draw,
  });

  /** Loads what composes the answers to this kind of question. */
  async function loadComposer(asks: string): Promise<void> {
    try {
      ({ compose } = await loadModule<ComposerModule>(`compose-${asks}`, channel, signal, root));
      draw();
    } catch (error) {
      if (!signal.aborted) dispatch({ type: "note", words: `The question cannot be shown: ${error}` });
    }
  }

  function fetchAhead(): void {
    const { only } = state.chosen?.sample ?? {};
    const next = state.queue.slice(0, AHEAD).map(({ row }) => row);
    if (state.suggests) composing.ahead(state.queue.slice(0, SOON));
    stock.want([...(only ? [only.row] : []), ...next.slice(0, SOON)], next.slice(SOON));
  }

  // -- acts

  const acts = actsOf({
    state: () => state,
    composer: view.composer,
    touched: view.touched,
    suggested,
    composed: (key, answer) => composing.give(key, answer),
    noted: (key, text) => {
      notes.set(key, text);
      draw();
    },
    dispatch,
    act: (act, answered) => {
      queueMicrotask(tellWaiting);
      return channel.act(act, answered);
    },
    wire: encodeRows,
    tell: (name, detail) => bus.tell(name, detail),
    say,
    next: sayNext,
    expect: (before) => {
      upcoming = before;
    },
    release,
    wayBack,
    coming: () => past.coming,
    gave: (chosen) => selection.gave(chosen),
    used: (codes) => {
      if (state.classes.length <= MANY) return;
      recent = codes.reduce((before, code) => used(before, state.classes[code].id), recent);
      remember(recentKey, JSON.stringify(recent));
    },
    gaze,
  });

  /** Describes the current item; if it is not loaded yet, it is announced later. */
  function sayNext(before: string): string {
    const ask = onCard();
    const shown = ask && stock.get(ask.row);
    const chance = ask ? chanceOf(`${channel.key}\n${ask.key}`) : 0;
    const item = shown && heard(shown, state.asks, state.settings, chance);
    upcoming = item ? "" : before;
    return ask && item
      ? `${before}: ${spokenItem(item, ask.row)} ${state.question}`.trim()
      : emptyWords(state);
  }

  function lookAgain(): void {
    if (state.n_skipped) channel.ask({ type: "skipped", view: channel.view });
  }

  function lookAtDoubtful(): void {
    channel.ask({ type: "suspected", view: channel.view });
  }

  function release(): void {
    upcoming = "Current item";
    if (!state.chosen) dispatch({ type: "again", asks: [] });
    dispatch({ type: "chosen", chosen: null });
    bus.tell("release", null);
  }

  /** The way back from the member that is shown to its selection; null if none is shown. */
  function wayBack(done: boolean): (() => void) | null {
    const [whole, row] = [selection.whole, state.chosen?.rows[0]];
    return whole && row !== undefined ? () => selection.close(whole, row, done) : null;
  }

  const back = (): void => (wayBack(false) ?? release)();

  const press: Press = (key, shift) =>
    (key === "Escape" && view.closeHelp()) ||
    view.teaching.press(key, shift) ||
    view.pressComposer(key, shift) ||
    view.pressArrows(key, shift) ||
    (!isClass(key) && view.pressMembers(key, shift, !past.walking) && "again") ||
    act(key, shift) ||
    view.press(key, shift);

  const isClass = (key: string): boolean => state.classes.some((c) => c.key === key);

  /** Finds the items most like the current one. */
  function alike(): boolean {
    const ask = onCard();
    return ask !== null && bus.tell("alike", { row: ask.row });
  }

  /** Starts the item on the card with the answer that was given last. */
  function copyLast(): boolean {
    const ask = onCard();
    if (!ask || !composing.copy(ask.key)) say("There is no answer to copy yet");
    else {
      say("The last answer");
      draw();
    }
    return true;
  }

  /** A class was pressed: for the item, or for the edited one. */
  function pressed(code: number, clicks = 0): void {
    if (!view.teaching.keep(code)) acts.pressed(code, clicks);
  }

  function act(key: string, shift: boolean): boolean {
    if (key === "z") acts.turn(shift ? "redo" : "undo");
    else if (key === "s" && shift) lookAgain();
    else if (key === "r" && shift) lookAtDoubtful();
    else if (key === "c" && shift && state.composed) return copyLast();
    else if (key === "v" && shift) return view.lift();
    else if (key === "a" && shift) return acts.always();
    else if (key === "w" && shift) return view.why();
    else if (key === "e" && shift) return view.edit();
    else if (key === "p" && shift) return view.teaching.accept();
    else if (key === "q" && shift) return view.teaching.dismiss();
    else if (key === "g" && shift) return view.keep();
    else if (key === "x" && !shift && !isClass(key)) return view.teaching.strike();
    else if (key === "d" && shift) acts.skip(0, "unknown");
    else if (key === "b" && shift) acts.skip(0, "bad");
    else if (state.mode === "verify" && acts.verdict(key, shift)) return true;
    else if (key === "x" && shift && state.suggests && !onCard()?.blind) acts.reject();
    else if (key === "ArrowUp" || key === "ArrowDown") return past.step(key === "ArrowUp");
    else if (key === "Delete" || key === "Backspace") acts.clear();
    else if (key === "[" || key === "]") bus.tell("regroup", { finer: key === "]" });
    else if (key === "/") return bus.tell("find", null);
    else if (key === "t" && !isClass(key)) return bus.tell("list", null);
    else if (key === "m" && !isClass(key)) return alike();
    else if (key === "r" && !shift && !isClass(key)) return bus.tell("rules", null);
    else if (shift) return false;
    else if (key === "s") acts.skip();
    else if (key === "Enter" && view.composer()?.waits?.() && view.press(key, shift)) return true;
    else if (key === "Enter" && acts.gives()) acts.give();
    else if (key === "Escape") {
      if (state.chosen || isAgain(state)) back();
      else if (!root.contains(focused())) return false;
      else root.blur();
    } else {
      const code = state.classes.findIndex((c) => c.key === key);
      if (code < 0) return false;
      pressed(code);
    }
    return true;
  }

  onKey(root, press, signal);
  const apart = ".hitl-card, .hitl-classes:not(.hitl-ask *), .hitl-recent, .hitl-acts, .hitl-walk";
  leaveKeys(root, `:is(${apart}) button`, signal);
  onTheme(root, () => redress(root), signal);
  bus.on("key", ({ key, shift }) => Boolean(press(key, shift)));
  bus.on("keys", ({ here }) => void root.toggleAttribute("data-keys", here));
  bus.on("who", () => {
    bus.tell("labeler", null);
    const ask = onCard();
    if (ask) tellCurrent(ask);
  });
  bus.on("selection", (chosen) => {
    upcoming = "Current item";
    take(chosen);
    return chosen ? true : undefined;
  });
  bus.on("back", giveBack);
  bus.on("suspects", () => {
    lookAtDoubtful();
    root.focus({ preventScroll: true });
    return true;
  });
  bus.on("answer", () => {
    root.focus({ preventScroll: true });
    return true;
  });
  bus.on("missed", ({ why }) => {
    acts.miss(why);
    return true;
  });
  bus.tell("labeler", null);

  function take(chosen: Chosen | null): void {
    past.stop();
    selection.take(chosen);
    if (chosen?.query && chosen.query === ruling) {
      dispatch({ type: "ruling", on: true });
      root.focus({ preventScroll: true });
    }
    ruling = "";
    // After opening an act, the user continues here.
    if (chosen?.from === "history" || chosen?.from === "member") root.focus({ preventScroll: true });
  }

  function giveBack(ask: Ask): void {
    dispatch({ type: "back", ask });
    bus.tell("release", null);
  }

  // -- messages from the kernel

  channel.on<LabelerWelcome>(
    "welcome",
    (message) => {
      const first = !state.ready;
      dispatch({ ...message, progress: message });
      if (message.composed) void loadComposer(message.asks);
      const keys = first && message.composed ? composing.begun() : [];
      if (keys.length && keys[0] !== state.current?.key)
        channel.ask({ type: "begun", view: channel.view, keys });
      if (first) takeKeys(root, signal);
    },
    signal,
  );
  channel.on<ClassesMessage>("classes", (message) => dispatch(message), signal);
  channel.on<QueueMessage>(
    "queue",
    (message) => {
      notes.clear();
      dispatch({ ...message, progress: message });
      selection.refresh();
      view.teaching.learned();
    },
    signal,
  );
  channel.on<SkippedItems>(
    "skipped",
    ({ queue }) => {
      upcoming = "Skipped by you";
      dispatch({ type: "again", asks: queue });
    },
    signal,
  );
  channel.on<BegunItems>(
    "begun",
    ({ queue }) => {
      // Unless another answer was begun meanwhile.
      if (!state.current || !composing.begun().includes(state.current.key))
        dispatch({ type: "begun", asks: queue });
    },
    signal,
  );
  channel.on<SuspectItems>(
    "suspects",
    ({ queue, why }) => {
      if (why) {
        dispatch({ type: "note", words: why });
        say(why);
        return;
      }
      bus.tell("release", null);
      upcoming = "Labelled before";
      dispatch({ type: "again", asks: queue });
    },
    signal,
  );
  channel.on<StateMessage>("state", (message) => dispatch({ type: "progress", progress: message }), signal);
  channel.on<SampleMessage>("sample", selection.summary, signal);
  channel.on<MembersMessage>("members", selection.members, signal);
  channel.on<AnswersMessage>("answers", composing.came, signal);
  channel.on<GuidanceMessage>(
    "guidance",
    (message) => {
      const done = guidance.waiting.filter((row) => !message.waiting.includes(row));
      guidance = message;
      // Queueing them was undone, or somebody else has looked at them.
      const left = state.again.filter(({ row }) => !done.includes(row));
      if (left.length < state.again.length && !state.chosen) dispatch({ type: "again", asks: left });
      else draw();
    },
    signal,
  );
  for (const type of ["why", "source", "tried", "flip", "proposed", "struck", "effect"] as const)
    channel.on<TeachingMessage>(type, view.teaching.came, signal);
  channel.on<TogetherMessage>("together", view.together, signal);
  channel.on<PastMessage>(
    "past",
    ({ n, items }) => past.came(n, items && { rows: decodeRows(items.rows), how: items.how }),
    signal,
  );
  channel.on<Ack>(
    "ack",
    ({ id, back, chosen, gone, note, beside, n_labels, n_events, undo, redo }) => {
      dispatch({ type: "landed", id, gone, beside, counts: { n_labels, n_events, undo, redo } });
      tellWaiting();
      const revealed = revealing.get(id);
      if (revealed !== undefined && revealing.delete(id)) stock.renew(revealed);
      if (back) giveBack(back);
      if (chosen && !turning(state)) {
        const again: Chosen = { rows: decodeRows(chosen.rows), how: chosen.how, from: "undo" };
        if (!bus.tell("choose", again)) take(again);
      }
      if (note) dispatch({ type: "note", words: note });
      else if (failure && !channel.waiting().length && state.note === failure)
        dispatch({ type: "note", words: "" });
    },
    signal,
  );
  for (const type of ["refused", "failed"] as const) {
    channel.on<Refused | Failed>(
      type,
      ({ id, why }) => {
        if (type === "refused") dispatch({ type: "landed", id });
        const where = channel.unsafe ? "by this page" : "in this browser";
        const kept = type === "failed" ? ` The act is kept ${where} and waits to be saved.` : "";
        // Refused acts are listed above the card, with possible actions.
        failure = why + kept;
        if (kept) dispatch({ type: "note", words: failure });
        else say(why);
        tellWaiting();
      },
      signal,
    );
  }

  function tellWaiting(): void {
    const n = channel.waiting().length;
    if (n === 0) waitingSince = 0;
    else waitingSince ||= Date.now();
    const stalled = n > 0 && Date.now() - waitingSince > STALLED_MS;
    if (n !== state.waiting || stalled !== state.stalled) {
      dispatch({ type: "waiting", n, stalled });
      bus.tell("waiting", { n, since: waitingSince });
    }
    held.update(channel.held(), stalled ? channel.unsafe : 0);
  }
  const watch = setInterval(tellWaiting, 1000);
  signal.addEventListener("abort", () => {
    clearInterval(watch);
    acts.close();
    selection.end();
    view.close();
  });
  tellWaiting();
  draw();
});

export type { Channel };
