import "./broken.css";
import { h } from "../ui/dom";
import { registerItem } from "./registry";

type Broken = { kind: "broken"; why: string };

registerItem<Broken>("broken", {
  render: ({ why }) => broken(why),
  glimpse: ({ why }) => h("div", { class: "hitl-glimpse hitl-faint", text: `Cannot be shown. ${why}` }),
  spoken: ({ why }) => `an item that cannot be shown. ${why}`,
});

/** A placeholder that says why an item cannot be shown. */
export const broken = (why: string): HTMLElement =>
  h(
    "div",
    { class: "hitl-broken" },
    h("div", { class: "hitl-broken-head", text: "This item cannot be shown" }),
    h("div", { text: why, attrs: { dir: "auto" } }),
  );
