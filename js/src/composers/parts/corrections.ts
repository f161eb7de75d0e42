import "./corrections.css";
import type { Item, Stage } from "../../items/registry";
import { h, show } from "../../ui/dom";

/** Characters of a text from which on its field is high. */
const LONG = 300;

/** What a correction starts with, and the field in which it is written, once it was opened. */
type Opened = { draft: string; field: HTMLTextAreaElement };

type Correcting = {
  /** The members of the item, and what shows each. */
  members: readonly Item[];
  bodies: readonly HTMLElement[];
  stage: Stage;
  /** The corrected texts of an earlier answer; undefined for none. */
  held: readonly (string | undefined)[];
  /** What a member is called on this card. */
  called: (member: number) => string;
  changed: () => void;
  say: (words: string) => void;
  leave: () => void;
};

/** Corrected texts of the members of an item, each written below its draft. */
export function corrections(on: Correcting) {
  const { members, bodies, stage, changed, leave } = on;
  const opened = new Map<number, Opened>();
  let asking = false;
  /** Earlier corrections, which stand until their drafts have come. */
  const earlier = new Map(on.held.flatMap((text, member) => (text === undefined ? [] : [[member, text]])));
  /** What was written where somebody went back to the draft, to go on with. */
  const left = new Map<number, string>();
  const buttons = members.map((item, member) => {
    const button = h("button", {
      class: "hitl-link hitl-correct",
      text: "Correct",
      attrs: { type: "button", "aria-label": `Correct ${on.called(member)}` },
      on: { click: () => void (opened.has(member) ? close(member) : open(member)) },
    });
    show(button, isText(item));
    return button;
  });

  /** Opens the field of a member; `text` is what it starts with, by default the member's own. */
  async function open(member: number, text?: string): Promise<void> {
    const known = opened.get(member);
    if (known) return known.field.focus({ preventScroll: true });
    if (!isText(members[member]))
      return on.say(`${on.called(member)} is not a text: it cannot be corrected.`);
    try {
      const draft = await sourceOf(members[member], member, stage);
      if (!stage.signal.aborted && !opened.has(member)) begin(member, draft, text);
    } catch (error) {
      if (!stage.signal.aborted) on.say(error instanceof Error ? error.message : String(error));
    }
  }

  function begin(member: number, draft: string, text?: string): void {
    const field = h("textarea", {
      class: "hitl-field hitl-correction",
      attrs: { dir: "auto", spellcheck: "true", "aria-label": `Corrected ${on.called(member)}` },
    });
    field.value = draft;
    opened.set(member, { draft: field.value, field }); // with the line ends of the field
    field.value = text ?? left.get(member) ?? draft;
    if (members[member].content.kind === "code") {
      field.classList.add("hitl-correction-code");
      field.spellcheck = false;
    }
    field.classList.toggle("hitl-correction-long", draft.length > LONG);
    field.addEventListener("input", changed);
    field.addEventListener("keydown", (event) => {
      const done = event.key === "Escape" || (event.key === "Enter" && (event.ctrlKey || event.metaKey));
      if (event.isComposing || !done) return;
      event.preventDefault();
      event.stopPropagation();
      leave();
      const what =
        of(member) !== undefined ? "Corrected" : field.value.trim() ? "Not changed" : "Left as it was";
      on.say(`${what}. Which of the drafts is better?`);
    });
    bodies[member].after(field);
    draw(member);
    if (text !== undefined) return;
    field.focus({ preventScroll: true });
    field.setSelectionRange(0, 0);
    if (left.has(member)) changed();
  }

  /** Goes back to the draft. */
  function close(member: number): void {
    const text = of(member);
    if (text !== undefined) left.set(member, text);
    opened.get(member)?.field.remove();
    opened.delete(member);
    earlier.delete(member);
    on.say(`Back to the draft of ${on.called(member)}. Correct again to go on with the new text.`);
    draw(member);
    changed();
    leave();
  }

  function draw(member: number): void {
    const is = opened.has(member);
    const words = is ? "Back to the draft" : asking ? `${on.called(member)}: correct` : "Correct";
    bodies[member].classList.toggle("hitl-correcting", is);
    buttons[member].textContent = words;
    buttons[member].classList.toggle("hitl-correct-which", asking && !is);
    const name = is ? "Back to the draft of" : "Correct";
    buttons[member].setAttribute("aria-label", `${name} ${on.called(member)}`);
  }

  /** Asks which one to correct, or no longer. */
  function ask(which: boolean): void {
    asking = which;
    for (const member of members.keys()) draw(member);
  }

  /** The corrected text of a member; undefined if it is not changed. */
  function of(member: number): string | undefined {
    const found = opened.get(member);
    if (!found) return earlier.get(member);
    const text = found.field.value;
    return text.trim() && text !== found.draft ? text : undefined;
  }

  for (const [member, text] of earlier) void open(member, text);

  return {
    buttons,
    open: (member: number) => void open(member),
    ask,
    /** Whether the next key says which one to correct. */
    asking: (): boolean => asking,
    of,
  };
}

const KINDS = ["text", "code", "markup"];
const isText = ({ content }: Item): boolean => KINDS.includes(content.kind);

/** The whole text of a member, as it was given. */
async function sourceOf({ content }: Item, member: number, stage: Stage): Promise<string> {
  if (content.kind === "text" && !content.cut) return String(content.text);
  const { content: part } = await stage.more({ member, from: 0 });
  const [text, total] = [String(part.text), Number(part.total)];
  // Characters are code points.
  if ([...text].length < total) throw new Error("This text is too long to be corrected here.");
  return text;
}
