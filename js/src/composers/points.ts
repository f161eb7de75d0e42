import type { Composer, Composing } from "../questions/registry";
import { dot } from "./parts/geometry";
import { composeShapes } from "./parts/shapes";

/** Points on an image. */
export const compose = (on: Composing): Composer =>
  composeShapes(on, {
    ...dot,
    name: "points",
    one: "point",
    many: "points",
    drawn: "click",
    start: "Click to mark a point",
  });
