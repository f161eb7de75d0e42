import "./marking.css";
import { type Frame, inSight, type Point, toScreen } from "../../items/picture/frame";
import { ARROWS, Picture } from "../../items/picture/picture";
import type { Drag } from "../../items/picture/pointers";
import type { Film, Video } from "../../items/video/film";
import type { Composer, Composing } from "../../questions/registry";
import { count, h } from "../../ui/dom";
import { apart, areaOf, boundsOf, boxed, cornersOf, moved, type Place, rounded, within } from "./geometry";
import {
  currentWords,
  type Drawing,
  ideaWords,
  keysOf,
  OPEN,
  startWords,
  unshown,
  WRITING,
  writingWords,
} from "./guide";
import { handle, stroke, tag } from "./ink";
import { heldKeys, keyButton, quietly, statusLine } from "./line";
import { type Frames, type Mark, Marking } from "./marking";
import { segmenter } from "./segment";
import { insideOf } from "./snap";
import type { Writing } from "./writing";

/** Distance at which a pointer touches something, in pixels. */
const REACH = 9;
/** Steps of the arrow keys, and while they are held, in pixels of the screen. */
const [STEP, FAST] = [1, 10];
/** Names are shown beside this many marks. */
const NAMED = 150;
/** The size of a mark that is made by key, as a share of what is in sight. */
const SHARE = 0.25;

/** The frames of a video, for marks on them. */
const framesOf = (film: Film): Frames<Place> => ({
  now: () => film.frame,
  // Until the frames are known, none is beyond the end.
  n: () => (film.n > 1 ? film.n : Number.POSITIVE_INFINITY),
  go: (frame) => film.rest(frame),
  time: (frame) => film.times[frame],
  apart: (a, b) => apart(middle(a), middle(b)),
  between: (a, b, share) => a.map((value, i) => rounded(value + share * (b[i] - value))),
});

const middle = (at: Place): Point => {
  const [x0, y0, x1, y1] = boundsOf(at);
  return [(x0 + x1) / 2, (y0 + y1) / 2];
};

/** Composes boxes, polygons or points on an image: with a mouse, with fingers, or by keys alone. */
export function composeShapes(on: Composing, shape: Drawing): Composer {
  const { item, stage, say, leave } = on;
  const kind = item?.content.kind ?? "";
  const isVideo = kind === "video" && shape.film !== undefined;
  if (!item || !(isVideo || ["image", "remote"].includes(kind))) return unshown(shape.many);
  const size = { width: Number(item.content.width ?? 0), height: Number(item.content.height ?? 0) };
  const rest = quietly(say, stage.signal);
  const held = heldKeys(stage.signal);
  /** What a pointer is making of a mark, or of none. */
  let live: { of: Mark<Place> | null; at: Place } | null = null;
  /** The corners of a polygon that is not closed yet; keys move the last one. */
  let open: Place | null = null;
  /** The handle that keys move, by its place in `turns`. */
  let turn = 0;
  let pointer: Point | null = null;
  /** Where the pointer is on the image; null if it is elsewhere. */
  let over: Point | null = null;
  let touching = -1;
  let finger = false;

  const remove = keyButton("Del", () => marking.press("Delete", false));
  const snap = keyButton("*", () => snapTo());
  /** The mark that the segmenter was given. */
  let prompt: Mark<Place> | null = null;
  const close = keyButton("⏎", () => closeUp());
  const accept = keyButton("=", () => marking.accept());
  const add = keyButton("N", () => make());
  const carry = keyButton(";", () => marking.carry(carried(), target()));
  const fill = keyButton(":", () => marking.fill());
  const line = statusLine(add, close, snap, ...(isVideo ? [carry, fill] : []), remove, accept);
  const picture = new Picture(size, stage, {
    marks: (c, frame) => paint(c, frame),
    top: (c, frame) => paintTop(c, frame),
    click: (at) => {
      clicked(at);
      leave();
    },
    twice: () => open && closeUp(true),
    drag: (at) => dragged(at),
    hover,
    failed: (words) => marking.refuse(words),
    ready: drawLine,
  });
  /** Another frame is shown, or more of the video is known. */
  let turned = (): void => undefined;
  const film = isVideo
    ? shape.film?.(item.content as Video, item.media[0], stage, { screen: picture, moved: () => turned() })
    : null;
  const player = film?.player;
  /** The mark that was selected on another frame. */
  let left: Mark<Place> | null = null;
  const marking = new Marking<Place>(on, {
    ...shape,
    whole: isVideo ? "video" : "image",
    start: (at) => [at[0], at[1]],
    stray: (at) => {
      const [x0, y0, x1, y1] = boundsOf(at);
      const { width, height } = picture.size;
      return x0 < -0.02 || y0 < -0.02 || x1 > width + 0.02 || y1 > height + 0.02;
    },
    draw: () => {
      picture.draw("marks", "top");
      drawLine();
    },
    ...(player ? { frames: framesOf(player) } : {}),
  });
  const segment = segmenter(on, {
    found: (at) => marking.propose(shape.read(at), marking.marks.find(({ nr }) => nr === prompt?.nr) ?? null),
    failed: (words) => marking.refuse(words),
    draw: () => drawLine(),
  });
  const segments = segment.there && shape.drawn !== "click";
  const writing = marking.writes && shape.writing ? written(shape.writing) : null;
  const texts = writing ? [writing.script.element] : [];
  const element = h(
    "div",
    { class: "hitl-marking" },
    film?.element ?? picture.element,
    ...texts,
    line.element,
  );

  /** The texts of marks, below the picture. */
  function written(Texts: typeof Writing): Writing<Place> {
    const go = (mark: Mark<Place>): void => {
      select(mark);
      marking.follow(mark);
      picture.reveal(boundsOf(mark.at));
    };
    return new Texts(on, marking, {
      one: shape.one,
      many: shape.many,
      placeholder: "Type the text in it",
      place: ({ at }, i) => [String(i + 1), shape.words(at)],
      choose: go,
      go,
      goes: "Show",
      moved: () => undefined,
      withAlt: () => false,
    });
  }

  // -- frames of a video

  const here = ({ frame }: Mark<Place>): boolean => frame === undefined || frame === player?.frame;

  // What was selected on another frame stays behind.
  turned = () => {
    const { current } = marking;
    if (current && !here(current)) {
      left = current;
      marking.choose(null);
    } else picture.draw("marks", "top");
    drawLine();
  };

  /** The mark that can be carried, and the frame to which. */
  const carried = (): Mark<Place> | null =>
    marking.current ?? (left && marking.marks.includes(left) ? left : null);
  const target = (): number => (marking.current ? (marking.current.frame ?? 0) + 1 : (player?.frame ?? 0));

  // -- drawing

  function paint(c: CanvasRenderingContext2D, frame: Frame): void {
    const [x0, y0, x1, y1] = inSight(frame, picture.size, picture.view);
    const all = [...marking.marks, ...marking.suggested].filter((mark) => {
      if (mark === marking.current || !here(mark)) return false;
      const [a, b, d, e] = boundsOf(mark.at);
      return a <= x1 && d >= x0 && b <= y1 && e >= y0;
    });
    // Names would be in front of the words that are typed.
    const named = all.length <= NAMED && !marking.writes;
    for (const mark of all) draw(c, frame, mark.at, mark, named);
  }

  function draw(
    c: CanvasRenderingContext2D,
    frame: Frame,
    at: Place,
    mark: Mark<Place>,
    named: boolean,
  ): void {
    const [current, idea] = [mark === marking.current, marking.isIdea(mark)];
    const outline = shape.outline(at);
    stroke(c, frame, outline, { color: marking.colorOf(mark), current, idea });
    const [x, y] = toScreen(frame, [outline[0], outline[1]]);
    const dot = outline.length === 2;
    if (named) tag(c, marking.nameOf(mark), marking.colorOf(mark), dot ? [x + 9, y + 8] : [x, y], idea);
  }

  function paintTop(c: CanvasRenderingContext2D, frame: Frame): void {
    const { current } = marking;
    if (current) {
      const at = live?.of === current ? live.at : current.at;
      draw(c, frame, at, current, true);
      const active = shape.turns(at)[turn];
      if (!marking.isIdea(current))
        cornersOf(shape.handles(at)).forEach((corner, i) => {
          handle(c, toScreen(frame, corner), i === active || i === touching);
        });
    }
    const look = { color: armedColor(), current: true, idea: false };
    const ghost = current ? null : carried();
    if (ghost)
      stroke(c, frame, shape.outline(ghost.at), {
        color: marking.colorOf(ghost),
        current: false,
        idea: true,
      });
    if (live && !live.of) stroke(c, frame, shape.outline(live.at), look);
    if (open) {
      stroke(c, frame, pointer ? [...open, ...pointer] : open, look, true);
      for (const corner of cornersOf(open)) handle(c, toScreen(frame, corner), false);
    }
  }

  const armedColor = (): string => (marking.armed < 0 ? "#8c8c8c" : on.classes[marking.armed].color);

  function drawLine(): void {
    const { current, failure, suggested } = marking;
    const mine = current !== null && !marking.isIdea(current);
    writing?.draw(`No ${shape.many} yet. ${shape.start}.`);
    picture.element.dataset.marks = String(marking.marks.length);
    if (film) {
      const from = mine && marking.origin(current);
      const between = from ? (current.frame ?? 0) - (from.frame ?? 0) - 1 : 0;
      film.notch(new Set(marking.marks.map(({ frame = 0 }) => frame)));
      carry.offer(mine || (!current && carried()) ? `to frame ${target()}` : null);
      fill.offer(between > 0 ? `fill ${count(between, "frame")}` : null);
    }
    line.tell(segment.busy ? "Segmenting …" : failure || words(), !segment.busy && failure !== "");
    add.offer(current ? null : open ? "add a corner" : `new ${shape.one}`);
    close.offer(open ? "close" : null);
    snap.offer(segments && !open ? "segment" : mine && shape.drawn === "drag" ? "snap" : null);
    remove.offer(current ? "remove" : suggested.length ? "dismiss" : null);
    accept.offer(suggested.length ? `accept ${count(suggested.length, "suggestion")}` : null);
  }

  function words(): string {
    const { current } = marking;
    if (open) return OPEN;
    const name = current ? marking.nameOf(current) : "";
    if (current && writing) return writingWords(name, marking.isIdea(current));
    if (current && marking.isIdea(current)) return ideaWords(name);
    if (current) return currentWords(current.id ? name : "", shape.handles(current.at).length > 0);
    return startWords(shape, marking.armed < 0 ? "" : on.classes[marking.armed].name, marking.marks.length);
  }

  // -- pointers

  const reach = (): number => (finger ? 2 : 1) * (REACH / picture.frame.scale);
  picture.element.addEventListener("pointerdown", ({ pointerType }) => (finger = pointerType === "touch"), {
    signal: stage.signal,
    capture: true,
  });

  /** The mark at a place: the smallest one, or the next larger one if that is selected. */
  function hit(at: Point): Mark<Place> | null {
    const near = shape.drawn === "click" ? reach() : reach() / 3;
    const found = [...marking.suggested, ...marking.marks]
      .filter((mark) => here(mark) && shape.inside(mark.at, at, near))
      .sort((a, b) => areaOf(shape.outline(a.at)) - areaOf(shape.outline(b.at)));
    const i = marking.current ? found.indexOf(marking.current) : -1;
    return found[(i + 1) % found.length] ?? null;
  }

  /** The handle of the selected mark at a place; -1 for none. */
  function handleAt(at: Point): number {
    const { current } = marking;
    if (!current || marking.isIdea(current)) return -1;
    const found = cornersOf(shape.handles(current.at)).map((corner) => apart(corner, at));
    const least = Math.min(...found);
    return least <= reach() ? found.indexOf(least) : -1;
  }

  function hover(at: Point | null): void {
    over = at && within(at, picture.size);
    pointer = open && at ? within(at, picture.size) : null;
    const before = touching;
    touching = at && !open ? handleAt(at) : -1;
    const inner = at && marking.current && !open && shape.inside(marking.current.at, at, reach() / 3);
    picture.element.style.cursor = touching >= 0 ? "grab" : inner ? "move" : "";
    if (open || before !== touching) picture.draw("top");
  }

  /** Whether the frame that marks belong to is on the screen. */
  function settled(): boolean {
    return !player || (player.settled && !player.playing);
  }

  function clicked(at: Point): void {
    if (!settled()) return;
    const found = open ? null : hit(at);
    if (found) select(found);
    else if (shape.drawn === "corners") corner(within(at, picture.size));
    else if (shape.drawn === "click") marking.add([...within(at, picture.size)]);
    else select(null);
  }

  function select(mark: Mark<Place> | null): void {
    turn = 0;
    marking.choose(mark);
  }

  function dragged(start: Point): Drag | null {
    const i = handleAt(start);
    const { current } = marking;
    if (open || !settled()) return null;
    if (current && !marking.isIdea(current)) {
      if (i >= 0) return following(current, (to) => shape.pulled(current.at, i, within(to, picture.size)));
      if (shape.inside(current.at, start, reach() / 3))
        return following(current, (to) =>
          moved(current.at, to[0] - start[0], to[1] - start[1], picture.size),
        );
    }
    if (shape.drawn === "drag") {
      if (current) select(null);
      return following(null, (to) =>
        boxed(within(start, picture.size), within(to, picture.size), picture.size),
      );
    }
    const found = shape.drawn === "click" ? hit(start) : null;
    if (!found || marking.isIdea(found)) return null;
    select(found);
    return dragged(start);
  }

  /** Draws what a drag makes of a mark, and changes it at the end. */
  function following(of: Mark<Place> | null, made: (to: Point) => Place): Drag {
    const end = (): void => {
      const at = live?.at;
      live = null;
      leave();
      if (!at) return;
      if (of) marking.change(of, { ...of, at: tidy(at) });
      else {
        marking.add(at);
        writing?.script.type();
      }
    };
    return {
      move: (to) => {
        live = { of, at: made(to) };
        picture.draw("top");
      },
      end,
      cancel: () => {
        live = null;
        picture.draw("top");
      },
    };
  }

  /** A box that was pulled together is at least one pixel wide. */
  function tidy(at: Place): Place {
    if (shape.drawn !== "drag") return at.map(rounded);
    return boxed([at[0], at[1]], [at[2], at[3]], picture.size);
  }

  // -- polygons that are being drawn

  function corner(at: Point): void {
    marking.choose(null);
    const corners = cornersOf(open ?? []);
    if (corners.length > 2 && apart(corners[0], at) <= reach()) {
      closeUp();
      return;
    }
    open = [...(open ?? []), ...at];
    picture.draw("top");
    drawLine();
    rest(`Corner ${open.length / 2}`);
  }

  function closeUp(twice = false): boolean {
    let corners = cornersOf(open ?? []);
    // A double click has added its corner twice.
    if (twice) corners = corners.filter((at, i) => !i || apart(at, corners[i - 1]) > reach() / 2);
    if (new Set(corners.map(String)).size < 3) return marking.refuse("A polygon has at least three corners.");
    open = pointer = null;
    marking.add(corners.flat());
    return true;
  }

  function backspace(): boolean {
    open = open && open.length > 2 ? open.slice(0, -2) : null;
    marking.failure = "";
    picture.draw("top");
    drawLine();
    say(open ? "Corner removed" : "Polygon removed");
    return true;
  }

  // -- keys

  /** Makes a mark in the middle of what is in sight. */
  function make(): void {
    const [x0, y0, x1, y1] = picture.sight;
    const [x, y] = [(x0 + x1) / 2, (y0 + y1) / 2];
    const half = (SHARE * Math.min(x1 - x0, y1 - y0)) / 2;
    if (open) corner(within([open[open.length - 2] + half, open[open.length - 1]], picture.size));
    else if (shape.drawn === "corners") corner(within([x, y], picture.size));
    else {
      turn = 0;
      if (shape.drawn === "click") marking.add([...within([x, y], picture.size)]);
      else marking.add(boxed([x - half, y - half], [x + half, y + half], picture.size));
    }
  }

  function nudge(key: string, shift: boolean): boolean {
    const step = (held() ? FAST : STEP) / picture.frame.scale;
    const [dx, dy] = ARROWS[key].map((way) => way * step);
    if (open) {
      const last = open.length - 2;
      open = [...open.slice(0, last), ...within([open[last] + dx, open[last + 1] + dy], picture.size)];
      picture.draw("top");
      rest(`x ${Math.round(open[last])}, y ${Math.round(open[last + 1])}`);
      return true;
    }
    const { current } = marking;
    if (!current) return false;
    if (marking.isIdea(current)) return marking.refuse("Accept the suggestion with = before you move it.");
    const at = shift ? pulledBy(current.at, dx, dy) : moved(current.at, dx, dy, picture.size);
    marking.change(current, { ...current, at: tidy(at) }, `${shift}`);
    picture.reveal(boundsOf(at));
    rest(shape.words(at));
    return true;
  }

  function pulledBy(at: Place, dx: number, dy: number): Place {
    const i = shape.turns(at)[turn % shape.turns(at).length];
    const [x, y] = cornersOf(shape.handles(at))[i] ?? at;
    return shape.pulled(at, i, within([x + dx, y + dy], picture.size));
  }

  function snapTo(): boolean {
    const { current } = marking;
    if (segments && !open) {
      prompt = current && !marking.isIdea(current) ? current : null;
      const [x0, y0, x1, y1] = picture.sight;
      const middle: Point = [(x0 + x1) / 2, (y0 + y1) / 2];
      void segment.ask(prompt ? boundsOf(prompt.at) : (over ?? middle));
      return true;
    }
    if (!current || marking.isIdea(current) || shape.drawn !== "drag") return false;
    const found = insideOf(current.at, picture);
    if (typeof found === "string") return marking.refuse(found);
    marking.change(current, { ...current, at: found });
    say(`Snapped: ${shape.words(found)}`);
    return true;
  }

  function press(key: string, shift: boolean): boolean | "again" {
    if (film && key === ";") return marking.carry(carried(), target()) && "again";
    if (film && key === ":") return marking.fill();
    if (film && key === "Escape" && left && !marking.current) {
      left = null;
      turned();
      return true;
    }
    // Frames have the keys that change the light of an image, and those that move a picture which is not whole.
    if (film && ["PageUp", "PageDown", "End"].includes(key)) return false;
    if (film && !marking.current && (key === " " || (key === "Home" && picture.whole))) return false;
    if (key in ARROWS && nudge(key, shift)) return "again";
    if (key === "Enter" && writing && marking.current && !open) {
      writing.type(marking.current);
      return true;
    }
    if (open) {
      if (key === "Enter") return closeUp();
      if (key === "Backspace" || key === "Delete" || (key === "z" && !shift)) return backspace() && "again";
      if (key === "Escape") {
        open = [];
        return backspace();
      }
    }
    if (key === "n" && !shift) make();
    else if (key === "*") return snapTo();
    else if (key === " " && marking.current && shape.turns(marking.current.at).length > 1) {
      turn = (turn + 1) % shape.turns(marking.current.at).length;
      picture.draw("top");
      say(`Corner ${turn + 1}`);
      return picture.press(key, shift);
    } else {
      const walked = key === "." || key === ",";
      if (walked) turn = 0;
      const done = marking.press(key, shift);
      if (done && walked && marking.current) picture.reveal(boundsOf(marking.current.at));
      return done || picture.press(key, shift);
    }
    return true;
  }

  marking.load();
  writing?.remember();
  drawLine();
  if (!film) void picture.load(item);
  return {
    element,
    press,
    pick: (code) => marking.pick(code),
    picked: () => marking.picked(),
    read: () => (open ? "Close the polygon first, with Enter." : marking.read()),
    keys: [...(writing ? WRITING : []), ...keysOf(shape, isVideo)],
  };
}
