import type { Painter } from "./painter";
import { RasterPainter } from "./raster";
import { GlPainter, type SharedGl, sharedGl } from "./webgl";

const SOFTWARE = /swiftshader|llvmpipe|softpipe|software|basic render/i;
/** Limit for drawing a hundred thousand points: a graphics card takes a few milliseconds, software a hundred. */
const SLOW_MS = 25;
/** A lost context that is not restored within this time is given up. */
const LOST_MS = 2000;

/** WebGL if it is available and not emulated in software (ten times slower than drawing on the CPU), otherwise the CPU. */
export function choosePainter(
  wanted: "canvas" | "webgl" | "raster",
  change: (next: Painter) => void,
): Painter {
  const gl = wanted === "raster" ? null : sharedGl();
  if (!gl || (wanted === "canvas" && isSoftware(gl))) return new RasterPainter();
  let timer: ReturnType<typeof setTimeout> | undefined;
  const painter: GlPainter = new GlPainter(gl, {
    lost: () => {
      timer = setTimeout(() => change(new RasterPainter()), LOST_MS);
    },
    restored: () => {
      clearTimeout(timer);
      change(painter);
    },
    destroyed: () => clearTimeout(timer),
  });
  return painter;
}

function isSoftware(shared: SharedGl): boolean {
  const { gl } = shared;
  const info = gl.getExtension("WEBGL_debug_renderer_info");
  const names = [gl.RENDERER, info?.UNMASKED_RENDERER_WEBGL ?? gl.RENDERER].map((name) =>
    gl.getParameter(name),
  );
  return names.some((name) => SOFTWARE.test(String(name))) || shared.speed() > SLOW_MS;
}
