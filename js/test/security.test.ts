import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";

// What would turn somebody's data into code. Vega's own bundle draws on a canvas, and compiles its expressions.
const FORBIDDEN =
  /\b(innerHTML|outerHTML|insertAdjacentHTML|createContextualFragment|srcdoc)\b|\bdocument\.write|\beval\s*\(|\bnew Function\b|\bFunction\s*\(|setHTMLUnsafe/;

const root = join(import.meta.dirname, "..");
const built = join(root, "../src/hitl_widgets/widgets/static");
const sources = readdirSync(join(root, "src"), { recursive: true, encoding: "utf8" })
  .filter((name) => name.endsWith(".ts"))
  .map((name) => join(root, "src", name));
const bundles = existsSync(built)
  ? readdirSync(built)
      .filter((name) => name.endsWith(".js") && name !== "vega.js")
      .map((name) => join(built, name))
  : [];

describe("nothing turns data into code", () => {
  it("looks at something", () => expect(sources.length).toBeGreaterThan(10));

  it.each([...sources, ...bundles].map((path) => [path.slice(root.length + 1), path]))("in %s", (_, path) => {
    expect(readFileSync(path, "utf8").match(FORBIDDEN)?.[0]).toBeUndefined();
  });
});
