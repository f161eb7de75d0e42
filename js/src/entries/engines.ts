import type { Channel } from "../host/channel";
import type { ExplorerWelcome } from "../host/protocol";
import { loadVega } from "../host/vega";
import { AltairEngine } from "../plot/altair";
import { CanvasEngine } from "../plot/canvas";
import type { Engine, EngineName } from "../plot/engine";
import { choosePainter } from "../plot/probe";

/** The engine that the kernel names; Vega is loaded only where it draws. */
export async function makeEngine(
  { engine, chart }: ExplorerWelcome,
  element: HTMLElement,
  channel: Channel,
  signal: AbortSignal,
  named: (name: EngineName) => void,
): Promise<Engine> {
  if (engine !== "altair") return new CanvasEngine(element, (change) => choosePainter(engine, change), named);
  const vega = await loadVega(channel, signal);
  signal.throwIfAborted();
  named("altair");
  return AltairEngine.make(vega, element, chart ?? {});
}
