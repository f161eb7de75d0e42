import { svg } from "./dom";

/** Outlines on a grid of 16 by 16. */
const PATHS = {
  find: "M6.75 2.25a4.5 4.5 0 1 0 0 9 4.5 4.5 0 0 0 0-9M10.2 10.2 14 14",
  click: "M3.5 2.5 13 7l-4 1.6L7.2 13z",
  lasso:
    "M5.2 10.6C3.2 9.9 2 8.6 2 7c0-2.5 2.7-4.5 6-4.5S14 4.5 14 7s-2.7 4.5-6 4.5c-.9 0-1.8-.1-2.6-.4M5.4 11.1c0 1.2-.7 2-2 2.4",
  rectangle: "M2.5 3.5h11v9h-11z",
  cluster: "M5 4.5h.01M8.5 3h.01M11.5 5.5h.01M6 8h.01M10 8.5h.01M4.5 11.5h.01M8 12h.01M12 11.5h.01",
  earlier: "M10 3.5 5.5 8l4.5 4.5",
  later: "M6 3.5 10.5 8 6 12.5",
  in: "M8 3.5v9M3.5 8h9",
  out: "M3.5 8h9",
  fit: "M2.5 6V2.5H6M10 2.5h3.5V6M13.5 10v3.5H10M6 13.5H2.5V10",
} as const;

export type Icon = keyof typeof PATHS;

/** An icon, which the element around it names. */
export function icon(name: Icon): SVGElement {
  const made = svg("svg", {
    viewBox: "0 0 16 16",
    width: 16,
    height: 16,
    "aria-hidden": "true",
    class: "hitl-icon-line",
  });
  made.append(svg("path", { d: PATHS[name], "stroke-width": name === "cluster" ? 2.4 : 1.5 }));
  return made;
}
