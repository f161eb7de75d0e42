import { h } from "../ui/dom";
import type { Channel } from "./channel";
import { blobUrl, u8 } from "./codecs";
import type { ModuleMessage } from "./protocol";

export type VegaModule = typeof import("../modules/vega");

type Loaded = { code: unknown; style: string };
type Page = Record<symbol, Promise<Loaded> | undefined>;

/**
 * Loads a module once per page: the first widget that needs it gets the code from its kernel. So no widget contains its
 * own copy, and nothing is loaded from the network. Its style sheet is added to the widget `root`. If the kernel cannot
 * send it, or not within `patience` milliseconds, that is an error; the next call requests it again.
 */
export async function loadModule<M>(
  name: string,
  channel: Channel,
  signal: AbortSignal,
  root?: Element,
  patience?: number,
): Promise<M> {
  const page = globalThis as unknown as Page;
  const slot = Symbol.for(`hitl-widgets.${name}.1`);
  for (;;) {
    page[slot] ??= request(name, channel, signal, patience);
    const pending = page[slot];
    try {
      const { code, style } = await pending;
      if (root && style && !root.querySelector(`style[data-module="${name}"]`))
        root.prepend(h("style", { text: style, attrs: { "data-module": name } }));
      return code as M;
    } catch (error) {
      // The widget that requested it was closed, or its kernel sent no code: request it again.
      if (page[slot] === pending) delete page[slot];
      else continue;
      if (signal.aborted || !(error instanceof Closed)) throw error;
    }
  }
}

export const loadVega = (channel: Channel, signal: AbortSignal): Promise<VegaModule> =>
  loadModule("vega", channel, signal);

class Closed extends Error {}

const SILENT = "The kernel has not answered: it is busy, or gone.";

function request(name: string, channel: Channel, signal: AbortSignal, patience?: number): Promise<Loaded> {
  let late: ReturnType<typeof setTimeout> | undefined;
  const loaded = new Promise<Loaded>((resolve, reject) => {
    channel.on<ModuleMessage>(
      "module",
      (message, [code, style]) => {
        if (message.name !== name) return;
        const url = blobUrl(code, "text/javascript");
        const told = style ? new TextDecoder().decode(u8(style)) : "";
        import(url)
          .then((code) => resolve({ code, style: told }), reject)
          .finally(() => URL.revokeObjectURL(url));
      },
      signal,
    );
    signal.addEventListener("abort", () => reject(new Closed("The widget was closed.")));
    channel.ask({ type: "module", view: channel.view, name }, (why) => reject(new Error(why)));
    if (patience) late = setTimeout(() => reject(new Error(SILENT)), patience);
  });
  const stop = (): void => clearTimeout(late);
  loaded.then(stop, stop);
  return loaded;
}
