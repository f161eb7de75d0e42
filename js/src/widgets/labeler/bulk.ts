import "./bulk.css";
import type { ClassCount, LabelClass, Member, SampleMessage, TogetherMessage } from "../../host/protocol";
import type { Item } from "../../items/index";
import { NO_ROWS, type Rows } from "../../plot/rows";
import { count, h, said, setParts, setText, show } from "../../ui/dom";
import { condition } from "../../ui/query";
import { type MembersList, membersList } from "./members";
import { type Chosen, kept } from "./state";
import { type TogetherCallbacks, togetherView } from "./together";

/** Classes that are named in a sentence, and predicted classes with a button of their own. */
const [NAMED, SPLIT] = [4, 4];

const HOW: Record<string, string> = {
  clicked: "selected one by one",
  lasso: "selected with the lasso",
  rectangle: "selected with a box",
  cluster: "a group on the map",
  search: "found",
};

export type BulkCallbacks = {
  item: (row: number) => Item | undefined;
  member: (row: number) => Member | undefined;
  want: (rows: number[]) => void;
  exclude: (out: Rows) => void;
  /** Shows one of the items on the card. */
  open: (row: number) => void;
  /** Keeps only those of the items that a query finds. */
  narrow: (text: string) => void;
  /** Undoes that. */
  widen: () => void;
  /** The next class makes a rule of the items, or no longer. */
  always: () => void;
} & TogetherCallbacks;

export type BulkCard = ReturnType<typeof bulkCard>;

/** Everything that a bulk label applies to, what the model says of it, and what the label would replace. */
export function bulkCard(on: BulkCallbacks, signal: AbortSignal) {
  const tick = h("span", { class: "hitl-tick", attrs: { "aria-hidden": "true" } });
  const size = h("strong", { class: "hitl-number" });
  const all = h(
    "button",
    {
      class: "hitl-bulk-all",
      title: "Select all of them, or none",
      attrs: { type: "button", role: "checkbox" },
      on: { click: () => chosen && on.exclude(chosen.out.length ? NO_ROWS : chosen.rows) },
    },
    tick,
    size,
  );
  const how = h("span", { class: "hitl-faint" });
  const widen = button("", on.widen);
  const always = h("button", {
    class: "hitl-link hitl-bulk-always",
    title: "Say it as a rule: the model uses it as far as your labels prove it right",
    attrs: { type: "button" },
    on: { click: on.always },
  });
  always.append(h("kbd", { text: "⇧A" }), h("span", { text: "always: a rule" }));
  const labels = h("div", { class: "hitl-bulk-labels", attrs: { role: "status" } });
  const says = h("div", { class: "hitl-bulk-says" });
  const together = togetherView(on);
  const ways = h("span", { class: "hitl-bulk-ways" }, together.link, always);
  const list: MembersList = membersList(on, signal);
  const element = h(
    "div",
    { class: "hitl-bulk" },
    h("div", { class: "hitl-bulk-head" }, all, how, widen, ways),
    together.element,
    labels,
    says,
    list.element,
  );
  let chosen: Chosen | null = null;
  let classes: LabelClass[] = [];
  let told: SampleMessage | null = null;
  let listed: Rows | null = null;
  /** The class under the pointer, whose effect is told. */
  let previewed = -1;
  /** What is compared with all other items. */
  let compared: Chosen | null = null;
  /** Whether all predicted classes have a button. */
  let split = false;

  /** `ruling`: whether the next class makes a rule; null if that is not possible. */
  function update(now: Chosen, known: LabelClass[], pictures: boolean, ruling: boolean | null): void {
    show(always, ruling !== null);
    always.setAttribute("aria-pressed", String(ruling === true));
    const [sample, fresh] = [now.sample, now.sample !== told || known !== classes];
    [chosen, classes, told] = [now, known, sample];
    const n = kept(now).length;
    all.setAttribute("aria-checked", n === now.rows.length ? "true" : n ? "mixed" : "false");
    const of = n < now.rows.length ? `${n.toLocaleString("en")} of ` : "";
    setText(size, of + count(now.rows.length, "item"));
    setText(how, HOW[now.how] ?? now.how);
    // The order stays while items are excluded.
    if (sample && now.rows !== listed) {
      listed = now.rows;
      list.show(now.rows, now.first ?? sample.odd, pictures, now.at);
    }
    list.update(now.out, known);
    drawLabels();
    if (fresh) drawSplit();
    if (sample && (now.rows !== compared?.rows || now.out !== compared.out)) {
      compared = now;
      together.update(kept(now));
    }
  }

  const drawLabels = (): void => setParts(labels, ...labelled());

  /** What a label would replace: one of the class under the pointer, or any. */
  function labelled(): (string | HTMLElement)[] {
    if (!chosen || !told) return ["Loading a summary…"];
    if (!kept(chosen).length) return ["Nothing is selected: check the items to label."];
    const { n_labelled, n_others, had } = told;
    if (!n_labelled) return ["None of them is labelled yet."];
    const c = classes[previewed];
    if (c) return [said(c.name), `: ${effect(told, previewed)}`];
    const names = had.slice(0, NAMED).flatMap(({ code, n }, i) => [i ? ", " : "", ...share(code, n)]);
    const more = had.length > NAMED ? " and others" : "";
    const mine = n_others === n_labelled ? "" : ". A new label replaces yours";
    const others = n_others
      ? `. ${count(n_others, "label")} of others ${n_others === 1 ? "stays" : "stay"}`
      : "";
    return [`${n_labelled.toLocaleString("en")} already labelled: `, ...names, `${more}${mine}${others}.`];
  }

  const share = (code: number, n: number): (string | HTMLElement)[] => [
    said(classes[code].name),
    ` (${n.toLocaleString("en")})`,
  ];

  /** What the model predicts, each class with a button that keeps only its items. */
  function drawSplit(): void {
    const { mix = [], n = 0, n_labelled = 0 } = told ?? {};
    const left = n - n_labelled;
    const wider = chosen?.wider?.rows.length ?? 0;
    show(widen, wider > 0);
    setText(widen, `all ${wider.toLocaleString("en")} again`);
    const whole = mix.length === 1 && mix[0].n >= n;
    const one = whole ? ["The model predicts ", said(classes[mix[0].code].name), " for all of them. "] : [];
    const unlabelled = button(`unlabelled ${left.toLocaleString("en")}`, () => on.narrow("unlabelled"));
    const only = n_labelled && left ? ["Only ", unlabelled] : [];
    const shown = split ? mix : mix.slice(0, SPLIT);
    const predictions = mix.length && !whole ? ["Predicted ", ...shown.map(predicted)] : [];
    const others = mix.length - shown.length;
    const more = others ? [button(`${others} more`, splitAll, "Show all predicted classes")] : [];
    const words = [...one, ...only, ...predictions, ...more];
    show(says, words.length > 0);
    says.replaceChildren(
      ...(mix.length ? [mixBar(mix)] : []),
      h("div", { class: "hitl-bulk-only" }, ...words),
    );
  }

  function splitAll(): void {
    split = true;
    drawSplit();
  }

  /** A bar with the shares of the classes; a click on a part keeps only its items. */
  function mixBar(mix: ClassCount[]): HTMLElement {
    const bar = h("div", { class: "hitl-mix", attrs: { "aria-hidden": "true" } });
    for (const { code, n } of mix) {
      const { name, color } = classes[code];
      bar.append(
        h("span", {
          title: `Only the ${n.toLocaleString("en")} predicted to be ${name}`,
          style: { flex: String(n), background: color },
          on: { click: () => narrowTo(name) },
        }),
      );
    }
    return bar;
  }

  function predicted({ code, n }: ClassCount): HTMLElement {
    const { name, color } = classes[code];
    const dot = h("span", {
      class: "hitl-dot",
      attrs: { "aria-hidden": "true" },
      style: { background: color },
    });
    const title = `Only the ${count(n, "item")} that the model predicts to be ${name}`;
    const one = button("", () => narrowTo(name), title);
    one.append(dot, said(name), h("span", { class: "hitl-faint", text: ` ${n.toLocaleString("en")}` }));
    return one;
  }

  function narrowTo(name: string): void {
    const text = condition("predicted", name);
    if (text !== null) on.narrow(text);
  }

  return {
    element,
    update,
    press: list.press,
    /** Shows or hides what tells the items from all others. */
    why: together.toggle,
    together: (message: TogetherMessage): void => together.came(message),
    /** Tells what this class would replace; -1 for none. */
    preview(code: number): void {
      previewed = code;
      drawLabels();
    },
    get focused(): boolean {
      return list.element.matches(":focus");
    },
  };
}

/** What a label of a class does to the selected items. */
export function effect({ n, n_labelled, had }: SampleMessage, code: number): string {
  const same = had.find((part) => part.code === code)?.n ?? 0;
  const number = (k: number): string => k.toLocaleString("en");
  const parts = [
    same ? `${number(same)} ${same === 1 ? "has" : "have"} this label` : "",
    n_labelled > same ? `${number(n_labelled - same)} of another class will be replaced` : "",
    n > n_labelled ? `${number(n - n_labelled)} ${n - n_labelled === 1 ? "is" : "are"} new` : "",
  ];
  return parts.filter(Boolean).join(", ");
}

const button = (text: string, click: () => void, title = ""): HTMLElement =>
  h("button", { class: "hitl-only", text, title, attrs: { type: "button" }, on: { click } });
