import type { Refused, Slice } from "../../host/protocol";
import { h, setText, show } from "../../ui/dom";

const LONGEST = 100;

/** Keeps a query under a name; `answered` is told why it was refused, or null. */
export type KeepSlice = (
  slice: Pick<Slice, "name" | "query" | "replace">,
  answered: (refused: Pick<Refused, "why" | "taken"> | null) => void,
) => void;

export type SliceForm = {
  element: HTMLElement;
  /** Asks for the name of a slice with this query. */
  open: (query: string) => void;
  close: () => void;
};

/** A field for the name under which a query is kept. It stays until the query is kept, and says why it is not. */
export function sliceForm(
  on: { keep: KeepSlice; kept: (slice: Pick<Slice, "name" | "query">) => void; done: () => void },
  signal: AbortSignal,
): SliceForm {
  let query = "";
  /** The name that has been sent, until there is an answer. */
  let sent = "";
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
    on: { input: () => say("", false) },
  });
  const button = (text: string, replace: boolean): HTMLButtonElement =>
    h("button", { class: "hitl-tool", text, attrs: { type: "button" }, on: { click: () => give(replace) } });
  const keep = button("Keep", false);
  const replace = button("Replace", true);
  const why = h("span", { class: "hitl-bad hitl-slice-why", attrs: { role: "alert" } });
  const element = h(
    "div",
    { class: "hitl-find-below hitl-slice", attrs: { hidden: true } },
    h("span", { class: "hitl-faint", text: "Keep as a slice, shown in the Monitor" }),
    name,
    keep,
    replace,
    why,
  );

  function say(words: string, taken: boolean): void {
    setText(why, words);
    show(why, words !== "");
    show(replace, taken);
    name.setAttribute("aria-invalid", String(words !== ""));
  }

  function wait(given: string): void {
    sent = given;
    setText(keep, given ? "Saving" : "Keep");
  }

  function give(replace: boolean): void {
    const given = name.value.trim();
    if (!given) {
      name.focus();
      return;
    }
    if (sent === given) return;
    say("", false);
    wait(given);
    const of = query;
    on.keep({ name: given, query, replace }, (refused) => {
      wait("");
      // Another search may have come in between; then it is said in a form of its own.
      if (refused && (query !== of || element.hidden)) open(of, given);
      if (refused) {
        say(refused.why, refused.taken);
        name.focus({ preventScroll: true });
        return;
      }
      on.kept({ name: given, query: of });
      if (query === of && !element.hidden) {
        close();
        on.done();
      }
    });
  }

  function close(): void {
    show(element, false);
  }

  function open(text: string, given = text.replaceAll('"', "").slice(0, LONGEST)): void {
    query = text;
    wait("");
    name.value = given;
    say("", false);
    show(element, true);
    name.focus({ preventScroll: true });
    name.select();
  }

  element.addEventListener(
    "keydown",
    (event) => {
      if (event.isComposing) return;
      // Other keys must not reach the map.
      event.stopPropagation();
      if (event.key === "Enter" && event.target === name) give(false);
      else if (event.key === "Escape") {
        close();
        on.done();
      } else return;
      event.preventDefault();
    },
    { signal },
  );

  return { element, open: (text) => open(text), close };
}
