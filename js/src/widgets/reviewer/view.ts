import "../../ui/class-buttons.css";
import "./view.css";
import type { LabelClass, Said } from "../../host/protocol";
import { type Item, renderItem, type Stage } from "../../items/index";
import {
  type Codes,
  type Composed,
  type Composer,
  type ComposerModule,
  namesOf,
  questionOf,
} from "../../questions/index";
import { enable, keyed } from "../../ui/button";
import { count, focused, h, percent, said, setParts, setText, show } from "../../ui/dom";
import type { Press } from "../../ui/keys";
import { coverView } from "../labeler/cover";
import { answerCards, composing } from "./answers";
import { emptyWords, failedWords, isWaiting, progressWords, type ReviewerState } from "./state";

export type ReviewerProps = {
  state: ReviewerState;
  item: (row: number) => Item | undefined;
  compose: ComposerModule["compose"] | null;
  /** Whether names are shown now. */
  named: boolean;
};

export type ReviewerCallbacks = {
  /** Decides for an answer in the form of the log. */
  decide: (answer: Record<string, unknown>, words: string) => void;
  later: () => void;
  undo: () => void;
  redo: () => void;
  toggleNames: () => void;
  /** The reason that was given here for a decision on this item. It is shown again if that is undone. */
  reason: (key: string) => string;
  /** Shows the hidden personal data of an item, which is logged. */
  reveal: (row: number, key: string) => void;
  parts: (row: number, end: AbortSignal) => Pick<Stage, "more" | "gather">;
  say: (words: string) => void;
};

export function reviewerView(root: HTMLElement, on: ReviewerCallbacks) {
  const asked = h("div", { class: "hitl-question" });
  const why = h("div", { class: "hitl-why hitl-number" });
  const progress = h("div", { class: "hitl-faint hitl-number" });
  const card = h("div", { class: "hitl-card hitl-review-item" });
  const answers = h("div", { class: "hitl-answers", attrs: { role: "group", "aria-label": "Answers" } });
  const editor = h("div", { class: "hitl-review-editor" });
  const others = h("div", { class: "hitl-classes", attrs: { role: "group", "aria-label": "Classes" } });
  const because = h("input", {
    class: "hitl-field hitl-because",
    attrs: {
      type: "text",
      maxlength: 2000,
      placeholder: "Why? Shown to the annotators, and kept as an example (optional)",
      "aria-label": "Why: shown to the annotators",
    },
    on: {
      keydown: (event) => {
        if (event.key !== "Enter" && event.key !== "Escape") return;
        event.preventDefault();
        event.stopPropagation();
        root.focus({ preventScroll: true });
      },
    },
  }) as HTMLInputElement;
  const gold = h("input", { attrs: { type: "checkbox" } }) as HTMLInputElement;
  const asGold = h(
    "label",
    { class: "hitl-review-gold", title: "Ask annotators this item unseen, to see how often they agree" },
    gold,
    "gold question",
    h("kbd", { text: "⇧G" }),
  );
  const explain = h("div", { class: "hitl-explain" }, h("kbd", { text: "⇧W" }), because, asGold);
  const give = keyed("⏎", "", "Decide for this answer", () => giveEdited());
  give.classList.add("hitl-give");
  const giveWords = give.appendChild(h("span", {}));
  const edit = keyed("⇧E", "edit", "Compose another answer, starting from the first one", () => startEdit());
  const cancel = keyed("Esc", "cancel", "Back to the answers", () => endEdit());
  const later = keyed("S", "later", "Put it off: it comes again at the end", on.later);
  const undo = keyed("Z", "undo", "Undo your last act", on.undo);
  const redo = keyed("⇧Z", "redo", "Redo what was last undone", on.redo);
  const names = keyed("⇧N", "", "Show or hide who gave the answers", on.toggleNames);
  const namesWords = names.appendChild(h("span", {}));
  const keysOff = h("span", { class: "hitl-faint hitl-keys-off", text: "Click to use shortcuts" });
  const done = h("div", { class: "hitl-review-done hitl-faint", attrs: { role: "status" } });
  const cover = coverView(
    card,
    ({ row, key }) => on.reveal(row, key),
    () => {
      shown = [];
      if (drawn) update(drawn);
    },
  );
  const note = h("div", { class: "hitl-note hitl-bad", attrs: { role: "alert", hidden: true } });
  const head = h("div", { class: "hitl-head" }, h("div", { class: "hitl-reason" }, asked, why), progress);
  const acts = h("div", { class: "hitl-acts" }, give, edit, cancel, later, undo, redo, names, done, keysOff);
  const over = h("div", { class: "hitl-over" }, note);
  const subject = h("div", { class: "hitl-review-subject" }, card, cover.warning);
  root.append(head, subject, cover.masked, answers, editor, others, explain, acts, over);

  let shown: unknown[] = [];
  let end = new AbortController();
  let drawn: ReviewerProps | null = null;
  let composer: Composer | null = null;
  /** What is composed of several classes. */
  let draft: Codes | null = null;
  let editing = false;
  let forKey = "";

  function update(props: ReviewerProps): void {
    drawn = props;
    const { state, item, compose, named } = props;
    const { current } = state;
    const found = current ? item(current.row) : undefined;
    const ready = current !== null && found !== undefined && (!state.composed || compose !== null);
    if (current && current.key !== forKey) {
      forKey = current.key;
      because.value = on.reason(current.key);
      gold.checked = false;
      editing = false;
    }
    if (!current) {
      forKey = "";
      editing = false;
    }
    const now: unknown[] = [
      current,
      found,
      compose,
      named,
      editing,
      state.classes,
      current ? "" : emptyWords(state),
    ];
    if (now.some((part, i) => part !== shown[i])) {
      shown = now;
      draw(props, found, ready);
    }
    setParts(asked, ...(current ? [said(state.question || "Which answer is right?")] : ["Review"]));
    setText(why, current ? whyWords(current.agree, current.answers, current.mine) : "");
    setText(progress, progressWords(state));
    for (const element of [answers, explain, later]) show(element, ready);
    show(answers, ready && !editing);
    show(names, state.names && ready);
    setText(namesWords, named ? "hide names" : "show names");
    names.setAttribute("aria-pressed", String(named));
    show(edit, ready && !editing && isEdited(state));
    show(cancel, editing);
    show(give, editing);
    show(editor, editing && composer !== null);
    enable(undo, state.undo);
    enable(redo, state.redo);
    setText(done, state.done);
    const told = state.note || (current ? failedWords(state) : "");
    setText(note, told);
    show(note, told !== "");
    drawDraft();
  }

  /** Whether another answer than those given is composed, rather than pressed. */
  const isEdited = (state: ReviewerState): boolean =>
    state.composed || questionOf(state.asks)?.drafted === true;

  function stageOf(row: number, signal: AbortSignal): Stage {
    return { signal, keys: () => undefined, ...on.parts(row, signal) };
  }

  /** Draws what changes with the dispute. */
  function draw({ state, compose, named }: ReviewerProps, found: Item | undefined, ready: boolean): void {
    end.abort();
    end = new AbortController();
    const { signal } = end;
    const here = root.contains(focused());
    composer = null;
    draft = null;
    editor.replaceChildren();
    const { current, classes, settings } = state;
    card.scrollTo(0, 0);
    if (!current || !ready || !found) {
      const waits = isWaiting(state) || current !== null;
      const words = current ? "Loading the item" : emptyWords(state);
      card.replaceChildren(h("div", { class: `hitl-empty${waits ? " hitl-waiting" : ""}`, text: words }));
      answers.replaceChildren();
      others.replaceChildren();
      show(card, true);
      show(others, false);
      cover.update(null, undefined);
      return;
    }
    const stage = (end: AbortSignal): Stage => stageOf(current.row, end);
    let viewed = false;
    // The answers show the item, too.
    const views = cover.blurs(current.key, found) ? null : compose;
    if (editing && state.composed && compose) {
      composer = compose(
        composing({ classes, settings, stage, signal }, found, current.answers[0].answer, {
          changed: drawDraft,
          give: () => giveEdited(),
          render: renderItem,
          say: on.say,
          leave: () => root.focus({ preventScroll: true }),
        }),
      );
      editor.replaceChildren(
        ...(composer.element ? [h("div", { class: "hitl-card" }, composer.element)] : []),
        ...(composer.fields ? [composer.fields] : []),
      );
      viewed = composer.element !== undefined;
    } else if (editing) draft = current.answers[0].codes;
    else {
      const cards = answerCards({
        ...{ case: current, item: found, classes, settings, compose: views, named, keyOf, stage, signal },
        accept,
      });
      answers.replaceChildren(...cards);
      viewed = cards.some((one) => one.classList.contains("hitl-answer-viewed"));
    }
    card.replaceChildren(...contextOf(found), ...(viewed ? [] : [renderItem(found, stage(signal))]));
    show(card, card.children.length > 0);
    cover.update(current, found);
    drawClasses(classes);
    // A button that had the focus is gone.
    if (here && !root.contains(focused())) root.focus({ preventScroll: true });
    if (composer?.focus) composer.focus();
  }

  /** The buttons of the classes: of those that nobody answered, or all of them to compose an answer. */
  function drawClasses(all: readonly LabelClass[]): void {
    const state = drawn?.state;
    const single = state && !isEdited(state);
    // A level says more among all of them.
    const scale = questionOf(state?.asks ?? "")?.scale === true;
    const given = new Set(state?.current?.answers.flatMap(({ codes }) => codes) ?? []);
    const offered = [...all.entries()].filter(
      ([code, c]) => !c.retired && (single ? scale || !given.has(code) : editing),
    );
    const inside = composer?.called !== undefined || composer?.guessed !== undefined;
    others.replaceChildren(...offered.map(([code, c]) => classButton(c, code, () => pickClass(code))));
    others.classList.toggle("hitl-levels", scale);
    show(others, offered.length > 0 && !inside);
  }

  function drawDraft(): void {
    if (!editing) return;
    const picked = composer ? composer.picked() : (draft ?? []);
    for (const element of others.querySelectorAll<HTMLElement>(".hitl-class"))
      element.setAttribute("aria-pressed", String(picked.includes(Number(element.dataset.code))));
    const read = composer?.read();
    const quiet = typeof read !== "object" || read.quiet;
    setText(giveWords, quiet ? "decide" : `decide${read.blank ? ": " : " "}${read.words}`);
    enable(give, typeof read !== "string");
    give.toggleAttribute("data-ready", typeof read !== "string");
  }

  /** The key of an answer: that of its class, if a class is an answer; otherwise its number. */
  function keyOf(answer: Said, i: number): string {
    const state = drawn?.state;
    if (state && !isEdited(state)) return state.classes[answer.codes[0]]?.key ?? "";
    return i < 9 ? String(i + 1) : "";
  }

  function accept(i: number): boolean {
    const answer = drawn?.state.current?.answers[i];
    if (!answer || editing) return false;
    on.decide(answer.answer, answer.words);
    return true;
  }

  /** Decides for a class, or changes the answer that is composed. */
  function pickClass(code: number): boolean {
    const state = drawn?.state;
    const question = questionOf(state?.asks ?? "");
    if (!state?.current) return false;
    if (editing && composer) composer.pick(code);
    else if (editing && question && draft) draft = question.press(draft, code);
    else if (question && !question.drafted)
      on.decide(question.answer([code], state.classes), state.classes[code].name);
    else return false;
    drawDraft();
    return true;
  }

  function startEdit(): boolean {
    if (!drawn?.state.current || editing || !isEdited(drawn.state)) return false;
    const { key, row } = drawn.state.current;
    const found = drawn.item(row);
    if (!found || (drawn.state.composed && cover.blurs(key, found))) {
      on.say("Show the item first: Shift V");
      return false;
    }
    editing = true;
    update(drawn);
    on.say("Edit the answer, Enter decides");
    return true;
  }

  function endEdit(): boolean {
    if (!editing || !drawn) return false;
    editing = false;
    update(drawn);
    return true;
  }

  function giveEdited(): boolean {
    const state = drawn?.state;
    const question = questionOf(state?.asks ?? "");
    if (!editing || !state) return false;
    if (!composer) {
      if (question && draft) on.decide(question.answer(draft, state.classes), namesOf(draft, state.classes));
      return true;
    }
    const read: Composed | string = composer.read();
    if (typeof read === "string") {
      composer.lead?.();
      on.say(read);
      setText(note, read);
      show(note, true);
    } else on.decide(read.answer, read.words);
    return true;
  }

  const press: Press = (key, shift) => {
    const state = drawn?.state;
    if (!state) return false;
    if (editing && composer) {
      const taken = composer.press(key, shift);
      if (taken) return taken;
    }
    if (shift && key === "v") return cover.lift();
    if (shift && key === "w") because.focus();
    else if (shift && key === "g") gold.checked = !gold.checked;
    else if (shift && key === "n" && state.names) on.toggleNames();
    else if (shift && key === "e") return startEdit();
    else if (key === "z") (shift ? on.redo : on.undo)();
    else if (shift) return false;
    else if (key === "Escape") return endEdit();
    else if (key === "Enter") return giveEdited();
    else {
      const code = state.classes.findIndex((c) => c.key === key && !c.retired);
      if (code >= 0 && (editing || !isEdited(state))) return pickClass(code);
      if (/^[1-9]$/.test(key) && isEdited(state)) return accept(Number(key) - 1);
      if (key !== "s" || !state.current) return false;
      on.later();
    }
    return true;
  };

  return {
    update,
    press,
    /** What is said with a decision. */
    said: (): { because: string; gold: boolean } => ({ because: because.value.trim(), gold: gold.checked }),
    close: () => end.abort(),
  };
}

/** Why the item is here. */
function whyWords(agree: number, answers: readonly Said[], mine: boolean): string {
  const n = answers.reduce((sum, one) => sum + one.n, 0);
  const kinds = count(answers.length, "different answer");
  const how = agree > 0 ? `, which agree to ${percent(agree)}` : "";
  const who = mine ? "Your classes: " : "";
  return `${who}${kinds} of ${count(n, "annotator")}${how}`;
}

/** Columns of the table beside the item. */
function contextOf({ context = [] }: Item): HTMLElement[] {
  if (!context.length) return [];
  const parts = context.flatMap(([name, value]) => [
    h("dt", { text: name, attrs: { dir: "auto" } }),
    h("dd", { text: value, title: value, attrs: { dir: "auto" } }),
  ]);
  return [h("dl", { class: "hitl-context" }, ...parts)];
}

function classButton(c: LabelClass, code: number, act: () => void): HTMLButtonElement {
  return h(
    "button",
    {
      class: "hitl-button hitl-class",
      title: c.guidance || c.name,
      on: { click: act },
      attrs: { type: "button", "data-class": c.name, "data-code": code },
      style: { "--class": c.color },
    },
    c.key ? h("kbd", { text: c.key.toUpperCase() }) : null,
    h("span", { class: "hitl-class-name", text: c.name, attrs: { dir: "auto" } }),
  );
}
