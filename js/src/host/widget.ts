import "../ui/base.css";
import type { AnyModel, AnyWidget } from "@anywidget/types";
import { hideFallback } from "../ui/fallback";
import { keepFocus, pressOnce, suppressShortcuts } from "../ui/keys";
import { followTheme } from "../ui/theme";
import { Channel } from "./channel";

/** A kernel that has not answered for this long may not exist. */
const SILENT_MS = 5000;

type View = (context: { root: HTMLElement; channel: Channel; signal: AbortSignal }) => void;

/** Sets up a view: its root element, keys and channel, all of which end with the view. */
export function defineWidget(name: string, view: View): AnyWidget {
  return {
    render({ model, el }: { model: AnyModel; el: HTMLElement }) {
      const end = new AbortController();
      const { signal } = end;
      const root = document.createElement("div");
      root.className = `hitl hitl-${name}`;
      root.tabIndex = 0;
      root.setAttribute("role", "region");
      root.setAttribute("aria-label", name);
      suppressShortcuts(root, signal);
      pressOnce(root, signal);
      keepFocus(root, signal);
      followTheme(root, signal);
      const channel = new Channel(model, String(model.get("_key")), String(model.get("_session")));
      signal.addEventListener("abort", () => channel.close());
      el.append(root);
      const answers = hideFallback(root, signal);
      view({ root, channel, signal });
      greet(channel, signal, answers);
      return () => {
        channel.ask({ type: "bye", view: channel.view });
        end.abort();
        root.remove();
      };
    },
  };
}

/** Sends hello until the kernel answers, which can take time if it is busy or has no subshell yet. */
function greet(channel: Channel, signal: AbortSignal, answers: (answers: boolean) => void): void {
  let welcomed = false;
  const silent = setTimeout(() => answers(false), SILENT_MS);
  signal.addEventListener("abort", () => clearTimeout(silent));
  channel.on(
    "welcome",
    () => {
      if (!welcomed) channel.flush();
      welcomed = true;
      clearTimeout(silent);
      answers(true);
    },
    signal,
  );
  let wait = 1000;
  const hello = (): void => {
    if (welcomed || signal.aborted) return;
    channel.ask({ type: "hello", view: channel.view });
    setTimeout(hello, wait);
    wait = Math.min(wait * 2, 15_000);
  };
  hello();
}
