import { f32, u8 } from "../../host/codecs";
import type { GameMessage, LessonWelcome, Moment, MomentMessage, TroubleMessage } from "../../host/protocol";
import { defineWidget } from "../../host/widget";
import { Grid } from "../../plot/grid";
import { announcer } from "../../ui/announce";
import { focused } from "../../ui/dom";
import { onKey } from "../../ui/keys";
import { onTheme, readTheme } from "../../ui/theme";
import {
  type Frame,
  initial,
  type LessonEvent,
  type LessonState,
  labelledByYou,
  over,
  reduce,
  scoreWords,
  stepWords,
  wanted,
} from "./state";
import { lessonView } from "./view";

const PLAY_MS = 900;
const SLOW_MS = 4000;

export default defineWidget("lesson", ({ root, channel, signal }) => {
  const announce = announcer(root);
  let state: LessonState = initial;
  let still: { xy: Float32Array; truth: Uint8Array; cells: number } | null = null;
  let theme = readTheme(root);
  let asked = "";
  let late: ReturnType<typeof setTimeout> | null = null;

  const view = lessonView(root, {
    go: (index) => dispatch({ type: "go", index }),
    step: (by) => dispatch({ type: "go", index: state.index + by }),
    play: () => dispatch({ type: "play" }),
    strategy: (strategy) => dispatch({ type: "strategy", strategy }),
    mode: (mode) => dispatch({ type: "mode", mode }),
    behind: (behind) => dispatch({ type: "behind", behind }),
    truth: (show) => dispatch({ type: "truth", show }),
    pick: (row) => dispatch({ type: "pick", row }),
    again: () => dispatch({ type: "again" }),
  });

  function dispatch(event: LessonEvent): void {
    const before = state;
    state = reduce(state, event);
    if (state !== before) draw();
    speak(before);
    ask();
  }

  /** Sends one request at a time; when it is answered, requests what is wanted by then. */
  function ask(): void {
    const next = asked ? null : wanted(state);
    if (!next) return;
    asked = channel.ask({ ...next, view: channel.view });
    late = setTimeout(() => dispatch({ type: "slow", slow: true }), SLOW_MS);
  }

  function answered(): void {
    asked = "";
    if (late) clearTimeout(late);
    late = null;
    if (state.slow) state = reduce(state, { type: "slow", slow: false });
  }

  function draw(): void {
    if (state.ready && still) view.update({ state, ...still, theme });
  }

  function speak(before: LessonState): void {
    if (state.note && state.note !== before.note) return; // the note is an alert already
    if (state.mode === "steps") {
      const moved = state.shown !== before.shown || (before.playing && !state.playing);
      if (moved && !state.playing) announce(stepWords(state));
    } else if (state.cursor !== before.cursor && state.cursor >= 0) {
      announce(cursorWords());
    } else if (state.game?.yours.length !== before.game?.yours.length) {
      announce(scoreWords(state));
    }
  }

  function cursorWords(): string {
    const { game, cursor, classes, n } = state;
    if (!game) return "";
    const name = classes[game.you.points[cursor]].name;
    const sure = Math.round((100 * game.you.points[n + cursor]) / 255);
    return `Point ${cursor + 1}: the model predicts ${name}, ${sure} %. Press Enter to label it.`;
  }

  /** Moves the cursor among the unlabelled points. */
  function move(dx: number, dy: number): void {
    const { game, cursor } = state;
    if (!still || !game || over(state)) return;
    const done = new Set(labelledByYou(game));
    const open = [...still.truth.keys()].filter((row) => !done.has(row));
    const rows = cursor >= 0 && !open.includes(cursor) ? [...open, cursor] : open;
    const { xy } = still;
    const from = rows.indexOf(cursor);
    if (from < 0) {
      const far = (row: number): number => (xy[2 * row] - 0.5) ** 2 + (xy[2 * row + 1] - 0.5) ** 2;
      dispatch({ type: "cursor", row: open.reduce((a, b) => (far(b) < far(a) ? b : a)) });
      return;
    }
    const near = Float32Array.from(rows.flatMap((row) => [xy[2 * row], xy[2 * row + 1]]));
    const to = new Grid(near).neighbour(from, dx, dy);
    if (to >= 0) dispatch({ type: "cursor", row: rows[to] });
  }

  function pressed(key: string): boolean {
    if (key === "Escape") {
      (focused() as HTMLElement | null)?.blur();
      return true;
    }
    if (state.mode === "game") {
      const way = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] }[key];
      if (way) move(way[0], way[1]);
      else if (key === "Enter" && state.cursor >= 0) dispatch({ type: "pick", row: state.cursor });
      else return false;
      return true;
    }
    if (key === "ArrowRight") dispatch({ type: "go", index: state.index + 1 });
    else if (key === "ArrowLeft") dispatch({ type: "go", index: state.index - 1 });
    else if (key === " ") dispatch({ type: "play" });
    else return false;
    return true;
  }

  onKey(root, pressed, signal);
  onTheme(
    root,
    () => {
      theme = readTheme(root);
      draw();
    },
    signal,
  );
  const clock = setInterval(() => dispatch({ type: "tick" }), PLAY_MS);
  signal.addEventListener("abort", () => {
    clearInterval(clock);
    if (late) clearTimeout(late);
    view.destroy();
  });

  channel.on<LessonWelcome>(
    "welcome",
    (welcome, [points, truth]) => {
      still = { xy: f32(points), truth: u8(truth), cells: welcome.cells };
      theme = readTheme(root);
      dispatch({ type: "welcome", welcome });
    },
    signal,
  );
  channel.on<MomentMessage>(
    "moment",
    ({ strategy, seed, index, last, curve, ...moment }, buffers) => {
      answered();
      const [frame] = frameOf(moment, buffers);
      dispatch({ type: "moment", strategy, seed, index, last, curve, frame });
    },
    signal,
  );
  channel.on<GameMessage>(
    "game",
    ({ strategy, seed, picks, yours, theirs, ...both }, buffers) => {
      answered();
      const [you, rest] = frameOf(both.you, buffers);
      const [machine] = frameOf(both.machine, rest);
      dispatch({ type: "game", strategy, game: { seed, picks, you, machine, yours, theirs } });
    },
    signal,
  );
  channel.on<TroubleMessage>(
    "trouble",
    ({ words }) => {
      answered();
      dispatch({ type: "trouble", words });
    },
    signal,
  );
});

/** A moment with its arrays, and the remaining buffers. */
function frameOf(moment: Moment, buffers: DataView[]): [Frame, DataView[]] {
  const { labelled, accuracy, query, why, heat } = moment;
  const [cells, points, heatCells, worth] = buffers.map(u8);
  const found = { labelled, accuracy, query, why, heat, cells, points };
  return heat
    ? [{ ...found, heatCells, worth }, buffers.slice(4)]
    : [{ ...found, heatCells: null, worth: null }, buffers.slice(2)];
}
