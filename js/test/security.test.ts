import { existsSync, readdirSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";

// What would turn somebody's data into markup, or into code.
const MARKUP =
  /\b(innerHTML|outerHTML|insertAdjacentHTML|createContextualFragment|setHTMLUnsafe|parseHTMLUnsafe|DOMParser|srcdoc)\b|\bdocument\.write/;
const CODE = /\beval\s*\(|\bFunction\s*\(|\bset(?:Timeout|Interval)\(\s*["'`]/;
// The sandboxed frames: one runs nothing, and every bundle that shows items carries it; the other runs a user's module.
const FRAMES = ["items/markup.ts", "viewers/custom.ts"];
const SRCDOC = /\bsrcdoc\b/g;

const source = fileURLToPath(new URL("../src/", import.meta.url));
const built = fileURLToPath(new URL("../../src/hitl_widgets/widgets/static/", import.meta.url));
const sources = readdirSync(source, { recursive: true, encoding: "utf8" }).filter((n) => n.endsWith(".ts"));
const bundles = existsSync(built)
  ? readdirSync(built, { encoding: "utf8" }).filter((n) => n.endsWith(".js"))
  : [];
const frames = (text: string): number => text.match(SRCDOC)?.length ?? 0;
const found = (text: string, pattern: RegExp): string | undefined =>
  text.replaceAll(SRCDOC, "").match(pattern)?.[0];

describe("nothing turns data into code", () => {
  it("looks at something", () => expect(sources.length).toBeGreaterThan(10));

  it.each(sources)("in %s", (name) => {
    const text = readFileSync(source + name, "utf8");
    expect(found(text, MARKUP) ?? found(text, CODE)).toBeUndefined();
    if (!FRAMES.includes(name)) expect(frames(text)).toBe(0);
  });

  it.each(bundles)("in the built %s", (name) => {
    const text = readFileSync(built + name, "utf8");
    expect(found(text, MARKUP)).toBeUndefined();
    // Vega can compile its expressions; vega.test.ts shows that it is told not to.
    if (name === "vega.js") return;
    expect(found(text, CODE)).toBeUndefined();
    expect(frames(text)).toBeLessThanOrEqual(1);
  });

  it("would be seen", () => {
    for (const bad of ['x.innerHTML = "a"', "document.writeln(a)", "new DOMParser()", "x.srcdoc = a"]) {
      expect(bad).toMatch(MARKUP);
    }
    for (const bad of ["new Function(a)", "eval (a)", 'setTimeout("a", 1)']) expect(bad).toMatch(CODE);
  });
});
