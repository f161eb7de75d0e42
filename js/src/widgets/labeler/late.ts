import type { Codes } from "../../questions/index";
import { keyed, link } from "../../ui/button";
import { closest, focused, h, setText, show } from "../../ui/dom";
import type { Shown, Teaching, TeachingMessage } from "./teaching";

/** How long after the first key it is loaded in advance, and after how long a wait is shown. */
const [SOON_MS, SLOW_MS] = [500, 300];

const PARTS = "Reasons, editing, guidance and proposals";
const LOADING = "Loading from the kernel \u2026";

type Act = (teaching: Teaching) => boolean;

/**
 * {@link Teaching}, which is loaded when it is first needed, or soon after the first key. What is pressed before that is
 * done once it is there, unless the card shows another item by then. `explains`: each item has reasons below it.
 */
export function lateTeaching(
  load: () => Promise<Teaching>,
  explains: boolean,
  leave: () => void,
  signal: AbortSignal,
) {
  let teaching: Teaching | null = null;
  let loading = false;
  /** What was pressed, and whether something else waits that is not about one item. */
  let wanted: Act | null = null;
  let standing = false;
  /** Whether there is a place for the reasons of each item. */
  let explained = !explains;
  let shown: Shown | null = null;
  /** The last message of each type. */
  const kept = new Map<TeachingMessage["type"], TeachingMessage>();
  let soon: ReturnType<typeof setTimeout> | undefined;
  let slow: ReturnType<typeof setTimeout> | undefined;
  signal.addEventListener("abort", () => [soon, slow].forEach(clearTimeout));

  const words = h("span", { attrs: { role: "status" } });
  const again = link("try again", () => {
    leave();
    fetch();
  });
  const close = keyed("Esc", "go on without", "", () => giveUp());
  const next = h("div", { class: "hitl-late-acts" }, again, close);
  const element = h("div", { class: "hitl-late", attrs: { hidden: true } }, words, next);
  element.toggleAttribute("data-explains", explains);
  for (const one of [again, close]) show(one, false);

  function tell(text: string, failed: boolean): void {
    setText(words, text);
    show(again, failed);
    for (const one of [close, element]) show(one, true);
  }

  /** Loads it for something that waits. */
  function need(): void {
    clearTimeout(slow);
    slow = setTimeout(() => loading && tell(LOADING, false), SLOW_MS);
    fetch();
  }

  /** Loads it for something of it that is to be shown. */
  function stand(): void {
    if (teaching) return;
    standing = true;
    need();
  }

  function fetch(): void {
    if (teaching || loading) return;
    loading = true;
    if (!close.hidden) tell(LOADING, false);
    load().then(
      (made) => {
        loading = false;
        begin(made);
      },
      (error) => {
        loading = false;
        const why = error instanceof Error ? error.message : String(error);
        if (!signal.aborted && (wanted || standing)) tell(`${PARTS} could not be loaded. ${why}`, true);
      },
    );
  }

  function begin(made: Teaching): void {
    teaching = made;
    if (shown) made.update(shown);
    for (const message of kept.values()) made.came(message);
    const act = wanted;
    giveUp();
    // Whoever types somewhere else by now is not interrupted.
    const at = focused();
    if (act && at && closest(at, ".hitl")) act(made);
  }

  /** Ends waiting for it. */
  function giveUp(): void {
    [wanted, standing] = [null, false];
    clearTimeout(slow);
    if (element.contains(focused())) leave();
    show(element, false);
  }

  /** Does something, now or once it is loaded; without a subject there is nothing to do. */
  function run(act: Act, subject: unknown): boolean {
    if (teaching) return act(teaching);
    if (!subject) return false;
    wanted = act;
    need();
    return true;
  }

  const proposed = (): boolean => {
    const last = kept.get("proposed");
    return last?.type === "proposed" && last.name !== "";
  };

  return {
    element,
    update(now: Shown): void {
      // What was pressed was meant for the item before.
      if (wanted && now.ask?.key !== shown?.ask?.key) {
        wanted = null;
        if (!standing) giveUp();
      }
      shown = now;
      teaching?.update(now);
      if (explained || teaching || !now.item) return;
      // The place of the reasons, so that nothing moves when they come.
      explained = true;
      show(element, true);
      stand();
    },
    came(message: TeachingMessage): void {
      kept.set(message.type, message);
      if (teaching) teaching.came(message);
      else if (message.type === "struck" ? message.struck.length : proposed()) stand();
    },
    /** Something of it is to be shown. */
    show: stand,
    learned: (): void => teaching?.learned(),
    /** Handles a key; while what was pressed is being loaded, all but `?`. */
    press(key: string, shift: boolean): boolean {
      soon ??= setTimeout(fetch, SOON_MS);
      if (key === "Escape" && (wanted || !element.hidden)) {
        giveUp();
        return true;
      }
      if (wanted && loading) return key !== "?";
      return teaching?.press(key, shift) ?? false;
    },
    keep: (code: number): boolean => teaching?.keep(code) ?? false,
    edit: (): boolean => run((made) => made.edit(), shown?.item),
    why: (): boolean => run((made) => made.why(), shown?.item),
    strike: (): boolean => run((made) => made.strike(), shown?.item),
    example: (codes: Codes): boolean => run((made) => made.example(codes), shown?.ask),
    accept: (): boolean => run((made) => made.accept(), proposed()),
    dismiss: (): boolean => run((made) => made.dismiss(), proposed()),
  };
}
