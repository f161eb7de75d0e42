import "./corrections.css";
import type { Item, Stage } from "../../items/registry";
import { h, show } from "../../ui/dom";

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

/** Corrected texts of the members of an item, each written in the member's place. */
export function corrections(on: Correcting) {
  const { members, bodies, stage, changed, leave } = on;
  const opened = new Map<number, Opened>();
  /** Earlier corrections, which stand until their drafts have come. */
  const earlier = new Map(on.held.flatMap((text, member) => (text === undefined ? [] : [[member, text]])));
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
    if (text !== undefined) field.value = text;
    field.addEventListener("input", changed);
    field.addEventListener("keydown", (event) => {
      const done = event.key === "Escape" || (event.key === "Enter" && (event.ctrlKey || event.metaKey));
      if (event.isComposing || !done) return;
      event.preventDefault();
      event.stopPropagation();
      leave();
      on.say("Corrected. Which is better?");
    });
    bodies[member].append(field);
    draw(member);
    if (text === undefined) field.focus({ preventScroll: true });
  }

  /** Goes back to the draft. */
  function close(member: number): void {
    opened.get(member)?.field.remove();
    opened.delete(member);
    earlier.delete(member);
    draw(member);
    changed();
    leave();
  }

  function draw(member: number): void {
    const is = opened.has(member);
    bodies[member].classList.toggle("hitl-correcting", is);
    buttons[member].textContent = is ? "Back to the draft" : "Correct";
  }

  for (const [member, text] of earlier) void open(member, text);

  return {
    buttons,
    open: (member: number) => void open(member),
    /** The corrected text of a member; undefined if it is not changed. */
    of(member: number): string | undefined {
      const found = opened.get(member);
      if (!found) return earlier.get(member);
      const text = found.field.value;
      return text.trim() && text !== found.draft ? text : undefined;
    },
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
