import type { Failed, Refused, ReplayMoment, ReplayWelcome } from "../../host/protocol";
import { defineWidget } from "../../host/widget";
import { announcer } from "../../ui/announce";
import { Bus } from "../../ui/bus";
import { focused } from "../../ui/dom";
import { onKey } from "../../ui/keys";
import { askedWords, headWords, initial, type ReplayEvent, reduce, wanted } from "./state";
import { replayView } from "./view";

const PLAY_MS = 900;

export default defineWidget("replay", ({ root, channel, signal }) => {
  const bus = new Bus(channel.session, root, signal);
  const announce = announcer(root);
  let state = initial;
  let asked = "";

  const view = replayView(root, {
    go: (step) => dispatch({ type: "go", step }),
    step: (by) => dispatch({ type: "go", step: state.step + by }),
    play: () => dispatch({ type: "play" }),
    run: (run) => dispatch({ type: "run", run }),
  });

  function dispatch(event: ReplayEvent): void {
    const before = state;
    state = reduce(state, event);
    if (state === before) return;
    view.update(state);
    if (state.shown !== before.shown && state.shown) shown(state.shown);
    ask();
  }

  /** Sends one request at a time; when it is answered, requests what is wanted by then. */
  function ask(): void {
    const next = asked ? null : wanted(state);
    if (next) asked = channel.ask({ type: "go", view: channel.view, ...next });
  }

  /** Rings the item on the map. */
  function shown(moment: ReplayMoment): void {
    bus.tell("current", moment.question && { row: moment.question.item, blind: false });
    if (!state.playing)
      announce(`${askedWords(moment)} ${moment.question?.label ?? ""}. ${headWords(state)}`);
  }

  function pressed(key: string): boolean {
    if (key === "ArrowRight") dispatch({ type: "go", step: state.step + 1 });
    else if (key === "ArrowLeft") dispatch({ type: "go", step: state.step - 1 });
    else if (key === " ") dispatch({ type: "play" });
    else if (key === "Escape") (focused() as HTMLElement | null)?.blur();
    else return false;
    return true;
  }

  onKey(root, pressed, signal);
  const clock = setInterval(() => dispatch({ type: "tick" }), PLAY_MS);
  signal.addEventListener("abort", () => clearInterval(clock));
  // Nothing is labelled here, so the map shows no buttons of its own. It asks once it is there.
  const noButtons = (): void => void bus.tell("labeler", null);
  bus.on("who", () => {
    noButtons();
    if (state.shown?.question) bus.tell("current", { row: state.shown.question.item, blind: false });
  });
  noButtons();

  channel.on<ReplayWelcome>("welcome", (welcome) => dispatch({ type: "welcome", welcome }), signal);
  channel.on<ReplayMoment>(
    "moment",
    (moment) => {
      asked = "";
      dispatch({ type: "moment", moment });
    },
    signal,
  );
  for (const type of ["refused", "failed"] as const)
    channel.on<Refused | Failed>(
      type,
      ({ why }) => {
        asked = "";
        dispatch({ type: "note", words: why });
      },
      signal,
    );
});
