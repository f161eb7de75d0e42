import type { ExplorerWelcome } from "../host/protocol";
import { AltairEngine, type VegaModule } from "./altair";
import { CanvasEngine } from "./canvas";
import type { Engine, EngineName } from "./engine";
import { choosePainter } from "./probe";

/** The engine that the kernel names; Vega is loaded only where it draws. */
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
