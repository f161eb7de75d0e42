import "./prelabel.css";
import type { LabelClass } from "../../host/protocol";
import { type Stage, shortened } from "../../items/registry";
import { count, h, setText, show } from "../../ui/dom";
import type { Keys, Marking } from "./marking";
import type { Piece } from "./pieces";
import { type Range, untaken } from "./words";

/** What was typed to be suggested in all texts, its class, and how often it occurs in this one. */
type Rule = readonly [typed: string, id: string, n: number];

export type PrelabelCallbacks = {
  classes: readonly LabelClass[];
  marking: Marking<Piece>;
  stage: Stage;
  /** The place in the string of one in code points. */
  place: (told: readonly [number, number]) => Range;
  /** What is typed at first: the text that is selected. */
  selected: () => string;
  /** What is suggested in all texts, as the suggestions tell. */
  rules: readonly Rule[];
  say: (words: string) => void;
  /** Moves the focus back, so that keys work. */
  leave: () => void;
};

/** Characters that are typed; longer lists are passed to the session. */
const MOST = 200;

export const PRELABEL_KEYS: Keys = [["#", "suggest words or a /pattern/, here or in all texts"]];

/** A field for words, or a pattern, whose places are suggested. */
export function prelabelOf({
  classes,
  marking,
  stage,
  place,
  selected,
  rules,
  say,
  leave,
}: PrelabelCallbacks) {
  const offered = classes.filter((c) => !c.retired);
  const typed = h("input", {
    class: "hitl-prelabel-typed",
    attrs: {
      type: "text",
      placeholder: "word, other word or /pattern/",
      "aria-label": "Words or a /pattern/",
    },
  });
  const label = h(
    "select",
    { attrs: { "aria-label": "Class" } },
    ...offered.map(({ id, name }) => h("option", { text: name, attrs: { value: id } })),
  );
  const all = h("input", { attrs: { type: "checkbox" } });
  const why = h("span", { class: "hitl-prelabel-why", attrs: { role: "alert" } });
  const form = h(
    "form",
    { attrs: { hidden: true }, on: { submit, keydown: pressed } },
    typed,
    label,
    h("label", {}, all, "in all texts"),
    h("button", { class: "hitl-button", text: "suggest", attrs: { type: "submit" } }),
    why,
  );
  const list = h("div", { class: "hitl-prelabel-rules" });
  const element = h("div", { class: "hitl-prelabel" }, form, list);
  drawRules(rules);

  function drawRules(told: readonly Rule[]): void {
    show(element, told.length > 0 || !form.hidden);
    show(list, told.length > 0);
    list.replaceChildren(
      "Suggested in all texts:",
      ...told.map((rule) => {
        const [words, id, n] = rule;
        const { name, color } = classes.find((c) => c.id === id) ?? {
          name: "a removed class",
          color: "#8c8c8c",
        };
        return h(
          "span",
          {},
          h("b", {
            text: shortened(words, 60),
            title: words,
            attrs: { dir: "auto" },
            style: { "--class": color },
          }),
          ` ${name}, ${n} here `,
          h("button", {
            class: "hitl-link",
            text: "remove",
            attrs: { type: "button", "aria-label": `No longer suggest ${words} as ${name}` },
            on: { click: () => void drop(rule) },
          }),
        );
      }),
    );
  }

  /** Asks the kernel; says why if it refuses. */
  async function ask(told: Record<string, string | boolean>): Promise<readonly [number, number][] | null> {
    try {
      const { content } = await stage.more(told);
      drawRules(content.rules as unknown as Rule[]);
      return content.spans as unknown as [number, number][];
    } catch (error) {
      if (!stage.signal.aborted) setText(why, error instanceof Error ? error.message : String(error));
      return null;
    }
  }

  async function drop([words, id]: Rule): Promise<void> {
    await ask({ words, class: id, drop: true });
    say(`No longer suggested: ${words}`);
    leave();
  }

  async function find(): Promise<void> {
    const words = typed.value.trim();
    setText(why, "");
    if (words.length > MOST) {
      const n = count(words.length, "character");
      setText(
        why,
        `${n}; the limit is ${MOST}. Pass longer lists to the session: suggest=hitl.suggest.words({…}).`,
      );
      return;
    }
    const found = words && (await ask({ words, class: label.value, all: all.checked }));
    if (!found) {
      if (!words) setText(why, "Type a word, words with commas between them, or a /pattern/.");
      return;
    }
    const taken = marking.ordered.map(({ at }) => at);
    const places = untaken(found.map(place), taken);
    if (places.length || all.checked) close();
    if (places.length) marking.suggest(places, label.value);
    else if (all.checked) say("Suggested in other texts");
    else if (found.length)
      setText(why, `All ${count(found.length, "place")} are marked or suggested already.`);
    else setText(why, "This does not occur in the text.");
  }

  function submit(event: Event): void {
    event.preventDefault();
    void find();
  }

  function pressed(event: KeyboardEvent): void {
    event.stopPropagation(); // they are no keys of the notebook
    if (event.key !== "Escape" || event.isComposing) return;
    event.preventDefault();
    close();
  }

  function close(): void {
    show(form, false);
    show(element, !list.hidden);
    leave();
  }

  return {
    element,
    open(): void {
      const id = marking.current?.id || marking.armedId;
      if (id) label.value = id;
      typed.value = selected();
      setText(why, "");
      show(form, true);
      show(element, true);
      typed.focus();
      typed.select();
      void ask({ words: "" });
    },
  };
}
