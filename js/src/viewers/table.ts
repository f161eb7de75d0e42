import "./table.css";
import { type ItemKind, SPOKEN, shortened } from "../items/registry";
import { count, h, said, setText, show } from "../ui/dom";

/** A row of a table; of its columns, `more` are omitted. */
type Table = { kind: "table"; rows: [string, string][]; more?: number };

/** Columns from which on there is a field to find some of them. */
const MANY = 20;
/** Characters from which on a value is folded. */
const LONG = 400;
/** What was typed in the field, for the next row of the table. */
let wanted = "";

export const viewer: ItemKind<Table> = {
  render: ({ rows, more = 0 }) => {
    const lines = rows.map(([name, value]) =>
      h("tr", {}, h("th", { text: name, attrs: { scope: "row", dir: "auto" } }), cellView(value)),
    );
    const table = h("table", { class: "hitl-columns" }, h("tbody", {}, ...lines));
    const rest = more ? h("div", { class: "hitl-faint", text: `${count(more, "more column")}` }) : null;
    if (rows.length < MANY) return table;
    return h("div", {}, finder(rows, lines), table, rest);
  },
  glimpse: ({ rows }) => {
    const cells = rows.slice(0, 4).flatMap(([name, value]) => [said(name), " ", said(value), " · "]);
    return h("div", { class: "hitl-glimpse" }, ...cells.slice(0, -1));
  },
  spoken: ({ rows }) =>
    shortened(
      rows
        .slice(0, MANY)
        .map(([name, value]) => `${name}: ${value}`)
        .join(", "),
      SPOKEN,
    ),
};

/** A value; if it is long, its beginning with a button that shows all of it. */
function cellView(value: string): HTMLElement {
  const cell = h("td", { attrs: { dir: "auto" } });
  if (value.length <= LONG) {
    cell.textContent = value;
    return cell;
  }
  const all = h("button", {
    class: "hitl-link",
    text: `show all ${count(value.length, "character")}`,
    attrs: { type: "button" },
    on: { click: () => cell.replaceChildren(value) },
  });
  cell.append(`${value.slice(0, LONG)}… `, all);
  return cell;
}

/** A field that hides the columns whose name and value do not contain what is typed. */
function finder(rows: readonly [string, string][], lines: readonly HTMLElement[]): HTMLElement {
  const texts = rows.map((row) => row.join("\n").toLowerCase());
  const found = h("span", { class: "hitl-faint hitl-number", attrs: { role: "status" } });
  const field = h("input", {
    class: "hitl-field",
    attrs: { type: "search", placeholder: "Find a column or value", "aria-label": "Find a column or value" },
    on: {
      input: find,
      keydown: (event) => {
        // Back to the keys of the card; Escape in an empty field is the card's.
        if (event.key !== "Enter" && (event.key !== "Escape" || !field.value)) return;
        event.stopPropagation();
        if (event.key === "Escape") {
          field.value = "";
          find();
        } else field.closest<HTMLElement>(".hitl")?.focus();
      },
    },
  });
  function find(): number {
    wanted = field.value;
    const words = wanted.toLowerCase().split(/\s+/).filter(Boolean);
    let n = 0;
    lines.forEach((line, i) => {
      const fits = words.every((word) => texts[i].includes(word));
      show(line, fits);
      if (fits) n++;
    });
    setText(
      found,
      words.length
        ? `${n.toLocaleString("en")} of ${count(rows.length, "column")}`
        : count(rows.length, "column"),
    );
    return n;
  }
  field.value = wanted;
  if (!find()) {
    // It was typed for another table.
    field.value = "";
    find();
  }
  return h("div", { class: "hitl-columns-find" }, field, found);
}
