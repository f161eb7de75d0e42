import "./view.css";
import { count, h, setText, show } from "../../ui/dom";
import type { Theme } from "../../ui/theme";
import { curveView, type Line } from "./curve";
import { type PlaneProps, planeView } from "./plane";
import { dotIcon, shapeIcon } from "./shapes";
import {
  type Behind,
  type Frame,
  type LessonState,
  labelledByYou,
  labelsOf,
  over,
  scoreWords,
} from "./state";

export type LessonCallbacks = {
  go: (index: number) => void;
  step: (by: 1 | -1) => void;
  play: () => void;
  strategy: (name: string) => void;
  mode: (mode: LessonState["mode"]) => void;
  behind: (behind: Behind) => void;
  truth: (show: boolean) => void;
  pick: (row: number) => void;
  again: () => void;
};
export type LessonProps = {
  state: LessonState;
  xy: Float32Array;
  truth: Uint8Array;
  cells: number;
  theme: Theme;
};

/** The whole lesson: one or two planes, the reason or the score, the curve and the controls. */
export function lessonView(root: HTMLElement, on: LessonCallbacks) {
  const modes = segment("What to do", { steps: "Step through", game: "You against the machine" }, on.mode);
  const saved = h("span", {
    class: "hitl-faint",
    text: "A saved lesson. To play against the machine, run the lesson in a notebook.",
  });
  const strategy = h("select", {
    class: "hitl-select",
    attrs: { "aria-label": "Strategy" },
    on: { change: () => on.strategy(strategy.value) },
  });
  const learner = h("span", { class: "hitl-faint hitl-lesson-learner" });
  const head = h(
    "div",
    { class: "hitl-lesson-head" },
    modes.element,
    saved,
    h(
      "label",
      { class: "hitl-lesson-choice" },
      h("span", { class: "hitl-faint", text: "Strategy" }),
      strategy,
    ),
    learner,
  );

  const [mine, its] = [panel(), panel()];
  const left = planeView(mine.element, { pick: on.pick });
  const right = planeView(its.element, { pick: () => {} });
  const headline = h("div", { class: "hitl-lesson-headline hitl-number" });
  const reason = h("p", { class: "hitl-lesson-reason" });
  const note = h("p", { class: "hitl-lesson-note hitl-bad", attrs: { role: "alert", hidden: true } });
  const curveHead = h("div", { class: "hitl-small-head", text: "Accuracy on all points, labels included" });
  const legend = h("ul", { class: "hitl-lesson-legend", attrs: { "aria-label": "Legend" } });
  const side = h("div", { class: "hitl-lesson-side" }, headline, reason, note, curveHead);
  const curve = curveView(side);
  side.append(legend);
  const main = h("div", { class: "hitl-lesson-main" }, mine.element, its.element, side);

  const again = button("New game", "", on.again);
  const restart = button("Restart", "", () => on.go(0));
  const back = button("Back", "←", () => on.step(-1));
  const play = button("Play", "space", on.play);
  const step = button("Step", "→", () => on.step(1));
  const slider = h("input", {
    class: "hitl-slider",
    attrs: { type: "range", min: 0, max: 0, step: 1, "aria-label": "Step" },
    on: { input: () => on.go(Number(slider.value)) },
  });
  const place = h("span", { class: "hitl-faint hitl-number hitl-lesson-place" });
  const steps = h("div", { class: "hitl-lesson-steps" }, restart, back, play, step, slider, place);
  const keys = h("span", { class: "hitl-faint hitl-keys-off", text: "Click to use shortcuts" });
  const game = h(
    "div",
    { class: "hitl-lesson-steps" },
    again,
    h("span", {
      class: "hitl-faint",
      text: "Click a point, or move to it with the arrow keys and press Enter.",
    }),
  );
  const behind = segment(
    "Behind the points",
    { model: "Model", utilities: "Utilities", nothing: "Nothing" },
    on.behind,
  );
  const truth = h("input", {
    attrs: { type: "checkbox" },
    on: { change: () => on.truth(truth.checked) },
  });
  const truthLabel = h(
    "label",
    { class: "hitl-lesson-choice" },
    truth,
    h("span", { text: "Show the truth" }),
  );
  const options = h(
    "div",
    { class: "hitl-lesson-options" },
    h("span", { class: "hitl-faint", text: "Behind the points" }),
    behind.element,
    truthLabel,
    keys,
  );
  root.append(head, main, steps, game, options);

  let listed = "";
  let keyed = "";

  function update(p: LessonProps): void {
    const { state } = p;
    const gaming = state.mode === "game";
    root.dataset.mode = state.mode;
    root.dataset.step = String(state.shown?.index ?? "");
    modes.set(state.mode);
    show(modes.element, !state.recorded);
    show(saved, state.recorded);
    behind.set(behindOf(state));
    listStrategies(state);
    setText(learner, `Model: ${state.learner}`);
    show(its.element, gaming);
    show(steps, !gaming);
    show(game, gaming);
    show(truthLabel, !gaming || over(state));
    truth.checked = state.truth;
    setText(
      note,
      state.note || (state.slow ? "Waiting for the kernel. After a restart, run the cell again." : ""),
    );
    show(note, note.textContent !== "");
    if (gaming) drawGame(p);
    else drawSteps(p);
    drawLegend(p);
  }

  function drawSteps(p: LessonProps): void {
    const { state } = p;
    const frame = state.shown?.frame;
    const index = state.shown?.index ?? 0;
    slider.max = String(state.last);
    slider.value = String(state.index);
    slider.setAttribute("aria-valuetext", `Step ${index} of ${state.last}`);
    setText(place, `${index} of ${state.last}`);
    setText(play.lastChild as Element, state.playing ? "Pause" : "Play");
    enable(back, state.index > 0);
    enable(restart, state.index > 0);
    enable(step, state.index < state.last);
    setText(mine.title, "");
    show(mine.title, false);
    show(behind.button("utilities"), true);
    if (!frame) return;
    setText(headline, `${count(frame.labelled.length, "label")} · accuracy ${frame.accuracy.toFixed(2)}`);
    setText(reason, reasonWords(p));
    left.update({
      ...common(p),
      frame,
      labelled: frame.labelled,
      ring: frame.query === null ? null : { row: frame.query, number: frame.labelled.length + 1 },
      cursor: -1,
      caption: state.behind === "utilities" ? captionOf(frame) : "",
      words: `${planeWords(p, frame.labelled)} ${frame.why}`,
      clickable: false,
    });
    const lines: Line[] = [...state.curves].map(([name, values]) => ({
      name,
      values,
      look: name === state.shown?.strategy ? "first" : "past",
    }));
    curve.update({ lines, from: state.start, to: state.budget, at: index });
  }

  function drawGame(p: LessonProps): void {
    const { state } = p;
    const found = state.game;
    show(mine.title, true);
    setText(mine.title, "You");
    setText(its.title, `The machine: ${state.strategy}`);
    show(behind.button("utilities"), false);
    setText(headline, `${labelsOf(state)} of ${count(state.budget, "label")}`);
    setText(reason, scoreWords(state));
    if (!found) return;
    const { you, machine, picks, yours, theirs } = found;
    const labelled = labelledByYou(found);
    left.update({
      ...common(p),
      frame: you,
      labelled,
      ring: picks.length ? { row: picks[picks.length - 1], number: labelled.length } : null,
      cursor: state.cursor,
      words: `Your points. ${planeWords(p, labelled)}`,
      clickable: !over(state),
    });
    const asked = machine.labelled.length > state.start;
    right.update({
      ...common(p),
      frame: machine,
      labelled: machine.labelled,
      ring: asked ? { row: machine.labelled.at(-1) as number, number: machine.labelled.length } : null,
      cursor: -1,
      words: `The points of ${state.strategy}. ${planeWords(p, machine.labelled)}`,
      clickable: false,
    });
    const lines: Line[] = [
      { name: "machine", values: theirs, look: "second" },
      { name: "you", values: yours, look: "first" },
    ];
    curve.update({ lines, from: state.start, to: state.budget, at: yours.length - 1 });
  }

  function listStrategies(state: LessonState): void {
    const wanted = state.strategies.join();
    if (wanted !== listed) {
      strategy.replaceChildren(
        ...state.strategies.map((name) => h("option", { text: name, attrs: { value: name } })),
      );
      listed = wanted;
    }
    strategy.value = state.strategy;
  }

  function drawLegend({ state }: LessonProps): void {
    const gaming = state.mode === "game";
    const back = behindOf(state);
    const wanted = `${state.mode}/${back}/${state.classes.map((c) => c.name).join()}`;
    if (wanted === keyed) return;
    keyed = wanted;
    const entries = state.classes.map((c, code) => entry(shapeIcon(code, c.color), c.name));
    entries.push(entry(dotIcon(3.4, 1.2), "no label yet"));
    entries.push(entry(dotIcon(6.4, 2.2), gaming ? "last label" : "next question"));
    if (back === "model")
      entries.push(entry(h("span", { class: "hitl-scale hitl-scale-model" }), "unsure to sure"));
    if (back === "utilities") {
      entries.push(entry(h("span", { class: "hitl-scale hitl-scale-heat" }), "less to more useful to ask"));
    }
    legend.replaceChildren(...entries);
  }

  return {
    update,
    destroy(): void {
      left.destroy();
      right.destroy();
      curve.destroy();
    },
  };
}

function common(
  p: LessonProps,
): Omit<PlaneProps, "frame" | "labelled" | "ring" | "cursor" | "words" | "clickable"> {
  const { state, xy, truth, cells, theme } = p;
  return {
    xy,
    truth,
    cells,
    theme,
    classes: state.classes,
    behind: behindOf(state),
    caption: "",
    showTruth: state.truth,
  };
}

/** A game shows no utilities, which would reveal what the machine asks next. */
function behindOf(state: LessonState): Behind {
  return state.mode === "game" && state.behind === "utilities" ? "model" : state.behind;
}

function captionOf(frame: Frame): string {
  if (frame.query === null) return "No question is left";
  return frame.heatCells ? "" : "All points are equally useful";
}

function reasonWords({ state }: LessonProps): string {
  const frame = state.shown?.frame;
  if (!frame) return "";
  if (frame.query === null)
    return "The budget is spent. Choose another strategy to compare: its curve is added to this one.";
  return frame.why;
}

/** The plane as text: the number of labels of each class. */
function planeWords({ state, truth }: LessonProps, labelled: readonly number[]): string {
  const each = state.classes.map(
    (c, code) => `${labelled.filter((row) => truth[row] === code).length} ${c.name}`,
  );
  return `${labelled.length} of ${state.n} points are labelled: ${each.join(", ")}.`;
}

const entry = (icon: Element, words: string): HTMLElement => h("li", {}, icon, h("span", { text: words }));

function panel(): { element: HTMLElement; title: HTMLElement } {
  const title = h("figcaption", { class: "hitl-plane-title" });
  return { element: h("figure", { class: "hitl-plane-panel" }, title), title };
}

function segment<T extends string>(name: string, words: Record<T, string>, choose: (value: T) => void) {
  const buttons = (Object.keys(words) as T[]).map((value) =>
    h("button", {
      class: "hitl-tool",
      text: words[value],
      attrs: { type: "button", "data-value": value },
      on: { click: () => choose(value) },
    }),
  );
  return {
    element: h("div", { class: "hitl-segment", attrs: { role: "group", "aria-label": name } }, ...buttons),
    button: (value: T): HTMLElement => buttons.find((b) => b.dataset.value === value) as HTMLElement,
    set(value: T): void {
      for (const b of buttons) b.setAttribute("aria-pressed", String(b.dataset.value === value));
    },
  };
}

function button(words: string, key: string, act: () => void): HTMLButtonElement {
  const made = h(
    "button",
    { class: "hitl-button", attrs: { type: "button" } },
    key ? h("kbd", { text: key, attrs: { "aria-hidden": "true" } }) : null,
    h("span", { text: words }),
  );
  made.addEventListener("click", () => made.getAttribute("aria-disabled") !== "true" && act());
  return made;
}

const enable = (element: HTMLElement, can: boolean): void =>
  element.setAttribute("aria-disabled", String(!can));
