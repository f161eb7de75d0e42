import { loadModule } from "../../host/modules";
import { Parts } from "../../host/parts";
import type {
  Ack,
  ClassesMessage,
  Failed,
  Refused,
  ReviewerWelcome,
  ReviewUpdate,
} from "../../host/protocol";
import { itemStock } from "../../host/stock";
import { defineWidget } from "../../host/widget";
import { redress, spokenItem } from "../../items/index";
import type { ComposerModule } from "../../questions/index";
import { announcer } from "../../ui/announce";
import { Bus } from "../../ui/bus";
import { focused } from "../../ui/dom";
import { leaveKeys, onKey, type Press, takeKeys } from "../../ui/keys";
import { remember, remembered } from "../../ui/remember";
import { onTheme } from "../../ui/theme";
import { initial, type ReviewerEvent, reduce } from "./state";
import { reviewerView } from "./view";

const AHEAD = 6;

export default defineWidget("reviewer", ({ root, channel, signal }) => {
  const bus = new Bus(channel.session, root, signal);
  const say = announcer(root);
  const parts = new Parts(channel, signal);
  const namesKey = `hitl-review-names:${channel.key}`;
  let state = initial;
  let compose: ComposerModule["compose"] | null = null;
  let named = remembered(namesKey) === "shown";
  /** Items whose personal data is shown once the kernel has logged it, by the act. */
  const revealing = new Map<string, number>();
  /** The reasons that were given here, by the key of the item, for when the decision is undone. */
  const reasons = new Map<string, string>();

  const view = reviewerView(root, {
    decide(answer, words) {
      const { current } = state;
      if (!current || state.closed) return;
      const told = view.said();
      const { key } = current;
      reasons.set(key, told.because);
      const id = channel.act({ type: "decide", key, answer, ...told }, (refused) => {
        if (!refused) return;
        dispatch({ type: "landed", id });
        dispatch({ type: "note", words: refused.why });
      });
      dispatch({ type: "decided", id, key, words: `Decided: ${words}${told.gold ? ", as gold" : ""}` });
      say(`Decided: ${words}. ${next()}`);
      bus.tell("turned", null);
    },
    later() {
      dispatch({ type: "later" });
      channel.ask({ type: "cases", view: channel.view, later: [...state.later] });
      say(next());
    },
    undo: () => turn("undo"),
    redo: () => turn("redo"),
    toggleNames() {
      named = !named;
      remember(namesKey, named ? "shown" : "");
      draw();
    },
    reason: (key) => reasons.get(key) ?? "",
    reveal: (row, key) => revealing.set(channel.act({ type: "reveal", key }), row),
    parts: (row, end) => parts.of(row, end),
    say,
  });

  function turn(type: "undo" | "redo"): void {
    if (type === "undo" ? !state.undo : !state.redo) return;
    channel.act({ type });
    bus.tell("turned", null);
  }

  function next(): string {
    const { current } = state;
    const item = current && stock.get(current.row);
    return current && item ? spokenItem(item, current.row) : "";
  }

  function dispatch(event: ReviewerEvent): void {
    state = reduce(state, event);
    const rows = state.queue.map(({ row }) => row);
    const { current } = state;
    stock.want(current ? [current.row, ...rows.slice(0, 2)] : rows.slice(0, 2), rows.slice(2, AHEAD));
    draw();
  }

  function draw(): void {
    view.update({ state, item: stock.get, compose, named: named && state.names });
  }

  const stock = itemStock(
    channel,
    { root, needed: () => state.queue.map(({ row }) => row), came: draw },
    signal,
  );

  /** Loads what shows and composes the answers to this kind of question. */
  async function loadComposer(asks: string): Promise<void> {
    try {
      ({ compose } = await loadModule<ComposerModule>(`compose-${asks}`, channel, signal, root));
      draw();
    } catch (error) {
      if (!signal.aborted) dispatch({ type: "note", words: `The answers cannot be shown: ${error}` });
    }
  }

  const press: Press = (key, shift) => {
    const taken = view.press(key, shift);
    if (taken || key !== "Escape" || !root.contains(focused())) return taken;
    root.blur();
    return true;
  };
  onKey(root, press, signal);
  leaveKeys(root, "button, .hitl-review-gold", signal);
  onTheme(root, () => redress(root), signal);
  signal.addEventListener("abort", () => view.close());

  channel.on<ReviewerWelcome>(
    "welcome",
    (welcome) => {
      const first = !state.welcomed;
      dispatch({ type: "welcome", welcome });
      if (welcome.composed) void loadComposer(welcome.asks);
      if (first) takeKeys(root, signal);
    },
    signal,
  );
  channel.on<ReviewUpdate>("state", (message) => dispatch({ type: "state", state: message }), signal);
  channel.on<ClassesMessage>("classes", (message) => dispatch(message), signal);
  channel.on<Ack>(
    "ack",
    ({ id, back, n_events, undo, redo }) => {
      const revealed = revealing.get(id);
      if (revealed !== undefined && revealing.delete(id)) stock.renew(revealed);
      dispatch({ type: "landed", id, n_events, undo, redo, back: back?.key });
      if (back) say("Undone");
    },
    signal,
  );
  for (const type of ["refused", "failed"] as const)
    channel.on<Refused | Failed>(
      type,
      ({ id, why }) => {
        if (type === "refused") dispatch({ type: "landed", id });
        const kept = type === "failed" ? " It is kept in this browser and waits to be saved." : "";
        dispatch({ type: "note", words: why + kept });
      },
      signal,
    );
  draw();
});
