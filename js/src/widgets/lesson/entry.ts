import { f32, u8 } from "../../host/codecs";
import type {
  CommitteeMessage,
  ExerciseMessage,
  ExpectMessage,
  GameMessage,
  LessonWelcome,
  Moment,
  MomentMessage,
  TroubleMessage,
} from "../../host/protocol";
import { defineWidget } from "../../host/widget";
import { Grid } from "../../plot/grid";
import { announcer } from "../../ui/announce";
import { focused } from "../../ui/dom";
import { onKey } from "../../ui/keys";
import { remember, remembered } from "../../ui/remember";
import { onTheme, readTheme } from "../../ui/theme";
import { type SketchEvent, sketchOf, sketchWords, usable } from "./sketch";
import { seen } from "./space";
import {
  clickable,
  type Frame,
  initial,
  keptOf,
  type LessonEvent,
  type LessonState,
  readKept,
  reduce,
  type Sent,
  takenOf,
  wanted,
} from "./state";
import { behindOf, lessonView } from "./view";
import { scoreWords, stepWords } from "./words";

const PLAY_MS = 900;
const SLOW_MS = 4000;
/** Radians that a key turns points in space. */
const TURN = Math.PI / 24;

export default defineWidget("lesson", ({ root, channel, signal }) => {
  const announce = announcer(root);
  let state: LessonState = initial;
  let still: {
    xy: Float32Array;
    space: Float32Array;
    truth: Uint8Array;
    cost: Float32Array;
    cells: number;
  } | null = null;
  /** Where this browser keeps what a student did in this lesson. */
  let shelf = "";
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
    turn: (dx, dy) => dispatch({ type: "turn", dx, dy }),
    truth: (show) => dispatch({ type: "truth", show }),
    pick: (row) => dispatch({ type: "pick", row }),
    start: (start) => dispatch({ type: "start", start }),
    measure: (measure) => dispatch({ type: "measure", measure }),
    exercise: (exercise) => dispatch({ type: "exercise", exercise }),
    sketch: (what) => dispatch({ type: "sketch", what }),
    use,
    hover: (row) => dispatch({ type: "hover", row }),
    compare: (strategy, on) => dispatch({ type: "compare", strategy, on }),
    hint: () => dispatch({ type: "hint" }),
    next: () => dispatch({ type: "next" }),
    again: () => dispatch({ type: "again" }),
  });

  function dispatch(event: LessonEvent): void {
    const before = state;
    state = reduce(state, event);
    if (state !== before) {
      draw();
      keep(before);
    }
    speak(before);
    ask();
  }

  function keep(before: LessonState): void {
    if (!shelf || !before.ready) return;
    const now = JSON.stringify(keptOf(state));
    if (now !== JSON.stringify(keptOf(before))) remember(shelf, now);
  }

  /** Sends one request at a time; when it is answered, requests what is wanted by then. */
  function ask(): void {
    const next = asked ? null : wanted(state);
    if (next) send(next);
  }

  /** Makes a lesson of the drawn points; the kernel answers with a welcome. */
  function use(): void {
    const points = state.sketch.spots.map(([x, y, code]): [number, number, number] => [x, y, code]);
    if (!asked && usable(state.sketch)) send({ type: "draw", points });
  }

  function send(what: Sent): void {
    asked = channel.ask({ ...what, view: channel.view });
    late = setTimeout(() => dispatch({ type: "slow", slow: true }), SLOW_MS);
  }

  function answered(): void {
    asked = "";
    if (late) clearTimeout(late);
    late = null;
    if (state.slow) state = reduce(state, { type: "slow", slow: false });
  }

  function draw(): void {
    if (!state.ready || !still) return;
    view.update({ state, ...still, ...places(still), space: still.space.length > 0, theme });
  }

  /** Where the points are seen now. */
  const places = ({ xy, space }: { xy: Float32Array; space: Float32Array }) =>
    isSpace() ? seen(space, state.turn) : { xy, depth: new Float32Array(0) };
  const isSpace = (): boolean =>
    !!still?.space.length && state.mode !== "draw" && behindOf(state) === "space";

  function speak(before: LessonState): void {
    if (state.note && state.note !== before.note) return; // the note is an alert already
    if (state.mode === "draw") {
      if (state.sketch.spots !== before.sketch.spots) announce(sketchWords(state.sketch, state.classes));
    } else if (state.mode === "steps") {
      const moved = state.shown !== before.shown || (before.playing && !state.playing);
      if (moved && !state.playing) announce(stepWords(state));
    } else if (state.cursor !== before.cursor && state.cursor >= 0) {
      announce(cursorWords());
    } else if (state.mode === "exercise") {
      if (state.report && state.report !== before.report) announce(state.report.said || state.report.task);
    } else if (state.game?.yours.spent.length !== before.game?.yours.spent.length) {
      announce(scoreWords(state));
    }
  }

  function cursorWords(): string {
    const { game, report, cursor, classes, n } = state;
    const frame = state.mode === "game" ? game?.you : report?.you;
    if (!frame) return "";
    const name = classes[frame.points[cursor]].name;
    const sure = Math.round((100 * frame.points[n + cursor]) / 255);
    return `Point ${cursor + 1}: the model predicts ${name}, ${sure} %. Press Enter to choose it.`;
  }

  /** Moves the cursor among the unlabelled points. */
  function move(dx: number, dy: number): void {
    const { cursor } = state;
    if (!still || !clickable(state)) return;
    const done = new Set(takenOf(state));
    const open = [...still.truth.keys()].filter((row) => !done.has(row));
    const rows = cursor >= 0 && !open.includes(cursor) ? [...open, cursor] : open;
    const { xy } = places(still);
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

  /** Keys while points are drawn. */
  function drawnBy(key: string, way?: number[]): boolean | "again" {
    const sketch = (what: SketchEvent): true => {
      dispatch({ type: "sketch", what });
      return true;
    };
    const { cross } = state.sketch;
    const code = "1234567890".indexOf(key);
    if (way) {
      sketch({ type: "cross", dx: way[0], dy: way[1] });
      return "again";
    }
    if (code >= 0 && code < state.classes.length) return sketch({ type: "pen", pen: code });
    if (key === "e") return sketch({ type: "pen", pen: null });
    if (key === "z") return sketch({ type: "undo" });
    if (!cross || !["Enter", "Delete", "Backspace"].includes(key)) return false;
    const [x, y] = cross;
    return sketch(key === "Enter" ? { type: "put", x, y, more: false } : { type: "erase", x, y });
  }

  function pressed(key: string): boolean | "again" {
    if (key === "Escape") {
      (focused() as HTMLElement | null)?.blur();
      return true;
    }
    const way = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] }[key];
    if (state.mode === "draw") return drawnBy(key, way);
    const turn = isSpace() && { ",": [-1, 0], ".": [1, 0], "-": [0, -1], "+": [0, 1] }[key];
    if (turn) {
      dispatch({ type: "turn", dx: TURN * turn[0], dy: TURN * turn[1] });
      return "again";
    }
    if (state.mode !== "steps") {
      if (way) move(way[0], way[1]);
      else if (key === "Enter" && state.report?.going && state.mode === "exercise")
        dispatch({ type: "next" });
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
    (welcome, [points, truth, cost, space]) => {
      still = { xy: f32(points), space: f32(space), truth: u8(truth), cost: f32(cost), cells: welcome.cells };
      theme = readTheme(root);
      shelf = welcome.recorded ? "" : `hitl-lesson:${welcome.lesson}`;
      answered();
      const sketch = sketchOf(still.xy, still.truth);
      dispatch({ type: "welcome", welcome, sketch, kept: shelf ? readKept(remembered(shelf)) : null });
    },
    signal,
  );
  channel.on<MomentMessage>(
    "moment",
    (moment, buffers) => {
      answered();
      const [frame] = frameOf(moment, buffers);
      dispatch({ ...moment, frame });
    },
    signal,
  );
  channel.on<CommitteeMessage>(
    "members",
    ({ strategy, start, seed, index, side, words }, buffers) => {
      answered();
      const found = { surfaces: buffers.map(u8), side, words };
      dispatch({ type: "members", strategy, start, seed, index, found });
    },
    signal,
  );
  channel.on<ExpectMessage>(
    "expected",
    (found) => {
      answered();
      dispatch(found);
    },
    signal,
  );
  channel.on<GameMessage>(
    "game",
    ({ strategy, start, seed, picks, yours, theirs, ...both }, buffers) => {
      answered();
      const [you, rest] = frameOf(both.you, buffers);
      const [machine] = frameOf(both.machine, rest);
      dispatch({ type: "game", strategy, start, game: { seed, picks, you, machine, yours, theirs } });
    },
    signal,
  );
  channel.on<ExerciseMessage>(
    "exercise",
    ({ you, machine, ...rest }, buffers) => {
      answered();
      const [frame, more] = frameOf(you, buffers);
      const its = machine ? frameOf(machine, more)[0] : null;
      // A hint colours the plane by utility; the numbers would give the answer away.
      const mine = rest.clickable ? { ...frame, worth: null } : frame;
      dispatch({ type: "report", report: { ...rest, you: mine, machine: its } });
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
  const { labelled, said, measures, queries, why, heat } = moment;
  const [cells, points, heatCells, worth] = buffers.map(u8);
  const found = { labelled, said, measures, queries, why, heat, cells, points };
  return heat
    ? [{ ...found, heatCells, worth }, buffers.slice(4)]
    : [{ ...found, heatCells: null, worth: null }, buffers.slice(2)];
}
