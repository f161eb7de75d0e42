import "./line.css";
import type { Composer } from "../../questions/registry";
import { h, setText, show } from "../../ui/dom";

/** The name of the key that is held for other keys while typing. */
export const ALT = /^Mac/.test(navigator.platform) ? "⌥" : "Alt";

/** A button below the item, with its key. */
export type KeyButton = {
  element: HTMLButtonElement;
  offer: (words: string | null, pressed?: boolean) => void;
};

export function keyButton(key: string, act: () => void): KeyButton {
  const words = h("span", {});
  const element = h(
    "button",
    { class: "hitl-button", attrs: { type: "button" }, on: { click: act } },
    h("kbd", { text: key }),
    words,
  );
  return {
    element,
    /** Shows the button, or hides it for null. */
    offer: (text, pressed) => {
      show(element, text !== null);
      setText(words, text ?? "");
      if (pressed !== undefined) element.setAttribute("aria-pressed", String(pressed));
    },
  };
}

/** What can be done now, or why something was refused, with buttons beside it. */
export function statusLine(...buttons: KeyButton[]) {
  const status = h("span", { class: "hitl-marking-words" });
  return {
    element: h(
      "div",
      { class: "hitl-marking-line" },
      status,
      h("div", { class: "hitl-marking-buttons" }, ...buttons.map(({ element }) => element)),
    ),
    tell(words: string, bad: boolean): void {
      setText(status, words);
      status.title = words;
      status.classList.toggle("hitl-bad", bad);
    },
  };
}

/** For an item of another kind, or one that is broken: the card shows it as what it is, and it can only be skipped. */
export const unanswerable = (words: string): Composer => ({
  press: () => false,
  pick: () => undefined,
  picked: () => [],
  read: () => words,
});

/** Says positions while a key is held only once it rests. */
export function quietly(say: (words: string) => void, signal: AbortSignal): (words: string) => void {
  let timer: ReturnType<typeof setTimeout> | undefined;
  signal.addEventListener("abort", () => clearTimeout(timer));
  return (words) => {
    clearTimeout(timer);
    timer = setTimeout(() => say(words), 250);
  };
}

/** Whether the key that is being handled is held down. */
export function heldKeys(signal: AbortSignal): () => boolean {
  let held = false;
  const note = ({ repeat }: KeyboardEvent): void => {
    held = repeat;
  };
  window.addEventListener("keydown", note, { capture: true, signal });
  return () => held;
}
