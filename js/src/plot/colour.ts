/** Red, green, blue and opacity, each 0 to 255. */
export type Rgba = [number, number, number, number];

const known = new Map<string, Rgba>();
let pixel: CanvasRenderingContext2D | null = null;

/** Converts a CSS colour to numbers with the help of the browser; grey if there is none. */
export function rgba(css: string): Rgba {
  const found = known.get(css) ?? hex(css) ?? ask(css);
  if (known.size > 4096) known.clear();
  known.set(css, found);
  return found;
}

function hex(css: string): Rgba | null {
  const digits =
    /^#([0-9a-f]{6})$/i.exec(css)?.[1] ?? /^#([0-9a-f]{3})$/i.exec(css)?.[1].replace(/./g, "$&$&");
  if (!digits) return null;
  const code = Number.parseInt(digits, 16);
  return [code >> 16, (code >> 8) & 255, code & 255, 255];
}

function ask(css: string): Rgba {
  pixel ??=
    globalThis.document?.createElement("canvas").getContext("2d", { willReadFrequently: true }) ?? null;
  if (!pixel) return [127, 127, 127, 255];
  pixel.clearRect(0, 0, 1, 1);
  pixel.fillStyle = "#7f7f7f";
  pixel.fillStyle = css;
  pixel.fillRect(0, 0, 1, 1);
  return Array.from(pixel.getImageData(0, 0, 1, 1).data) as Rgba;
}

/** Packs a colour into one number in the byte order of images; `opacity` (0 to 1) multiplies the colour's own. */
export function packed(css: string, opacity: number): number {
  const [r, g, b, a] = rgba(css);
  return ((Math.round(a * opacity) << 24) | (b << 16) | (g << 8) | r) >>> 0;
}
