import "./more.css";
import type { Ask, Skip } from "../../host/protocol";
import { h, setText, show } from "../../ui/dom";
import { onTyping } from "../../ui/keys";

export type Why = NonNullable<Skip["why"]>;

export type MoreCallbacks = {
  /** The item is left unanswered for a reason. */
  skip: (why: Why) => void;
  /** The text of the note is saved; null removes it. */
  note: (text: string | null) => void;
  /** The item is kept as an example of a class. */
  example: () => void;
  /** Opens the item for editing. */
  edit: () => void;
  /** Moves the focus back to the widget. */
  leave: () => void;
};

/** What can be said of an item besides an answer: that nobody knows, that it is bad, and a note. */
export function moreView(on: MoreCallbacks) {
  const unknown = link("don’t know", "⇧D", () => on.skip("unknown"));
  const bad = link("bad item", "⇧B", () => on.skip("bad"));
  const wrong = link("reject the suggestion", "⇧X", () => on.skip("rejected"));
  const write = link("note", "⇧N", () => open());
  const example = link("example", "⇧G", on.example);
  example.title = "Keep the item in the guidance as an example, or a counter-example";
  const change = link("edit", "⇧E", on.edit);
  const links = h("span", { class: "hitl-more" }, wrong, unknown, bad, write, change, example);
  const field = h("input", {
    class: "hitl-field hitl-note-field",
    attrs: {
      type: "text",
      maxlength: 2000,
      placeholder: "Note on this item (Enter saves, Esc closes)",
      "aria-label": "Note on this item",
      autocomplete: "off",
    },
    on: { blur: save },
  });
  onTyping(field, ({ key }) => {
    if (key !== "Enter" && key !== "Escape") return false;
    if (key === "Escape") field.value = text;
    save();
    on.leave();
    return true;
  });
  const editing = h("div", { class: "hitl-note-line", attrs: { hidden: true } }, field);
  const words = h("bdi", {});
  const shown = h(
    "button",
    {
      class: "hitl-noted",
      title: "Change the note",
      attrs: { type: "button", hidden: true },
      on: { click: () => open() },
    },
    h("span", { class: "hitl-faint", text: "Note: " }),
    words,
  );
  let key = "";
  let text = "";

  function open(): void {
    if (!key) return;
    show(editing, true);
    show(shown, false);
    field.value = text;
    field.focus({ preventScroll: true });
  }

  /** Saves what was typed, also if the user clicks elsewhere. */
  function save(): void {
    if (editing.hidden) return;
    const typed = field.value.trim();
    close();
    if (typed !== text) on.note(typed || null);
  }

  function close(): void {
    show(editing, false);
    show(shown, text !== "");
  }

  return {
    links,
    element: h("div", { class: "hitl-notes" }, shown, editing),
    open,
    /** Shows the note on the item on the card. */
    update(shownItem: { ask: Ask; rejects: boolean; edits: boolean } | null, note: string): void {
      const same = shownItem?.ask.key === key;
      key = shownItem?.ask.key ?? "";
      show(wrong, shownItem?.rejects === true);
      show(change, shownItem?.edits === true);
      text = note;
      setText(words, note);
      if (!same || editing.hidden) close();
      show(links, shownItem !== null);
    },
  };
}

function link(words: string, key: string, act: () => void): HTMLElement {
  return h(
    "button",
    { class: "hitl-link hitl-more-link", attrs: { type: "button" }, on: { click: act } },
    h("kbd", { text: key }),
    words,
  );
}
