import type { Channel } from "./channel";
import { blobUrl } from "./codecs";

export type VegaModule = typeof import("../entries/vega");

const SLOT = Symbol.for("hitl-widgets.vega.1");
type Page = { [SLOT]?: Promise<VegaModule> };

/**
 * Vega, once for the page: the first widget that needs it gets the code from its kernel, so that no widget carries
 * 900 kB of its own and none comes from a network.
 */
export function loadVega(channel: Channel, signal: AbortSignal): Promise<VegaModule> {
  const page = globalThis as Page;
  page[SLOT] ??= new Promise<VegaModule>((resolve, reject) => {
    const forget = (error: Error): void => {
      delete page[SLOT];
      reject(error);
    };
    channel.on<{ type: "vega"; to: string }>(
      "vega",
      (_, [code]) => {
        const url = blobUrl(code, "text/javascript");
        import(/* webpackIgnore: true */ url).then(resolve, forget).finally(() => URL.revokeObjectURL(url));
      },
      signal,
    );
    signal.addEventListener("abort", () => forget(new Error("The widget was closed.")));
    channel.ask({ type: "vega", view: channel.view });
  });
  return page[SLOT];
}
