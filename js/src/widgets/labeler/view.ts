import "../../ui/class-buttons.css";
import "./view.css";
import type { Ask, Content, Guess, LabelClass, TogetherMessage } from "../../host/protocol";
import { type Item, renderItem, type Stage, type Told } from "../../items/index";
import {
  type Codes,
  type Composed,
  type Composer,
  type ComposerModule,
  namesOf,
  questionOf,
  saidNames,
} from "../../questions/index";
import { enable, enabled, keyed, link } from "../../ui/button";
import { count, focused, h, percent, said, setParts, setText, show } from "../../ui/dom";
import { icon } from "../../ui/icons";
import type { Press } from "../../ui/keys";
import { type BulkCallbacks, type BulkCard, bulkCard } from "./bulk";
import { classEditor, type SendChange } from "./classes";
import type { Start } from "./composing";
import { coverView } from "./cover";
import { groupsOf, MANY, nameWithin, type Recent } from "./grouping";
import { helpView } from "./help";
import { lateTeaching } from "./late";
import { moreView, type Why } from "./more";
import { classSearch } from "./search";
import {
  canRule,
  clearable,
  doubtful,
  draftOf,
  emptyWords,
  type Guidance,
  isAgain,
  isDone,
  isGuided,
  type LabelerState,
  labelsGiven,
  meanwhile,
  missedWords,
  onCard,
  turnable,
} from "./state";
import type { TeachingCallbacks, TeachModule } from "./teaching";

export type LabelerProps = {
  state: LabelerState;
  /** What the card shows: a single selected point, or the current question. */
  ask: Ask | null;
  item: (row: number) => Item | undefined;
  showGuess: boolean;
  /** The classes used last. */
  recent: Recent;
  /** Makes what composes an answer that is more than its classes; null while it is not loaded. */
  compose: ComposerModule["compose"] | null;
  /** The suggested classes of the item on the card; null if there are none. */
  suggested: Codes | null;
  /** How often an answer was copied: then the item starts anew. */
  copies: number;
  /** Notes that were written here, by the key of the item. */
  notes: ReadonlyMap<string, string>;
  /** What shows what the classes mean, and the versions of that. */
  guidance: Guidance;
};

export type LabelerCallbacks = {
  /** A class was pressed. `clicks`: `detail` of the click event, 0 for keys. */
  press: (code: number, clicks: number) => void;
  /** Confirms the draft as the answer. */
  give: (clicks: number) => void;
  skip: (clicks: number, why?: Why) => void;
  /** The suggested answer is wrong. */
  reject: () => void;
  /** Saves a note on what is shown; null removes it. */
  note: (text: string | null) => void;
  /** Shows the personal data of an item, which is logged. */
  reveal: (ask: Ask) => void;
  /** Removes the label of what is shown. */
  clear: (clicks: number) => void;
  /** Shows the skipped items again. */
  again: () => void;
  undo: () => void;
  redo: () => void;
  /** Shows what was labelled before, or after. */
  walk: (back: boolean) => void;
  release: () => void;
  /** The selected items. */
  bulk: Omit<BulkCallbacks, "want"> & { want: (rows: readonly number[]) => void };
  toggleGuess: () => void;
  /** Loads what is said to the model besides labels. */
  load: () => Promise<TeachModule>;
  teaching: Omit<TeachingCallbacks, "change" | "say" | "leave">;
  /** Keeps or drops the label of the current item, which has changed since. */
  settle: (keep: boolean) => void;
  change: SendChange;
  /** Reports what the card shows: the key of an item, the rows of a selection, or null if nothing can be answered. */
  showing: (subject: unknown, card: HTMLElement) => void;
  /** Whether the answer that an item starts with is known. */
  ready: (ask: Ask, labelled: boolean) => boolean;
  /** A number in [0, 1) that looks random, but is the same for this item and annotator. */
  chance: (ask: Ask) => number;
  /** What it starts with. */
  start: (ask: Ask, labelled: boolean) => Start;
  /** The answer to an item was changed, but is not given yet. */
  begun: (ask: Ask, answer: Composed["answer"]) => void;
  say: (words: string) => void;
  /** Lets the current item request more of its data, until `end`. */
  parts: (row: number, end: AbortSignal) => Pick<Stage, "more" | "gather">;
};

/** More classes than this with names of at most so many characters have narrow buttons. */
const [FEW, SHORT] = [3, 8];
/** Classes less likely than this are not named. */
const LEAST = 0.05;

/** How long what waits for the end of typing waits then. */
const LATE_MS = 300;

export function labelerView(root: HTMLElement, on: LabelerCallbacks, explains = false) {
  /** Moves the focus back to the widget. */
  const leave = (): void => root.focus({ preventScroll: true });
  const asked = h("div", { class: "hitl-question" });
  const why = h("div", { class: "hitl-why" });
  const reason = h("div", { class: "hitl-reason" }, asked, why);
  const progress = h("div", { class: "hitl-faint hitl-number" });
  const card = h("div", { class: "hitl-card" });
  const earlier = walking("earlier", "Your label before this one (key ↑)", () => on.walk(true));
  const later = walking("later", "Your label after this one, then the question (key ↓)", () =>
    on.walk(false),
  );
  const walk = h("div", { class: "hitl-walk", attrs: { role: "group", "aria-label": "Your labels" } });
  walk.append(earlier, later);
  // Screen readers announce the question when the widget gets the focus.
  reason.id = newId();
  card.id = newId();
  root.setAttribute("aria-describedby", `${reason.id} ${card.id}`);
  const guess = h("span", { class: "hitl-number" });
  const shares = h("span", { class: "hitl-shares", attrs: { "aria-hidden": "true" } });
  const eye = link("", on.toggleGuess);
  const ending = new AbortController();
  const asking = link("why", () => teaching.why(), "Why the model guesses this (\u21e7W)");
  const guessLine = h("div", { class: "hitl-guess" }, shares, guess, eye, asking);
  const changed = h(
    "div",
    { class: "hitl-changed", attrs: { role: "status" } },
    "This item has changed since it was labelled.",
    link("keep the label", () => on.settle(true)),
    link("drop it", () => on.settle(false)),
  );
  const decided = h("div", { class: "hitl-decided", attrs: { hidden: true, dir: "auto" } });
  const search = classSearch((code) => on.press(code, 0), leave);
  const classes = h("div", { class: "hitl-classes", attrs: { role: "group", "aria-label": "Classes" } });
  const fields = h("div", { class: "hitl-fields" });
  const recently = h("div", {
    class: "hitl-recent",
    attrs: { role: "group", "aria-label": "Recent classes", hidden: true },
  });
  /** The buttons of the classes, by code. */
  let buttons: HTMLButtonElement[] = [];
  let shortNames: string[] = [];
  let shownRecent = "";
  const give = keyed("⏎", "", "Give this answer", on.give);
  give.classList.add("hitl-give");
  const giveWords = give.appendChild(h("span", {}));
  const no = keyed("N", "no", "The suggestion is wrong", on.reject);
  const skip = keyed("S", "skip", "Leave this item unanswered", on.skip);
  const undo = keyed("Z", "undo", "Undo your last act", on.undo);
  const redo = keyed("⇧Z", "redo", "Redo what was last undone", on.redo);
  const again = keyed("⇧S", "", "Show again what you left unanswered", on.again);
  const againWords = again.appendChild(h("span", {}));
  const clearing = keyed("Del", "no label", "Remove the label", on.clear);
  const release = keyed("Esc", "back", "Go back to the suggested item", on.release);
  const keysOff = h("span", {
    class: "hitl-faint hitl-keys-off",
    text: "Click to use shortcuts",
  });
  const typing = h("span", { class: "hitl-faint hitl-typing", text: "Esc for shortcuts" });
  const guidance = h("details", { class: "hitl-guide hitl-fold" }, h("summary", { text: "Guidance" }));
  guidance.addEventListener("toggle", () => guidance.open && teaching.show());
  const help = helpView(leave);
  const helping = keyed("?", "", "Show the keys", () => help.toggle(composer?.keys, itemKeys));
  const editor = classEditor(on.change);
  const more = moreView({
    skip: (why) => (why === "rejected" ? on.reject() : on.skip(0, why)),
    note: on.note,
    example: () => keepExample(),
    edit: () => edit(),
    leave,
  });
  const cover = coverView(card, on.reveal);
  const note = h("div", { class: "hitl-note", attrs: { role: "alert" } });
  const teaching = lateTeaching(
    async () => {
      const { change, say } = on;
      const places = { card, notes: more.element, line: teaching.element, fold: guidance };
      const { teachingView } = await on.load();
      return teachingView(places, { ...on.teaching, change, say, leave }, explains, ending.signal);
    },
    explains,
    leave,
    ending.signal,
  );
  root.append(
    h(
      "div",
      { class: "hitl-subject" },
      h("div", { class: "hitl-head" }, reason, walk, progress),
      card,
      cover.warning,
    ),
    cover.masked,
    h("div", { class: "hitl-over" }, note),
    more.element,
    changed,
    decided,
    h("div", { class: "hitl-above-classes" }, guessLine, search.element),
    fields,
    recently,
    classes,
    h("div", { class: "hitl-acts" }, give, no, skip, undo, redo, again, clearing, release, helping),
    teaching.element,
    h("div", { class: "hitl-folds" }, guidance, editor.element, more.links, keysOff, typing),
    help.element,
  );

  // What a class would replace is told before it is pressed.
  const preview = (event: Event): void => {
    const at = (event.target as HTMLElement).closest<HTMLElement>(".hitl-class");
    const away = event.type === "pointerleave" || event.type === "focusout";
    // Where several classes may apply, a press replaces nothing yet.
    const none = away || !at || questionOf(shownAsks)?.drafted;
    bulkShown?.preview(none ? -1 : Number(at.dataset.code));
  };
  for (const part of [classes, recently])
    for (const type of ["pointerover", "pointerleave", "focusin", "focusout"])
      part.addEventListener(type, preview);

  let shownClasses: LabelClass[] = [];
  let shownAsks = "";
  let shownCard: unknown[] = [];
  let bulkShown: BulkCard | null = null;
  let onStage = new AbortController();
  let pressItem: Press = () => false;
  let itemKeys: Told = [];
  let itemArrows = (): boolean => false;
  let wantsTall = false;
  let composer: Composer | null = null;
  /** Whether the user has changed the composed answer. */
  let touched = false;
  let idea: Codes | null = null;
  let guessed = false;
  /** The state that is drawn. */
  let drawn: LabelerState | null = null;
  let drawnGuess = false;

  /** Ends what the card showed; returns the stage for the next item. */
  function clear(row?: number): Stage {
    onStage.abort();
    onStage = new AbortController();
    pressItem = () => false;
    itemKeys = [];
    itemArrows = () => false;
    composer = null;
    fields.replaceChildren();
    const { signal } = onStage;
    const keys: Stage["keys"] = (press, told = [], arrows = () => false) => {
      if (!signal.aborted) [pressItem, itemKeys, itemArrows] = [press, told, arrows];
    };
    const nothing = { more: gone, gather: gone };
    return { signal, keys, ...(row === undefined ? nothing : on.parts(row, signal)) };
  }

  /** Makes what composes the answer to the item on the card, or to all that are selected. */
  function composed(state: LabelerState, ask: Ask | null, item: Item | undefined, stage: Stage, make: Make) {
    const labelled = isLabelled(state);
    const { mode } = state;
    const told = ask ? on.start(ask, labelled) : {};
    // What is corrected is the user's own answer from the start.
    const start = mode === "correct" ? { ...told, answer: told.answer ?? told.suggested } : told;
    // An earlier answer, or one that was begun, is the user's own.
    touched = told.answer !== undefined;
    const changed = (mine = true): void => {
      touched ||= mine;
      const found = composer?.read();
      const kept = composer?.draft?.() ?? (typeof found === "string" ? null : found?.answer);
      if (mine && ask && kept) on.begun(ask, kept);
      if (drawn) drawDraft(drawn, ask !== null);
    };
    const made = make({
      item,
      stage,
      pressItem: (key, shift) => pressItem(key, shift),
      classes: state.classes,
      settings: state.settings,
      verify: mode === "verify",
      ...start,
      changed,
      give: (clicks = 0) => on.give(clicks),
      render: renderItem,
      chance: ask ? on.chance(ask) : 0,
      say: on.say,
      leave,
    });
    fields.replaceChildren(...(made.fields ? [made.fields] : []));
    composer = made;
    return made;
  }

  /** Draws what depends on the answer so far. */
  function drawDraft(state: LabelerState, any: boolean): void {
    const question = questionOf(state.asks);
    const picked = state.composed ? (composer?.picked() ?? []) : draftOf(state, idea);
    for (const element of [...buttons, ...recently.querySelectorAll<HTMLElement>(".hitl-class")]) {
      const code = Number(element.dataset.code);
      enable(element, any && Boolean(question || composer));
      if (question?.drafted || composer) element.setAttribute("aria-pressed", String(picked.includes(code)));
      else element.removeAttribute("aria-pressed");
    }
    const held = doubtful(state);
    show(give, held !== null || question?.drafted === true || composer !== null || idea !== null);
    enable(give, any);
    if (composer) {
      const found = composer.read();
      const quiet = typeof found === "string" || found.quiet;
      setText(giveWords, quiet ? "answer" : `${found.blank ? "" : "answer "}${found.words}`);
      give.toggleAttribute("data-ready", !quiet);
    } else if (held) {
      give.toggleAttribute("data-ready", any);
      setText(giveWords, `keep ${namesOf(held.codes, state.classes)}`);
    } else {
      const n = picked.length;
      give.toggleAttribute("data-ready", any && (n > 0 || idea !== null));
      if (idea && !state.edited && (!n || picked === idea))
        setText(giveWords, `accept ${namesOf(idea, state.classes)}`);
      else setText(giveWords, n ? `answer with ${count(n, "class", "classes")}` : "none of them");
    }
  }

  /** What waits until nobody types. */
  let late: LabelerProps | null = null;
  // Not at once: a button that was pressed must still be there when it is released.
  root.addEventListener("focusout", () => setTimeout(() => late && update(late), LATE_MS));

  function update(props: LabelerProps): void {
    const { state, ask, item, showGuess, recent, compose, notes, suggested, copies } = props;
    const { guidance: guided } = props;
    [drawn, drawnGuess] = [state, showGuess];
    idea = suggested;
    const bulk = state.chosen !== null && state.chosen.rows.length > 1;
    const question = questionOf(state.asks);
    const redrawn = state.classes !== shownClasses || state.asks !== shownAsks;
    if (redrawn) {
      [shownClasses, shownAsks] = [state.classes, state.asks];
      const offered = shownClasses.filter((c) => !c.retired);
      classes.classList.toggle("hitl-levels", question?.scale === true);
      const many = question?.scale !== true && state.asks !== "form" && offered.length > MANY;
      classes.classList.toggle("hitl-many", many);
      const short = offered.length > FEW && offered.every(({ name }) => name.length <= SHORT);
      classes.classList.toggle("hitl-short", short && !many);
      drawClasses(offered, many);
      search.update(many ? buttons : []);
      editor.update(shownClasses, question?.scale);
    }
    show(guidance, guided.waiting.length > 0 || shownClasses.some((c, code) => isGuided(c, code, guided)));
    setText(progress, progressWords(state));

    const found = ask ? item(ask.row) : undefined;
    const makes = state.composed && (bulk ? state.bulk : ask && on.ready(ask, isLabelled(state))) && compose;
    const now: unknown[] = [
      bulk ? state.chosen?.rows : (ask?.key ?? emptyWords(state)),
      bulk ? null : found,
      makes,
    ];
    if (makes) now.push(state.classes, state.settings, copies, ask?.blind === true);
    const renewed = now.length !== shownCard.length || now.some((part, i) => part !== shownCard[i]);
    // While somebody types, what is composed about the same item stays: else the next letters would be keys.
    const typed = card.contains(focused()) || fields.contains(focused());
    const typing =
      typed &&
      focused()?.matches("input, textarea") &&
      now.slice(0, 3).every((part, i) => part === shownCard[i]);
    late = renewed && typing ? props : null;
    if (renewed && !typing) {
      shownCard = now;
      card.scrollTo(0, 0);
      const here = root.contains(focused());
      const stage = clear(ask?.row);
      bulkShown = bulk ? bulkCard(on.bulk, stage.signal) : null;
      if (bulkShown && makes) composed(state, null, undefined, stage, makes);
      if (bulkShown) card.replaceChildren(bulkShown.element);
      else if (ask && found) {
        const element = makes ? composed(state, ask, found, stage, makes).element : undefined;
        card.replaceChildren(...contextOf(found), element ?? renderItem(found, stage));
        card.dataset.row = String(ask.row);
      } else card.replaceChildren(!ask && isDone(state) ? doneCard(state) : emptyCard(state));
      setTall(
        bulk ||
          (found !== undefined && hasImage(found.content)) ||
          Boolean(makes && composer?.element) ||
          card.querySelector(".hitl-text-folded") !== null,
      );
      // A field that had the focus is gone.
      if (here && composer?.focus && !state.chosen) composer.focus();
      else if (here && !root.contains(focused())) leave();
      cover.update(bulk || !found ? null : ask, found);
      on.showing(bulk ? (state.chosen?.rows ?? null) : ask && found ? ask.key : null, card);
      card.classList.toggle("hitl-done", !ask && !bulk && isDone(state));
    }
    const taught = !bulk && found !== undefined && state.asks === "choice";
    teaching.update({
      ask,
      item: taught ? ask : null,
      drawn: shownCard,
      showGuess,
      classes: shownClasses,
      guidance: guided,
    });
    const names = composer?.called ? calledBy(composer, state.classes) : state.classes;
    setParts(asked, ...heading(state, ask, bulk, names));
    setParts(why, ...reasonOf(state, ask));
    // Comparisons have buttons of their own, also while nothing is on the card.
    const own = composer?.called !== undefined || state.asks === "pair";
    show(classes, !own && !composer?.guessed);
    show(editor.element, !own && (shownClasses.length > 0 || !state.composed));
    if (state.chosen)
      bulkShown?.update(
        state.chosen,
        state.classes,
        state.kind === "image",
        canRule(state) ? state.ruling : null,
      );
    show(changed, !bulk && ask?.changed === true);
    setText(decided, (!bulk && ask?.decided) || "");
    show(decided, decided.textContent !== "");
    // Hide the guess if somebody else has just labelled the item: it would nearly reveal that label.
    const model = !bulk && ask?.guess && !meanwhile(state) && !idea ? ask.guess : null;
    guessLine.style.visibility = model || idea ? "visible" : "hidden";
    // Many composed answers are never guessed: its line is reserved from the first guess on.
    guessed ||= Boolean(model || idea);
    show(guessLine, guessed || !state.composed);
    show(eye, idea === null);
    show(asking, idea === null && state.asks === "choice");
    show(shares, idea === null);
    if (model) {
      setParts(guess, ...(showGuess ? guessWords(model, names) : ["Model’s guess hidden"]));
      guess.title = guess.textContent ?? "";
      shares.replaceChildren(...(showGuess ? shareBar(model, state.classes) : []));
      show(shares, shares.children.length > 0);
      setText(eye, showGuess ? "hide" : "show");
    } else setParts(guess, ...(idea ? ["Suggested: ", ...saidNames(idea, state.classes)] : []));
    // A recent class that is used again stays where it is, with the focus that a click gave it.
    const ids = recent.map(({ id }) => id).join("\n");
    if (redrawn || ids !== shownRecent) drawRecent(recent, classes.classList.contains("hitl-many"));
    shownRecent = ids;
    for (const element of [...buttons, ...recently.querySelectorAll<HTMLElement>(".hitl-class")]) {
      const code = Number(element.dataset.code);
      const guessed = idea?.includes(code) ?? (showGuess && (model?.codes.includes(code) ?? false));
      element.classList.toggle("hitl-guessed", guessed);
    }
    composer?.guessed?.((showGuess && model?.codes) || []);
    drawDraft(state, ask !== null || bulk);
    more.update(
      bulk || !ask ? null : { ask, rejects: state.suggests && !ask.blind, edits: taught },
      ask ? (notes.get(ask.key) ?? ask.note) : "",
    );
    const refusable = state.mode === "verify" && idea !== null && !state.composed;
    show(no, refusable && !state.classes.some(({ key }) => key === "n"));
    show(skip, !bulk);
    enable(skip, ask !== null && state.chosen === null);
    const can = turnable(state);
    show(walk, labelsGiven(state) > 0);
    enable(later, state.chosen?.from === "history");
    enable(undo, can.undo);
    enable(redo, can.redo);
    offer(again, state.n_skipped > 0 && !isAgain(state));
    setText(againWords, state.left_out);
    offer(clearing, clearable(state));
    offer(release, state.chosen !== null || isAgain(state));
    const told = [waitingWords(state), missedWords(state)].filter(Boolean).join(" ");
    setText(note, state.note || told || state.error || state.beside || state.withdrawn);
    show(note, note.textContent !== "");
    note.classList.toggle("hitl-bad", Boolean(state.note || state.error) && !told);
  }

  /** The buttons of the classes; many in groups under headings. */
  function drawClasses(offered: readonly LabelClass[], many: boolean): void {
    const groups = many ? groupsOf(offered.map(({ name }) => name)) : [];
    const headings = new Map(groups.flatMap(({ heading, codes }) => codes.map((code) => [code, heading])));
    shortNames = offered.map(({ name }, code) => nameWithin(name, headings.get(code) ?? ""));
    buttons = offered.map((c, code) => buttonOf(c, code));
    classes.replaceChildren(
      ...(groups.some(({ heading }) => heading)
        ? groups.map(({ heading, codes }) => group(heading || "other", codes))
        : buttons),
    );
  }

  const buttonOf = (c: LabelClass, code: number): HTMLButtonElement =>
    classButton(c, code, shortNames[code], (clicks) => on.press(code, clicks));

  const group = (heading: string, codes: readonly number[]): HTMLElement =>
    h(
      "div",
      { class: "hitl-class-group", attrs: { role: "group", "aria-label": heading } },
      h("div", { class: "hitl-class-heading", text: heading, attrs: { dir: "auto", "aria-hidden": "true" } }),
      ...codes.map((code) => buttons[code]),
    );

  /** The classes used last once more, with the same keys. */
  function drawRecent(recent: Recent, many: boolean): void {
    const codes = recent.map(({ id }) => shownClasses.findIndex((c) => c.id === id && !c.retired));
    const known = many ? codes.filter((code) => code >= 0) : [];
    show(recently, known.length > 0);
    recently.replaceChildren(
      h("span", { class: "hitl-faint", text: "Recent" }),
      ...known.map((code) => buttonOf(shownClasses[code], code)),
    );
  }

  /** Gives the card one of its two heights. */
  function setTall(always: boolean): void {
    wantsTall = always;
    card.classList.toggle("hitl-tall", always);
    if (!always && card.scrollHeight > card.clientHeight + 1) card.classList.add("hitl-tall");
  }

  // The first item is shown before there is a size, and another width needs another height.
  let width = 0;
  const resized = new ResizeObserver(() => {
    if (root.clientWidth === width) return;
    width = root.clientWidth;
    requestAnimationFrame(() => setTall(wantsTall)); // not in this callback, which it would trigger again
  });
  resized.observe(root);

  /** Opens the line in which the item is kept as an example: of its label, else of what the model guesses. */
  function keepExample(): boolean {
    if (!drawn) return false;
    const { chosen } = drawn;
    const held = chosen ? chosen.sample?.only : (doubtful(drawn) ?? meanwhile(drawn));
    const ask = onCard(drawn);
    return teaching.example(held?.codes ?? (drawnGuess ? (ask?.guess?.codes ?? []) : []));
  }

  /** Shows or hides a button; if it is hidden while focused, the focus moves to the widget. */
  function offer(element: HTMLElement, visible: boolean): void {
    if (!visible && element.contains(focused())) leave();
    show(element, visible);
  }

  const press: Press = (key, shift) => {
    if (key === "?") help.toggle(composer?.keys, itemKeys);
    else if (key === "n" && shift) more.open();
    else return pressItem(key, shift) || (key === "Enter" && search.open());
    return true;
  };
  /** Edits the item on the card, or fills in the smallest change; returns whether there is an item. */
  function edit(): boolean {
    if (card.classList.contains("hitl-blurred")) {
      on.say("Show the item first: Shift+V");
      return true;
    }
    return teaching.edit();
  }
  /** Returns whether there is an item or a selection. */
  function explain(): boolean {
    if (!bulkShown) return teaching.why();
    bulkShown.why();
    return true;
  }
  const close = (): void => {
    ending.abort();
    resized.disconnect();
    clear();
  };
  /** Handles the keys of the list of selected items; `enter`: also if it does not have the focus. */
  const pressMembers = (key: string, shift: boolean, enter: boolean): boolean =>
    bulkShown !== null && (enter || bulkShown.focused) && bulkShown.press(key, shift);

  /** Handles the keys of the answer that is composed, which come first. */
  const pressComposer: Press = (key, shift) => composer?.press(key, shift) ?? false;
  /** Handles the arrow keys while all of them are for the item. */
  const pressArrows: Press = (key, shift) =>
    key.startsWith("Arrow") && !bulkShown && itemArrows() && pressItem(key, shift);

  return {
    update,
    press,
    pressMembers,
    pressComposer,
    pressArrows,
    composer: () => composer,
    touched: () => touched,
    closeHelp: help.close,
    /** Shows what is blurred or hidden on the card; returns whether something was. */
    lift: cover.lift,
    teaching,
    /** Shows or hides why the model guesses what it guesses, or what tells a selection from all others. */
    why: explain,
    /** What tells a selection from all others has come. */
    together: (message: TogetherMessage) => bulkShown?.together(message),
    /** Opens the line in which the item is kept as an example; returns whether there is an item. */
    keep: keepExample,
    edit,
    close,
  };
}

type Make = ComposerModule["compose"];

/** Whether the item on the card has a label. */
const isLabelled = (state: LabelerState): boolean =>
  state.chosen ? state.chosen.sample?.only?.codes != null : meanwhile(state)?.mine === true;

const gone = (): Promise<never> => Promise.reject(new Error("The card shows something else."));

/** Columns of the table beside the item. */
function contextOf({ context = [] }: Item): HTMLElement[] {
  if (!context.length) return [];
  const parts = context.flatMap(([name, value]) => [
    h("dt", { text: name, attrs: { dir: "auto" } }),
    h("dd", { text: value, title: value, attrs: { dir: "auto" } }),
  ]);
  return [h("dl", { class: "hitl-context" }, ...parts)];
}

/** The classes by the names that they have on this card. */
const calledBy = ({ called }: Composer, classes: LabelClass[]): LabelClass[] =>
  classes.map((c, code) => ({ ...c, name: called?.(code) ?? c.name }));

function heading(
  state: LabelerState,
  ask: Ask | null,
  bulk: boolean,
  classes: LabelClass[],
): (string | HTMLElement)[] {
  if (bulk && state.composed && !state.bulk)
    return ["This question is answered one item at a time: open an item from the list"];
  if (state.ruling) {
    const what = state.chosen?.query && !state.chosen.out.length ? "what the search finds" : "these items";
    return [`Press a class: a rule for ${what}, no label`];
  }
  const drafted = questionOf(state.asks)?.drafted;
  const chosen = drafted ? "choose classes and press Enter" : "press a class";
  const how = state.composed ? "fill in the answer and press Enter" : chosen;
  if (bulk && state.chosen?.from === "history") return [`One act: ${how} to relabel all of its items`];
  if (bulk) return [`${how.charAt(0).toUpperCase()}${how.slice(1)} to label all of them`];
  if (!ask) return [said(state.question)];
  const held = doubtful(state);
  if (held) {
    const who = held.by ? [" by ", said(held.by)] : [];
    return ["Labelled ", ...saidNames(held.codes, classes), ...who, ": keep it, or press another class"];
  }
  const now = meanwhile(state);
  if (now?.mine) {
    const own = classes !== state.classes || !now.said;
    const names = own ? saidNames(now.codes ?? [], classes) : [now.said];
    return ["You have labelled it ", ...names, ": a new label replaces that"];
  }
  if (now) return ["Somebody else has just labelled it: yours is a second opinion"];
  return state.chosen ? [said(ask.reason)] : [said(state.question)];
}

/** How many labels there are, or how many of them are to be looked at again. */
function progressWords(state: LabelerState): string {
  if (!state.ready) return "";
  if (doubtful(state)) return `${count(state.again.length, "label")} to look at`;
  return `${labelsGiven(state).toLocaleString("en")} of ${count(state.n_items, "item")}`;
}

/** Why the current item is asked. */
function reasonOf(state: LabelerState, ask: Ask | null): HTMLElement[] {
  if (!ask || state.chosen || (meanwhile(state) && !ask.doubtful)) return [];
  return [said(ask.reason.charAt(0).toUpperCase() + ask.reason.slice(1))];
}

/** The most likely classes, or what else the guess consists of. */
function guessWords(
  { codes, words, confidence, shares }: Guess,
  classes: LabelClass[],
): (string | HTMLElement)[] {
  if (words || !shares.length) {
    const more = words ? `${words}, ` : "";
    if (!classes.length) return [`Model: ${words}`];
    return ["Model: ", ...saidNames(codes, classes), ` (${more}${percent(confidence)})`];
  }
  const worth = shares.filter(([, share], i) => !i || share >= LEAST);
  return [
    "Model: ",
    ...worth.flatMap(([code, share], i) => [
      i ? ", " : "",
      said(classes[code]?.name ?? ""),
      ` (${percent(share)})`,
    ]),
  ];
}

const shareBar = ({ shares }: Guess, classes: LabelClass[]): HTMLElement[] =>
  shares.map(([code, share]) =>
    h("span", { style: { flex: `0 0 ${100 * share}%`, background: classes[code]?.color ?? "" } }),
  );

const emptyCard = (state: LabelerState): HTMLElement =>
  h("div", { class: `hitl-empty${state.error ? "" : " hitl-waiting"}`, text: emptyWords(state) });

/** Suggestions for when nothing is left to ask. */
function doneCard(state: LabelerState): HTMLElement {
  const code = (text: string): HTMLElement => h("code", { text });
  return h(
    "div",
    { class: "hitl-empty" },
    h("p", { text: emptyWords(state) }),
    h("p", {}, "Save the labels: ", code('session.export("labels.csv")')),
    state.n_skipped ? h("p", { text: "Press Shift+S to see the skipped items again." }) : null,
    h("p", {}, "Review labels: select points on the map, or open an act in the history."),
    h("p", {}, "Label more: add rows to the table and run the cell again."),
  );
}

function waitingWords(state: LabelerState): string {
  if (!state.stalled) return "";
  const waits = state.waiting === 1 ? "is waiting" : "are waiting";
  return `${count(state.waiting, "act")} ${waits} in this browser for the kernel. You can keep labeling. If the kernel was restarted, run the cell again.`;
}

const walking = (name: "earlier" | "later", title: string, act: () => void): HTMLButtonElement =>
  h(
    "button",
    {
      class: "hitl-button",
      title,
      attrs: { type: "button", "aria-label": title },
      on: { click: (event) => enabled(event) && act() },
    },
    icon(name),
  );

let made = 0;
const newId = (): string => `hitl-${++made}`;

function classButton(
  c: LabelClass,
  code: number,
  words: string,
  act: (clicks: number) => void,
): HTMLButtonElement {
  return h(
    "button",
    {
      class: "hitl-button hitl-class",
      title: c.guidance || c.name,
      on: { click: (event) => enabled(event) && act(event.detail) },
      attrs: {
        type: "button",
        "data-class": c.name,
        "data-code": code,
        "aria-label": words === c.name ? null : `${c.key.toUpperCase()} ${c.name}`.trim(),
      },
      style: { "--class": c.color },
    },
    c.key ? h("kbd", { text: c.key.toUpperCase() }) : null,
    h("span", { class: "hitl-class-name", text: words, attrs: { dir: "auto" } }),
  );
}

/** Whether images are shown, which need all the space there is. */
const hasImage = ({ kind, items }: Content): boolean =>
  kind === "image" || kind === "remote" || (kind === "list" && (items as Content[]).some(hasImage));
