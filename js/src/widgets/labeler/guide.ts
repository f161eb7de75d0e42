import "./guide.css";
import type { Ask, Guide, LabelClass, Precedent } from "../../host/protocol";
import type { Codes } from "../../questions/index";
import { link } from "../../ui/button";
import { count, h, said, setText, show } from "../../ui/dom";
import { onTyping } from "../../ui/keys";
import { type Guidance, isGuided, NO_GUIDANCE } from "./state";

export type GuideCallbacks = {
  /** Keeps an item as an example of a class or as a counter-example, or removes it. */
  keep: (act: Pick<Guide, "key" | "of" | "counter" | "because">) => void;
  /** Queues the labels again that the changed guidance of this class may touch. */
  requeue: (of: string) => void;
  /** Shows the labels that were queued again. */
  again: () => void;
  /** Opens an item. */
  open: (row: number) => void;
  /** Moves the focus back to the widget. */
  leave: () => void;
};

/** Examples that are shown of a class, and counter-examples. */
const SHOWN = 3;

/** The guidance of the classes in `fold`, with examples, and the line in which an item is kept as one. */
export function guideView(fold: HTMLElement, on: GuideCallbacks) {
  const list = h("dl", { class: "hitl-guide-list" });
  const due = link(
    "",
    () => {
      on.again();
      on.leave();
    },
    "The guidance has changed since: keep or correct these labels (⇧R)",
  );
  fold.append(due, list);
  const what = h("select", { class: "hitl-select", attrs: { "aria-label": "What the item shows" } });
  const because = h("input", {
    class: "hitl-field",
    attrs: {
      type: "text",
      maxlength: 2000,
      placeholder: "Because … (optional)",
      "aria-label": "Why (Enter keeps the example, Esc closes, ↑ and ↓ choose what it shows)",
      autocomplete: "off",
      dir: "auto",
    },
  });
  const keep = h("button", {
    class: "hitl-tool hitl-primary",
    title: "Keep the item as this example",
    attrs: { type: "button" },
    on: { click: give },
  });
  keep.append(h("kbd", { text: "⏎" }), "keep");
  const keeping = h("div", { class: "hitl-keeping", attrs: { hidden: true } }, what, because, keep);
  onTyping(keeping, ({ key, target }) => {
    const step = { ArrowUp: -1, ArrowDown: 1 }[key];
    if (key === "Escape") close();
    else if (key === "Enter" && target !== keep) give();
    else if (step && target === because) {
      const n = what.options.length;
      what.selectedIndex = (what.selectedIndex + step + n) % n;
    } else return false;
    return true;
  });
  let classes: readonly LabelClass[] = [];
  let guidance = NO_GUIDANCE;
  let subject: Pick<Ask, "row" | "key"> | null = null;

  /** Opens the line for the item on the card; `codes` are the classes that it most likely shows. */
  function open(codes: Codes): boolean {
    const live = classes.filter((c) => !c.retired);
    if (!subject || !live.length) return false;
    const row = subject.row;
    what.replaceChildren(
      ...live.map((c) => h("option", { text: `Example of ${c.name}`, attrs: { value: c.id } })),
      ...live.map((c) => h("option", { text: `Not ${c.name}`, attrs: { value: c.id } })),
    );
    // An item that is kept already is shown as it is.
    const kept = guidance.precedents.find((one) => one.kept && one.row === row);
    const code = kept?.codes[0] ?? codes.find((code) => code < live.length) ?? 0;
    what.selectedIndex = code + (kept?.counter ? live.length : 0);
    because.value = kept?.because ?? "";
    show(keeping, true);
    because.focus({ preventScroll: true });
    return true;
  }

  function give(): void {
    const counter = what.selectedIndex >= what.options.length / 2;
    if (subject) on.keep({ key: subject.key, of: what.value, counter, because: because.value.trim() });
    close();
  }

  function close(): void {
    show(keeping, false);
    on.leave();
  }

  /** One item of the guidance. */
  function line(one: Precedent, c: LabelClass): HTMLElement {
    const opening = link("", () => on.open(one.row), "Open this item");
    opening.append(said(one.item || `item ${one.row + 1}`));
    return h(
      "div",
      {
        class: "hitl-guide-item",
        attrs: { "data-counter": one.counter },
        style: { "--class": c.color },
      },
      one.counter ? h("b", { text: "Not: " }) : null,
      opening,
      h("span", { class: "hitl-guide-why" }, said(one.because), one.because ? ` (${one.by})` : one.by),
    );
  }

  function fill(): void {
    const parts = classes.flatMap((c, code) => {
      if (!isGuided(c, code, guidance)) return [];
      const own = guidance.precedents.filter(({ codes }) => codes.includes(code));
      const guideline = guidance.guidelines.find((one) => one.code === code);
      const groups = [false, true].map((counter) => own.filter((one) => one.counter === counter));
      const shown = groups.flatMap((group) => group.slice(0, SHOWN));
      const foot = [
        guideline && guideline.version > 1
          ? h("span", {
              class: "hitl-faint",
              text: `version ${guideline.version}, ${guideline.by}, ${day(guideline.time)}`,
            })
          : null,
        own.length > shown.length
          ? h("span", {
              class: "hitl-faint",
              text: `${own.length - shown.length} more in session.teach.guidelines`,
            })
          : null,
        guideline?.n_touched
          ? link(
              `look at ${count(guideline.n_touched, "older label")} again`,
              () => {
                on.requeue(c.id);
                on.leave();
              },
              `Labels of ${c.name}, or that the model finds close to it, from before this version`,
            )
          : null,
      ].filter((part) => part !== null);
      return [
        h("dt", { text: c.name, attrs: { dir: "auto" } }),
        h(
          "dd",
          {},
          c.guidance ? h("div", { text: c.guidance, attrs: { dir: "auto" } }) : null,
          c.example ? h("div", { class: "hitl-faint" }, "Example: ", said(c.example)) : null,
          ...shown.map((one) => line(one, c)),
          foot.length ? h("div", { class: "hitl-guide-foot" }, ...foot) : null,
        ),
      ];
    });
    list.replaceChildren(...parts);
    const n = guidance.waiting.length;
    setText(due, n ? `${count(n, "label")} to look at again` : "");
    show(due, n > 0);
  }

  return {
    keeping,
    open,
    update(all: readonly LabelClass[], now: Guidance): void {
      if (all === classes && now === guidance) return;
      [classes, guidance] = [all, now];
      fill();
    },
    /** The item on the card; what was written for another one is dropped. */
    know(ask: Pick<Ask, "row" | "key"> | null): void {
      if (ask?.key !== subject?.key) show(keeping, false);
      subject = ask;
    },
  };
}

const day = (time: string): string =>
  new Date(time).toLocaleDateString("en", { day: "numeric", month: "short", year: "numeric" });
