import type { PlainClass } from "../../host/protocol";
import { button, enable } from "../../ui/button";
import { h } from "../../ui/dom";
import { shapeIcon } from "./shapes";
import { lacking, type Sketch, usable } from "./sketch";

export type SketchCallbacks = {
  pen: (pen: number | null) => void;
  undo: () => void;
  clear: () => void;
  use: () => void;
};

/** The pens, the eraser and what is done with the drawing. */
export function sketchBar(on: SketchCallbacks) {
  const pens = h("div", { class: "hitl-segment", attrs: { role: "group", "aria-label": "Draw" } });
  const undo = button("Undo", "Z", on.undo);
  const clear = button("Clear", "", on.clear);
  const use = button("Use these points", "", on.use);
  use.classList.add("hitl-lesson-use");
  const missing = h("span", { class: "hitl-faint" });
  const element = h("div", { class: "hitl-lesson-steps" }, pens, undo, clear, use, missing);
  let listed = "";

  function build(classes: PlainClass[]): void {
    const made = classes.map((c, code) =>
      pen(
        String(code),
        () => on.pen(code),
        h("kbd", { text: String((code + 1) % 10) }),
        shapeIcon(code, c.color),
        c.name,
      ),
    );
    made.push(pen("", () => on.pen(null), h("kbd", { text: "E" }), null, "Eraser"));
    pens.replaceChildren(...made);
  }

  return {
    element,
    update(sketch: Sketch, classes: PlainClass[]): void {
      const names = classes.map((c) => c.name).join();
      if (names !== listed) build(classes);
      listed = names;
      for (const one of pens.children as unknown as HTMLElement[])
        one.setAttribute("aria-pressed", String(one.dataset.value === String(sketch.pen ?? "")));
      enable(undo, sketch.past.length > 0);
      enable(clear, sketch.spots.length > 0);
      enable(use, usable(sketch));
      missing.textContent = lacking(sketch);
    },
  };
}

function pen(
  value: string,
  act: () => void,
  key: HTMLElement,
  icon: Element | null,
  name: string,
): HTMLElement {
  const attrs = { type: "button", "data-value": value };
  return h(
    "button",
    { class: "hitl-tool hitl-lesson-pen", attrs, on: { click: act } },
    key,
    icon,
    h("span", { text: name }),
  );
}
