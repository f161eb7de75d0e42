import { parse, View } from "vega";
import { expressionInterpreter } from "vega-interpreter";
import { compile } from "vega-lite";

export { changeset, type View } from "vega";

const ERRORS = 1;
const refuse = async (): Promise<never> => {
  throw new Error("Charts cannot load data: it comes from the kernel.");
};

/**
 * Draws a Vega-Lite chart. Expressions are interpreted, so that text never becomes code and the chart works on pages
 * that forbid `eval`. It cannot load anything.
 */
export async function draw(element: HTMLElement, chart: object, renderer: "canvas" | "svg"): Promise<View> {
  const runtime = parse(compile(chart as never).spec, {}, { ast: true });
  const loader = {
    load: refuse,
    sanitize: refuse,
    http: refuse,
    file: refuse,
    options: {},
    fileAccess: false,
  };
  element.replaceChildren();
  const options = { renderer, expr: expressionInterpreter, loader, logLevel: ERRORS };
  return new View(runtime, options).initialize(element).runAsync();
}
