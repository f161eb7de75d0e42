import { filmView } from "../items/video/view";
import type { Composer, Composing } from "../questions/registry";
import { box } from "./parts/geometry";
import { composeShapes } from "./parts/shapes";
import { Writing } from "./parts/writing";

/** Boxes on an image or on frames of a video, and their texts. */
export const compose = (on: Composing): Composer =>
  composeShapes(on, {
    ...box,
    name: "boxes",
    one: "box",
    many: "boxes",
    drawn: "drag",
    start: "Drag to draw a box",
    film: filmView,
    writing: Writing,
  });
