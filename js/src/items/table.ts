import "./table.css";
import { h, said } from "../ui/dom";
import { registerItem, SPOKEN, shortened } from "./registry";

type Table = { kind: "table"; rows: [string, string][] };

registerItem<Table>("table", {
  render: ({ rows }) =>
    h(
      "table",
      { class: "hitl-table" },
      h(
        "tbody",
        {},
        ...rows.map(([name, value]) =>
          h(
            "tr",
            {},
            h("th", { text: name, attrs: { scope: "row" } }),
            h("td", { text: value, attrs: { dir: "auto" } }),
          ),
        ),
      ),
    ),
  glimpse: ({ rows }) => {
    const cells = rows.slice(0, 4).flatMap(([name, value]) => [said(name), " ", said(value), " · "]);
    return h("div", { class: "hitl-glimpse" }, ...cells.slice(0, -1));
  },
  spoken: ({ rows }) => shortened(rows.map(([name, value]) => `${name}: ${value}`).join(", "), SPOKEN),
});
