import "./view.css";
import { button, enable } from "../../ui/button";
import { h, said, setParts, setText, show, svg } from "../../ui/dom";
import { askedWords, headWords, pointsOf, type ReplayState, type Run } from "./state";

const WIDTH = 180;
const HEIGHT = 34;

export type ReplayCallbacks = {
  go: (step: number) => void;
  step: (by: 1 | -1) => void;
  play: () => void;
  run: (run: Run) => void;
};

/** The controls of a replay: the run, its steps, and what was asked last. */
export function replayView(root: HTMLElement, on: ReplayCallbacks) {
  const contestant = select("Contestant", () => on.run(chosen()));
  const repeat = select("Repeat", () => on.run(chosen()));
  const chosen = (): Run => ({ contestant: contestant.value, repeat: Number(repeat.value) });

  const line = svg("polyline", { class: "hitl-replay-line", fill: "none" });
  const dot = svg("circle", { class: "hitl-replay-dot", r: 4 });
  const curve = svg("svg", {
    class: "hitl-replay-curve",
    width: WIDTH + 12,
    height: HEIGHT + 12,
    viewBox: `-6 -6 ${WIDTH + 12} ${HEIGHT + 12}`,
    role: "img",
  });
  curve.append(line, dot);
  const headline = h("span", { class: "hitl-replay-headline hitl-number" });
  const head = h(
    "div",
    { class: "hitl-replay-head" },
    labelled("Contestant", contestant),
    labelled("Repeat", repeat),
    h("div", { class: "hitl-replay-score" }, headline, curve),
  );

  const restart = button("Restart", "", () => on.go(0));
  const back = button("Back", "←", () => on.step(-1));
  const play = button("Play", "space", on.play);
  const step = button("Step", "→", () => on.step(1));
  const slider = h("input", {
    class: "hitl-slider",
    attrs: { type: "range", min: 0, max: 0, step: 1, "aria-label": "Step" },
    on: { input: () => on.go(Number(slider.value)) },
  });
  const place = h("span", { class: "hitl-faint hitl-number hitl-replay-place" });
  const steps = h("div", { class: "hitl-replay-steps" }, restart, back, play, step, slider, place);

  const asked = h("span", { class: "hitl-faint" });
  const item = h("span", { class: "hitl-replay-item" });
  const answer = h("strong", { class: "hitl-replay-answer" });
  const question = h("p", { class: "hitl-replay-asked" }, asked, item, answer);
  const note = h("p", { class: "hitl-bad", attrs: { role: "alert", hidden: true } });
  root.append(head, steps, question, note);

  let listed = "";

  function update(state: ReplayState): void {
    const { shown } = state;
    list(state);
    contestant.value = state.run.contestant;
    repeat.value = String(state.run.repeat);
    root.dataset.step = String(shown?.step ?? "");
    root.dataset.run = shown ? `${shown.contestant}/${shown.repeat}` : "";
    setText(note, state.note);
    show(note, state.note !== "");
    if (!shown) return;
    setText(headline, headWords(state));
    setText(place, `${state.step} of ${shown.last}`);
    slider.max = String(shown.last);
    slider.value = String(state.step);
    slider.setAttribute("aria-valuetext", `Step ${state.step} of ${shown.last}`);
    setText(play.lastChild as Element, state.playing ? "Pause" : "Play");
    enable(restart, state.step > 0);
    enable(back, state.step > 0);
    enable(step, state.step < shown.last);
    setText(asked, askedWords(shown));
    const told = shown.question;
    setParts(item, told?.words ? said(told.words) : "");
    const by = told?.annotator ? [" by ", said(told.annotator)] : [];
    if (!told) setParts(answer, "");
    else if (told.label === null) setParts(answer, "no answer", ...by);
    else setParts(answer, "→ ", said(told.label), ...by);
    draw(state);
  }

  function list({ contestants, repeats }: ReplayState): void {
    const now = JSON.stringify([contestants, repeats]);
    if (now === listed) return;
    listed = now;
    contestant.replaceChildren(
      ...contestants.map((name) => h("option", { text: name, attrs: { value: name } })),
    );
    repeat.replaceChildren(
      ...repeats.map((n) => h("option", { text: String(n), attrs: { value: String(n) } })),
    );
  }

  function draw({ shown, metric }: ReplayState): void {
    const records = shown && shown.curve.length > 1 ? shown.curve : [];
    show(curve, records.length > 0);
    if (!shown || !records.length) return;
    const points = pointsOf(records, WIDTH, HEIGHT);
    line.setAttribute("points", points.join(" "));
    const at = records.filter(([n]) => n <= shown.n_labels).length - 1;
    show(dot, at >= 0);
    const [x, y] = points[Math.max(at, 0)];
    dot.setAttribute("cx", x);
    dot.setAttribute("cy", y);
    const [first, last] = [records[0], records[records.length - 1]];
    curve.setAttribute(
      "aria-label",
      `${metric}: ${first[1].toFixed(3)} at ${first[0]} labels, ${last[1].toFixed(3)} at ${last[0]}`,
    );
  }

  return { update };
}

function select(name: string, act: () => void): HTMLSelectElement {
  return h("select", { class: "hitl-select", attrs: { "aria-label": name }, on: { change: act } });
}

const labelled = (words: string, control: HTMLElement): HTMLElement =>
  h("label", { class: "hitl-replay-choice" }, h("span", { class: "hitl-faint", text: words }), control);
