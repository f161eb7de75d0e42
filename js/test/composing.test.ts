import { describe, expect, it } from "vitest";
import type { Ask } from "../src/host/protocol";
import { compositions } from "../src/widgets/labeler/composing";

const ask = { row: 3, key: "k3", reason: "", audit: false, blind: false, guess: null } as Ask;

describe("the answers that are composed", () => {
  it("start with the one that was undone, also if the item still counted as labelled", () => {
    const made = compositions({
      suggests: () => false,
      ask: () => undefined,
      draw: () => undefined,
      kept: null,
      keep: () => undefined,
    });
    made.give("k3", { text: "given" });
    expect(made.start(ask, false).answer).toEqual({ text: "given" });
    expect(made.ready(ask, true)).toBe(false);
    const answers = [{ row: 3, answer: null, suggested: null, why: "" }];
    made.came({ type: "answers", to: "", id: "", answers });
    expect(made.ready(ask, true)).toBe(true);
    expect(made.start(ask, true).answer).toEqual({ text: "given" });
  });
});
