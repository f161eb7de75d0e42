import type { ExplorerWelcome } from "../host/protocol";
import { AltairEngine, type VegaModule } from "./altair";
import { CanvasEngine } from "./canvas";
import type { Engine, EngineName } from "./engine";
import { choosePainter } from "./probe";

/** Creates the engine that the kernel requests; Vega is loaded only for Altair. */
export async function makeEngine(
  { engine, chart }: Pick<ExplorerWelcome, "engine" | "chart">,
  element: HTMLElement,
  loadVega: () => Promise<VegaModule>,
  signal: AbortSignal,
  named: (name: EngineName) => void,
): Promise<Engine> {
  if (engine !== "altair") return new CanvasEngine(element, (change) => choosePainter(engine, change), named);
  const vega = await loadVega();
  signal.throwIfAborted();
  named("altair");
  return AltairEngine.make(vega, element, chart ?? {});
}
