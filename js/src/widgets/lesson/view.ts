import "./view.css";
import { button, enable } from "../../ui/button";
import { count, h, setText, show } from "../../ui/dom";
import type { Theme } from "../../ui/theme";
import { comparePicker } from "./compare";
import { curveView, type Line } from "./curve";
import { type PlaneProps, planeView, type Ring } from "./plane";
import { dashedIcon, dotIcon, lineIcon, shapeIcon, wrongIcon } from "./shapes";
import { blank, frameOfSketch, type Sketch, type SketchEvent, sketchWords } from "./sketch";
import { sketchBar } from "./sketchbar";
import {
  type Behind,
  clickable,
  curveName,
  expectedOf,
  type Frame,
  type LessonState,
  labelledByYou,
  labelsOf,
  type Mode,
  membersOf,
  over,
  type Report,
  showsCommittee,
  startOf,
  startWords,
} from "./state";
import {
  captionOf,
  headlineOf,
  levelWords,
  numbersOf,
  planeWords,
  reasonWords,
  scoreWords,
  stopWords,
} from "./words";

export type LessonCallbacks = {
  go: (index: number) => void;
  step: (by: 1 | -1) => void;
  play: () => void;
  strategy: (name: string) => void;
  mode: (mode: Mode) => void;
  behind: (behind: Behind) => void;
  turn: (dx: number, dy: number) => void;
  truth: (show: boolean) => void;
  pick: (row: number) => void;
  again: () => void;
  start: (name: string) => void;
  measure: (measure: number) => void;
  exercise: (name: string) => void;
  hint: () => void;
  hover: (row: number) => void;
  sketch: (what: SketchEvent) => void;
  use: () => void;
  compare: (strategy: string, on: boolean) => void;
  next: () => void;
};
export type LessonProps = {
  state: LessonState;
  xy: Float32Array;
  depth: Float32Array;
  /** Whether the points also have places in space. */
  space: boolean;
  truth: Uint8Array;
  cost: Float32Array;
  cells: number;
  theme: Theme;
};

const HOW = "Click a point, or move to it with the arrow keys and press Enter.";

/** The whole lesson: one or two planes, the reason or the score, the curve and the controls. */
export function lessonView(root: HTMLElement, on: LessonCallbacks) {
  const modes = segment(
    "What to do",
    { steps: "Step through", game: "You against the machine", exercise: "Exercise", draw: "Draw points" },
    on.mode,
  );
  const saved = h("span", {
    class: "hitl-faint",
    text: "A saved lesson. To play against the machine, run the lesson in a notebook.",
  });
  const exercise = choice("Exercise", on.exercise);
  const strategy = choice("Strategy", on.strategy);
  const start = choice("Start", on.start);
  const renew = button("New start", "", on.again);
  const learner = h("span", { class: "hitl-faint hitl-lesson-learner" });
  const head = h(
    "div",
    { class: "hitl-lesson-head" },
    modes.element,
    saved,
    exercise.element,
    strategy.element,
    h("span", { class: "hitl-lesson-choice" }, start.element, renew),
    learner,
  );

  const [mine, its] = [panel(), panel()];
  const left = planeView(mine.element, {
    pick: on.pick,
    hover: on.hover,
    put: (x, y, more) => on.sketch({ type: "put", x, y, more }),
    turn: on.turn,
  });
  const right = planeView(its.element, { pick: () => {}, hover: () => {}, put: () => {}, turn: on.turn });
  const headline = h("div", { class: "hitl-lesson-headline hitl-number" });
  const reason = h("p", { class: "hitl-lesson-reason" });
  const note = h("p", { class: "hitl-lesson-note hitl-bad", attrs: { role: "alert", hidden: true } });
  const hint = h("p", { class: "hitl-lesson-hint", attrs: { hidden: true } });
  const numbers = h("div", { class: "hitl-lesson-numbers hitl-faint hitl-number" });
  const measure = h("select", {
    class: "hitl-select hitl-lesson-measure",
    attrs: { "aria-label": "What the curve shows" },
    on: { change: () => on.measure(measure.selectedIndex) },
  });
  const stopped = h("p", { class: "hitl-lesson-stopped hitl-faint", attrs: { hidden: true } });
  const legend = h("ul", { class: "hitl-lesson-legend", attrs: { "aria-label": "Legend" } });
  const side = h("div", { class: "hitl-lesson-side" }, headline, numbers, reason, hint, note, measure);
  const curve = curveView(side);
  const picker = comparePicker(on.compare);
  side.append(stopped, picker.element, legend);
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
  const game = h("div", { class: "hitl-lesson-steps" }, again, h("span", { class: "hitl-faint", text: HOW }));
  const how = h("span", { class: "hitl-faint", text: HOW });
  const askHint = button("Hint", "", on.hint);
  const next = button("Next question", "", on.next);
  const retry = button("Try again", "", on.again);
  const trying = h("div", { class: "hitl-lesson-steps" }, next, askHint, retry, how);
  const behind = segment(
    "Behind the points",
    {
      model: "Model",
      probability: "Probability",
      utilities: "Utilities",
      committee: "Committee",
      space: "3-D",
      nothing: "Nothing",
    },
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
  const bar = sketchBar({
    pen: (pen) => on.sketch({ type: "pen", pen }),
    undo: () => on.sketch({ type: "undo" }),
    clear: () => on.sketch({ type: "clear" }),
    use: on.use,
  });
  root.append(head, main, steps, game, trying, bar.element, options);

  let keyed = "";
  let spots: Sketch["spots"] | null = null;
  let drawn = frameOfSketch(blank);

  function update(p: LessonProps): void {
    const { state } = p;
    const { mode } = state;
    const two = mode === "game" || (mode === "exercise" && state.report?.machine != null);
    root.dataset.mode = mode;
    root.dataset.planes = two ? "2" : "1";
    root.dataset.step = String(state.shown?.index ?? "");
    modes.set(mode);
    show(modes.element, !state.recorded && state.n > 0);
    show(saved, state.recorded);
    behind.set(behindOf(state));
    listChoices(state);
    setText(learner, state.learner && mode !== "draw" ? `Model: ${state.learner}` : "");
    show(its.element, two);
    show(steps, mode === "steps");
    show(game, mode === "game");
    show(trying, mode === "exercise");
    show(bar.element, mode === "draw");
    show(options, mode !== "draw");
    show(legend, mode !== "draw");
    show(modes.button("draw"), state.draws);
    show(behind.button("utilities"), mode === "steps");
    show(behind.button("space"), p.space);
    show(behind.button("committee"), mode === "steps" && state.committees.includes(state.strategy));
    show(truthLabel, mode === "steps" || (mode === "game" ? over(state) : showsTruth(state)));
    show(hint, mode === "exercise" && !!state.report?.hint);
    show(numbers, mode === "steps");
    truth.checked = state.truth;
    setText(
      note,
      state.note || (state.slow ? "Waiting for the kernel. After a restart, run the cell again." : ""),
    );
    show(note, note.textContent !== "");
    const charted = drawMode[mode](p);
    show(curve.element, charted);
    show(measure, charted && mode !== "exercise");
    show(picker.element, charted && mode === "steps");
    picker.update(state);
    setText(stopped, mode === "steps" ? stopWords(state) : "");
    show(stopped, stopped.textContent !== "");
    drawLegend(p);
  }

  /** Draws what belongs to a mode, and returns whether there is a chart. */
  const drawMode: Record<Mode, (p: LessonProps) => boolean> = {
    steps: drawSteps,
    game: drawGame,
    exercise: drawExercise,
    draw: drawSketch,
  };

  function drawSteps(p: LessonProps): boolean {
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
    show(mine.title, false);
    if (!frame) return false;
    setText(headline, headlineOf(p, frame));
    setText(numbers, numbersOf(state, frame));
    setText(reason, [reasonWords(p), membersOf(state)?.words].filter(Boolean).join(" "));
    left.update({
      ...common(p),
      frame,
      labelled: frame.labelled,
      rings: frame.queries.map((row, i) => ({ row, number: frame.labelled.length + 1 + i })),
      members: membersOf(state),
      expected: (row) => expectedOf(state, row),
      caption: state.behind === "utilities" ? captionOf(frame) : "",
      words: `${planeWords(p, frame)} ${frame.why}`,
    });
    const here = curveName(state);
    const compared = state.compare.map((name) => curveName({ ...state, strategy: name }));
    const lines: Line[] = [...state.curves].map(([name, run]) => ({
      name,
      values: run.measures[state.measure],
      at: run.spent,
      look: name === here ? "first" : "past",
      hue: name === here ? -1 : compared.indexOf(name),
      stop: name === here ? run.stop : null,
    }));
    chart(p, lines, index, state.measure);
    return true;
  }

  function drawGame(p: LessonProps): boolean {
    const { state } = p;
    const found = state.game;
    show(mine.title, true);
    setText(mine.title, "You");
    setText(its.title, `The machine: ${state.strategy}`);
    setText(headline, `${labelsOf(state)} of ${count(state.budget, "label")}`);
    setText(reason, scoreWords(state));
    if (!found) return false;
    const { you, machine, picks, yours, theirs } = found;
    const labelled = labelledByYou(found);
    left.update({
      ...common(p),
      frame: you,
      labelled,
      rings: picks.length ? [{ row: picks[picks.length - 1], number: labelled.length }] : [],
      cursor: state.cursor,
      words: `Your points. ${planeWords(p, you)}`,
      clickable: clickable(state),
    });
    right.update({
      ...common(p),
      frame: machine,
      labelled: machine.labelled,
      rings: lastOf(machine, startOf(state)),
      words: `The points of ${state.strategy}. ${planeWords(p, machine)}`,
    });
    const lines: Line[] = [
      { name: "machine", values: theirs.measures[state.measure], at: theirs.spent, look: "second" },
      { name: "you", values: yours.measures[state.measure], at: yours.spent, look: "first" },
    ];
    chart(p, lines, yours.spent.length - 1, state.measure);
    return true;
  }

  function drawExercise(p: LessonProps): boolean {
    const { state } = p;
    const { report } = state;
    show(mine.title, !!report?.machine);
    setText(mine.title, "Your labels");
    setText(its.title, "margin at the end");
    show(next, !!report?.going);
    show(askHint, !!report?.more_hints);
    show(retry, state.attempt.picks.length > 0);
    setText(
      retry.lastChild as Element,
      !report?.done ? "Start again" : report.solved ? "Once more" : "Try again",
    );
    show(how, !!report?.clickable);
    setText(headline, report?.place ?? "");
    setText(reason, report ? report.said || report.task : "Preparing the exercise");
    setText(hint, report?.hint ? `Hint: ${report.hint}` : "");
    if (!report) return false;
    const { you, machine } = report;
    left.update({
      ...common(p),
      frame: you,
      labelled: you.labelled,
      rings: ringsOf(report),
      cursor: state.cursor >= 0 ? state.cursor : report.ring !== null ? (report.pick ?? -1) : -1,
      words: `${planeWords(p, you)} ${report.said || report.task}`,
      clickable: clickable(state),
    });
    if (machine) {
      right.update({
        ...common(p),
        frame: machine,
        labelled: machine.labelled,
        rings: lastOf(machine, you.labelled.length),
        words: `margin at the end. ${planeWords(p, machine)}`,
      });
    }
    const lines: Line[] = report.lines.map(({ name, values, at }, i) => ({
      name,
      values,
      at,
      look: i ? "second" : "first",
    }));
    if (lines.length) chart(p, lines, lines[0].values.length - 1, 0);
    return lines.length > 0;
  }

  function drawSketch(p: LessonProps): boolean {
    const { sketch, classes } = p.state;
    show(mine.title, false);
    setText(headline, sketchWords(sketch, classes));
    setText(
      reason,
      "Choose a class by its number, and click in the plane; drag to draw several points. Or move with the arrow keys, draw with Enter, and delete with Delete. Then use the points: the lesson begins again with them.",
    );
    if (sketch.spots !== spots) drawn = frameOfSketch(sketch);
    spots = sketch.spots;
    left.update({
      ...common(p),
      ...drawn,
      depth: new Float32Array(0),
      cost: new Float32Array(0),
      mistakes: false,
      annotators: [],
      behind: "nothing",
      labelled: drawn.frame.labelled,
      drawing: true,
      cross: sketch.cross,
      words: sketchWords(sketch, classes),
    });
    bar.update(sketch, classes);
    return false;
  }

  function chart(p: LessonProps, lines: Line[], now: number, shown: number): void {
    const { state } = p;
    const at = lines.flatMap((line) => line.at);
    const unit = p.cost.length && state.mode !== "exercise" ? "cost" : "labels";
    const least = Math.min(...at);
    const most = unit === "labels" && state.mode !== "exercise" ? state.budget : Math.max(...at);
    curve.update({ lines, from: least, to: most, now, unit, what: state.measures[shown]?.words ?? "" });
  }

  function listChoices(state: LessonState): void {
    const { mode } = state;
    const task = state.attempt.exercise;
    strategy.list(state.strategies.map((name) => ({ name, words: name })));
    strategy.set(state.strategy);
    start.list(state.starts.map(({ name, words }) => ({ name, words: startWords(name), title: words })));
    start.set(state.start);
    exercise.list(state.exercises);
    exercise.set(task);
    show(exercise.element, mode === "exercise");
    show(strategy.element, mode !== "draw" && (mode !== "exercise" || task === "predict"));
    show(
      start.element,
      !state.recorded && mode !== "draw" && (mode !== "exercise" || task !== "break-margin"),
    );
    show(renew, !state.recorded && mode === "steps");
    const wanted = state.measures.map((one) => one.words);
    if ([...measure.options].map((o) => o.text).join() !== wanted.join()) {
      measure.replaceChildren(...wanted.map((text) => h("option", { text })));
    }
    measure.selectedIndex = state.measure;
  }

  function drawLegend({ state }: LessonProps): void {
    const { mode, report } = state;
    const asked = mode === "exercise" && report?.ring != null;
    const hidden = mode === "exercise" && state.attempt.exercise === "predict";
    const last = hidden ? "" : "last label";
    const ring = mode === "steps" ? "next question" : asked ? `what ${state.strategy} asks` : last;
    const back = behindOf(state);
    const wanted = `${ring}/${back}/${state.mistakes}/${state.classes.map((c) => c.name).join()}`;
    if (wanted === keyed) return;
    keyed = wanted;
    const entries = state.classes.map((c, code) => entry(shapeIcon(code, c.color), c.name));
    entries.push(entry(dotIcon(3.4, 1.2), "no label yet"));
    if (state.mistakes) entries.push(entry(wrongIcon(), "wrong label"));
    if (ring) entries.push(entry(dotIcon(6.4, 2.2), ring));
    if (asked) entries.push(entry(dashedIcon(), "your choice"));
    if (back === "space") {
      entries.push(entry(h("span", { class: "hitl-scale hitl-scale-model" }), "unsure to sure"));
      entries.push(h("li", { class: "hitl-faint", text: "Drag to turn, or press , . - +" }));
    }
    if (back === "model")
      entries.push(entry(h("span", { class: "hitl-scale hitl-scale-model" }), "unsure to sure"));
    if (back === "probability") entries.push(entry(lineIcon(), levelWords(state)));
    if (back === "committee") entries.push(entry(lineIcon(), "one model of the committee"));
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

function common(p: LessonProps): Omit<PlaneProps, "frame" | "labelled" | "words"> {
  const { state, xy, depth, truth, cost, cells, theme } = p;
  return {
    xy,
    depth,
    truth,
    cost,
    cells,
    theme,
    classes: state.classes,
    annotators: state.annotators,
    mistakes: state.mistakes,
    behind: behindOf(state),
    rings: [],
    members: null,
    expected: () => "",
    cursor: -1,
    caption: "",
    showTruth: state.truth,
    clickable: false,
    drawing: false,
    cross: null,
  };
}

/** A game shows no utilities, which would reveal what the machine asks next; in an exercise they are a hint. */
export function behindOf(state: LessonState): Behind {
  if (state.mode === "exercise" && state.report?.you.heatCells && state.report.clickable) return "utilities";
  const usual = state.behind === "utilities" ? state.mode === "steps" : state.behind !== "committee";
  return usual || showsCommittee(state) ? state.behind : "model";
}

/** An exercise shows the truth where it is part of the task, and at the end. */
function showsTruth({ attempt, report }: LessonState): boolean {
  return attempt.exercise === "break-margin" || report?.done === true;
}

/** The last label of a run, if it is not one of the first ones. */
function lastOf(frame: Frame, first: number): Ring[] {
  const { labelled } = frame;
  return labelled.length > first ? [{ row: labelled[labelled.length - 1], number: labelled.length }] : [];
}

function ringsOf({ ring, pick, you }: Report): Ring[] {
  if (ring !== null) return [{ row: ring, number: you.labelled.length + 1 }];
  return pick === null ? [] : [{ row: pick, number: you.labelled.indexOf(pick) + 1 }];
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

type Option = { name: string; words: string; title?: string };

/** A list of options with its name in front. */
function choice(name: string, choose: (value: string) => void) {
  const select = h("select", {
    class: "hitl-select",
    attrs: { "aria-label": name },
    on: { change: () => choose(select.value) },
  });
  let listed = "";
  return {
    element: h(
      "label",
      { class: "hitl-lesson-choice" },
      h("span", { class: "hitl-faint", text: name }),
      select,
    ),
    list(options: Option[]): void {
      const wanted = JSON.stringify(options);
      if (wanted === listed) return;
      listed = wanted;
      select.replaceChildren(
        ...options.map(({ name: value, words, title }) =>
          h("option", { text: words, title, attrs: { value } }),
        ),
      );
    },
    set(value: string): void {
      select.value = value;
    },
  };
}
