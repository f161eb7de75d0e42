import { type Audio, type Recording, recording } from "../../items/audio/recording";
import { clock } from "../../items/audio/wave";
import type { Stage } from "../../items/registry";
import { type Series, seriesPlot } from "../../items/series/plot";
import type { Film } from "../../items/video/film";
import { filmView, type Video } from "../../items/video/view";
import { h } from "../../ui/dom";
import type { Press } from "../../ui/keys";
import { type Grid, gridOf, type Piece } from "./pieces";

/** What ranges are marked on: a recording, a video or a series. */
export type Track = {
  element: HTMLElement;
  /** What the ranges lie on. */
  place: HTMLElement;
  name: "recording" | "video" | "series";
  grid: Grid;
  /** How far an answer may be beyond the ends because it is rounded. */
  rounding: number;
  /** How far keys move an edge, and with Shift. */
  steps: () => readonly [number, number];
  /** The start of the frame that is some frames away; only of videos, whose edges keys move by frames. */
  beside?: (at: number, frames: number) => number;
  /** Where a place is in sight, from 0 at the left to 1 at the right; and the place there. */
  xOf: (at: number) => number;
  atX: (x: number) => number;
  words: (at: number) => string;
  /** The playhead, or the cursor. */
  cursor: () => number;
  seek: (at: number) => void;
  /** Plays a piece, or stops; not of series. */
  play?: (piece: Piece) => void;
  playing: () => boolean;
  /** Handles keys while no range is selected. */
  press: Press;
};

/** Steps of an edge by key, in seconds: for short and for long recordings. */
const STEPS = { short: [0.02, 0.2], long: [0.1, 1], from: 30 } as const;
/** Steps of an edge or the cursor of a series, as shares of what is in sight. */
const SHARES = [0.005, 0.05] as const;

/** `moved`: the playhead or the cursor has moved; `looked`: another part is in sight, or its length is known. */
export function trackOf(
  content: Audio | Video | Series,
  media: readonly string[],
  stage: Stage,
  moved: () => void,
  looked: () => void,
): Track {
  if (content.kind === "video") return filmed(content, media[0], stage, moved, looked);
  return content.kind === "audio"
    ? heard(recording(content, stage, moved), content.seconds)
    : drawn(content, stage, moved, looked);
}

type Heard = Pick<Recording, "element" | "wave"> & { player: Recording["player"] | Film };

export function heard({ element, wave, player }: Heard, seconds: number): Track {
  const grid = gridOf(seconds);
  const steps = grid.last < STEPS.from ? STEPS.short : STEPS.long;
  return {
    element,
    place: wave,
    name: "recording",
    grid,
    rounding: 1e-3,
    steps: () => steps,
    xOf: (at) => at / seconds,
    atX: (x) => x * seconds,
    words: (at) => clock(at, 2),
    cursor: () => player.time,
    seek: (at) => player.seek(at),
    play: ({ start, end }) => {
      if (player.playing) player.pause();
      else player.playPart(start, end);
    },
    playing: () => player.playing,
    press: () => false,
  };
}

function filmed(
  content: Video,
  poster: string | undefined,
  stage: Stage,
  moved: () => void,
  looked: () => void,
): Track {
  // The view calls back while it is made.
  let begun = false;
  let seconds = content.seconds;
  let grid = gridOf(seconds);
  const { element, wave, player } = filmView(content, poster, stage, {
    moved: () => {
      // The length is known once all frames are.
      if (!begun || player.seconds === seconds) moved();
      else {
        seconds = player.seconds;
        grid = gridOf(seconds);
        looked();
      }
    },
  });
  begun = true;
  return {
    ...heard({ element, wave, player }, seconds),
    name: "video",
    get grid() {
      return grid;
    },
    beside: (at, frames) => player.beside(at, frames),
    xOf: (at) => at / seconds,
    atX: (x) => x * seconds,
  };
}

function drawn(content: Series, stage: Stage, moved: () => void, looked: () => void): Track {
  const line = h("span", { class: "hitl-waves-cursor", attrs: { "aria-hidden": "true" } });
  let at: number | null = null;
  const { element, plot, axis } = seriesPlot(content, stage, () => {
    if (at === null) return; // it is not there yet
    show();
    looked();
  });
  const { first, last, snap } = axis;
  at = first;
  plot.append(line);
  const show = (): void => {
    const x = axis.xOf(at ?? first);
    line.style.left = `${100 * x}%`;
    line.hidden = x < 0 || x > 1;
  };
  const steps = (): readonly [number, number] => {
    const sight = axis.atX(1) - axis.atX(0);
    return [SHARES[0] * sight, SHARES[1] * sight];
  };
  const seek = (to: number): void => {
    at = Math.max(first, Math.min(snap(to), last));
    axis.reveal(at);
    show();
    moved();
  };
  show();
  return {
    element,
    place: plot,
    name: "series",
    grid: { first, last, least: 0, exact: snap },
    rounding: 1e-6,
    steps,
    xOf: axis.xOf,
    atX: axis.atX,
    words: axis.words,
    cursor: () => at ?? first,
    seek,
    playing: () => false,
    press: (key, shift) => {
      if (key !== "ArrowLeft" && key !== "ArrowRight") return false;
      seek(further(axis.snap, at ?? first, steps()[shift ? 1 : 0], key === "ArrowRight" ? 1 : -1));
      return "again";
    },
  };
}

/** The place at least a step away, which is another sample if there is one. */
export function further(exact: (at: number) => number, from: number, step: number, way: 1 | -1): number {
  for (let k = 1; k <= 1024; k *= 2) {
    const to = exact(from + way * step * k);
    if ((to - from) * way > 0) return to;
  }
  return from + way * step;
}
