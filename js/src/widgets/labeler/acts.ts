import type { Act, LabelClass, Selection } from "../../host/protocol";
import { has, type Rows } from "../../plot/rows";
import { type Codes, type Composed, type Composer, namesOf, questionOf } from "../../questions/index";
import type { PageEvents } from "../../ui/bus";
import { count } from "../../ui/dom";
import type { Gaze } from "../../ui/gaze";
import type { Edited } from "./edit";
import type { Why } from "./more";
import {
  type Chosen,
  clearable,
  doubtful,
  draftOf,
  isAgain,
  kept,
  type LabelerEvent,
  type LabelerState,
  meanwhile,
  onCard,
  type Turn,
  turnable,
} from "./state";

/** How long the note on ignored answers is shown. */
const MISSED_MS = 5000;
/** An answer without classes counts only after the item has been visible for this long. */
const DELIBERATE_MS = 500;
/** The same for accepting a suggestion, and for leaving an item for a reason. */
const QUICK_MS = 200;

const WORDS: Record<Why, string> = {
  unknown: "You do not know",
  bad: "A bad item",
  rejected: "The suggestion is wrong",
};

type WithoutId<T> = T extends { id: string } ? Omit<T, "id"> : never;

export type ActCallbacks = {
  state: () => LabelerState;
  dispatch: (event: LabelerEvent) => void;
  /** What composes the answer, if it is more than its classes. */
  composer: () => Composer | null;
  /** The suggested classes of the item on the card; null if there are none. */
  suggested: () => Codes | null;
  /** Whether the answer that is composed was changed on this card. */
  touched: () => boolean;
  /** This answer was given to the item with this key. */
  composed: (key: string, answer: Composed["answer"]) => void;
  /** Sends an act to the kernel; returns its id. */
  act: (act: WithoutId<Act>, answered?: (refused: { why: string } | null) => void) => string;
  /** The form in which an act names rows. */
  wire: (rows: Rows) => string;
  tell: <K extends keyof PageEvents>(name: K, detail: PageEvents[K]) => boolean;
  say: (words: string) => void;
  /** Describes the next item after some words. */
  next: (before: string) => string;
  /** Announces the next item once it is here. */
  expect: (before: string) => void;
  release: () => void;
  /** The way back from the member that is shown to its selection, without it if it is `done`; null if none is shown. */
  wayBack: (done: boolean) => (() => void) | null;
  /** This note was written on the item with this key. */
  noted: (key: string, text: string) => void;
  /** These classes were given. */
  used: (codes: Codes) => void;
  /** The selection that is labelled. */
  gave: (chosen: Chosen) => void;
  /** Whether something else is about to be shown. */
  coming: () => boolean;
  gaze: Gaze;
};

/** What the annotator does to the item on the card, or to everything that is selected. */
export function actsOf(on: ActCallbacks) {
  let forgetting: ReturnType<typeof setTimeout> | undefined;
  /** Why the answer could not be given. */
  let refusal = "";

  /** Whether an answer can be meant for what the card shows; answers to items that are not visible do not count. */
  function seen(subject: unknown, clicks: number): boolean {
    const why = on.gaze.whyNot(subject, clicks);
    return !why || miss(why);
  }

  function miss(why: string): false {
    clearTimeout(forgetting);
    forgetting = setTimeout(() => on.dispatch({ type: "missed", why: "" }), MISSED_MS);
    on.dispatch({ type: "missed", why });
    return false;
  }

  /** Whether there is something to answer that the user has seen. */
  function answerable(clicks: number): boolean {
    const state = on.state();
    const chosen = state.chosen;
    const ask = onCard(state);
    if (state.ready && !state.n_left && !ask && !chosen) return false;
    if (on.coming()) return miss("the item was not shown yet");
    if (chosen && !kept(chosen).length) return nothing();
    return seen(chosen && chosen.rows.length > 1 ? chosen.rows : (ask?.key ?? null), clicks);
  }

  /** Handles a pressed class: it is the answer, or a part of it. */
  function pressed(code: number, clicks = 0): void {
    const state = on.state();
    if (state.ruling) {
      if (state.classes[code] && !state.classes[code].retired && answerable(clicks)) rule(code);
      return;
    }
    if (state.composed) {
      if (state.classes[code] && !state.classes[code].retired) on.composer()?.pick(code);
      return;
    }
    const question = questionOf(state.asks);
    if (!question || !state.classes[code] || state.classes[code].retired || !answerable(clicks)) return;
    const codes = question.press(draftOf(state, on.suggested()), code);
    if (doubtful(state)?.codes.join() === codes.join()) keep(clicks);
    else if (question.drafted) {
      on.dispatch({ type: "draft", codes });
      on.say(`${state.classes[code].name} ${codes.includes(code) ? "chosen" : "not chosen"}`);
    } else label(codes, namesOf(codes, state.classes));
  }

  function give(clicks = 0): void {
    const state = on.state();
    if (state.composed) {
      giveComposed(clicks);
      return;
    }
    if (doubtful(state)) {
      keep(clicks);
      return;
    }
    const idea = on.suggested();
    const draft = draftOf(state, idea);
    if (idea && !state.edited && (!draft.length || draft === idea)) {
      if (answerable(clicks) && deliberate()) label(idea, namesOf(idea, state.classes));
      return;
    }
    if (!questionOf(state.asks)?.drafted || !answerable(clicks)) return;
    // A second Enter right after the first is not meant for the next item.
    if (state.unsure || (!draft.length && on.gaze.elapsed < DELIBERATE_MS)) {
      miss(state.unsure ? "the classes have changed" : "choose classes, or press Enter again for none");
    } else label(draft, namesOf(draft, state.classes));
  }

  /** Whether the item was visible long enough for a key that fits every item, such as accept. */
  const deliberate = (): boolean =>
    on.gaze.elapsed >= QUICK_MS || miss("the item had been visible for a moment only");

  /** The suggestion is wrong. Of two classes, that means the other one. */
  function reject(): void {
    const state = on.state();
    const idea = on.suggested();
    const offered = [...state.classes.keys()].filter((code) => !state.classes[code].retired);
    if (idea?.length === 1 && offered.length === 2 && !questionOf(state.asks)?.drafted) {
      const other = offered.filter((code) => code !== idea[0]);
      if (answerable(0)) label(other, namesOf(other, state.classes));
    } else skip(0, "rejected");
  }

  /** Handles `Y` and `N`, if they are not the keys of classes; returns whether the key was one of them. */
  function verdict(key: string, shift: boolean): boolean {
    const { classes, chosen } = on.state();
    if (shift || chosen || (key !== "y" && key !== "n") || classes.some((c) => c.key === key)) return false;
    if (on.suggested() === null && !on.state().composed) {
      miss("no suggestion is shown for this item: answer it");
      on.say("No suggestion is shown for this item: answer it");
    } else if (key === "n") reject();
    else if (gives()) give();
    return true;
  }

  /** Whether Enter gives an answer. */
  const gives = (): boolean =>
    doubtful(on.state()) !== null ||
    on.state().composed ||
    questionOf(on.state().asks)?.drafted === true ||
    on.suggested() !== null;

  function giveComposed(clicks: number): void {
    const { chosen, bulk } = on.state();
    const composer = on.composer();
    if (!composer || (chosen && chosen.rows.length > 1 && !bulk) || !answerable(clicks)) return;
    const found = composer.read();
    if (typeof found === "string") {
      refusal = found;
      on.dispatch({ type: "note", words: found });
      on.say(found);
      composer.lead?.();
    } else if (found.blank && on.gaze.elapsed < DELIBERATE_MS) {
      miss("change something, or press Enter again for this answer");
    } else if (!on.touched() && on.state().suggests && !deliberate()) {
      return;
    } else label(found.codes, found.words, found.answer);
  }

  /** The answer was changed: why it could not be given may no longer be true. */
  function changed(): void {
    if (refusal && on.state().note === refusal) on.dispatch({ type: "note", words: "" });
    refusal = "";
  }

  function label(codes: Codes, value: string, composed?: Composed["answer"]): void {
    const state = on.state();
    const chosen = state.chosen;
    const ask = onCard(state);
    const answer = composed ?? questionOf(state.asks)?.answer(codes, state.classes);
    if (chosen && chosen.rows.length > 1) {
      const rows = kept(chosen);
      const wire = on.wire(rows);
      const id = on.act({ type: "label", value, answer, selection: chosen.how, rows: wire });
      on.gave(chosen);
      const queued = state.queue.filter((ask) => has(rows, ask.row)).map((ask) => ask.key);
      done(
        id,
        rows,
        codes,
        queued,
        added(rows),
        `${count(rows.length, "item")} labelled ${value}`,
        composed && value,
      );
    } else if (ask) {
      const again = doubtful(state) && "review";
      const selection: Selection = again ?? (chosen ? "clicked" : ask.selection);
      const elapsed_ms = Math.round(on.gaze.elapsed);
      const id = on.act({ type: "label", value, answer, selection, key: ask.key, elapsed_ms });
      const row = Uint32Array.of(ask.row);
      if (composed) on.composed(ask.key, composed);
      done(id, row, codes, [ask.key], added(row), `Labelled ${value}`, composed && value);
    }
  }

  /** Everything that is selected is left out. */
  function nothing(): false {
    const words = "Nothing is selected: check the items to label, or press Esc.";
    on.dispatch({ type: "note", words });
    on.say(words);
    return false;
  }

  /** The number of new labels; without a sample it is unknown until the kernel answers. */
  function added(rows: Rows): number {
    const { chosen } = on.state();
    if (!chosen && (doubtful(on.state()) || on.state().current?.again)) return 0;
    return rows.length - (chosen ? (chosen.sample?.n_labelled ?? rows.length) : 0);
  }

  function done(
    id: string,
    rows: Rows,
    codes: Codes | null,
    keys: string[],
    n: number,
    words: string,
    called?: string,
  ): void {
    if (codes) on.used(codes);
    const back = on.wayBack(codes !== null);
    on.dispatch({ type: "acted", id, keys, n });
    on.tell("acted", { rows, codes, words: called });
    on.tell("release", null);
    on.say(`${words}. ${back ? "The selection again" : on.next("Next")}`);
    back?.();
  }

  /** Keeps a rule: what is selected, or what its search finds, is of this class. */
  function rule(code: number): void {
    const { chosen, classes } = on.state();
    if (!chosen) return;
    const { id: of, name } = classes[code];
    const query = chosen.out.length ? "" : (chosen.query ?? "");
    const rows = kept(chosen);
    const words = query ? `“${query}”` : count(rows.length, "item");
    on.act({ type: "rule", of, query, rows: query ? "" : on.wire(rows) }, (refused) =>
      on.dispatch({
        type: "note",
        words: refused?.why ?? `A rule: ${words} → ${name}. It is no label; R shows the rules.`,
      }),
    );
    on.tell("turned", null);
    on.dispatch({ type: "ruling", on: false });
    on.say(`A rule: ${words}, ${name}`);
  }

  /** Lets the next class make a rule instead of labels, or no longer; returns whether it can. */
  function always(): boolean {
    const { ruling } = on.state();
    on.dispatch({ type: "ruling", on: !ruling });
    const now = on.state().ruling;
    if (now) on.say("Press a class: a rule for these items");
    return now || ruling;
  }

  /** Removes the label of what is shown; an item without a label has nothing to remove. */
  function clear(clicks = 0): void {
    const state = on.state();
    const { chosen } = state;
    const ask = onCard(state);
    if (!clearable(state)) {
      on.say("There is no label to remove");
      return;
    }
    if (!answerable(clicks)) return;
    const many = chosen !== null && chosen.rows.length > 1;
    const rows = many ? kept(chosen) : Uint32Array.of(ask?.row ?? 0);
    if (many) on.gave(chosen);
    const of = many ? { rows: on.wire(rows) } : { key: ask?.key };
    const id = on.act({ type: "clear", selection: chosen?.how ?? "clicked", ...of });
    const n = chosen?.sample?.n_labelled ?? 1;
    done(id, rows, null, [], -n, many ? `${count(n, "label")} removed` : "Label removed");
  }

  /** Leaves the item unanswered; for a reason, also one that was selected or labelled before. */
  function skip(clicks = 0, why?: Why): void {
    const state = on.state();
    if (why && !deliberate()) return;
    if (why && state.chosen?.rows.length === 1) {
      const ask = onCard(state);
      if (!ask || !seen(ask.key, clicks)) return;
      const id = on.act({ type: "skip", key: ask.key, why });
      done(id, Uint32Array.of(ask.row), null, [ask.key], clearable(state) ? -1 : 0, WORDS[why]);
      return;
    }
    if (!state.current || state.chosen || !seen(state.current.key, clicks)) return;
    const { key } = state.current;
    const mine = meanwhile(state)?.mine;
    const { again = false } = state.current;
    if (!why && (mine || again || isAgain(state))) {
      // A skip would remove a label that was given before or elsewhere, or repeat an earlier skip.
      on.dispatch({ type: "passed", key, forGood: again });
      on.say(
        `It stays ${mine || again || state.current.doubtful ? "labelled" : "skipped"}. ${on.next("Next")}`,
      );
      return;
    }
    const id = on.act({ type: "skip", key, ...(why ? { why } : {}) });
    on.tell("turned", null); // what the map says is no longer about the last act
    on.dispatch({ type: "acted", id, keys: [key], n: mine ? -1 : 0 });
    on.say(`${why ? WORDS[why] : "Skipped"}. ${on.next("Next")}`);
  }

  /** Saves a note on the item on the card, which stays there. */
  function note(text: string | null): void {
    const ask = onCard(on.state());
    if (!ask) return;
    on.act({ type: "note", key: ask.key, text });
    on.tell("turned", null);
    on.noted(ask.key, text ?? "");
    on.say(text ? "Note saved" : "Note removed");
  }

  /** Keeps an edited item with its class; the item itself stays on the card. */
  function keepEdited(key: string, of: LabelClass, edited: Edited, labelled: boolean): void {
    on.act({ type: "edit", key, of: of.id, ...edited });
    on.tell("turned", null);
    const later = labelled ? "" : " It teaches the model once the item itself is labelled.";
    const words = `The edited item is kept as ${of.name} (Z takes it back).${later}`;
    on.dispatch({ type: "beside", words });
    on.say(words);
  }

  /** Keeps the label that was looked at again. */
  function keep(clicks: number): void {
    const { current } = on.state();
    if (!current || !answerable(clicks) || !deliberate()) return;
    const id = on.act({ type: "keep", key: current.key });
    on.tell("turned", null);
    on.dispatch({ type: "acted", id, keys: [current.key], n: 0 });
    on.say(`The label is kept. ${on.next("Next")}`);
  }

  function settle(keep: boolean): void {
    const state = on.state();
    const ask = onCard(state);
    if (!ask?.changed || !seen(ask.key, 0)) return;
    const id = on.act({ type: "settle", keep, key: ask.key });
    on.dispatch({ type: "acted", id, keys: [ask.key], n: 0 });
    on.tell("release", null);
    on.say(`The label is ${keep ? "kept" : "dropped"}. ${on.next("Next")}`);
  }

  function turn(type: Turn): void {
    const state = on.state();
    if (!turnable(state)[type]) return;
    if (state.chosen?.from === "undo") on.release();
    const id = on.act({ type });
    on.dispatch({ type: "turned", id, kind: type });
    on.tell("turned", null);
    on.say(type === "undo" ? "Undone" : "Redone");
    on.expect("Current item");
  }

  return {
    pressed,
    give,
    gives,
    changed,
    reject,
    verdict,
    clear,
    always,
    skip,
    note,
    keepEdited,
    settle,
    turn,
    /** Says that an answer did not count. */
    miss,
    close: (): void => clearTimeout(forgetting),
  };
}
