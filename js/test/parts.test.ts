// @vitest-environment happy-dom
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { Channel } from "../src/host/channel";
import { Parts } from "../src/host/parts";
import { FakeModel } from "./fakes";

let model: FakeModel;
let channel: Channel;
let parts: Parts;
let view: AbortController;
let card: AbortController;

beforeEach(() => {
  view = new AbortController();
  card = new AbortController();
  model = new FakeModel();
  channel = new Channel(model.any, "k", "s");
  parts = new Parts(channel, view.signal);
});
afterEach(() => {
  view.abort();
  channel.close();
  vi.useRealTimers();
});

const asked = () => model.of("more");
/** Answers what was asked last. */
const answer = (content: object, size = 0): void => {
  const { id } = asked()[asked().length - 1];
  const told = { type: "part", to: channel.view, id, content: { kind: "x", ...content }, took_ms: 1 };
  model.say(told, size ? [new DataView(new ArrayBuffer(size + 3), 3)] : []);
};
const soon = (): Promise<void> => new Promise((done) => setTimeout(done));

describe("a part of an item", () => {
  it("is asked for by its row, and is what the kernel says", async () => {
    const part = parts.of(7, card.signal).more({ what: "peaks", from: 3 });
    await soon();
    expect(asked()).toMatchObject([{ row: 7, ask: { what: "peaks", from: 3 }, view: channel.view }]);
    answer({ n: 5 }, 10);
    const { content, bytes } = await part;
    expect(content.n).toBe(5);
    expect(bytes.map((one) => one.length)).toEqual([10]);
  });

  it("that cannot be had says why", async () => {
    const part = parts.of(7, card.signal).more({});
    await soon();
    answer({ kind: "broken", why: "The file is gone." });
    await expect(part).rejects.toThrow("The file is gone.");
  });

  it("is not waited for when the card shows something else, nor asked for after that", async () => {
    const lent = parts.of(7, card.signal);
    const part = lent.more({});
    await soon();
    card.abort();
    await expect(part).rejects.toThrow();
    await expect(lent.more({})).rejects.toThrow();
    expect(asked()).toHaveLength(1);
    answer({});
  });

  it("is not waited for for ever", async () => {
    vi.useFakeTimers();
    const part = parts.of(7, card.signal).more({});
    const failed = expect(part).rejects.toThrow("Run the cell again");
    await vi.advanceTimersByTimeAsync(61_000);
    await failed;
  });

  it("is as large as the line carries in a moment", async () => {
    const lent = parts.of(7, card.signal);
    const first = lent.more({});
    await soon();
    answer({}, 250_000);
    await first;
    void lent.more({}).catch(() => undefined);
    await soon();
    const [before, after] = asked().map((one) => Number(one.most));
    expect(after).toBeGreaterThan(before);
    expect(after).toBeLessThanOrEqual(1_000_000);
  });
});

describe("bytes that come in parts", () => {
  it("are asked for until all are here, and told as they come", async () => {
    const heard: number[][] = [];
    const all = parts.of(0, card.signal).gather({ what: "sound" }, (...counts) => heard.push(counts));
    for (const size of [100, 100, 50]) {
      await soon();
      answer({ total: 250 }, size);
    }
    expect((await all).map((one) => one.length)).toEqual([100, 100, 50]);
    expect(heard).toEqual([
      [100, 250],
      [200, 250],
      [250, 250],
    ]);
    expect(asked().map(({ ask }) => (ask as { at: number }).at)).toEqual([0, 100, 200]);
  });

  it("stop coming when they are wanted no more", async () => {
    const own = new AbortController();
    const all = parts.of(0, card.signal).gather({}, undefined, own.signal);
    await soon();
    answer({ total: 250 }, 100);
    await soon();
    own.abort();
    await expect(all).rejects.toThrow();
    answer({ total: 250 }, 100);
    await soon();
    expect(asked()).toHaveLength(2);
  });

  it("that end too early are an error, not an endless question", async () => {
    const all = parts.of(0, card.signal).gather({});
    await soon();
    answer({ total: 250 });
    await expect(all).rejects.toThrow("only a part of the item");
  });
});
