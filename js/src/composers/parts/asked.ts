import type { LabelClass } from "../../host/protocol";
import { type Codes, type Composer, type Composing, namesOf, questionOf } from "../../questions/index";
import { h, setText } from "../../ui/dom";
import { compose as composeNumber } from "../number";
import { compose as composeText } from "../text";

type Answer = Readonly<Record<string, unknown>>;

/** A question of a form, as in questions/parts.py. */
export type Part = {
  name: string;
  kind: string;
  question: string;
  settings: Readonly<Record<string, unknown>>;
  required: boolean;
  default: Answer | null;
  when: Readonly<Record<string, readonly string[]>>;
};

/** What is filled in: an answer in the form of the log, undefined for none, and where it comes from if not from here. */
export type Value = { answer?: Answer; from?: "default" | "suggested" };

export type AskedCallbacks = {
  /** The answer was changed here; `onward`: the next question comes, `typing`: as a part of the same change. */
  change: (value: Value, how: { words: string; onward?: boolean; typing?: boolean }) => void;
  /** A pointer or the focus went to this question. */
  enter: () => void;
};

/** One question of a form on the card. */
export type Asked = {
  part: Part;
  title: string;
  element: HTMLElement;
  press: (key: string, shift: boolean) => boolean | "again";
  draw: (value: Value, current: boolean) => void;
  /** Why what is filled in is no answer; empty if it is, or if there is nothing. */
  wrong: () => string;
  /** Why the form needs an answer to it. */
  missing: () => string;
  /** The classes of an answer, as codes of the form; null if one is no longer offered. */
  codes: (value: Value) => Codes | null;
  /** The same, as ids without the name of the question. */
  ids: (value: Value) => readonly string[];
  words: (value: Value) => string;
  guessed: (codes: Codes) => void;
  /** Gives the focus to what is typed. */
  focus?: () => void;
  keys: NonNullable<Composer["keys"]>;
};

export function asked(part: Part, first: Value, card: Composing, on: AskedCallbacks): Asked {
  const title = part.question || part.name;
  const hint = h("span", { class: "hitl-faint hitl-ask-hint" });
  const body = h("div", { class: "hitl-ask-body" });
  const element = h(
    "section",
    { class: "hitl-ask", attrs: { role: "group", "aria-label": title, "data-question": part.name } },
    h("div", { class: "hitl-ask-head" }, h("span", { text: title, attrs: { dir: "auto" } }), hint),
    body,
  );
  element.addEventListener("focusin", on.enter);
  element.addEventListener("pointerdown", on.enter);
  const inner = questionOf(part.kind)
    ? ofClasses(part, title, card, body, on)
    : typed(part, title, first, card, body, on);

  function draw(value: Value, current: boolean): void {
    element.classList.toggle("hitl-ask-now", current);
    element.setAttribute("aria-current", current ? "step" : "false");
    if (value.from) element.dataset.from = value.from;
    else delete element.dataset.from;
    setText(hint, [value.from ?? "", part.required ? "" : "optional"].filter(Boolean).join(", "));
    inner.draw(value);
  }
  return { part, title, element, ...inner, draw };
}

type Inner = Omit<Asked, "part" | "title" | "element" | "draw"> & { draw: (value: Value) => void };

/** One class, several, or a level. */
function ofClasses(part: Part, title: string, card: Composing, body: HTMLElement, on: AskedCallbacks): Inner {
  const question = questionOf(part.kind);
  if (!question) throw new Error(`The question is of kind ${part.kind}.`);
  const { drafted } = question;
  const start = `${part.name}: `;
  // The classes of this question, called as in its own log, and their codes in the form.
  const outer = card.classes.flatMap((c, code) => (c.id.startsWith(start) ? [code] : []));
  const own: LabelClass[] = outer.map((code) => {
    const { id, name, ...c } = card.classes[code];
    return {
      ...c,
      id: id.slice(start.length),
      name: name.startsWith(start) ? name.slice(start.length) : name,
    };
  });
  let shown: Value = {};
  /** The codes of an answer within the question; null if there is none, or a class is no longer offered. */
  const read = ({ answer }: Value): Codes | null => (answer && question.read(answer, own)) ?? null;
  const buttons = own.map((c, code) =>
    h(
      "button",
      {
        class: "hitl-button hitl-class",
        title: c.guidance || c.name,
        attrs: { type: "button", "data-class": c.name, "aria-pressed": "false", hidden: c.retired },
        style: { "--class": c.color },
        on: {
          click: ({ detail }) => {
            if (detail) card.leave();
            choose(code);
          },
        },
      },
      c.key && c.key !== c.name ? h("kbd", { text: c.key.toUpperCase() }) : null,
      h("span", { class: "hitl-class-name", text: c.name, attrs: { dir: "auto" } }),
    ),
  );
  body.classList.add("hitl-classes");
  body.classList.toggle("hitl-levels", question.scale === true);
  body.classList.toggle("hitl-short", question.scale === true && own.every(({ name }) => name.length < 4));
  body.append(...buttons);

  function choose(code: number): void {
    const before = read(shown) ?? [];
    const again = !drafted && before.includes(code);
    // Pressed once more, an optional answer is taken back.
    if (again && !part.required) on.change({}, { words: about(title, "no answer") });
    else {
      const codes = question?.press(before, code) ?? [];
      const named = namesOf(codes, own);
      on.change({ answer: question?.answer(codes, own) }, { words: about(title, named), onward: !drafted });
    }
  }

  return {
    press(key, shift) {
      if (shift) return false;
      const code = own.findIndex((c) => c.key === key && !c.retired);
      if (code >= 0) choose(code);
      // Enter says that none of them applies; the next Enter gives the answer.
      else if (key === "Enter" && drafted && part.required && read(shown) === null)
        on.change(
          { answer: question.answer([], own) },
          { words: about(title, "none of them"), onward: true },
        );
      else if (key === "Backspace") {
        if (shown.answer) on.change({}, { words: about(title, "no answer") });
      } else return false;
      return true;
    },
    draw(value) {
      shown = value;
      const codes = read(value);
      buttons.forEach((button, code) => {
        button.setAttribute("aria-pressed", String(codes?.includes(code) ?? false));
      });
    },
    wrong: () => "",
    missing() {
      if (shown.answer) return about(title, "A chosen class is no longer offered: choose again.");
      return about(title, drafted ? "Choose classes, or press Enter for none." : "Choose one.");
    },
    codes: (value) => read(value)?.map((code) => outer[code]) ?? null,
    ids: (value) => (read(value) ?? []).map((code) => own[code].id),
    words: (value) => namesOf(read(value) ?? [], own),
    guessed: (codes) =>
      buttons.forEach((button, code) => {
        button.classList.toggle("hitl-guessed", codes.includes(outer[code]));
      }),
    keys: [],
  };
}

/** A number or a text. */
function typed(
  part: Part,
  title: string,
  first: Value,
  card: Composing,
  body: HTMLElement,
  on: AskedCallbacks,
): Inner {
  const compose = part.kind === "number" ? composeNumber : composeText;
  /** The answer in the field. */
  let told: string | undefined;

  /** The field starts anew with an answer, such as that of an earlier step. */
  function fill({ answer, from }: Value): Composer {
    const suggested = part.kind === "text" && from === "suggested" ? answer : undefined;
    const { settings } = part;
    told = JSON.stringify(answer);
    const made = compose({
      ...card,
      settings,
      verify: false,
      why: "",
      answer: suggested ? undefined : answer,
      suggested,
      changed,
    });
    body.replaceChildren(made.fields ?? "");
    field()?.setAttribute("aria-label", title);
    return made;
  }

  const field = (): HTMLInputElement | HTMLTextAreaElement | null => body.querySelector("input, textarea");
  const isEmpty = (): boolean => !field()?.value.trim();

  function changed(): void {
    const found = composer.read();
    const none = typeof found === "string" || (isEmpty() && !part.required);
    const answer = none ? undefined : found.answer;
    // What is typed may be the same answer, such as 5.0 for 5.
    if (JSON.stringify(answer) === told && !none) return;
    if (none && told === undefined && isEmpty()) return;
    told = JSON.stringify(answer);
    on.change(answer ? { answer } : {}, { words: "", typing: true });
  }

  let composer = fill(first);
  return {
    press: (key, shift) => composer.press(key, shift),
    draw(value) {
      if (JSON.stringify(value.answer) !== told) composer = fill(value);
    },
    wrong() {
      const found = composer.read();
      return typeof found === "string" && !isEmpty() ? about(title, found) : "";
    },
    missing: () => about(title, part.kind === "number" ? "Type a number." : "Write an answer."),
    codes: () => [],
    ids: () => [],
    words() {
      const found = composer.read();
      return typeof found === "string" ? "" : found.words;
    },
    guessed: () => undefined,
    ...(part.kind === "text" ? { focus: () => composer.focus?.() } : {}),
    keys: composer.keys ?? [],
  };
}

/** Says something about a question. */
const about = (title: string, words: string): string =>
  `${title}${/[?!.:]$/.test(title) ? "" : ":"} ${words}`;

/** What a form starts with: a default, unless there is a suggestion. A blank text is an answer where it may be. */
export function startOf({ name, kind, settings, required, default: told }: Part, suggested?: Answer): Value {
  const idea = (suggested?.form as Record<string, Answer> | undefined)?.[name];
  if (idea) return { answer: idea, from: "suggested" };
  if (told) return { answer: told, from: "default" };
  return kind === "text" && settings.blank && required ? { answer: { text: "" } } : {};
}
