import { choice } from "./choice";
import { registerQuestion } from "./registry";

/** A level of a scale. */
registerQuestion("rating", { ...choice, scale: true });
