import "./search.css";
import { h, show } from "../../ui/dom";
import { onTyping } from "../../ui/keys";

const folded = (text: string): string => text.normalize("NFKC").toLowerCase();

/** A field that leaves only the classes with the typed text, for more classes than there are keys. */
export function classSearch(press: (code: number) => void, done: () => void) {
  let buttons: readonly HTMLElement[] = [];
  const element = h("input", {
    class: "hitl-field hitl-class-search",
    attrs: {
      type: "text",
      placeholder: "Find a class (Enter)",
      "aria-label": "Find a class",
      autocomplete: "off",
      spellcheck: "false",
      hidden: true,
    },
    on: {
      input: filter,
      blur: close,
    },
  });
  onTyping(element, ({ key }) => {
    if (key !== "Enter" && key !== "Escape") return false;
    const typed = element.value.trim() !== "";
    const code = typed ? buttons.findIndex((button) => !button.hasAttribute("hidden")) : -1;
    if (key === "Enter" && typed && code < 0) return true;
    close();
    done();
    if (key === "Enter" && code >= 0) press(code);
    return true;
  });

  function filter(): void {
    const typed = folded(element.value.trim());
    const starts = (name: string): boolean => name.split(/\/|: /).some((part) => part.startsWith(typed));
    const names = buttons.map((button) => folded(button.dataset.class ?? ""));
    // Names that start with the text come before those that only contain it.
    const some = typed !== "" && names.some(starts);
    for (const [i, button] of buttons.entries())
      show(button, some ? starts(names[i]) : names[i].includes(typed));
  }

  function close(): void {
    element.value = "";
    filter();
  }

  return {
    element,
    /** Sets the buttons of the classes in order; none if no search is needed. */
    update(next: readonly HTMLElement[]): void {
      buttons = next;
      show(element, next.length > 0);
      filter();
    },
    /** Focuses the field; returns whether it is there. */
    open(): boolean {
      if (element.hidden) return false;
      element.focus({ preventScroll: true });
      return true;
    },
  };
}
