import "./fields.css";
import "./text.css";
import type { Composer, Composing } from "../questions/registry";
import { h, setText, show } from "../ui/dom";
import { difference } from "./parts/difference";
import { ALT } from "./parts/line";

type Settings = { lines?: boolean; blank?: boolean };

/** A text in the annotator's own words, or a draft that they correct. */
export function compose(on: Composing): Composer {
  const { settings, answer, suggested, why, changed, give, leave, pressItem } = on;
  const { lines, blank } = settings as Settings;
  const draft = suggested ? String(suggested.text) : "";
  const field = h("textarea", {
    class: "hitl-field hitl-text-field",
    attrs: { rows: lines ? 4 : 1, dir: "auto", spellcheck: "true", "aria-label": "Answer" },
  });
  field.value = answer ? String(answer.text) : draft;
  const diff = h("div", { class: "hitl-diff", attrs: { dir: "auto" } });
  const head = h("div", { class: "hitl-faint hitl-diff-head" });
  const back = h("button", {
    class: "hitl-link",
    text: "back to the draft",
    attrs: { type: "button" },
    on: {
      click: () => {
        field.value = draft;
        input();
        field.focus();
      },
    },
  });
  const below = h("div", { class: "hitl-diff-line" }, head, diff, back);

  function grow(): void {
    field.style.height = "auto";
    field.style.height = `${Math.min(240, field.scrollHeight + 2)}px`;
  }

  function input(): void {
    grow();
    drawDifference();
    changed();
  }

  /** What was changed in the draft. */
  function drawDifference(): void {
    const same = field.value.trim() === draft.trim();
    show(below, draft !== "" || Boolean(why));
    setText(
      head,
      why ||
        (same
          ? `Suggested: press ${lines ? "Ctrl+Enter" : "Enter"} to accept it, or correct it.`
          : "Changed:"),
    );
    show(back, draft !== "" && !same);
    diff.replaceChildren(...(draft ? difference(draft, field.value) : []));
  }

  field.addEventListener("input", input);
  field.addEventListener("keydown", (event) => {
    const chord = event.ctrlKey || event.metaKey;
    if (event.isComposing) return;
    if (event.key === "Enter" && !event.shiftKey && (chord || !lines)) give();
    else if (event.key === "Enter" && !lines) return take(event);
    else if (event.key === "Escape") leave();
    // The keys of the item, such as play and back of a recording, while typing.
    else if (event.altKey && !chord && event.code in PLAYING) {
      if (!pressItem(PLAYING[event.code], event.shiftKey)) return;
    } else return;
    take(event);
  });
  queueMicrotask(grow);
  drawDifference();

  return {
    fields: h("div", { class: "hitl-text-answer" }, field, below),
    press(key, shift) {
      // Enter with nothing to give starts typing.
      if (key !== "Enter" || shift || (field.value.trim() && !lines)) return false;
      if (field.value.trim() || blank) return false;
      field.focus();
      return true;
    },
    pick: () => undefined,
    picked: () => [],
    read() {
      const text = field.value.trim();
      if (!text && !blank)
        return lines ? "Write an answer; Ctrl+Enter gives it." : "Write an answer, or skip the item.";
      const line = text.replace(/\s+/g, " ");
      const words = text ? `“${line.length > 40 ? `${line.slice(0, 39)}…` : line}”` : "blank";
      return { answer: { text }, codes: [], words, blank: !text, quiet: text !== "" };
    },
    focus: () => {
      field.focus({ preventScroll: true });
      field.setSelectionRange(field.value.length, field.value.length);
    },
    keys: [
      [lines ? "Ctrl ⏎" : "⏎", "give the answer"],
      ["Esc", "leave the field, so that the other keys work"],
      [`${ALT} Space`, `play or pause a recording while typing; ${ALT} ← and → go back and forth`],
    ],
  };
}

/** Keys of a recording: see items/audio.ts. */
const PLAYING: Record<string, string> = { Space: " ", ArrowLeft: "ArrowLeft", ArrowRight: "ArrowRight" };

function take(event: Event): void {
  event.preventDefault();
  event.stopPropagation();
}
