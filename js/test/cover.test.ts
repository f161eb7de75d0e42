// @vitest-environment happy-dom
import { beforeEach, expect, test, vi } from "vitest";
import type { Ask } from "../src/host/protocol";
import { spokenItem } from "../src/items/index";
import { coverView } from "../src/widgets/labeler/cover";

const ask = (key: string): Ask => ({
  row: 1,
  key,
  reason: "",
  selection: "suggested",
  blind: false,
  guess: null,
  note: "",
});
const item = (more: object) => ({ content: { kind: "text", text: "words", ...more }, media: [] });

let card: HTMLElement;
let reveal: ReturnType<typeof vi.fn<(ask: Ask) => void>>;
let cover: ReturnType<typeof coverView>;

beforeEach(() => {
  card = document.createElement("div");
  card.append(document.createElement("p"));
  reveal = vi.fn();
  cover = coverView(card, reveal);
});

test("an item without a warning or hidden data is not covered", () => {
  cover.update(ask("a"), item({}));
  expect(cover.warning.hidden && cover.masked.hidden).toBe(true);
  expect(cover.lift()).toBe(false);
});

test("a blurred item can neither be read nor used until it is shown, and stays shown", () => {
  cover.update(ask("a"), item({ warning: "gore" }));
  expect(cover.warning.textContent).toContain("Content warning: gore");
  expect(card.classList.contains("hitl-blurred")).toBe(true);
  expect(card.firstElementChild?.hasAttribute("inert")).toBe(true);
  expect(cover.lift()).toBe(true);
  expect(card.classList.contains("hitl-blurred")).toBe(false);
  expect(card.firstElementChild?.hasAttribute("inert")).toBe(false);
  cover.update(ask("b"), item({ warning: "gore" }));
  expect(cover.warning.hidden).toBe(false);
  cover.update(ask("a"), item({ warning: "gore" }));
  expect(cover.warning.hidden).toBe(true);
});

test("personal data is asked of the kernel, after what is blurred was shown", () => {
  cover.update(ask("a"), item({ warning: "gore", masked: true }));
  expect(cover.masked.hidden).toBe(true);
  cover.lift();
  expect(reveal).not.toHaveBeenCalled();
  expect(cover.masked.hidden).toBe(false);
  cover.lift();
  expect(reveal).toHaveBeenCalledWith(ask("a"));
  cover.update(null, undefined);
  expect(cover.masked.hidden).toBe(true);
});

test("a screen reader gets the warning and not the words", () => {
  expect(spokenItem(item({ warning: "gore" }), 1)).toBe("Content warning: gore");
});
