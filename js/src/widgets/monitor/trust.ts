import "./trust.css";
import type { Behind as Asked, LabelClass, TrustMessage } from "../../host/protocol";
import { link } from "../../ui/button";
import { count, h, percent, said, show, svg } from "../../ui/dom";

export type Behind = Pick<Asked, "what" | "a" | "b">;
export type TrustCallbacks = {
  /** Shows the items behind a figure. */
  behind: (of: Behind) => void;
  /** Shows the items with doubtful labels, one by one. */
  suspects: () => void;
};

/** With more classes, the most frequent confusions are listed instead of the matrix. */
const MOST = 10;
const LISTED = 12;

const ADVICE: Record<TrustMessage["advice"], string> = {
  stop: "You can stop: more labels will hardly change the model",
  "go on": "Go on: more labels still help",
  unclear: "Not clear yet whether more labels help",
};

/** How good the model and the labels are, with what each figure rests on. */
export function trustView(on: TrustCallbacks) {
  const empty = h("div", { class: "hitl-trust-empty hitl-faint hitl-waiting", text: "Being computed" });
  const failure = h("div", { class: "hitl-told", attrs: { role: "status", hidden: true } });
  const advice = h("div", { class: "hitl-trust-advice" });
  const panels = h("div", { class: "hitl-trust-panels" });
  const element = h(
    "section",
    { class: "hitl-trust", attrs: { "aria-label": "Trust", hidden: true } },
    failure,
    empty,
    advice,
    panels,
  );
  let drawn = "";

  function settled(): void {
    failure.replaceChildren();
    show(failure, false);
  }

  return {
    element,
    /** Says why the figures could not be computed; earlier ones stay. */
    failed(why: string, ask: () => void): void {
      const click = (): void => {
        settled();
        if (!drawn) show(empty, true);
        ask();
      };
      failure.replaceChildren(
        `${drawn ? "Not up to date" : "Not computed"}: ${why} `,
        link("try again", click),
      );
      show(failure, true);
      if (!drawn) show(empty, false);
    },
    update(told: TrustMessage, classes: readonly LabelClass[]): void {
      settled();
      const now = JSON.stringify([told, classes]);
      if (now === drawn) return;
      drawn = now;
      show(empty, told.why !== "");
      empty.classList.remove("hitl-waiting");
      empty.textContent = told.why;
      show(advice, told.reasons.length > 0 && !told.why);
      advice.replaceChildren(
        h("div", { class: "hitl-trust-say", text: ADVICE[told.advice], attrs: { "data-say": told.advice } }),
        h("ul", {}, ...told.reasons.map((text) => h("li", { text }))),
      );
      panels.replaceChildren(
        ...[
          told.why ? null : accuracy(told),
          told.why ? null : perClass(told, classes),
          told.why ? null : confusions(told, classes, on),
          told.why ? null : calibration(told, on),
          told.why ? null : doubtful(told, on),
          pace(told, on),
          told.pairs.length ? agreement(told, on) : null,
        ].filter((one) => one !== null),
      );
    },
  };
}

const panel = (title: string, n: string, ...rest: (HTMLElement | SVGElement | null)[]): HTMLElement =>
  h(
    "section",
    { class: "hitl-trust-panel" },
    h(
      "div",
      { class: "hitl-small-head" },
      h("span", { text: title }),
      h("span", { class: "hitl-number hitl-trust-n", text: n }),
    ),
    ...rest,
  );

const note = (text: string): HTMLElement => h("p", { class: "hitl-trust-note hitl-faint", text });

const share = (value: number): string => value.toFixed(2);
const range = (low: number, high: number): string => `${share(low)}\u2013${share(high)}`;

/** A share with its interval on a line from 0 to 1. */
export function interval(value: number | null, low: number, high: number): SVGElement {
  const line = svg("svg", { viewBox: "0 0 100 10", preserveAspectRatio: "none", class: "hitl-interval" });
  line.setAttribute("aria-hidden", "true");
  line.append(
    svg("line", { x1: 0, x2: 100, y1: 5, y2: 5, class: "hitl-interval-all" }),
    svg("line", { x1: 100 * low, x2: 100 * high, y1: 5, y2: 5, class: "hitl-interval-range" }),
  );
  if (value !== null)
    line.append(
      svg("line", { x1: 100 * value, x2: 100 * value, y1: 0, y2: 10, class: "hitl-interval-value" }),
    );
  return line;
}

function accuracy({ estimate, audit, measure }: TrustMessage): HTMLElement {
  const { value, low, high, n } = estimate;
  const title = measure.name === "accuracy" ? "Accuracy on unlabelled items" : measure.name;
  if (!audit || value === null || low === null || high === null)
    return panel(
      title,
      "0 audited",
      note(
        audit
          ? "Being measured."
          : "Nothing is audited yet. A share of the questions is drawn at random; only these measure the model.",
      ),
    );
  const line = (words: string, from: number, to: number, title: string): HTMLElement =>
    h(
      "div",
      { class: "hitl-trust-line", title },
      h("span", { class: "hitl-faint", text: words }),
      h("span", { class: "hitl-number", text: range(from, to) }),
      interval(audit.right / audit.n, from, to),
    );
  return panel(
    title,
    `${n.toLocaleString("en")} audited`,
    h(
      "div",
      { class: "hitl-trust-main" },
      h("span", { class: "hitl-trust-big hitl-number", text: share(value) }),
      h("span", { class: "hitl-number", text: range(low, high) }),
    ),
    interval(value, low, high),
    note("Estimated from all labels: each was predicted by a model that had not seen it."),
    h("div", {
      class: "hitl-trust-counted",
      text: `Counted: ${audit.right.toLocaleString("en")} of ${count(audit.n, "audited item")} predicted correctly before they were labelled`,
    }),
    line(
      `if ${audit.n.toLocaleString("en")} were planned beforehand`,
      audit.low,
      audit.high,
      "Holds with 95 % if the number of audited items was fixed beforehand (Wilson)",
    ),
    line(
      "if you look after every label",
      audit.any_low,
      audit.any_high,
      "Holds with 95 % at all times at once, so also if you stop when you like the figure",
    ),
  );
}

function perClass({ classes: told }: TrustMessage, classes: readonly LabelClass[]): HTMLElement {
  const rows = told.flatMap(({ code, n, estimate: { value, low, high, n: audited } }) => {
    const known = value !== null && low !== null && high !== null;
    return [
      named(classes[code]),
      h("span", { class: "hitl-number hitl-faint", text: n.toLocaleString("en"), title: count(n, "label") }),
      known ? interval(value, low, high) : h("span", { class: "hitl-faint", text: "too few" }),
      h("span", {
        class: "hitl-number",
        text: known ? `${share(value)} (${range(low, high)}, ${audited})` : "",
      }),
    ];
  });
  return panel(
    "By predicted class",
    count(
      told.reduce((all, { n }) => all + n, 0),
      "label",
    ),
    h("div", { class: "hitl-trust-classes" }, ...rows),
    note(
      "How often the model is right where it says this class, with the 95 % interval and the number of audited items among these.",
    ),
  );
}

function confusions(
  { confusion, n_confusion }: TrustMessage,
  classes: readonly LabelClass[],
  on: TrustCallbacks,
): HTMLElement {
  const n = count(n_confusion, "label");
  const words = note(
    "Rows: the label. Columns: a model that had not seen it. Chosen items are harder than most: read which classes are confused, not how often.",
  );
  const open = (a: number, b: number) => () => on.behind({ what: "cell", a, b });
  const title = (a: number, b: number): string =>
    `${count(confusion[a][b], "item")} labelled ${classes[a]?.name}, predicted as ${classes[b]?.name}`;
  if (confusion.length > MOST) {
    const cells = confusion
      .flatMap((row, a) => row.map((many, b) => ({ a, b, many })))
      .filter(({ a, b, many }) => a !== b && many > 0)
      .sort((x, y) => y.many - x.many)
      .slice(0, LISTED);
    const lines = cells.map(({ a, b, many }) =>
      h(
        "button",
        {
          class: "hitl-figure hitl-confused",
          title: title(a, b),
          attrs: { type: "button" },
          on: { click: open(a, b) },
        },
        named(classes[a]),
        h("span", { text: "\u2192", attrs: { "aria-label": "predicted as" } }),
        named(classes[b]),
        h("span", { class: "hitl-number", text: many.toLocaleString("en") }),
      ),
    );
    const none = lines.length ? null : note("No label differs from its prediction.");
    return panel("Most confused", n, ...lines, none, words);
  }
  const most = Math.max(1, ...confusion.flatMap((row, a) => row.filter((_, b) => a !== b)));
  const cell = (many: number, a: number, b: number): HTMLElement => {
    const strength = a === b ? 8 : 10 + (38 * many) / most;
    const colour = a === b ? "var(--hitl-text)" : "var(--hitl-accent)";
    return h(
      "td",
      {},
      many
        ? h("button", {
            class: "hitl-cell hitl-number",
            text: many.toLocaleString("en"),
            title: `${title(a, b)}: show them`,
            attrs: { type: "button", "aria-label": title(a, b) },
            style: { background: `color-mix(in srgb, ${colour} ${strength}%, transparent)` },
            on: { click: open(a, b) },
          })
        : h("span", { class: "hitl-cell hitl-faint", text: "\u00b7" }),
    );
  };
  const table = h(
    "table",
    { class: "hitl-matrix" },
    h(
      "thead",
      {},
      h("tr", {}, h("td"), ...confusion.map((_, b) => h("th", { attrs: { scope: "col" } }, dot(classes[b])))),
    ),
    h(
      "tbody",
      {},
      ...confusion.map((row, a) =>
        h(
          "tr",
          {},
          h("th", { attrs: { scope: "row" } }, named(classes[a])),
          ...row.map((many, b) => cell(many, a, b)),
        ),
      ),
    ),
  );
  return panel("Confusions", n, table, words);
}

const [LEFT, TOP, SIZE] = [26, 6, 116];

/** The reliability diagram: the confidence against the share of correct predictions. */
function calibration({ bands, banded, audit }: TrustMessage, on: TrustCallbacks): HTMLElement {
  const n = bands.reduce((all, band) => all + band.n, 0);
  const [x, y] = [(value: number) => LEFT + SIZE * value, (value: number) => TOP + SIZE * (1 - value)];
  const chart = svg("svg", {
    viewBox: `0 0 ${LEFT + SIZE + 10} ${TOP + SIZE + 34}`,
    class: "hitl-calibration",
    role: "group",
    "aria-label": "Calibration",
  });
  const text = (words: string, at: [number, number], anchor: string): SVGElement => {
    const element = svg("text", { x: at[0], y: at[1], "text-anchor": anchor });
    element.textContent = words;
    return element;
  };
  for (const at of [0, 0.5, 1])
    chart.append(
      svg("line", { x1: x(0), x2: x(1), y1: y(at), y2: y(at), class: "hitl-grid" }),
      text(String(at), [LEFT - 5, y(at) + 3], "end"),
      text(String(at), [x(at), TOP + SIZE + 13], "middle"),
    );
  chart.append(
    svg("line", { x1: x(0), x2: x(1), y1: y(0), y2: y(1), class: "hitl-diagonal" }),
    text("confidence", [x(0.5), TOP + SIZE + 28], "middle"),
  );
  for (const [place, band] of bands.entries()) {
    if (!band.n) continue;
    const at = band.right / band.n;
    const words = `Confidence ${share(band.confidence)}: ${band.right} of ${band.n} correct (${range(band.low, band.high)})`;
    const of = svg("g", { class: "hitl-band", role: "button", tabindex: 0, "aria-label": words });
    const told = svg("title");
    told.textContent = `${words}. Click for the items`;
    const centre = x(band.confidence);
    of.append(
      told,
      svg("rect", { x: centre - 6, width: 12, y: TOP, height: SIZE, class: "hitl-band-area" }),
      svg("line", { x1: centre, x2: centre, y1: y(band.low), y2: y(band.high) }),
      svg("circle", { cx: centre, cy: y(at), r: Math.min(6, 2.5 + Math.sqrt(band.n) / 5) }),
    );
    const open = (): void => on.behind({ what: "band", a: place });
    of.addEventListener("click", open);
    of.addEventListener("keydown", (event) => {
      if (event.key !== "Enter" && event.key !== " ") return;
      event.preventDefault();
      event.stopPropagation();
      open();
    });
    chart.append(of);
  }
  const few = audit && !banded ? "Few items are audited yet, so this shows all labels. " : "";
  return panel(
    "Calibration",
    count(n, banded ? "audited item" : "label"),
    chart,
    note(
      `${few}Points on the dashed line: the model is right as often as it says. Bars are 95 % intervals (Wilson).`,
    ),
  );
}

function doubtful({ n_doubtful, n_kept, n_confusion }: TrustMessage, on: TrustCallbacks): HTMLElement {
  const kept = n_kept ? ` ${count(n_kept, "label")} looked at and kept.` : "";
  const look = h(
    "button",
    {
      class: "hitl-button",
      title: "On the card, one by one: Enter keeps the label, the key of a class corrects it (key \u21e7R)",
      attrs: { type: "button" },
      on: { click: on.suspects },
    },
    h("kbd", { text: "\u21e7R" }),
    `look through ${count(n_doubtful, "label")}`,
  );
  show(look, n_doubtful > 0);
  return panel(
    "Labels to look at again",
    `of ${n_confusion.toLocaleString("en")}`,
    look,
    note(
      n_doubtful
        ? `The model of all other labels says something else, or an item that is nearly the same has another label. This is a list to look through, not a number of errors: the model may be wrong.${kept}`
        : `Nothing speaks against a label at the moment.${kept}`,
    ),
    note("On the map: \u201cColour: doubtful labels\u201d."),
  );
}

function pace({ pace: told }: TrustMessage, on: TrustCallbacks): HTMLElement {
  const title = "Your labels";
  const n = `${told.n.toLocaleString("en")} one by one`;
  if (!told.n) return panel(title, n, note("Shown once you have labelled items one by one."));
  const line = (words: string, act?: () => void): HTMLElement =>
    act
      ? h("button", {
          class: "hitl-figure hitl-trust-fact",
          text: words,
          title: "Show these items",
          attrs: { type: "button" },
          on: { click: act },
        })
      : h("div", { class: "hitl-trust-fact", text: words });
  const { seconds, n_timed, n_hasty, n_runs, n_in_runs, again, same, low, high } = told;
  const lines = [
    seconds === null
      ? null
      : line(`${seconds < 10 ? seconds.toFixed(1) : Math.round(seconds)} s per label (median of ${n_timed})`),
    n_hasty
      ? line(`${count(n_hasty, "label")} given far faster than you usually do`, () =>
          on.behind({ what: "hasty" }),
        )
      : null,
    n_runs
      ? line(`${count(n_in_runs, "label")} in ${count(n_runs, "long run")} of one class`, () =>
          on.behind({ what: "runs" }),
        )
      : null,
    again && low !== null && high !== null
      ? line(`Asked again: ${same} of ${again} answered as before (${range(low, high)})`)
      : null,
  ];
  const odd = n_hasty || n_runs ? "Look at them again if they surprise you; there may be good reasons." : "";
  return panel(
    title,
    n,
    ...lines,
    note(odd || "None was given far faster than usual, and no class came unusually often in a row."),
  );
}

function agreement({ people, pairs, alpha }: TrustMessage, on: TrustCallbacks): HTMLElement {
  const of = new Map(pairs.flatMap((pair) => [[`${pair.one} ${pair.two}`, pair] as const]));
  const cell = (one: number, two: number): HTMLElement => {
    const pair = of.get(`${Math.min(one, two)} ${Math.max(one, two)}`);
    if (one === two || !pair)
      return h("td", {}, h("span", { class: "hitl-cell hitl-faint", text: "\u00b7" }));
    const { n, agree, kappa } = pair;
    const beyond = kappa === null ? "" : `, kappa ${kappa.toFixed(2)}`;
    const words = `${people[pair.one]} and ${people[pair.two]} agree on ${percent(agree)} of ${count(n, "item")}${beyond}`;
    const strength = 6 + 40 * Math.max(0, Math.min(1, (agree - 0.4) / 0.6));
    return h(
      "td",
      {},
      h("button", {
        class: "hitl-cell hitl-number",
        text: percent(agree),
        title: `${words}. Click for the items about which they differ`,
        attrs: { type: "button", "aria-label": words },
        style: { background: `color-mix(in srgb, var(--hitl-text) ${strength}%, transparent)` },
        on: { click: () => on.behind({ what: "pair", a: one, b: two }) },
      }),
    );
  };
  const table = h(
    "table",
    { class: "hitl-matrix hitl-matrix-people" },
    h(
      "tbody",
      {},
      ...people.map((who, one) =>
        h(
          "tr",
          {},
          h("th", { attrs: { scope: "row" } }, h("span", { class: "hitl-bar-name" }, said(who))),
          ...people.map((_, two) => (two < one ? cell(one, two) : h("td"))).slice(0, people.length - 1),
        ),
      ),
      h(
        "tr",
        {},
        h("td"),
        ...people
          .slice(0, -1)
          .map((who) =>
            h("th", { attrs: { scope: "col" } }, h("span", { class: "hitl-bar-name" }, said(who))),
          ),
      ),
    ),
  );
  const both = pairs.reduce((most, { n }) => Math.max(most, n), 0);
  return panel(
    "Agreement",
    alpha ? `${count(alpha.n, "item")} with several answers` : `up to ${count(both, "item")} in common`,
    table,
    alpha
      ? note(
          `Krippendorff\u2019s alpha ${share(alpha.value)} (${alpha.low.toFixed(2)} to ${alpha.high.toFixed(2)}): 1 is full agreement, 0 is chance. It is low if one class prevails.`,
        )
      : note("Too few common items for a coefficient with an interval."),
  );
}

const dot = (c: LabelClass | undefined): HTMLElement =>
  h("span", {
    class: "hitl-dot",
    title: c?.name ?? "",
    attrs: { role: "img", "aria-label": c?.name ?? "" },
    style: { background: c?.color ?? "" },
  });

const named = (c: LabelClass | undefined): HTMLElement =>
  h(
    "span",
    { class: "hitl-trust-name", title: c?.name ?? "" },
    h("span", {
      class: "hitl-dot",
      attrs: { "aria-hidden": "true" },
      style: { background: c?.color ?? "" },
    }),
    h("bdi", { text: c?.name ?? "" }),
  );
