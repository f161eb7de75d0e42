import { h, show } from "../../ui/dom";

const LONGEST = 100;

export type SliceForm = {
  element: HTMLElement;
  /** Asks for the name of a slice with this query. */
  open: (query: string) => void;
  close: () => void;
};

/** A field for the name under which a query is kept. */
export function sliceForm(
  on: { keep: (name: string, query: string) => void; done: () => void },
  signal: AbortSignal,
): SliceForm {
  let query = "";
  const name = h("input", {
    class: "hitl-slice-name",
    attrs: {
      type: "text",
      "aria-label": "Name of the slice",
      placeholder: "Name",
      maxlength: LONGEST,
      autocomplete: "off",
      spellcheck: "false",
    },
  });
  const keep = h("button", {
    class: "hitl-tool",
    text: "Keep",
    attrs: { type: "button" },
    on: { click: () => give() },
  });
  const element = h(
    "div",
    { class: "hitl-find-below hitl-slice", attrs: { hidden: true } },
    h("span", { class: "hitl-faint", text: "Keep as a slice, shown in the Monitor" }),
    name,
    keep,
  );

  function give(): void {
    const given = name.value.trim();
    if (!given) {
      name.focus();
      return;
    }
    on.keep(given, query);
    close();
    on.done();
  }

  function close(): void {
    show(element, false);
  }

  name.addEventListener(
    "keydown",
    (event) => {
      if (event.isComposing) return;
      // Other keys must not reach the map.
      event.stopPropagation();
      if (event.key === "Enter") give();
      else if (event.key === "Escape") {
        close();
        on.done();
      } else return;
      event.preventDefault();
    },
    { signal },
  );

  return {
    element,
    open(text) {
      query = text;
      name.value = text.replaceAll('"', "").slice(0, LONGEST);
      show(element, true);
      name.focus({ preventScroll: true });
      name.select();
    },
    close,
  };
}
