import "./fields.css";
import type { Composer, Composing } from "../questions/registry";
import { h, setText, show } from "../ui/dom";

const NUMBER = /^[+-]?(\d+(\.\d*)?|\.\d+)(e[+-]?\d+)?$/i;

type Settings = { low?: number | null; high?: number | null; step?: number; unit?: string };

/** A number, typed without going into the field first. */
export function compose({
  settings,
  answer,
  suggested,
  verify,
  why,
  changed,
  give,
  leave,
}: Composing): Composer {
  const { low, high, step, unit } = settings as Settings;
  const field = h("input", {
    class: "hitl-field hitl-number-field",
    attrs: {
      type: "text",
      inputmode: step === 1 ? "numeric" : "decimal",
      autocomplete: "off",
      "aria-label": "Number",
      placeholder: rangeWords(low, high) || "number",
    },
  });
  field.value = answer ? String(answer.number) : "";
  const idea = suggested === undefined ? "" : String(suggested.number);
  const named = `${idea}${unit ? ` ${unit}` : ""}`;
  const hint = h("div", { class: "hitl-faint hitl-number" });
  field.addEventListener("input", () => type(field.value));
  field.addEventListener("keydown", (event) => {
    if (event.key === "Enter") give();
    else if (event.key === "Escape") leave();
    else if (event.key === "=" && idea) type(idea);
    else return;
    event.preventDefault();
    event.stopPropagation();
  });

  function read(): ReturnType<Composer["read"]> {
    const typed = (field.value.trim() || (verify ? idea : "")).replace("−", "-").replace(",", ".");
    if (!typed) return "Type a number.";
    const number = NUMBER.test(typed) ? Number(typed) : Number.NaN;
    if (!Number.isFinite(number)) return `“${field.value}” is not a number.`;
    if (low != null && number < low) return `${number} is below ${low}, the smallest number.`;
    if (high != null && number > high) return `${number} is above ${high}, the largest number.`;
    const steps = step ? (number - (low ?? 0)) / step : 0;
    if (Math.abs(steps - Math.round(steps)) > 1e-6)
      return step === 1 ? `${number} is not a whole number.` : `${number} is not in steps of ${step}.`;
    return { answer: { number }, codes: [], words: `${number}${unit ? ` ${unit}` : ""}`, blank: false };
  }

  function type(text: string): void {
    if (field.value !== text) field.value = text;
    draw();
    changed();
  }

  /** Says what is suggested, as long as it is not the answer. */
  function draw(): void {
    const does = verify && !field.value ? "Enter accepts it" : "= takes it";
    const words = idea && field.value !== idea ? `Suggested: ${named} (${does})` : "";
    setText(hint, words || why || "");
    show(hint, hint.textContent !== "");
  }

  draw();
  return {
    fields: h(
      "div",
      { class: "hitl-number-answer" },
      h("label", { class: "hitl-field-line" }, field, unit ? h("span", { text: unit }) : null),
      hint,
    ),
    press(key, shift) {
      // What begins a number is typed; then so is everything else, which must not be a shortcut by accident.
      if (key.length === 1 && (field.value ? !shift : /^[0-9.,+−-]$/.test(key))) type(field.value + key);
      else if (key === "=" && idea) type(idea);
      else if (key === "Backspace" && field.value) type(field.value.slice(0, -1));
      else if (key === "Escape" && field.value) type("");
      else return false;
      return "again";
    },
    pick: () => undefined,
    picked: () => [],
    read,
    keys: [
      ["0–9", "the number"],
      ...(idea ? [["=", "take the suggested number"] as const] : []),
      ["Esc", "clear it, so that the other keys work"],
    ],
  };
}

function rangeWords(low: number | null | undefined, high: number | null | undefined): string {
  if (low != null && high != null) return `${low} to ${high}`;
  if (low != null) return `${low} or more`;
  return high != null ? `up to ${high}` : "";
}
