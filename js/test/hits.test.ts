// @vitest-environment happy-dom
import { expect, it } from "vitest";
import { hitPattern, hitRanges } from "../src/widgets/explorer/hits";

const found = (text: string, ...typed: string[]): string[] => {
  const element = document.createElement("div");
  element.innerHTML = text;
  const pattern = hitPattern(typed);
  return pattern ? hitRanges(element, pattern).map(String) : [];
};

it.each([
  ["A sparse Matrix", ["sparse", "matrix"], ["sparse", "Matrix"]],
  ["a <b>sparse</b> matrix", ["sparse"], ["sparse"]],
  ["not   paid, not late", ['"not paid"'], ["not   paid"]],
  ["axis=0 (see a.b) a+b", ["a.b)", "a+b"], ["a.b)", "a+b"]],
  ["order 123456", ["/order \\d{3}/"], ["order 123"]],
  ["spam class:spam", ["class:spam", "-spam", "n>3", "or"], []],
  ["übergröße", ["GRÖSSE", "Über"], ["über"]],
  ["x", ["/(?P<a>x)/"], []],
  ["x", ["/y*/"], []],
])("in %j, %j is found as %j", (text, typed, hits) => {
  expect(found(text, ...typed)).toEqual(hits);
});

it("only so many are marked in a line", () => {
  expect(found("a".repeat(100), "a")).toHaveLength(20);
});

it("finds words with signs as they are", () => {
  expect(found("a well-known one, this and/or that", "well-known")).toEqual(["well-known"]);
  expect(found("a well-known one, this and/or that", "and/or")).toEqual(["and/or"]);
});
