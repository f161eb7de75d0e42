import "./parts/marking.css";
import { type Frame, type Point, toScreen } from "../items/picture/frame";
import { ARROWS, Picture } from "../items/picture/picture";
import type { Drag } from "../items/picture/pointers";
import type { Composer, Composing } from "../questions/registry";
import { count, h } from "../ui/dom";
import { within } from "./parts/geometry";
import { ideaWords, keysOnImage, unshown } from "./parts/guide";
import { cross, tag } from "./parts/ink";
import { heldKeys, keyButton, quietly, statusLine } from "./parts/line";
import { type Mark, Marking } from "./parts/marking";
import { paintMask } from "./parts/paint";
import {
  areaOf,
  boundsOf,
  brushed,
  countsOf,
  empty,
  fromCounts,
  fromText,
  isEmpty,
  isInside,
  type Runs,
  toText,
} from "./parts/runs";
import { segmenter } from "./parts/segment";

/** Steps of the arrow keys, and while they are held, in pixels of the screen. */
const [STEP, FAST] = [3, 12];
/** The first brush, as a share of the shorter side of the image, and how much a key changes it. */
const BRUSH = 0.04;
const SIZES = 1.3;
/** Names are shown beside this many masks. */
const NAMED = 150;

/** Masks on an image, painted with a brush: with a mouse, with fingers, or by keys alone. */
export function compose(on: Composing): Composer {
  const { item, stage, say, leave } = on;
  if (!item || !["image", "remote"].includes(item.content.kind)) return unshown("masks");
  const size = { width: Number(item.content.width ?? 0), height: Number(item.content.height ?? 0) };
  const rest = quietly(say, stage.signal);
  const held = heldKeys(stage.signal);
  /** The diameter of the brush in pixels of the image. */
  let brush = Math.max(1, BRUSH * Math.min(size.width || 1000, size.height || 1000));
  let erasing = false;
  /** What is being painted: the mask before, and as it is now. */
  let live: { of: Mark<Runs> | null; at: Runs } | null = null;
  /** The brush that keys move, and whether it paints. */
  let cursor: Point | null = null;
  let down = false;
  let pointer: Point | null = null;
  const texts = new WeakMap<Runs, string>();

  const paint = keyButton("N", () => showCursor());
  const erase = keyButton(";", () => turnEraser());
  const smaller = keyButton("[", () => resize(1 / SIZES));
  const larger = keyButton("]", () => resize(SIZES));
  const remove = keyButton("Del", () => marking.press("Delete", false));
  const snap = keyButton("*", () => segmentHere());
  /** The mask whose box the segmenter was given. */
  let prompt: Mark<Runs> | null = null;
  const accept = keyButton("=", () => marking.accept());
  const line = statusLine(paint, erase, smaller, larger, snap, remove, accept);
  const picture = new Picture(size, stage, {
    marks: (c, frame) => paintAll(c, frame),
    top: (c, frame) => paintTop(c, frame),
    click: (at) => {
      clicked(at);
      leave();
    },
    twice: () => undefined,
    drag: (at) => stroke(at),
    hover: (at) => {
      pointer = at;
      picture.draw("top");
    },
    failed: (words) => marking.refuse(words),
    ready: drawLine,
  });
  const marking = new Marking<Runs>(on, {
    name: "masks",
    one: "mask",
    many: "masks",
    read,
    whole: "image",
    write: (at) => [[at.height, at.width], textOf(at)],
    start: (at) => {
      const [x, y] = boundsOf(at);
      return [x, y];
    },
    stray: fits(false),
    words: (at) => `${areaOf(at).toLocaleString("en")} pixels`,
    draw: () => {
      picture.draw("marks", "top");
      drawLine();
    },
  });
  const segment = segmenter(on, {
    found: (at) => marking.propose(read(at), marking.marks.find(({ nr }) => nr === prompt?.nr) ?? null),
    failed: (words) => marking.refuse(words),
    draw: () => drawLine(),
  });
  const element = h("div", { class: "hitl-marking" }, picture.element, line.element);

  function read(told: readonly unknown[]): Runs {
    const [[height, width], text] = told as [[number, number], string];
    return fromCounts({ width, height }, fromText(text));
  }

  /** Gives the segmenter the box of the selected mask, or else where the brush is. */
  function segmentHere(): boolean {
    if (!segment.there) return false;
    const { current } = marking;
    prompt = current && !marking.isIdea(current) ? current : null;
    const [x0, y0, x1, y1] = picture.sight;
    const at = cursor ?? (pointer && within(pointer, picture.size)) ?? [(x0 + x1) / 2, (y0 + y1) / 2];
    void segment.ask(prompt ? boundsOf(prompt.at) : at);
    return true;
  }

  function textOf(mask: Runs): string {
    const text = texts.get(mask) ?? toText(countsOf(mask));
    texts.set(mask, text);
    return text;
  }

  // -- drawing

  function paintAll(c: CanvasRenderingContext2D, frame: Frame): void {
    const all = [...marking.marks, ...marking.suggested].filter((mark) => mark !== marking.current);
    for (const mark of all) draw(c, frame, mark.at, mark, all.length <= NAMED);
  }

  function draw(c: CanvasRenderingContext2D, frame: Frame, at: Runs, mark: Mark<Runs>, named: boolean): void {
    const [current, idea] = [mark === marking.current, marking.isIdea(mark)];
    paintMask(c, frame, at, { color: marking.colorOf(mark), current, idea });
    if (!named) return;
    const [x0, y0] = boundsOf(at);
    tag(c, marking.nameOf(mark), marking.colorOf(mark), toScreen(frame, [x0, y0]), idea);
  }

  function paintTop(c: CanvasRenderingContext2D, frame: Frame): void {
    const { current } = marking;
    if (current) draw(c, frame, live?.of === current ? live.at : current.at, current, true);
    if (live && !live.of) {
      const color = marking.armed < 0 ? "#8c8c8c" : on.classes[marking.armed].color;
      paintMask(c, frame, live.at, { color, current: true, idea: false });
    }
    for (const at of [cursor, pointer]) if (at) cross(c, toScreen(frame, at), (brush / 2) * frame.scale);
  }

  function drawLine(): void {
    const { current, failure, suggested } = marking;
    picture.element.dataset.marks = String(marking.marks.length);
    picture.element.dataset.brush = String(Math.round(brush));
    line.tell(segment.busy ? "Segmenting …" : failure || words(), !segment.busy && failure !== "");
    snap.offer(segment.there ? "segment" : null);
    paint.offer(cursor ? null : "by keys");
    erase.offer("eraser", erasing);
    smaller.offer("smaller");
    larger.offer("larger");
    remove.offer(current ? "remove" : suggested.length ? "dismiss" : null);
    accept.offer(suggested.length ? `accept ${count(suggested.length, "suggestion")}` : null);
  }

  function words(): string {
    const { current, armed } = marking;
    if (cursor) return `Arrows move the brush, Space ${down ? "lifts" : "lowers"} it, Esc puts it away.`;
    if (current && marking.isIdea(current)) return ideaWords(marking.nameOf(current));
    if (current) {
      const has = current.id ? `${marking.nameOf(current)}. A class relabels it` : "Press a class";
      return `${has}. Paint to change it; Esc, then paint, starts another mask.`;
    }
    const name = armed < 0 ? "" : ` as ${on.classes[armed].name}`;
    return `Paint a mask${name}. ${marking.marks.length ? ". and , walk through the masks. " : ""}+ and − zoom.`;
  }

  // -- painting

  /** Begins a stroke; null if there is nothing to erase. */
  function stroke(from: Point): Drag | null {
    const { current } = marking;
    if (current && marking.isIdea(current)) {
      marking.refuse("Accept the suggestion with = before you change it.");
      return null;
    }
    if (erasing && !current) {
      marking.refuse("Select the mask to erase from, with . or a click.");
      return null;
    }
    if (current && !fits(true)(current.at)) {
      marking.refuse("This mask is from an earlier version of the image: remove it with Del.");
      return null;
    }
    let last = within(from, picture.size);
    const begun = {
      of: current,
      at: brushed(current?.at ?? empty(picture.size), last, last, brush / 2, erasing),
    };
    live = begun;
    picture.draw("top");
    return {
      move: (to) => {
        const next = within(to, picture.size);
        begun.at = brushed(begun.at, last, next, brush / 2, erasing);
        last = pointer = next;
        picture.draw("top");
      },
      end: () => {
        live = null;
        finish(begun.of, begun.at, cursor && down ? "keys" : "");
        if (!cursor) leave();
      },
      cancel: () => {
        live = null;
        picture.draw("top");
      },
    };
  }

  function finish(of: Mark<Runs> | null, at: Runs, as: string): void {
    if (of) {
      const gone = isEmpty(at);
      marking.change(of, gone ? null : { ...of, at }, as);
      if (gone) say("The mask is empty: removed");
    } else marking.add(at);
  }

  function fits(well: boolean) {
    return (at: Runs): boolean =>
      (at.width === picture.size.width && at.height === picture.size.height) === well;
  }

  function clicked(at: Point): void {
    const found = [...marking.suggested, ...marking.marks].filter((mark) => isInside(mark.at, at));
    const other = found.sort((a, b) => areaOf(a.at) - areaOf(b.at)).find((mark) => mark !== marking.current);
    if (other && !erasing) marking.choose(other);
    else stroke(at)?.end();
  }

  function resize(factor: number): void {
    const next = Math.max(1, Math.min(Math.max(picture.size.width, picture.size.height), brush * factor));
    // A small brush changes by a pixel at least.
    brush = Math.abs(next - brush) < 1 ? Math.max(1, Math.round(brush) + Math.sign(factor - 1)) : next;
    picture.draw("top");
    drawLine();
    rest(`Brush ${Math.round(brush)} pixels`);
  }

  function turnEraser(): void {
    erasing = !erasing;
    picture.draw("top");
    drawLine();
    say(erasing ? "Eraser" : "Brush");
  }

  // -- keys

  function showCursor(): void {
    const [x0, y0, x1, y1] = picture.sight;
    cursor = [(x0 + x1) / 2, (y0 + y1) / 2];
    down = false;
    picture.draw("top");
    drawLine();
    say("Brush in the middle: arrows move it, Space paints");
  }

  function step(key: string): true {
    const length = (held() ? FAST : STEP) / picture.frame.scale;
    const from = cursor as Point;
    const [dx, dy] = ARROWS[key];
    const to = within([from[0] + dx * length, from[1] + dy * length], picture.size);
    cursor = to;
    picture.reveal([...to, ...to]);
    if (down) {
      const drag = stroke(from);
      drag?.move(to);
      pointer = null;
      drag?.end();
    }
    rest(`x ${Math.round(to[0])}, y ${Math.round(to[1])}`);
    return true;
  }

  function press(key: string, shift: boolean): boolean | "again" {
    if (cursor) {
      if (key in ARROWS && !shift) return step(key) && "again";
      if (key === " ") {
        down = !down;
        if (down) stroke(cursor)?.end();
        drawLine();
        say(down ? "Painting" : "Not painting");
        return true;
      }
      if (key === "Escape") {
        cursor = null;
        picture.draw("top");
        drawLine();
        return true;
      }
    }
    if (key === "[" || key === "]") {
      resize(key === "]" ? SIZES : 1 / SIZES);
      return "again";
    }
    if (key === ";") turnEraser();
    else if (key === "*") return segmentHere();
    else if (key === "n" && !shift) showCursor();
    else {
      const done = marking.press(key, shift);
      if (done && (key === "." || key === ",") && marking.current)
        picture.reveal(boundsOf(marking.current.at));
      return done || picture.press(key, shift);
    }
    return true;
  }

  marking.load();
  drawLine();
  void picture.load(item);
  return {
    element,
    press,
    pick: (code) => marking.pick(code),
    picked: () => marking.picked(),
    read: () => marking.read(),
    keys: keysOnImage("mask", "masks", [
      ["N", "a brush that the arrow keys move; Space lowers and lifts it"],
      ["[ ]", "a smaller and a larger brush"],
      [";", "eraser"],
      ...(segment.there ? [["*", "suggest a mask here, by your segmenter"] as const] : []),
      ["Esc", "put the brush away; then: start another mask"],
    ]),
  };
}
