export { changeset } from "vega";
export { default as embed, type Result } from "vega-embed";
