import type { Channel } from "./channel";
import { blobUrl } from "./codecs";
import type { VegaMessage } from "./protocol";

export type VegaModule = typeof import("../modules/vega");

const SLOT = Symbol.for("hitl-widgets.vega.1");
type Page = { [SLOT]?: Promise<VegaModule> };

/**
 * Loads Vega once per page: the first widget that needs it gets the code from its kernel. So no widget contains its own
 * copy of 800 kB, and nothing is loaded from the network.
 */
export async function loadVega(channel: Channel, signal: AbortSignal): Promise<VegaModule> {
  const page = globalThis as Page;
  for (;;) {
    page[SLOT] ??= fetchVega(channel, signal);
    const pending = page[SLOT];
    try {
      return await pending;
    } catch (error) {
      // The widget that requested it was closed, or its kernel sent no code: request it again.
      if (page[SLOT] === pending) delete page[SLOT];
      else continue;
      if (signal.aborted || !(error instanceof Closed)) throw error;
    }
  }
}

class Closed extends Error {}

function fetchVega(channel: Channel, signal: AbortSignal): Promise<VegaModule> {
  return new Promise<VegaModule>((resolve, reject) => {
    channel.on<VegaMessage>(
      "vega",
      (_, [code]) => {
        const url = blobUrl(code, "text/javascript");
        import(url).then(resolve, reject).finally(() => URL.revokeObjectURL(url));
      },
      signal,
    );
    signal.addEventListener("abort", () => reject(new Closed("The widget was closed.")));
    channel.ask({ type: "vega", view: channel.view });
  });
}
