import type { Case, LabelClass, Said } from "../../host/protocol";
import type { Item, Stage } from "../../items/index";
import { type ComposerModule, type Composing, colourOf } from "../../questions/index";
import { count, h, percent, said } from "../../ui/dom";

export type AnswersShown = {
  case: Case;
  item: Item | undefined;
  classes: readonly LabelClass[];
  settings: Readonly<Record<string, unknown>>;
  /** Makes the view of an answer that is more than its classes; null for others. */
  compose: ComposerModule["compose"] | null;
  /** Whether names are shown. */
  named: boolean;
  /** The key that accepts an answer. */
  keyOf: (answer: Said, i: number) => string;
  stage: (signal: AbortSignal) => Stage;
  signal: AbortSignal;
  accept: (i: number) => void;
};

const nothing = (): void => {};

/** The answers side by side, each as a button. */
export function answerCards(shown: AnswersShown): HTMLElement[] {
  return shown.case.answers.map((answer, i) => {
    const view = viewOf(answer, shown);
    const key = shown.keyOf(answer, i);
    const accept = h(
      "button",
      {
        class: "hitl-button hitl-accept",
        title: "Decide for this answer",
        attrs: { type: "button", "data-nr": i + 1 },
        on: { click: () => shown.accept(i) },
        style: { "--class": colourOf(answer.codes, shown.classes) },
      },
      key ? h("kbd", { text: key.toUpperCase() }) : null,
      h("span", { class: "hitl-answer-words", text: answer.words, attrs: { dir: "auto" } }),
      answer.share === null
        ? null
        : h("span", {
            class: "hitl-number hitl-faint",
            text: percent(answer.share),
            title:
              "How probable this answer is, given how good the annotators are and what the model predicts",
          }),
    );
    const notes = shown.named ? answer.notes : [];
    return h(
      "div",
      { class: `hitl-answer${view ? " hitl-answer-viewed" : ""}`, attrs: { role: "group" } },
      view,
      accept,
      h("div", { class: "hitl-answer-who hitl-faint" }, ...whoSaid(answer, shown.named)),
      ...notes.map((note) => h("div", { class: "hitl-answer-note" }, said(note))),
    );
  });
}

/** Who gave an answer: names, or their number. */
function whoSaid({ n, experts, people }: Said, named: boolean): (string | HTMLElement)[] {
  const who = named ? people.flatMap((name, i) => [i ? ", " : "", said(name)]) : [count(n, "annotator")];
  if (!experts) return who;
  return [...who, experts === n && n === 1 ? ", an expert" : `, ${count(experts, "expert")}`];
}

/** An answer on its item, to look at only. */
function viewOf(answer: Said, shown: AnswersShown): HTMLElement | null {
  const { item, compose } = shown;
  if (!compose || !item) return null;
  const { element } = compose(composing(shown, item, answer.answer, { changed: nothing, give: nothing }));
  if (!element) return null;
  return h("div", { class: "hitl-card hitl-answer-view", attrs: { inert: true } }, element);
}

/** What a composer needs. */
export function composing(
  shown: Pick<AnswersShown, "classes" | "settings" | "stage" | "signal">,
  item: Item,
  answer: Said["answer"] | undefined,
  on: Pick<Composing, "changed" | "give"> & Partial<Composing>,
): Composing {
  return {
    item,
    stage: shown.stage(shown.signal),
    pressItem: () => false,
    classes: shown.classes,
    settings: shown.settings,
    answer,
    render: () => h("div", {}),
    chance: 0,
    say: nothing,
    leave: nothing,
    ...on,
  };
}
