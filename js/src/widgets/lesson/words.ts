import { count } from "../../ui/dom";
import { curveName, type Frame, type LessonState, over, startOf } from "./state";
import type { LessonProps } from "./view";

export function scoreWords(state: LessonState): string {
  const { game, strategy, budget } = state;
  if (!game) return "Choosing a new start";
  const start = startOf(state);
  const [yours, theirs] = [game.yours.measures[0], game.theirs.measures[0]];
  const done = yours.length - 1;
  if (done === 0 && !game.picks.length) {
    const shows = state.mistakes ? "what it is labelled; answers can be wrong" : "its true class";
    return `Click the point that you would label next to see ${shows}. ${strategy} chooses its own points. You both have ${budget - start} questions.`;
  }
  const [you, machine] = [yours[done], theirs[done]];
  const ends = over(state) && done === game.picks.length;
  const news = game.you.why ? `${game.you.why} ` : "";
  const now = `${news}You ${you.toFixed(2)}, ${strategy} ${machine.toFixed(2)} after ${start + done} labels`;
  if (!ends) return `${now}: ${lead(you, machine, strategy, "is", "are")}.`;
  const [mine, its] = [mean(yours), mean(theirs)];
  const whole = `Over the whole game: you ${mine.toFixed(2)}, ${strategy} ${its.toFixed(2)}`;
  return `${now}. ${whole}: ${lead(mine, its, strategy, "was", "were")}.`;
}

function lead(you: number, machine: number, strategy: string, is: string, are: string): string {
  // Compare the numbers as displayed.
  const points = Math.round(100 * you) - Math.round(100 * machine);
  if (points === 0) return is === "is" ? "a draw so far" : "a draw";
  const far = `ahead by ${(Math.abs(points) / 100).toFixed(2)}`;
  return points > 0 ? `you ${are} ${far}` : `${strategy} ${is} ${far}`;
}

/** Describes the current step for screen readers. */
export function stepWords(state: LessonState): string {
  const { shown, last } = state;
  if (!shown) return "";
  const { frame, index } = shown;
  const what = `Step ${index} of ${last}. ${frame.labelled.length} labels, accuracy ${frame.measures[0].toFixed(2)}.`;
  return frame.queries.length ? `${what} ${frame.why}` : `${what} The budget is spent.`;
}

/** Where a rule would have stopped, in words; empty if it has not yet. */
export function stopWords(state: LessonState): string {
  const curve = state.curves.get(curveName(state));
  if (!curve || curve.stop === null) return "";
  const labels = Math.min(state.budget, startOf(state) + curve.stop * state.batch);
  const then = curve.measures[0][curve.stop].toFixed(2);
  return `A stopping rule, “the predictions no longer change”, would stop at ${labels} labels, with accuracy ${then}.`;
}

export function headlineOf({ cost, truth, state }: LessonProps, frame: Frame): string {
  const wrong = frame.labelled.filter((row, i) => frame.said[i] !== truth[row]).length;
  const parts = [count(frame.labelled.length, "label") + (wrong ? `, ${wrong} wrong` : "")];
  if (cost.length) parts.push(`cost ${Math.round(frame.labelled.reduce((sum, row) => sum + cost[row], 0))}`);
  parts.push(`${state.measures[0].name} ${frame.measures[0].toFixed(2)}`);
  return parts.join(" · ");
}

/** What the lines of the probability surface mean. */
export const levelWords = ({ classes }: LessonState): string =>
  classes.length === 2
    ? "probability .6, .7, .8, .9 of the likelier class"
    : "lead of the likeliest class: .2, .4, .6, .8";

/** All other measures in one line. */
export function numbersOf({ measures }: LessonState, frame: Frame): string {
  return measures
    .slice(1)
    .map(({ name }, i) => `${name} ${frame.measures[i + 1].toFixed(2)}`)
    .join(" · ");
}

export function captionOf(frame: Frame): string {
  if (!frame.queries.length) return "No question is left";
  return frame.heatCells ? "" : "All points are equally useful";
}

export function reasonWords({ state }: LessonProps): string {
  const frame = state.shown?.frame;
  if (!frame) return "";
  if (frame.queries.length) return frame.why;
  const end = "The budget is spent. Choose another strategy to compare: its curve is added to this one.";
  return `${frame.why} ${end}`.trim();
}

/** The plane as text: the number of labels of each class, and of wrong ones. */
export function planeWords({ state, truth }: LessonProps, { labelled, said }: Frame): string {
  const each = state.classes.map((c, code) => `${said.filter((one) => one === code).length} ${c.name}`);
  const wrong = labelled.filter((row, i) => said[i] !== truth[row]).length;
  const words = `${labelled.length} of ${state.n} points are labelled: ${each.join(", ")}.`;
  return wrong ? `${words} ${count(wrong, "label")} ${wrong === 1 ? "is" : "are"} wrong.` : words;
}

const mean = (values: number[]): number => values.reduce((a, b) => a + b, 0) / values.length;
