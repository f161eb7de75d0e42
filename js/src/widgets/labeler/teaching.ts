import type {
  Ask,
  EffectMessage,
  FlipMessage,
  LabelClass,
  ProposedMessage,
  SourceMessage,
  StruckMessage,
  TriedMessage,
  WhyMessage,
} from "../../host/protocol";
import type { Codes } from "../../questions/index";
import { type EditCallbacks, editView } from "./edit";
import { type GuideCallbacks, guideView } from "./guide";
import { type ProposalCallbacks, proposalView } from "./proposal";
import type { Guidance } from "./state";
import { type BecauseCallbacks, becauseView } from "./why";

type Own = "change" | "say" | "leave";

export type TeachingCallbacks = {
  because: Omit<BecauseCallbacks, Own>;
  proposal: Omit<ProposalCallbacks, Own>;
  guide: Omit<GuideCallbacks, Own>;
  /** Edits the item on the card. */
  edit: Omit<EditCallbacks, Own>;
} & Pick<ProposalCallbacks, "change" | "leave"> &
  Pick<EditCallbacks, "say">;

/** What the card shows. */
export type Shown = {
  /** The item on the card, which may not be here yet. */
  ask: Ask | null;
  /** The same, if it is here and can be explained and edited. */
  item: Ask | null;
  /** Another one each time the card is drawn anew. */
  drawn: unknown;
  showGuess: boolean;
  classes: readonly LabelClass[];
  guidance: Guidance;
};

/** Elements of the card that the parts are placed in or after. */
export type Places = Record<"card" | "notes" | "line" | "fold", HTMLElement>;

/** What the kernel says to it. */
export type TeachingMessage =
  | WhyMessage
  | SourceMessage
  | TriedMessage
  | FlipMessage
  | ProposedMessage
  | StruckMessage
  | EffectMessage;

export type TeachModule = { teachingView: typeof teachingView };
export type Teaching = ReturnType<typeof teachingView>;

/** Reasons, words that are struck out, edited items, examples for the guidance, and what the model proposes. */
export function teachingView(places: Places, on: TeachingCallbacks, explains: boolean, signal: AbortSignal) {
  const { card, notes, line, fold } = places;
  const { change, say, leave } = on;
  const because = becauseView(card, { ...on.because, say, leave }, explains, signal);
  const proposal = proposalView({ ...on.proposal, change, leave });
  const guide = guideView(fold, { ...on.guide, leave });
  const editing = editView(card, { ...on.edit, say, leave }, signal);
  card.after(editing.element);
  notes.after(guide.keeping);
  line.after(proposal.element, because.element);
  let classes: readonly LabelClass[] = [];
  let drawn: unknown;

  return {
    update(now: Shown): void {
      classes = now.classes;
      guide.update(classes, now.guidance);
      guide.know(now.ask);
      if (now.drawn !== drawn) because.update(now.item);
      drawn = now.drawn;
      editing.update(now.item, classes, now.showGuess);
      because.know(now.ask);
    },
    came(message: TeachingMessage): void {
      if (message.type === "why") because.came(message, classes);
      else if (message.type === "struck") because.struck(message.struck);
      else if (message.type === "effect") because.effect(message);
      else if (message.type === "proposed") proposal.came(message, classes);
      else if (message.type === "source") editing.source(message);
      else if (message.type === "tried") editing.guess(message);
      else editing.flip(message);
    },
    /** There is a new model. */
    learned: because.renew,
    /** Handles a key while the item is edited. */
    press: editing.press,
    /** Keeps the edited item with a class; returns whether one is edited, and the class not meant for the item. */
    keep: editing.keep,

    // Each of these returns whether there was something to do it with.
    edit: editing.open,
    /** Shows or hides why the model guesses what it guesses. */
    why: because.toggle,
    /** Goes to the words of the reasons, to strike one out. */
    strike: because.enter,
    /** Opens the line in which the item is kept as an example; of these classes, most likely. */
    example: (codes: Codes): boolean => guide.open(codes),
    accept: proposal.accept,
    dismiss: proposal.dismiss,
  };
}
