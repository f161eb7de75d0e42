import type { Composer, Composing } from "../questions/registry";
import { polygon } from "./parts/geometry";
import { composeShapes } from "./parts/shapes";

/** Polygons on an image. */
export const compose = (on: Composing): Composer =>
  composeShapes(on, {
    ...polygon,
    name: "polygons",
    one: "polygon",
    many: "polygons",
    drawn: "corners",
    start: "Click the corners of a polygon",
  });
