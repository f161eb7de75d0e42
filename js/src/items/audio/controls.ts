import "./controls.css";
import { h, setText } from "../../ui/dom";
import { type Icon, icon, key } from "./wave";

const SPEEDS = [0.5, 0.75, 1, 1.25, 1.5, 1.75, 2, 2.5, 3];

/** The next faster or slower speed; the normal one for 0. */
export function nextSpeed(speed: number, way: number): number {
  const at = SPEEDS.indexOf(speed) + way;
  return way ? (SPEEDS[Math.max(0, Math.min(at, SPEEDS.length - 1))] ?? 1) : 1;
}

/** Shows the speed, with a button for slower and one for faster. */
export function paceView(set: (way: number) => void) {
  const now = h("button", { class: "hitl-number", attrs: { type: "button" }, on: { click: () => set(0) } });
  const stepper = (words: string, sign: string, pressed: string, way: number): HTMLElement =>
    name(
      h("button", { text: sign, attrs: { type: "button" }, on: { click: () => set(way) } }),
      words,
      pressed,
    );
  const element = h(
    "div",
    { class: "hitl-pace", attrs: { role: "group", "aria-label": "Speed" } },
    stepper("Slower", "−", ",", -1),
    now,
    stepper("Faster", "+", ".", 1),
  );
  const show = (rate: number): void => {
    setText(now, `${rate}×`);
    now.title = "Reset to normal speed";
    now.setAttribute("aria-label", `Speed ${rate}. Reset to normal speed`);
  };
  return { element, show };
}

export function button(shape: Icon, words: string, pressed: string, act: () => void, more = "") {
  const element = h(
    "button",
    { class: `hitl-button ${more}`, attrs: { type: "button" }, on: { click: act } },
    icon(shape),
    key(pressed),
  );
  return name(element, words, pressed);
}

/** Names a button, with its key. */
export function name<E extends HTMLElement>(element: E, words: string, pressed: string): E {
  element.setAttribute("aria-label", words);
  element.title = `${words} (${pressed})`;
  return element;
}
