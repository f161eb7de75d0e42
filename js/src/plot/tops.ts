import type { Frame } from "./geometry";
import type { Grid } from "./grid";
import { KIND, type Looks } from "./look";

/** More discs with rings than this are too slow to draw, and could not be distinguished. */
const MOST = 6000;

/** Draws the labelled, uncertain and selected points above the cloud; a kind with too many only appears in the cloud. */
export function tops(
  context: CanvasRenderingContext2D,
  frame: Frame,
  ratio: number,
  diameter: number,
  grid: Grid,
  kinds: Uint8Array,
  colours: Uint32Array,
  looks: Looks,
): void {
  const found = topSlots(frame, grid, kinds);
  for (const kind of [KIND.machine, KIND.chosen, KIND.labelled, KIND.ringed]) {
    const slots = found[kind];
    if (slots.length > MOST) continue;
    const { stroke, width } = looks.ring(kind, "");
    const radius = ratio * radiusOf(kind, diameter / ratio / 2, slots.length);
    for (const s of slots) {
      context.beginPath();
      context.arc(frame.px(grid.places[2 * s]), frame.py(grid.places[2 * s + 1]), radius, 0, 2 * Math.PI);
      context.globalAlpha = (colours[s] >>> 24) / 255;
      context.fillStyle = css(colours[s]);
      context.fill();
      // The ring of a pale point is clear.
      if (kind === KIND.ringed) context.globalAlpha = Math.min(1, 2 * context.globalAlpha);
      context.strokeStyle = stroke;
      context.lineWidth = width * ratio;
      context.stroke();
    }
  }
  context.globalAlpha = 1;
}

/** The visible slots by kind, at most one more of each than can be drawn. */
function topSlots(frame: Frame, grid: Grid, kinds: Uint8Array): number[][] {
  const found: number[][] = [[], [], [], [], []];
  for (const { from, to } of grid.within(frame.view)) {
    for (let s = from; s < to; s++) {
      const kind = kinds[s];
      if (kind !== KIND.plain && found[kind].length <= MOST) found[kind].push(s);
    }
  }
  return found;
}

/** Large enough to be visible in dense regions, and smaller if there are many. */
function radiusOf(kind: number, point: number, n: number): number {
  const many = Math.min(1, n / 2000);
  if (kind === KIND.ringed) return Math.max(4.2, point * 1.7);
  if (kind === KIND.labelled) return Math.max(3.4 - 1.2 * many, point * 1.4);
  return Math.max(2.6 - 1.2 * many, point);
}

function css(colour: number): string {
  return `rgb(${colour & 255},${(colour >>> 8) & 255},${(colour >>> 16) & 255})`;
}
