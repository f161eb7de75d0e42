import { existsSync, readdirSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";

// What would turn somebody's data into code. Vega's own bundle draws on a canvas, and compiles its expressions.
const FORBIDDEN =
  /\b(innerHTML|outerHTML|insertAdjacentHTML|createContextualFragment|srcdoc|setHTMLUnsafe)\b|\bdocument\.write|\beval\s*\(|\bFunction\s*\(/;

const source = fileURLToPath(new URL("../src/", import.meta.url));
const built = fileURLToPath(new URL("../../src/hitl_widgets/widgets/static/", import.meta.url));
const sources = readdirSync(source, { recursive: true, encoding: "utf8" }).filter((n) => n.endsWith(".ts"));
const bundles = existsSync(built)
  ? readdirSync(built, { encoding: "utf8" }).filter((n) => n.endsWith(".js") && n !== "vega.js")
  : [];
const files = [...sources.map((n) => source + n), ...bundles.map((n) => built + n)];

describe("nothing turns data into code", () => {
  it("looks at something", () => expect(sources.length).toBeGreaterThan(10));

  it.each(files)("in %s", (path) => {
    expect(readFileSync(path, "utf8").match(FORBIDDEN)?.[0]).toBeUndefined();
  });

  it("would be seen", () => {
    for (const bad of ['x.innerHTML = "a"', "new Function(a)", "eval (a)", "document.writeln(a)"]) {
      expect(bad).toMatch(FORBIDDEN);
    }
  });
});
