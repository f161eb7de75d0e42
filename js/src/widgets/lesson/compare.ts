import "./compare.css";
import { h, setText } from "../../ui/dom";
import { curveName, type LessonState, MOST_COMPARED } from "./state";

/** Chooses the strategies whose whole curves are shown. */
export function comparePicker(choose: (strategy: string, on: boolean) => void) {
  const summary = h("summary", { text: "Compare strategies" });
  const list = h("div", { class: "hitl-lesson-compared", attrs: { role: "group", "aria-label": "Compare" } });
  const element = h("details", { class: "hitl-lesson-compare" }, summary, list);
  let boxes: HTMLInputElement[] = [];
  let listed = "";

  function build(names: string[]): void {
    boxes = names.map((name) => {
      const box = h("input", { attrs: { type: "checkbox", value: name } });
      box.addEventListener("change", () => choose(name, box.checked));
      return box;
    });
    list.replaceChildren(
      ...boxes.map((box, i) =>
        h("label", { class: "hitl-lesson-choice" }, box, h("span", { text: names[i] })),
      ),
    );
  }

  return {
    element,
    update(state: LessonState): void {
      const { strategies, compare, last } = state;
      if (listed !== strategies.join()) build(strategies);
      listed = strategies.join();
      const full = compare.length >= MOST_COMPARED;
      for (const box of boxes) {
        box.checked = compare.includes(box.value);
        box.disabled = full && !box.checked;
      }
      const done = compare.filter(
        (strategy) => (state.curves.get(curveName({ ...state, strategy }))?.spent.length ?? 0) > last,
      ).length;
      const busy = done < compare.length ? ` (computing ${done + 1} of ${compare.length})` : "";
      const many = full ? ` (${MOST_COMPARED} of ${MOST_COMPARED})` : "";
      setText(summary, `Compare strategies${busy || many}`);
    },
  };
}
