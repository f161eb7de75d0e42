import { decodeRows, u8, u32 } from "../../host/codecs";
import { loadVega, type VegaModule } from "../../host/modules";
import type {
  Ack,
  ClassesMessage,
  Failed,
  MonitorState,
  MonitorUpdate,
  MonitorWelcome,
  OpenedMessage,
  ProposalMessage,
  Refused,
  RulesMessage,
  TrustMessage,
  VotesMessage,
} from "../../host/protocol";
import { defineWidget } from "../../host/widget";
import type { View } from "../../modules/vega";
import { Bus, choose } from "../../ui/bus";
import { count } from "../../ui/dom";
import { onTheme, readTheme } from "../../ui/theme";
import { monitorView } from "./view";

const STALLED_MS = 3000;
const DRAW_MS = 250;
/** The trust section follows the labels after a pause, because models are fitted for it. */
const TRUST_MS = 3000;
/** The rules follow the labels sooner, because nothing is fitted for them. */
const RULES_MS = 500;
const NOWHERE =
  "Items are shown on the map or in the Labeler, but neither is on this page: display the session.";

type ClickedMark = { mark: { marktype: string }; datum: { n: number } } | null | undefined;

/** The chart of the learning curve, with the axis of the measure. */
function measured({ chart, measure }: MonitorWelcome): Record<string, unknown> {
  if (measure.name === "accuracy") return chart;
  const made = structuredClone(chart) as { layer: { encoding: { y: Record<string, unknown> } }[] };
  const scale = measure.best > measure.worst ? { domain: [measure.worst, measure.best] } : { zero: true };
  // The axis has little room.
  const title = measure.name.length > 14 ? measure.name.split(" ").at(-1) : measure.name;
  for (const { encoding } of made.layer) encoding.y = { ...encoding.y, title, scale };
  return made;
}

export default defineWidget("monitor", ({ root, channel, signal }) => {
  const bus = new Bus(channel.session, root, signal);
  let state: MonitorState | null = null;
  let welcome: MonitorWelcome | null = null;
  let waiting = { n: channel.waiting().length, since: Date.now() };
  let curve: { drawn: View; vega: VegaModule; width: number } | null = null;
  let drawing = false;
  let later: ReturnType<typeof setTimeout> | null = null;
  /** The trust section: whether it is open, what was asked last, and whether its answer is still awaited. */
  const trust = {
    open: false,
    of: "",
    asked: false,
    later: undefined as ReturnType<typeof setTimeout> | undefined,
  };

  /** The rules: whether they are open, and whether an answer is still awaited. */
  const rules = { open: false, asked: false, later: undefined as ReturnType<typeof setTimeout> | undefined };

  const view = monitorView(
    root,
    {
      undo: () => act({ type: "undo" }),
      redo: () => act({ type: "redo" }),
      jump: (to) => act({ type: "jump", act: to }),
      restore: (acts) => act({ type: "restore", acts }),
      open: (of) => {
        ask({ type: "open", view: channel.view, act: of });
      },
      toggle: () => void drawCurve(),
      trust: (open) => {
        trust.open = open;
        askTrust();
      },
      behind: (of) => {
        ask({ type: "behind", view: channel.view, ...of });
      },
      suspects: () => view.note(bus.tell("suspects", null) ? "" : NOWHERE),
      find: (wanted) => view.note(bus.tell("query", wanted) ? "" : NOWHERE),
      remove: (name) => act({ type: "slice", name, query: null }, said),
      propose: (error, certainty) =>
        channel.ask({ type: "propose", view: channel.view, error, certainty }, view.offerFailed),
      sample: (rows) => look(decodeRows(rows)),
      look,
      rules: (open) => {
        rules.open = open;
        askRules();
      },
      keepRule: ({ query, of }, answered) => actRule({ type: "rule", query, of, rows: "" }, answered),
      retireRule: (rule) => actRule({ type: "retire_rule", ...rule }, said),
      removeRule: (name) => actRule({ type: "remove_rule", name }, said),
      tryRule: (rule) => {
        channel.ask({ type: "try_rule", view: channel.view, ...rule }, view.note);
      },
      preview: (shown) => void bus.tell("preview", shown),
      leave: () => {
        if (!bus.tell("answer", null)) root.focus({ preventScroll: true });
      },
      handOver: (proposal) => act({ type: "hand_over", proposal }),
      takeBack: (of) => act({ type: "take_back", act: of }),
      settle: (keep) => channel.act({ type: "settle", keep }),
    },
    true,
    signal,
  );

  function look(rows: Uint32Array): void {
    const shown = choose(bus, { rows, how: "clicked", from: "history" });
    view.note(shown ? "" : NOWHERE);
  }

  /** Sends an act on the rules, and asks for them again once it is saved. */
  function actRule(
    made: Parameters<typeof channel.act>[0],
    answered: (refused: Refused | null) => void,
  ): void {
    act(made, (refused) => {
      answered(refused);
      askRules();
    });
  }

  /** Asks for the rules, if they are open. */
  function askRules(): void {
    clearTimeout(rules.later);
    if (!rules.open || rules.asked) return;
    rules.asked = true;
    channel.ask({ type: "rules", view: channel.view }, (why) => {
      rules.asked = false;
      view.rulesFailed(why, askRules);
    });
  }

  function askRulesLater(): void {
    clearTimeout(rules.later);
    if (rules.open) rules.later = setTimeout(askRules, RULES_MS);
  }

  const said = (refused: Refused | null): void => view.note(refused?.why ?? "");

  function act(...made: Parameters<typeof channel.act>): void {
    view.note("");
    channel.act(...made);
    bus.tell("turned", null);
  }

  /** Asks for items; if that fails, the note says why and asks again. */
  function ask(request: Parameters<typeof channel.ask>[0]): void {
    view.note("");
    channel.ask(request, (why) => view.note(why, () => ask(request)));
  }

  /** Asks for the trust section if it is open, and the labels or the estimate have changed. */
  function askTrust(): void {
    clearTimeout(trust.later);
    if (!trust.open || trust.asked || !state) return;
    const of = JSON.stringify([
      state.n_labels,
      state.n_audited,
      state.estimate,
      state.curve.length,
      state.history[0]?.id,
    ]);
    if (of === trust.of) return;
    trust.of = of;
    trust.asked = true;
    channel.ask({ type: "trust", view: channel.view }, (why) => {
      trust.asked = false;
      trust.of = ""; // the next change asks again, too
      view.trustFailed(why, askTrust);
    });
  }

  function askTrustLater(): void {
    clearTimeout(trust.later);
    if (trust.open) trust.later = setTimeout(askTrust, TRUST_MS);
  }

  /** Draws after a short delay, combining updates, because the next item and the map are more urgent. */
  function draw(): void {
    if (later) return;
    later = setTimeout(() => {
      later = null;
      drawNow();
    }, DRAW_MS);
  }

  function drawNow(): void {
    if (!state || !welcome || signal.aborted) return;
    const stalled = waiting.n > 0 && Date.now() - waiting.since > STALLED_MS;
    view.update({ state, classes: welcome.classes, waiting: stalled ? waiting.n : 0, stalled });
    void drawCurve();
  }

  /** Draws the Altair chart: created with the first point, then updated in place. */
  async function drawCurve(): Promise<void> {
    const width = view.chart.clientWidth;
    if (drawing || !state?.curve.length || !welcome || width < 50) return;
    drawing = true;
    try {
      if (!curve || Math.abs(curve.width - width) > 20) {
        const vega = await loadVega(channel, signal);
        curve?.drawn.finalize();
        const spec = { ...measured(welcome), width, config: themed(welcome.chart.config as object) };
        curve = { drawn: await vega.draw(view.chart, spec, "svg"), vega, width };
        curve.drawn.addEventListener("click", (_, item) => openPoint(item));
      }
      const change = curve.vega
        .changeset()
        .remove(() => true)
        .insert(state.curve.map((point) => ({ ...point })));
      await curve.drawn.change("curve", change).runAsync();
    } catch (error) {
      if (!signal.aborted) console.warn("[hitl-widgets] The learning curve cannot be drawn.", error);
    } finally {
      drawing = false;
    }
  }

  /** Shows the items labelled since the point of the learning curve before this one. */
  function openPoint(item: ClickedMark): void {
    if (item?.mark.marktype !== "symbol" || !state) return;
    const last = item.datum.n;
    const first = Math.max(0, ...state.curve.map(({ n }) => n).filter((n) => n < last)) + 1;
    ask({ type: "span", view: channel.view, first, last });
  }

  function themed(config: object): object {
    const { text, faint, line, accent } = readTheme(root);
    const font = getComputedStyle(root).fontFamily;
    return {
      ...config,
      font,
      axis: { labelColor: faint, titleColor: text, gridColor: line, titleFontWeight: "normal" },
      area: { color: accent },
      line: { color: accent },
      point: { color: accent },
    };
  }

  onTheme(
    root,
    () => {
      curve?.drawn.finalize();
      curve = null;
      void drawCurve();
    },
    signal,
  );
  const resized = new ResizeObserver(() => void drawCurve());
  resized.observe(view.chart);
  signal.addEventListener("abort", () => {
    resized.disconnect();
    clearInterval(watch);
    clearTimeout(trust.later);
    clearTimeout(rules.later);
    curve?.drawn.finalize();
  });
  bus.on("handOver", () => {
    view.handOver();
    return true;
  });
  bus.on("waiting", (now) => {
    waiting = now;
    draw();
  });
  const watch = setInterval(() => {
    const n = channel.waiting().length;
    if (n === waiting.n && n === 0) return;
    waiting = { n, since: n && waiting.n ? waiting.since : Date.now() };
    draw();
  }, 1000);

  channel.on<MonitorWelcome>(
    "welcome",
    (message) => {
      welcome = message;
      state = message;
      trust.asked = rules.asked = false; // a request to an earlier kernel is not answered
      askTrustLater();
      askRulesLater();
      draw();
    },
    signal,
  );
  channel.on<TrustMessage>(
    "trust",
    (message) => {
      trust.asked = false;
      if (welcome) view.trust(message, welcome.classes);
      askTrustLater();
    },
    signal,
  );
  channel.on<RulesMessage>(
    "rules",
    (message) => {
      rules.asked = false;
      view.ruled(message);
    },
    signal,
  );
  channel.on<VotesMessage>(
    "votes",
    (message, [rows, codes]) => view.tried(message, u32(rows), u8(codes)),
    signal,
  );
  channel.on<ClassesMessage>(
    "classes",
    ({ classes }) => {
      if (welcome) welcome = { ...welcome, classes };
      draw();
    },
    signal,
  );
  channel.on<OpenedMessage>(
    "opened",
    ({ rows, n, how, missing }) => {
      if (!n)
        view.note(missing === 1 ? "This item is not in the table." : "None of its items is in the table.");
      else if (!choose(bus, { rows: decodeRows(rows), how, from: "history" })) view.note(NOWHERE);
      else if (missing)
        view.note(`${count(missing, "of its items is", "of its items are")} not in the table.`);
    },
    signal,
  );
  channel.on<ProposalMessage>("proposal", view.offer, signal);
  channel.on<Ack>(
    "ack",
    ({ back, chosen, note }) => {
      if (chosen) choose(bus, { rows: decodeRows(chosen.rows), how: chosen.how, from: "undo" });
      if (back) bus.tell("back", back);
      if (note) view.note(note);
    },
    signal,
  );
  for (const type of ["refused", "failed"] as const)
    channel.on<Refused | Failed>(type, ({ why }) => view.note(why), signal);
  channel.on<MonitorUpdate>(
    "state",
    (message) => {
      state = message;
      askTrustLater();
      askRulesLater();
      draw();
    },
    signal,
  );
  bus.on("rules", () => {
    view.openRules();
    return true;
  });
});
