import "./proposal.css";
import type { LabelClass, ProposedMessage } from "../../host/protocol";
import { keyed, link } from "../../ui/button";
import { count, h, said, setText, show } from "../../ui/dom";
import { onTyping } from "../../ui/keys";
import type { SendChange } from "./classes";

export type ProposalCallbacks = {
  /** Selects items, encoded as rows. */
  look: (rows: string) => void;
  /** Shows what may be handed over to the model. */
  handOver: () => void;
  /** Never proposes it again. */
  dismiss: (name: string) => void;
  change: SendChange;
  /** Moves the focus back to the widget. */
  leave: () => void;
};

/** One thing that the model proposes, in a line below the buttons. */
export function proposalView(on: ProposalCallbacks) {
  const words = h("span", { class: "hitl-proposal-words", attrs: { dir: "auto" } });
  const yes = h("span", {});
  const accepting = keyed("⇧P", yes, "", accept);
  const looking = link("", () => now && on.look(now.rows));
  const refusing = keyed("⇧Q", "no, not again", "Never propose this again", dismiss);
  const name = h("input", {
    class: "hitl-field",
    attrs: {
      type: "text",
      maxlength: 200,
      placeholder: "Name of the new class",
      "aria-label": "New class",
      dir: "auto",
      spellcheck: "false",
    },
  });
  const add = keyed("⏎", "add", "Add this class", addClass);
  const naming = h("span", { class: "hitl-proposal-naming", attrs: { hidden: true } }, name, add);
  const offering = h("span", { class: "hitl-proposal-acts" }, accepting, looking, refusing);
  const element = h(
    "div",
    { class: "hitl-proposal", attrs: { role: "status", hidden: true } },
    words,
    naming,
    offering,
  );
  let now: ProposedMessage | null = null;
  /** What came while a name is being typed. */
  let later: [ProposedMessage, readonly LabelClass[]] | null = null;
  let classes: readonly LabelClass[] = [];

  onTyping(name, ({ key }) => {
    if (key === "Enter") addClass();
    else if (key === "Escape") rest();
    else return false;
    return true;
  });

  function came(message: ProposedMessage, known: readonly LabelClass[]): void {
    if (!naming.hidden) {
      later = [message, known];
      return;
    }
    classes = known;
    now = message.name ? message : null;
    show(element, now !== null);
    if (now) draw(now);
  }

  function draw({ kind, text, n, classes: codes }: ProposedMessage): void {
    const one = classes[codes[0]]?.name ?? "";
    setText(words, text);
    words.title = text;
    yes.replaceChildren(
      ...(kind === "merge" ? ["merge into ", said(one)] : kind === "class" ? ["look and name it"] : ["look"]),
    );
    setText(looking, `look at ${count(n, "label")}`);
    show(looking, kind === "merge");
  }

  /** Ends the naming, and shows what came meanwhile. */
  function rest(): void {
    name.value = "";
    show(naming, false);
    show(offering, true);
    if (now) setText(words, now.text);
    on.leave();
    if (later) came(...later);
    later = null;
  }

  function addClass(): void {
    const called = name.value.trim();
    if (!called) {
      rest();
      return;
    }
    on.change({ change: "add", classes: [{ name: called }] }, (why) => {
      // The name stays, to be corrected.
      if (why) setText(words, why);
      else rest();
    });
  }

  function accept(): boolean {
    if (!now) return false;
    const { kind, rows, classes: codes } = now;
    if (kind === "merge") {
      const of = codes.map((code) => classes[code].name);
      on.change({ change: "merge", of, name: of[0] }, (why) => why && setText(words, why));
      return true;
    }
    on.look(rows);
    if (kind === "hand_over") on.handOver();
    if (kind === "class") {
      setText(words, "Uncheck what does not belong here. What is it called? Its key then labels the rest.");
      show(offering, false);
      show(naming, true);
      name.focus({ preventScroll: true });
    }
    return true;
  }

  function dismiss(): boolean {
    if (!now) return false;
    on.dismiss(now.name);
    now = null;
    show(element, false);
    on.leave();
    return true;
  }

  return {
    element,
    /** What the model proposes has changed. */
    came,
    /** Takes it up; returns whether there was something. */
    accept,
    /** Never proposes it again; returns whether there was something. */
    dismiss,
  };
}
