import "./classes.css";
import type { Change, ClassEdit, LabelClass } from "../../host/protocol";
import { focused, h, setText, show } from "../../ui/dom";

export type ClassChange = Omit<Change, "type" | "id">;

/** Sends a change; `refused` is told why the kernel refuses it, or "" once it is saved. */
export type SendChange = (change: ClassChange, refused: (why: string) => void) => void;

/** An editable list of the classes. Every change is sent immediately, and can be undone like any act. */
export function classEditor(change: SendChange) {
  const list = h("ul", { class: "hitl-edit-list" });
  const retired = h("div", { class: "hitl-edit-retired hitl-faint" });
  const { why, send } = sender(change);
  const fresh = field("New class", "", (name) => {
    if (name) send({ change: "add", classes: [{ name }] }, fresh);
    else reset(fresh);
  });
  const add = act("add", "Add this class", () => fresh.dispatchEvent(new Event("change")));
  const adding = h("div", { class: "hitl-edit-add" }, fresh, add, why);
  const summary = h("summary", { text: "Edit classes" });
  const element = h("details", { class: "hitl-edit hitl-fold" }, summary, list, adding, retired);
  const rows = new Map<string, ReturnType<typeof classRow>>();

  /** `scale`: the classes are levels, whose number is fixed. */
  function update(all: LabelClass[], scale = false): void {
    setText(summary, scale ? "Edit levels" : "Edit classes");
    show(adding, !scale);
    const live = all.filter((c) => !c.retired);
    const gone = all.filter((c) => c.retired);
    for (const id of rows.keys()) if (!live.some((c) => c.id === id)) rows.delete(id);
    for (const c of live) {
      const row = rows.get(c.id) ?? classRow(change);
      rows.set(c.id, row);
      row.update(c, live, scale);
    }
    const wanted = live.map((c) => rows.get(c.id)?.element as HTMLElement);
    // Moving a row would lose the focus, so the list is only changed if necessary.
    if (wanted.some((row, i) => list.children[i] !== row) || list.children.length !== wanted.length) {
      list.replaceChildren(...wanted);
    }
    show(retired, gone.length > 0);
    retired.replaceChildren(
      "Retired: ",
      ...gone.map((c) =>
        h(
          "span",
          { class: "hitl-edit-gone" },
          h("bdi", { text: c.name }),
          act("offer again", `Offer ${c.name} again`, () => send({ change: "restore", of: [c.name] })),
        ),
      ),
    );
  }

  return { element, update };
}

const MORE = "Guidance, merge, split, retire";

function classRow(change: SendChange) {
  const { why, send } = sender(change);
  let now: LabelClass;
  let others: LabelClass[] = [];
  const edit = (set: ClassEdit, input: Input): void => send({ change: "edit", of: [now.name], set }, input);
  const color = h("input", {
    class: "hitl-edit-color",
    title: "Colour",
    attrs: { type: "color", "aria-label": "Colour" },
    on: { change: () => edit({ color: color.value }, color) },
  });
  const key = field("Key", "hitl-edit-key", (value) =>
    send({ change: "keys", of: [now.name], set: { key: value.toLowerCase() } }, key),
  );
  key.title = "Your key: others keep theirs";
  key.maxLength = 1;
  // Otherwise there would be no room for another one.
  for (const type of ["focus", "click"]) key.addEventListener(type, () => key.select());
  const name = field("Name", "hitl-edit-name", (value) => {
    if (value) send({ change: "rename", of: [now.name], name: value }, name);
    else reset(name);
  });
  name.maxLength = 200;
  const guidance = h("textarea", {
    class: "hitl-field",
    attrs: { rows: 2, maxlength: 10_000, placeholder: "When to choose it", "aria-label": "Guidance" },
    on: {
      change: () => isNews(guidance) && edit({ guidance: guidance.value }, guidance),
      keydown: leaveOnEscape,
    },
  });
  const merge = h("select", {
    class: "hitl-select hitl-edit-merge",
    attrs: { "aria-label": "Merge into" },
    on: {
      change: () => {
        const into = others[merge.selectedIndex - 1];
        merge.selectedIndex = 0;
        if (into) send({ change: "merge", of: [now.name, into.name], name: into.name });
      },
    },
  });
  const split = field("Split into: one, two", "hitl-edit-split", (value) => {
    const names = value.split(",").flatMap((part) => part.trim() || []);
    if (names.length > 1)
      send({ change: "split", of: [now.name], classes: names.map((n) => ({ name: n })) }, split);
  });
  split.title = "New classes that replace it, separated by commas. Its items are asked again.";
  const up = act("↑", "Move up", () => send({ change: "reorder", of: moved(-1) }));
  const down = act("↓", "Move down", () => send({ change: "reorder", of: moved(1) }));
  const retire = act("retire", "Stop offering this class; its labels are kept", () =>
    send({ change: "retire", of: [now.name] }),
  );
  const more = h("div", { class: "hitl-edit-more" }, guidance, merge, split, retire);
  const toggle = act("⋯", MORE, () => {
    more.toggleAttribute("hidden");
    toggle.setAttribute("aria-expanded", String(!more.hasAttribute("hidden")));
  });
  toggle.setAttribute("aria-expanded", "false");
  show(more, false);
  const element = h(
    "li",
    { class: "hitl-edit-class" },
    h("div", { class: "hitl-edit-row" }, color, key, name, up, down, toggle),
    more,
    why,
  );

  /** The names in order, with this one moved by `step`. */
  function moved(step: number): string[] {
    const names = [...others.map((c) => c.name)];
    names.splice(Math.max(0, Math.min(names.length, place + step)), 0, now.name);
    return names;
  }
  let place = 0;

  return {
    element,
    update(c: LabelClass, all: LabelClass[], scale: boolean): void {
      now = c;
      place = all.indexOf(c);
      others = all.filter((other) => other !== c);
      fill(color, c.color);
      fill(key, c.key.toUpperCase());
      fill(name, c.name);
      fill(guidance, c.guidance);
      up.setAttribute("aria-disabled", String(place === 0));
      down.setAttribute("aria-disabled", String(place === all.length - 1));
      merge.replaceChildren(
        h("option", { text: "Merge into …" }),
        ...others.map((other) => h("option", { text: other.name })),
      );
      for (const one of [merge, retire]) show(one, all.length > 2 && !scale);
      for (const one of [up, down, split]) show(one, !scale);
      toggle.title = scale ? "Guidance" : MORE;
    },
  };
}

type Input = HTMLInputElement | HTMLTextAreaElement;

/** Sends the changes of one place, and says there why one is refused; a refused value stays to be corrected. */
function sender(change: SendChange) {
  const why = h("div", { class: "hitl-edit-why hitl-bad", attrs: { role: "alert", hidden: true } });
  let wrong: Input | null = null;

  function say(words: string, input: Input | null): void {
    wrong?.removeAttribute("aria-invalid");
    wrong = words ? input : null;
    wrong?.setAttribute("aria-invalid", "true");
    wrong?.addEventListener("input", () => say("", null), { once: true });
    setText(why, words);
    show(why, words !== "");
  }

  function send(made: ClassChange, input: Input | null = null): void {
    say("", null);
    change(made, (words) => {
      say(words, input);
      if (!input) return;
      // The same value may be sent again, and a field for something new is free again.
      if (words) delete input.dataset.sent;
      else if (input.value === input.dataset.sent && input.dataset.was === undefined) reset(input);
    });
  }

  return { why, send };
}

/** Sets a value, unless the user is typing in the field. */
function fill(input: Input, value: string): void {
  const { was, sent } = input.dataset;
  const typing = input === focused() && input.value !== was && input.value !== sent;
  if (!typing) input.value = value;
  input.dataset.was = value;
  delete input.dataset.sent;
}

/** Resets the field to the value of the class; empty in a field for something new. */
function reset(input: Input): void {
  input.value = input.dataset.was ?? "";
  delete input.dataset.sent;
}

/** Whether the value differs from the previous value and from the one that was already sent. */
function isNews(input: Input): boolean {
  const { was = "", sent = was } = input.dataset;
  input.dataset.sent = input.value;
  return input.value !== sent;
}

function field(words: string, name: string, done: (value: string) => void): HTMLInputElement {
  const input = h("input", {
    class: `hitl-field ${name}`,
    attrs: { type: "text", placeholder: words, "aria-label": words, dir: "auto", spellcheck: "false" },
    on: {
      change: () => isNews(input) && done(input.value.trim()),
      keydown: (event) => {
        // The browser's own change event follows when the field loses the focus, and is then ignored.
        if (event.key === "Enter" && !event.isComposing) input.dispatchEvent(new Event("change"));
        leaveOnEscape(event);
      },
    },
  });
  return input;
}

/** Escape resets the field and moves the focus back to the widget. */
function leaveOnEscape(event: KeyboardEvent): void {
  if (event.key !== "Escape") return;
  const input = event.currentTarget as Input;
  reset(input);
  input.dispatchEvent(new Event("input"));
  input.closest<HTMLElement>(".hitl")?.focus();
  event.stopPropagation();
}

function act(words: string, title: string, done: () => void): HTMLButtonElement {
  return h("button", {
    class: "hitl-link hitl-edit-act",
    text: words,
    title,
    attrs: { type: "button", "aria-label": title },
    on: {
      click: (event) =>
        (event.currentTarget as HTMLElement).getAttribute("aria-disabled") !== "true" && done(),
    },
  });
}
