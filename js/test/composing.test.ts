import { expect, test } from "vitest";
import type { Ask, Answer as Told } from "../src/host/protocol";
import { compositions } from "../src/widgets/labeler/composing";

const ask = (row: number, blind = false): Ask =>
  ({ row, key: `k${row}`, reason: "", selection: "suggested", blind, guess: null, note: "" }) as Ask;

const spans = (end: number) => ({ spans: [[0, end, "c1"]] });

function harness() {
  const asked: number[][] = [];
  let drawn = 0;
  const made = compositions({
    suggests: () => true,
    ask: (rows) => asked.push(rows),
    draw: () => drawn++,
    kept: null,
    keep: () => undefined,
  });
  const came = (...answers: Partial<Told>[]): void =>
    made.came({
      type: "answers",
      to: "v",
      id: "a",
      answers: answers.map((one) => ({ row: 0, answer: null, suggested: null, why: "", ...one })),
    });
  return { ...made, asked, came, drawn: () => drawn };
}

test("suggestions of a newer model replace those of items that are asked soon", () => {
  const on = harness();
  on.ahead([ask(1), ask(2), ask(3, true)]);
  expect(on.asked).toEqual([[1, 2]]);
  on.came({ row: 1 }, { row: 2, suggested: spans(3) });
  on.ahead([ask(1), ask(2)]);
  expect(on.asked).toHaveLength(1);

  on.renew();
  expect(on.ready(ask(2), false), "the card keeps what it shows").toBe(true);
  expect(on.start(ask(2), false).suggested).toEqual(spans(3));
  on.ahead([ask(1), ask(2), ask(3, true)]);
  expect(on.asked[1]).toEqual([1, 2]);
  on.came({ row: 1, suggested: spans(5) }, { row: 2, suggested: spans(4) });
  expect(on.start(ask(1), false).suggested).toEqual(spans(5));
  expect(on.start(ask(2), false).suggested).toEqual(spans(4));
  on.ahead([ask(1), ask(2)]);
  expect(on.asked).toHaveLength(2);
});

test("a request that an older model answers is made again", () => {
  const on = harness();
  on.ahead([ask(1)]);
  on.renew();
  on.ahead([ask(1)]);
  expect(on.asked).toEqual([[1], [1]]);
  on.came({ row: 1, suggested: spans(1) });
  on.came({ row: 1, suggested: spans(2) });
  expect(on.start(ask(1), false).suggested).toEqual(spans(2));
});

test("items that were begun keep their answer and are not asked about again", () => {
  const on = harness();
  on.ahead([ask(1)]);
  on.came({ row: 1, suggested: spans(1) });
  on.begin("k1", spans(7));
  on.renew();
  on.ahead([ask(1)]);
  expect(on.asked).toHaveLength(1);
  expect(on.start(ask(1), false).answer).toEqual(spans(7));
});

test("blind items get no suggestion", () => {
  const on = harness();
  on.came({ row: 1, suggested: spans(1) });
  expect(on.start(ask(1, true), false).suggested).toBeUndefined();
  on.renew();
  on.ahead([ask(1, true)]);
  expect(on.asked).toEqual([]);
});

test("an item starts with the answer that was undone, also if it still counted as labelled", () => {
  const on = harness();
  on.give("k3", { text: "given" });
  expect(on.start(ask(3), false).answer).toEqual({ text: "given" });
  expect(on.ready(ask(3), true)).toBe(false);
  on.came({ row: 3 });
  expect(on.ready(ask(3), true)).toBe(true);
  expect(on.start(ask(3), true).answer).toEqual({ text: "given" });
});
