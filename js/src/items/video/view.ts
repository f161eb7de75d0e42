import "./view.css";
import { closest, h, percent, setText, svg } from "../../ui/dom";
import { button, name, nextSpeed, paceView } from "../audio/controls";
import { clock, icon, spokenTime } from "../audio/wave";
import type { Stage } from "../registry";
import { Film, type Video } from "./film";
import { frameAt, rateOf } from "./frames";

export type { Video };

/** Where frames are shown. */
export type Screen = { element: HTMLElement; put: (source: CanvasImageSource, width: number) => void };

export type FilmView = {
  element: HTMLElement;
  /** The line of time, on which marks may be put. */
  wave: HTMLElement;
  player: Film;
  /** Shows on the line of time which frames have marks. */
  notch: (frames: ReadonlySet<number>) => void;
};

/** How far the keys jump, in seconds and in frames. */
const JUMP_S = 2;
/** Canvases are no wider. */
const WIDEST = 1920;
/** Kept for the next video. */
let [speed, loop] = [1, false];

/** Shows and plays a video. `moved`: the position may have changed. */
export function filmView(
  content: Video,
  poster: string | undefined,
  stage: Stage,
  { screen = canvas(content), moved }: { screen?: Screen; moved?: () => void } = {},
): FilmView {
  const film = new Film(content, stage, {
    show: (source) => screen.put(source, "videoWidth" in source ? source.videoWidth : source.width),
    changed: update,
  });
  const line = lineView(film);
  const time = h("span", { class: "hitl-number hitl-audio-time" });
  const status = h("div", { class: "hitl-faint hitl-audio-status", attrs: { role: "status" } });
  const of = h("span", { class: "hitl-number hitl-faint" });
  const field = h("input", {
    class: "hitl-number hitl-film-frame",
    title: "Go to a frame (#)",
    attrs: { type: "text", inputmode: "numeric", "aria-label": "Frame, from 0" },
    on: {
      change: () => goTo(),
      keydown: (event) => {
        if (event.key !== "Enter" && event.key !== "Escape") return;
        event.preventDefault();
        event.stopPropagation();
        if (event.key === "Enter") goTo();
        else field.value = String(film.frame); // leaving the field goes to what is in it
        leave();
      },
    },
  });
  const play = button("play", "Play", "Space", toggle, "hitl-play");
  const again = name(
    h("button", {
      class: "hitl-button hitl-film-loop",
      attrs: { type: "button", "aria-pressed": "false" },
      on: { click: () => setLoop(!film.loop) },
    }),
    "Loop",
    "%",
  );
  again.append(icon("loop"), h("kbd", { text: "%" }));
  const pace = paceView((way) => setSpeed(way));

  /** The field's number, or the present one if it is not a frame. */
  function goTo(): void {
    const text = field.value.trim();
    const to = Number(text);
    if (text && Number.isInteger(to) && to >= 0 && to < film.n) film.go(to);
    else if (film.read < 1) film.trouble ||= "The frames are still being found.";
    else if (text !== String(film.frame))
      film.trouble = `${text || "That"} is not a frame: expected 0 to ${(film.n - 1).toLocaleString("en")}.`;
    field.value = String(film.frame);
    update();
  }

  function leave(): void {
    field.blur();
    (closest(element, ".hitl") as HTMLElement | null)?.focus({ preventScroll: true });
  }

  function update(): void {
    const { playing, loading, read, trouble, note, n } = film;
    line.show();
    setText(time, `${clock(film.time, 2)} / ${clock(film.seconds, 2)}`);
    setText(of, `of ${n.toLocaleString("en")}`);
    if (!field.matches(":focus")) field.value = String(film.frame);
    element.dataset.shown = film.settled ? String(film.frame) : "";
    element.dataset.source = film.source;
    const words = playing ? "Pause" : "Play";
    if (play.getAttribute("aria-label") !== words) {
      play.firstElementChild?.replaceWith(icon(playing ? "pause" : "play"));
      name(play, words, "Space");
    }
    const waits =
      loading !== null
        ? `Loading the video: ${percent(loading)}`
        : read < 1
          ? `Finding the frames: ${percent(read)}`
          : "";
    setText(status, trouble || waits || note || about(content, film));
    status.classList.toggle("hitl-bad", trouble !== "");
    moved?.();
  }

  function toggle(): void {
    if (film.playing) film.pause();
    else film.play();
  }

  const step = (by: number): void => film.rest(film.frame + by);
  const jump = (by: number): void => film.seek(film.time + by);

  function setSpeed(way: number): void {
    speed = nextSpeed(speed, way);
    film.rate = speed;
    pace.show(speed);
  }

  function setLoop(on: boolean): void {
    film.loop = loop = on;
    again.setAttribute("aria-pressed", String(on));
  }

  stage.keys((pressed, shift) => {
    const way = { ArrowLeft: -1, PageUp: -1, ArrowRight: 1, PageDown: 1 }[pressed];
    if (way) {
      if (shift) jump(way * JUMP_S);
      else step(way);
      return "again";
    }
    if (pressed === " ") toggle();
    else if (pressed === "Home") film.go(0);
    else if (pressed === "End") film.go(film.n - 1);
    else if ([",", "<"].includes(pressed)) setSpeed(-1);
    else if ([".", ">"].includes(pressed)) setSpeed(1);
    else if (pressed === "%") setLoop(!film.loop);
    else if (pressed === "#") {
      field.focus();
      field.select();
    } else return false;
    return true;
  });
  film.rate = speed;
  pace.show(speed);
  setLoop(loop);
  const element = h(
    "div",
    {
      class: "hitl-film",
      attrs: { role: "group", "aria-label": `Video, ${spokenTime(content.seconds)}` },
    },
    screen.element,
    line.element,
    h(
      "div",
      { class: "hitl-audio-acts" },
      play,
      button("back", `Back ${JUMP_S} seconds`, moved ? "⇧PgUp" : "⇧←", () => jump(-JUMP_S)),
      // Below marks, the arrow keys move the selected one.
      button("before", "Previous frame", moved ? "PgUp" : "←", () => step(-1)),
      button("after", "Next frame", moved ? "PgDn" : "→", () => step(1)),
      button("on", `Forward ${JUMP_S} seconds`, moved ? "⇧PgDn" : "⇧→", () => jump(JUMP_S)),
      h("label", { class: "hitl-film-where" }, "Frame", field, of),
      time,
    ),
    h("div", { class: "hitl-audio-acts" }, status, again, pace.element),
  );
  if (poster) void first(poster);
  update();

  async function first(src: string): Promise<void> {
    const image = new Image();
    image.src = src;
    await image.decode().catch(() => undefined);
    if (image.naturalWidth && !film.begun && !stage.signal.aborted) screen.put(image, image.naturalWidth);
  }

  return { element, wave: line.element, player: film, notch: line.notch };
}

/** A canvas that shows whole frames. */
function canvas({ width, height }: Video): Screen {
  const scale = Math.min(1, WIDEST / width);
  const size = { width: Math.round(width * scale), height: Math.round(height * scale) };
  const picture = h("canvas", { class: "hitl-film-picture", attrs: { ...size, role: "img" } });
  picture.setAttribute("aria-label", `${width} by ${height} pixels`);
  const element = h("div", { class: "hitl-film-screen" }, picture);
  const context = picture.getContext("2d");
  return { element, put: (source) => context?.drawImage(source, 0, 0, size.width, size.height) };
}

/** A slider over the time of the video. */
function lineView(film: Film) {
  const notches = svg("svg", {
    viewBox: "0 0 1000 1",
    preserveAspectRatio: "none",
    "aria-hidden": "true",
    class: "hitl-film-notches",
  });
  const path = svg("path", { d: "", "vector-effect": "non-scaling-stroke" });
  notches.append(path);
  const pointed = h("span", {
    class: "hitl-number hitl-wave-at",
    attrs: { "aria-hidden": "true", hidden: true },
  });
  const element = h(
    "div",
    {
      class: "hitl-film-line",
      attrs: { role: "slider", tabindex: 0, "aria-label": "Frame", "aria-valuemin": 0 },
    },
    notches,
    h("span", { class: "hitl-playhead" }),
    pointed,
  );
  const placeOf = ({ clientX }: PointerEvent): number => {
    const { left, width } = element.getBoundingClientRect();
    return film.seconds * Math.max(0, Math.min((clientX - left) / Math.max(1, width), 1));
  };
  element.addEventListener("pointerdown", (event) => {
    if (event.button) return;
    element.setPointerCapture(event.pointerId);
    film.seek(placeOf(event));
  });
  element.addEventListener("pointermove", (event) => {
    const place = placeOf(event);
    pointed.hidden = false;
    pointed.style.left = `${(100 * place) / film.seconds}%`;
    setText(pointed, `${clock(place, 2)} · ${frameAt(film.times, place)}`);
    if (element.hasPointerCapture(event.pointerId)) film.seek(place);
  });
  element.addEventListener("pointerleave", () => {
    pointed.hidden = true;
  });
  return {
    element,
    show(): void {
      const { frame, n, time, seconds } = film;
      element.style.setProperty("--played", `${(100 * time) / Math.max(0.001, seconds)}%`);
      const key = `${frame} ${n}`;
      if (element.dataset.at === key) return;
      element.dataset.at = key;
      element.setAttribute("aria-valuemax", String(n - 1));
      element.setAttribute("aria-valuenow", String(frame));
      element.setAttribute("aria-valuetext", `frame ${frame}, ${spokenTime(time)} of ${spokenTime(seconds)}`);
    },
    notch(frames: ReadonlySet<number>): void {
      const { times, seconds } = film;
      const at = [...frames].map((frame) => ((1000 * (times[frame] ?? 0)) / seconds).toFixed(1));
      path.setAttribute("d", at.map((x) => `M${x} 0V1`).join(""));
    },
  };
}

/** Technical details of the video. */
function about({ width, height, codec }: Video, film: Film): string {
  const rate = film.n > 1 ? `${rateOf(film.times)} frames/s · ` : "";
  return `${rate}${width} × ${height} · ${codec}`;
}
