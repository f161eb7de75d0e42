import { h, percent, setText } from "../../ui/dom";
import type { Stage } from "../registry";
import { button, name, nextSpeed, paceView } from "./controls";
import { Player, type Sound } from "./player";
import { clock, decodePeaks, drawing, icon, type Peaks, peaksOf, redraw, spokenTime } from "./wave";

export type Audio = {
  kind: "audio";
  rate: number;
  channels: number;
  peaks: string;
  bins: number;
  bytes: number;
} & Sound;

/** A recording on the card: the waveform in `wave` has marks put on it by those who need them. */
export type Recording = { element: HTMLElement; wave: HTMLElement; player: Player };

/** The sound of recordings up to this size is loaded in advance. */
const SHORT_BYTES = 2_000_000;
/** Delay before that, so that nothing is loaded for items that are only passed. */
const REST_MS = 250;
/** Kept for the next recording. */
let speed = 1;

/** Shows and plays a recording. `moved`: the position may have changed. */
export function recording(content: Audio, stage: Stage, moved?: () => void): Recording {
  const { seconds, bytes } = content;
  const player = new Player(content, stage, update);
  const digits = seconds < 60 ? 1 : 0;
  const step = seconds < 30 ? 1 : 5;
  const jump = (by: number): void => player.seek(player.time + by);
  const wave = waveView(content, (time) => player.seek(time));
  wave.element.addEventListener("keydown", (event) => {
    // On a slider these keys do the same as right and left; elsewhere they scroll.
    const way = { ArrowUp: 1, ArrowDown: -1 }[event.key];
    if (!way || event.ctrlKey || event.metaKey || event.altKey) return;
    event.preventDefault();
    event.stopPropagation();
    jump(way * step);
  });
  const time = h("span", { class: "hitl-number hitl-audio-time" });
  const status = h("div", { class: "hitl-faint hitl-audio-status", attrs: { role: "status" } });
  const buttons = {
    play: button("play", "Play", "Space", toggle, "hitl-play"),
    back: button("back", `Back ${spokenTime(step)}`, "←", () => jump(-step)),
    on: button("on", `Forward ${spokenTime(step)}`, "→", () => jump(step)),
  };
  const pace = paceView((way) => setSpeed(way));
  let reading = "";
  let frame = 0;

  function update(): void {
    const { playing, loading, trouble } = player;
    wave.show(player.time);
    setText(time, `${clock(player.time, digits)} / ${clock(seconds, digits)}`);
    const words = playing ? "Pause" : "Play";
    if (buttons.play.getAttribute("aria-label") !== words) {
      buttons.play.firstElementChild?.replaceWith(icon(playing ? "pause" : "play"));
      name(buttons.play, words, "Space");
    }
    const waits = loading === null ? "" : `Loading the sound: ${percent(loading)}`;
    setText(status, trouble || waits || reading || about(content));
    status.toggleAttribute("data-idle", !(trouble || waits || reading));
    status.classList.toggle("hitl-bad", trouble !== "");
    moved?.();
    if (playing && !frame) follow();
  }

  /** Moves the playhead with the sound; only a few times a second if reduced motion is preferred. */
  function follow(): void {
    const again = (): void => {
      frame = 0;
      if (!stage.signal.aborted) update();
    };
    const calm = matchMedia("(prefers-reduced-motion: reduce)").matches;
    frame = calm ? Number(setTimeout(again, 250)) : requestAnimationFrame(again);
  }

  function toggle(): void {
    if (player.playing) player.pause();
    else player.play();
    update();
  }

  function setSpeed(way: number): void {
    speed = nextSpeed(speed, way);
    player.rate = speed;
    pace.show(speed);
  }

  stage.keys((pressed, shift) => {
    if (pressed === " ") toggle();
    else if (pressed === "ArrowLeft") jump(shift ? -6 * step : -step);
    else if (pressed === "ArrowRight") jump(shift ? 6 * step : step);
    else if (pressed === "Home") player.seek(0);
    else if (pressed === "End") player.seek(seconds);
    else if ([",", "<"].includes(pressed)) setSpeed(-1);
    else if ([".", ">"].includes(pressed)) setSpeed(1);
    else return false;
    return pressed.startsWith("Arrow") ? "again" : true;
  });
  player.rate = speed;
  pace.show(speed);
  const short = setTimeout(() => bytes <= SHORT_BYTES && player.prepare(), REST_MS);
  stage.signal.addEventListener("abort", () => clearTimeout(short));
  void wave.complete(stage, (words) => {
    reading = words;
    update();
  });
  update();
  const { play, back, on } = buttons;
  const element = h(
    "div",
    { class: "hitl-audio", attrs: { role: "group", "aria-label": `Recording, ${spokenTime(seconds)}` } },
    wave.element,
    h("div", { class: "hitl-audio-acts" }, play, back, on, time),
    h("div", { class: "hitl-audio-acts" }, status, pace.element),
  );
  return { element, wave: wave.element, player };
}

/** A slider that shows the peaks and the part that has been played. */
function waveView({ seconds, bins, peaks, version }: Audio, seek: (time: number) => void) {
  let known = decodePeaks(peaks);
  const pictures = ["hitl-wave-all", "hitl-wave-played"].map((name) => drawing(known, bins, name));
  const pointed = h("span", {
    class: "hitl-number hitl-wave-at",
    attrs: { "aria-hidden": "true", hidden: true },
  });
  const element = h(
    "div",
    {
      class: "hitl-wave",
      attrs: { role: "slider", tabindex: 0, "aria-label": "Position", "aria-valuemin": 0 },
    },
    ...pictures,
    h("span", { class: "hitl-playhead" }),
    pointed,
  );
  element.setAttribute("aria-valuemax", seconds.toFixed(1));
  const placeOf = ({ clientX }: PointerEvent): number => {
    const { left, width } = element.getBoundingClientRect();
    return Math.max(0, Math.min((clientX - left) / Math.max(1, width), 1));
  };
  element.addEventListener("pointerdown", (event) => {
    if (event.button) return;
    element.setPointerCapture(event.pointerId);
    seek(placeOf(event) * seconds);
  });
  element.addEventListener("pointermove", (event) => {
    const place = placeOf(event);
    pointed.hidden = false;
    pointed.style.left = `${100 * place}%`;
    setText(pointed, clock(place * seconds, seconds < 60 ? 1 : 0));
    if (element.hasPointerCapture(event.pointerId)) seek(place * seconds);
  });
  element.addEventListener("pointerleave", () => {
    pointed.hidden = true;
  });

  return {
    element,
    show(time: number): void {
      element.style.setProperty("--played", `${(100 * time) / seconds}%`);
      const now = time.toFixed(1);
      if (element.getAttribute("aria-valuenow") === now) return;
      element.setAttribute("aria-valuenow", now);
      element.setAttribute("aria-valuetext", `${spokenTime(time)} of ${spokenTime(seconds)}`);
    },
    /** Requests the missing peaks, and reports the progress. */
    async complete(stage: Stage, say: (words: string) => void): Promise<void> {
      try {
        while (known.length < 2 * bins) {
          say(`Reading the recording: ${percent(known.length / (2 * bins))}`);
          const { bytes } = await stage.more({ what: "peaks", from: known.length / 2, version });
          if (!bytes[0]?.length) throw new Error("The kernel has no more of this recording.");
          known = joined(known, peaksOf(bytes[0]));
          for (const picture of pictures) redraw(picture, known);
        }
        say("");
      } catch (error) {
        if (!stage.signal.aborted) say((error as Error).message);
      }
    },
  };
}

function joined(before: Peaks, after: Peaks): Peaks {
  const all = new Int16Array(before.length + after.length);
  all.set(before);
  all.set(after, before.length);
  return all;
}

/** Technical details of the recording. */
function about({ rate, channels }: Audio): string {
  const kilohertz = `${Number((rate / 1000).toFixed(1))} kHz`;
  return `${kilohertz} · ${["mono", "stereo"][channels - 1] ?? `${channels} channels`}`;
}
