import "./light.css";
import { closest, h, setText, show, svg } from "../../ui/dom";
import type { Press } from "../../ui/keys";

/** In percent of what the image has. */
type Value = { readonly brightness: number; readonly contrast: number };
type Part = keyof Value;

const PLAIN: Value = { brightness: 100, contrast: 100 };
const [LEAST, MOST, STEP] = [20, 300, 10];
const PARTS: readonly Part[] = ["brightness", "contrast"];
/** What the images of the next item start with, if the user keeps it. */
let kept: Value | null = null;
const lights = new WeakMap<AbortSignal, Light>();

/** The light of the images that are on the card together, which end with the same signal. */
export function lightOf(signal: AbortSignal): Light {
  const found = lights.get(signal) ?? new Light();
  lights.set(signal, found);
  return found;
}

export const LIGHT_KEYS: readonly (readonly [string, string])[] = [
  ["PgUp PgDn", "brighter and darker; with ⇧ more and less contrast. Only what you see changes"],
  ["End", "brightness and contrast as they were"],
];

/** Brightness and contrast of images: changes how they are shown, and nothing else. */
export class Light {
  private value = kept ?? PLAIN;
  private readonly pictures = new Set<HTMLElement | SVGElement>();
  private readonly controls: (() => void)[] = [];

  /** Shows an element in this light. */
  shine(picture: HTMLElement): void {
    this.pictures.add(picture);
    this.apply();
  }

  /** Handles the keys. */
  press(key: string, shift: boolean): ReturnType<Press> {
    if (key === "PageUp" || key === "PageDown") {
      const part = shift ? "contrast" : "brightness";
      this.set({ [part]: this.value[part] + (key === "PageUp" ? STEP : -STEP) });
      return "again";
    }
    if (key !== "End" || this.isPlain) return false;
    this.set(PLAIN);
    return true;
  }

  private get isPlain(): boolean {
    return PARTS.every((part) => this.value[part] === PLAIN[part]);
  }

  private set(change: Partial<Value>): void {
    const next = { ...this.value, ...change };
    const within = (value: number): number => Math.max(LEAST, Math.min(value, MOST));
    this.value = { brightness: within(next.brightness), contrast: within(next.contrast) };
    if (kept) kept = this.value;
    this.apply();
  }

  private apply(): void {
    const { brightness, contrast } = this.value;
    const filter = this.isPlain ? "" : `brightness(${brightness}%) contrast(${contrast}%)`;
    for (const picture of this.pictures) picture.style.filter = filter;
    for (const draw of this.controls) draw();
  }

  /** A button that says the values, with sliders; the controls of several images change all of them. */
  control(): HTMLElement {
    const words = h("span", { class: "hitl-number", attrs: { role: "status" } });
    const button = h(
      "button",
      { class: "hitl-button hitl-picture-tool", attrs: { type: "button" }, on: { click: () => open() } },
      halfCircle(),
      words,
    );
    const sliders = PARTS.map((part) => {
      const value = h("output", { class: "hitl-number" });
      const attrs = { type: "range", min: LEAST, max: MOST, step: STEP, "aria-label": titled(part) };
      const slider = h("input", { attrs });
      slider.addEventListener("input", () => this.set({ [part]: slider.valueAsNumber }));
      const draw = (): void => {
        slider.value = String(this.value[part]);
        slider.setAttribute("aria-valuetext", `${this.value[part]} percent`);
        setText(value, `${this.value[part]} %`);
      };
      return { draw, element: h("label", {}, titled(part), value, slider) };
    });
    const keep = h("input", { attrs: { type: "checkbox" } });
    keep.addEventListener("change", () => {
      kept = keep.checked ? this.value : null;
      this.apply();
    });
    const reset = h("button", {
      class: "hitl-link",
      text: "Reset (End)",
      attrs: { type: "button" },
      on: { click: () => this.set(PLAIN) },
    });
    const panel = h(
      "div",
      { class: "hitl-light-panel", attrs: { role: "group", "aria-label": "Brightness and contrast" } },
      ...sliders.map(({ element }) => element),
      h("label", { class: "hitl-light-keep" }, keep, "Keep for the next items"),
      h(
        "div",
        { class: "hitl-light-foot" },
        h("span", { class: "hitl-faint", text: "Only what you see changes." }),
        reset,
      ),
    );
    // A slider that a pointer moved gives the keys back to the card.
    panel.addEventListener("pointerup", () => {
      const home = closest(panel, ".hitl") as HTMLElement | null;
      setTimeout(() => home?.focus({ preventScroll: true }));
    });
    panel.addEventListener("keydown", (event) => {
      if (event.key !== "Escape") return;
      event.stopPropagation();
      open(false);
      button.focus();
    });
    const open = (wide = panel.hasAttribute("hidden")): void => {
      show(panel, wide);
      button.setAttribute("aria-expanded", String(wide));
    };
    const draw = (): void => {
      const { brightness, contrast } = this.value;
      const said = `Brightness ${brightness} %, contrast ${contrast} %`;
      setText(words, this.isPlain ? "" : `${brightness} % · ${contrast} %`);
      button.setAttribute("aria-label", said);
      button.title = `${said} (Page Up and Page Down, with Shift the contrast; End resets)`;
      keep.checked = kept !== null;
      for (const slider of sliders) slider.draw();
    };
    // What lies below is an image to draw on.
    panel.addEventListener("dblclick", (event) => event.stopPropagation());
    open(false);
    this.controls.push(draw);
    draw();
    return h("div", { class: "hitl-light" }, button, panel);
  }
}

const titled = (part: Part): string => part[0].toUpperCase() + part.slice(1);

function halfCircle(): SVGElement {
  const made = svg("svg", { viewBox: "0 0 16 16", width: 14, height: 14, "aria-hidden": "true" });
  const circle = "M8 2a6 6 0 1 0 0 12A6 6 0 0 0 8 2";
  made.append(
    svg("path", { d: circle, fill: "none", stroke: "currentColor", "stroke-width": 1.5 }),
    svg("path", { d: "M8 2a6 6 0 0 1 0 12z", fill: "currentColor" }),
  );
  return made;
}
