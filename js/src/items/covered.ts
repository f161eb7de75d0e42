import { h } from "../ui/dom";
import { registerItem } from "./registry";

type Covered = { kind: "covered"; warning: string };

const words = ({ warning }: Covered): string => `Content warning: ${warning}`;
const covered = (content: Covered): HTMLElement =>
  h("div", { class: "hitl-glimpse hitl-faint", text: words(content), attrs: { dir: "auto" } });

/** A preview of an item that is blurred on the card. */
registerItem<Covered>("covered", { render: covered, glimpse: covered, spoken: words });
