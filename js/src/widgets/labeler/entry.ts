import type { Channel } from "../../host/channel";
import { decodeRows, encodeRows, itemsOf } from "../../host/codecs";
import { Fetch, sizeOf } from "../../host/fetch";
import { Parts } from "../../host/parts";
import type {
  Ack,
  Ask,
  ClassesMessage,
  Failed,
  ItemsMessage,
  LabelerWelcome,
  PastMessage,
  QueueMessage,
  Refused,
  SampleMessage,
  Selection,
  SkippedItems,
  StateMessage,
} from "../../host/protocol";
import { defineWidget } from "../../host/widget";
import { type Item, letGo, preload, redress, spokenItem } from "../../items/index";
import { has, type Rows } from "../../plot/rows";
import { type Codes, namesOf, questionOf } from "../../questions/index";
import { announcer } from "../../ui/announce";
import { Bus, type Chosen, choose } from "../../ui/bus";
import { count, download } from "../../ui/dom";
import { Gaze } from "../../ui/gaze";
import { leaveKeys, onKey, type Press, takeKeys } from "../../ui/keys";
import { onTheme } from "../../ui/theme";
import { heldView } from "./held";
import { lostView } from "./lost";
import {
  atHand,
  clearable,
  emptyWords,
  initial,
  isAgain,
  type LabelerEvent,
  meanwhile,
  onCard as onCardOf,
  reduce,
  type Turn,
  turnable,
  turning,
} from "./state";
import { labelerView } from "./view";

const HELD = 300;
const AHEAD = 12;
const SOON = 6;
const REST_MS = 150;
const STALLED_MS = 3000;
/** How long the note on ignored answers is shown. */
const MISSED_MS = 5000;
/** An answer without classes counts only after the item has been visible for this long. */
const DELIBERATE_MS = 500;

export default defineWidget("labeler", ({ root, channel, signal }) => {
  const bus = new Bus(channel.session, root, signal);
  const say = announcer(root);
  const items = new Map<number, Item>();
  const fetch = new Fetch(
    (row) => items.has(row),
    (rows, most) => channel.ask({ type: "show", view: channel.view, rows, most }),
    signal,
  );
  const parts = new Parts(channel, signal);
  let later: ReturnType<typeof setTimeout> | undefined;
  const guessKey = `hitl-guess:${channel.key}`;
  let state = initial;
  let showGuess = remembered(guessKey) !== "hidden";
  const gaze = new Gaze();
  /** The announcement for the next item that is shown; "" for none. */
  let upcoming = "";
  let missedAt = 0;
  let waitingSince = 0;
  /** How many acts ago the act that is shown was made, -1 for none; and whether its items are still to come. */
  let past = -1;
  let lookingBack = false;
  /** The request for the sample of the latest selection. */
  let sampled = "";
  /** The last note about an act that was not saved; removed once all are saved. */
  let failure = "";

  const view = labelerView(root, {
    press: pressed,
    give,
    skip,
    clear,
    again: lookAgain,
    undo: () => turn("undo"),
    redo: () => turn("redo"),
    release,
    narrow: (text) => needsMap(bus.tell("narrow", { text })),
    list: () => needsMap(bus.tell("list", null)),
    toggleGuess: () => {
      showGuess = !showGuess;
      remember(guessKey, showGuess ? "" : "hidden");
      draw();
    },
    settle,
    change: (change) => {
      channel.act({ type: "change", ...change });
      tellWaiting();
    },
    showing: (subject, card) => {
      gaze.show(subject, card);
      if (typeof subject === "string" && upcoming) say(sayNext(upcoming));
    },
    parts: (row, end) => parts.of(row, end),
  });

  const lost = lostView(root, (change) => {
    channel.act({ type: "change", ...change });
    tellWaiting();
  });

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
    state = atHand(reduce(state, event), (row) => items.has(row));
    fetchAhead();
    draw();
    const now = onCard();
    if (now?.row !== before?.row || now?.blind !== before?.blind) tellCurrent(now);
  }

  const draw = (): void => {
    view.update({ state, ask: onCard(), item: (row) => items.get(row), showGuess });
    lost.update(state.lost);
  };

  const onCard = (): Ask | null => onCardOf(state);
  const tellCurrent = (ask: Ask | null): boolean =>
    bus.tell("current", ask ? { row: ask.row, blind: ask.blind === true } : null);

  // -- items: requested once and in advance, so that the next one can be shown without delay

  function fetchAhead(now = false): void {
    const { sample } = state.chosen ?? {};
    const members = sample ? [...sample.random, ...sample.odd] : [];
    const wanted = [...members, ...state.queue.slice(0, AHEAD)].map(({ row }) => row);
    const missing = fetch.missing(wanted);
    clearTimeout(later);
    if (!missing.length) return;
    // A label is acknowledged sooner if there is no other request at the same time.
    if (!now && !wanted.slice(0, members.length + SOON).some((row) => missing.includes(row))) {
      later = setTimeout(() => fetchAhead(true), REST_MS);
      return;
    }
    fetch.want(wanted);
  }

  function keep(row: number, item: Item): void {
    items.set(row, item);
    preload(item);
    if (items.size <= HELD) return;
    const needed = new Set(state.queue.map((ask) => ask.row));
    for (const [old, item] of items) {
      if (items.size <= HELD) break;
      if (needed.has(old) || old === row) continue;
      letGo(item);
      items.delete(old);
    }
  }

  // -- acts

  /** Whether an answer can be meant for what the card shows; answers to items that are not visible do not count. */
  function seen(subject: unknown, clicks: number): boolean {
    const why = gaze.whyNot(subject, clicks);
    return !why || miss(why);
  }

  function miss(why: string): false {
    missedAt = performance.now();
    dispatch({ type: "missed", why });
    return false;
  }

  /** Describes the current item; if it is not loaded yet, it is announced later. */
  function sayNext(before: string): string {
    const ask = onCard();
    const item = ask && items.get(ask.row);
    upcoming = item ? "" : before;
    return ask && item
      ? `${before}: ${spokenItem(item, ask.row)} ${state.question}`.trim()
      : emptyWords(state);
  }

  /** Whether there is something to answer that the user has seen. */
  function answerable(clicks: number): boolean {
    const chosen = state.chosen;
    const ask = onCard();
    if (state.ready && !state.n_left && !ask && !chosen) return false;
    if (lookingBack) return miss("the item was not shown yet");
    return seen(chosen && chosen.rows.length > 1 ? chosen.rows : (ask?.key ?? null), clicks);
  }

  /** Handles a pressed class: it is the answer, or a part of it. */
  function pressed(code: number, clicks = 0): void {
    const question = questionOf(state.asks);
    if (!question || !state.classes[code] || state.classes[code].retired || !answerable(clicks)) return;
    const codes = question.press(state.draft, code);
    if (question.drafted) {
      dispatch({ type: "draft", codes });
      say(`${state.classes[code].name} ${codes.includes(code) ? "chosen" : "not chosen"}`);
    } else label(codes);
  }

  function give(clicks = 0): void {
    if (!questionOf(state.asks)?.drafted || !answerable(clicks)) return;
    // A second Enter right after the first is not meant for the next item.
    if (state.unsure || (!state.draft.length && gaze.elapsed < DELIBERATE_MS)) {
      missedAt = performance.now();
      const why = state.unsure ? "the classes have changed" : "choose classes, or press Enter again for none";
      dispatch({ type: "missed", why });
    } else label(state.draft);
  }

  function label(codes: Codes): void {
    const chosen = state.chosen;
    const ask = onCard();
    const value = namesOf(codes, state.classes);
    const answer = questionOf(state.asks)?.answer(codes, state.classes);
    if (chosen && chosen.rows.length > 1) {
      const { rows, how } = chosen;
      const wire = encodeRows(rows);
      const id = channel.act({ type: "label", value, answer, selection: how, rows: wire });
      const queued = state.queue.filter((ask) => has(rows, ask.row)).map((ask) => ask.key);
      done(id, rows, codes, queued, added(rows), `${count(rows.length, "item")} labelled ${value}`);
    } else if (ask) {
      const selection: Selection = chosen ? "clicked" : ask.audit ? "audit" : "suggested";
      const elapsed_ms = Math.round(gaze.elapsed);
      const id = channel.act({ type: "label", value, answer, selection, key: ask.key, elapsed_ms });
      const row = Uint32Array.of(ask.row);
      done(id, row, codes, [ask.key], added(row), `Labelled ${value}`);
    }
  }

  /** The number of new labels; without a sample it is unknown until the kernel answers. */
  const added = (rows: Rows): number =>
    rows.length - (state.chosen ? (state.chosen.sample?.n_labelled ?? rows.length) : 0);

  function done(id: string, rows: Rows, codes: Codes | null, keys: string[], n: number, words: string): void {
    dispatch({ type: "acted", id, keys, n });
    bus.tell("acted", { rows, codes });
    bus.tell("release", null);
    say(`${words}. ${sayNext("Next")}`);
    tellWaiting();
  }

  /** Removes the label of what is shown; an item without a label has nothing to remove. */
  function clear(clicks = 0): void {
    const { chosen } = state;
    const ask = onCard();
    if (!clearable(state)) {
      say("There is no label to remove");
      return;
    }
    if (!answerable(clicks)) return;
    const many = chosen !== null && chosen.rows.length > 1;
    const rows = many ? chosen.rows : Uint32Array.of(ask?.row ?? 0);
    const of = many ? { rows: encodeRows(rows) } : { key: ask?.key };
    const id = channel.act({ type: "clear", selection: chosen?.how ?? "clicked", ...of });
    const n = chosen?.sample?.n_labelled ?? 1;
    done(id, rows, null, [], -n, many ? `${count(n, "label")} removed` : "Label removed");
  }

  /** Shows the items of an earlier act, or of a later one; after the last, the question again. */
  function lookBack(further: boolean): boolean {
    if (!further && past < 0) return false;
    past += further ? 1 : -1;
    lookingBack = past >= 0;
    if (lookingBack) channel.ask({ type: "past", view: channel.view, n: past });
    else if (state.chosen) release();
    return true;
  }

  function skip(clicks = 0): void {
    if (!state.current || state.chosen || !seen(state.current.key, clicks)) return;
    const { key } = state.current;
    const mine = meanwhile(state)?.mine;
    if (mine || isAgain(state)) {
      // A skip would remove a label that was given elsewhere, or repeat an earlier skip.
      dispatch({ type: "passed", key });
      say(`It stays ${mine ? "labelled" : "skipped"}. ${sayNext("Next")}`);
      return;
    }
    const id = channel.act({ type: "skip", key });
    dispatch({ type: "acted", id, keys: [key], n: 0 });
    say(`Skipped. ${sayNext("Next")}`);
    tellWaiting();
  }

  function lookAgain(): void {
    if (state.n_skipped) channel.ask({ type: "skipped", view: channel.view });
  }

  function settle(keep: boolean): void {
    const ask = onCard();
    if (!ask?.changed || !seen(ask.key, 0)) return;
    const id = channel.act({ type: "settle", keep, key: ask.key });
    dispatch({ type: "acted", id, keys: [ask.key], n: 0 });
    bus.tell("release", null);
    say(`The label is ${keep ? "kept" : "dropped"}. ${sayNext("Next")}`);
    tellWaiting();
  }

  function turn(type: Turn): void {
    if (!turnable(state)[type]) return;
    if (state.chosen?.from === "undo") release();
    const id = channel.act({ type });
    dispatch({ type: "turned", id, kind: type });
    bus.tell("turned", null);
    say(type === "undo" ? "Undone" : "Redone");
    upcoming = "Current item";
    tellWaiting();
  }

  function release(): void {
    upcoming = "Current item";
    if (!state.chosen) dispatch({ type: "again", asks: [] });
    dispatch({ type: "chosen", chosen: null });
    bus.tell("release", null);
  }

  const press: Press = (key, shift) => act(key, shift) || view.press(key, shift);

  const isClass = (key: string): boolean => state.classes.some((c) => c.key === key);

  /** Finds the items most like the current one. */
  function alike(): boolean {
    const ask = onCard();
    return ask !== null && bus.tell("alike", { row: ask.row });
  }

  function act(key: string, shift: boolean): boolean {
    if (key === "z") turn(shift ? "redo" : "undo");
    else if (key === "s" && shift) lookAgain();
    else if (key === "ArrowUp" || key === "ArrowDown") return lookBack(key === "ArrowUp");
    else if (key === "Delete" || key === "Backspace") clear();
    else if (key === "[" || key === "]") bus.tell("regroup", { finer: key === "]" });
    else if (key === "/") return bus.tell("find", null);
    else if (key === "t" && !isClass(key)) return bus.tell("list", null);
    else if (key === "m" && !isClass(key)) return alike();
    else if (shift) return false;
    else if (key === "s") skip();
    else if (key === "Enter" && questionOf(state.asks)?.drafted) give();
    else if (key === "Escape") {
      if (view.closeHelp()) return true;
      if (state.chosen || isAgain(state)) release();
      else root.blur();
    } else {
      const code = state.classes.findIndex((c) => c.key === key);
      if (code < 0) return false;
      pressed(code);
    }
    return true;
  }

  onKey(root, press, signal);
  leaveKeys(root, ":is(.hitl-card, .hitl-classes, .hitl-acts) button", signal);
  onTheme(root, () => redress(root), signal);
  bus.on("key", ({ key, shift }) => Boolean(press(key, shift)));
  bus.on("keys", ({ here }) => void root.toggleAttribute("data-keys", here));
  bus.on("who", () => {
    bus.tell("labeler", null);
    const ask = onCard();
    if (ask) tellCurrent(ask);
  });
  bus.on("selection", (selection) => {
    upcoming = "Current item";
    take(selection);
    return selection ? true : undefined;
  });
  bus.on("back", giveBack);
  bus.tell("labeler", null);

  function take(selection: Chosen | null): void {
    [past, lookingBack] = [-1, false];
    dispatch({ type: "chosen", chosen: selection ? { ...selection, sample: null } : null });
    if (selection)
      sampled = channel.ask({ type: "sample", view: channel.view, rows: encodeRows(selection.rows) });
    // After opening an act, the user continues here.
    if (selection?.from === "history") root.focus();
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
      if (first) takeKeys(root, signal);
    },
    signal,
  );
  channel.on<ClassesMessage>("classes", (message) => dispatch(message), signal);
  channel.on<QueueMessage>("queue", (message) => dispatch({ ...message, progress: message }), signal);
  channel.on<SkippedItems>(
    "skipped",
    ({ queue }) => {
      upcoming = "Skipped by you";
      dispatch({ type: "again", asks: queue });
    },
    signal,
  );
  channel.on<StateMessage>("state", (message) => dispatch({ type: "progress", progress: message }), signal);
  channel.on<SampleMessage>(
    "sample",
    (sample) => {
      if (sample.id === sampled) dispatch({ type: "sample", sample });
    },
    signal,
  );
  channel.on<PastMessage>(
    "past",
    ({ n, items }) => {
      if (!lookingBack || (items ? n !== past : n > past)) return;
      if (!items) {
        say(n ? "This is your first act" : "You have not labelled anything yet");
        past = n;
        lookBack(false);
      } else if (!items.n) say("Its items are not in the table");
      else {
        const chosen: Chosen = { rows: decodeRows(items.rows), how: items.how, from: "history" };
        if (!choose(bus, chosen)) take(chosen);
        past = n;
      }
    },
    signal,
  );
  channel.on<ItemsMessage>(
    "items",
    (message, pictures) => {
      const came = itemsOf(message, pictures);
      for (const [row, item] of came) keep(row, item);
      const rows = came.map(([row]) => row);
      fetch.got(rows, message.left, sizeOf(message.items, pictures), message.took_ms);
      draw();
    },
    signal,
  );
  channel.on<Ack>(
    "ack",
    ({ id, back, chosen, gone, note, n_labels, n_events, undo, redo }) => {
      dispatch({ type: "landed", id, gone, counts: { n_labels, n_events, undo, redo } });
      tellWaiting();
      if (back) giveBack(back);
      if (chosen && !turning(state)) {
        const again = { rows: decodeRows(chosen.rows), how: chosen.how, from: "undo" as const };
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
        const kept = type === "failed" ? ` The act is kept ${where} and will be sent again.` : "";
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
  const watch = setInterval(() => {
    tellWaiting();
    if (state.missed.n && performance.now() - missedAt > MISSED_MS) dispatch({ type: "missed", why: "" });
  }, 1000);
  signal.addEventListener("abort", () => {
    clearInterval(watch);
    clearTimeout(later);
    view.close();
    for (const item of items.values()) letGo(item);
  });
  tellWaiting();
  draw();
});

function remembered(key: string): string | null {
  try {
    return localStorage.getItem(key);
  } catch {
    return null;
  }
}

function remember(key: string, value: string): void {
  try {
    localStorage.setItem(key, value);
  } catch {
    // It is only a preference.
  }
}

export type { Channel };
