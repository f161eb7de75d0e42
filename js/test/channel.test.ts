// @vitest-environment happy-dom
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { Channel } from "../src/host/channel";
import { Keep } from "../src/host/keep";
import { Outbox } from "../src/host/outbox";
import type { About } from "../src/host/protocol";
import { heldView } from "../src/widgets/labeler/held";
import { about, FakeModel, FakeShelf } from "./fakes";

const label = { type: "label", value: "a", selection: "suggested", key: "k1" } as const;
let shelf: FakeShelf;
let model: FakeModel;
let open: Channel[];
/** A view that the kernel has welcomed. */
const channel = (on = model, changes: Partial<About> = {}): Channel => {
  const made = new Channel(on.any, on.key, on.session, new Outbox(on.key, new Keep(shelf, null)));
  open.push(made);
  on.say({ type: "welcome", to: made.view, about: about({ session: on.session, ...changes }) });
  return made;
};
const heard = (on: Channel, type: string): unknown[] => {
  const got: unknown[] = [];
  on.on(type, (message) => got.push(message), new AbortController().signal);
  return got;
};

beforeEach(() => {
  vi.useFakeTimers();
  shelf = new FakeShelf();
  model = new FakeModel();
  open = [];
});
afterEach(() => {
  for (const one of open) one.close();
  expect(vi.getTimerCount()).toBe(0);
  vi.useRealTimers();
});

describe("a request", () => {
  const list = (view: string) => ({ type: "trust", view }) as const;

  it("that fails is told to whoever asked last, and to nobody else", () => {
    const box = channel();
    const others = heard(box, "failed");
    const told: string[] = [];
    const first = box.ask(list(box.view), (why) => told.push(`first: ${why}`));
    const second = box.ask(list(box.view), (why) => told.push(`second: ${why}`));
    model.say({ type: "failed", id: first, why: "too slow" });
    model.say({ type: "failed", id: second, why: "locked" });
    model.say({ type: "failed", id: second, why: "locked" });
    const third = box.ask(list(box.view), (why) => told.push(`third: ${why}`));
    model.say({ type: "refused", id: third, why: "no such view" });
    expect(told).toEqual(["second: locked", "third: no such view"]);
    expect(others).toEqual([]);
  });
});

describe("an act", () => {
  it("is sent once, and again with the same id until it is acknowledged", () => {
    const box = channel();
    const id = box.act(label);
    vi.advanceTimersByTime(1500);
    expect(model.sent).toEqual([{ ...label, id, pool: "p" }]);
    vi.advanceTimersByTime(60_000);
    const n = model.sent.length;
    expect(n).toBeGreaterThan(2);
    expect(n).toBeLessThan(10);
    expect(new Set(model.sent.map((m) => m.id))).toEqual(new Set([id]));
    model.say({ type: "ack", id });
    expect(box.waiting()).toEqual([]);
    vi.advanceTimersByTime(120_000);
    expect(model.sent.length).toBe(n);
  });

  it("is not lost when sending throws", () => {
    model.broken = true;
    const box = channel();
    const id = box.act(label);
    expect(box.waiting().map((a) => a.id)).toEqual([id]);
    model.broken = false;
    vi.advanceTimersByTime(5000);
    expect(model.of("label").map((m) => m.id)).toContain(id);
  });

  it("of a page that was reloaded is sent in order by the next widget", () => {
    model.broken = true;
    const before = channel();
    const ids = [before.act(label), before.act({ type: "undo" }), before.act({ type: "skip", key: "k2" })];
    before.close();
    const next = new FakeModel("k", "the next run");
    channel(next).flush();
    expect(next.sent.map((m) => m.id)).toEqual(ids);
    expect(next.sent.map((m) => m.type)).toEqual(["label", "undo", "skip"]);
  });

  it("is sent by one of the page's views, and by the others only if nobody answers", () => {
    const other = new FakeModel();
    const [box] = [channel(), channel(other)];
    const id = box.act(label);
    vi.advanceTimersByTime(7000);
    expect(other.sent).toEqual([]);
    vi.advanceTimersByTime(3000);
    expect(other.sent.map((m) => m.id)).toEqual([id]);
  });

  it("of another log stays where it is", () => {
    model.broken = true;
    channel().act(label);
    const other = new FakeModel("other", "t");
    expect(channel(other).waiting()).toEqual([]);
    expect(other.sent).toEqual([]);
  });

  it("is sent by no other session while its own is on the page", () => {
    const [one, other] = [channel(), new FakeModel("k", "t")];
    const beside = channel(other);
    one.act(label);
    for (let i = 0; i < 20; i++) {
      vi.advanceTimersByTime(6000);
      model.say({ type: "state" });
    }
    beside.flush();
    expect(other.sent).toEqual([]);
    expect(beside.waiting()).toEqual([]);
    expect(beside.held()).toEqual([]);
    one.close();
    beside.flush();
    expect(other.of("label").length).toBe(1);
  });

  it("is sent by another where a view is left of its own, and no kernel answers", () => {
    const [one, other] = [channel(), new FakeModel("k", "t")];
    channel(other);
    const id = one.act(label);
    vi.advanceTimersByTime(9000);
    expect(other.sent).toEqual([]);
    vi.advanceTimersByTime(2000);
    expect(other.of("label")).toMatchObject([{ id }]);
    expect(other.of("label")[0].late_ms).toBeGreaterThan(9000);
  });

  it("about another table is held, and sent on the person's word", () => {
    const before = channel(new FakeModel("k", "s"), { pool: "before" });
    const id = before.act(label);
    const bulk = before.act({ type: "label", value: "a", selection: "lasso", rows: "AAA" });
    before.close();
    const next = new FakeModel("k", "t");
    const now = channel(next);
    now.flush();
    vi.advanceTimersByTime(120_000);
    expect(next.sent).toEqual([]);
    const [held] = now.held();
    expect(held).toMatchObject({ reason: "table", entries: [{ act: { id } }, { act: { id: bulk } }] });
    now.apply(held);
    // Rows stay those of the table that they were chosen on: the kernel refuses them.
    expect(next.of("label")).toMatchObject([
      { id, pool: "p" },
      { id: bulk, pool: "before" },
    ]);
    next.say({ type: "ack", id });
    next.say({ type: "refused", id: bulk, why: "select them again" });
    expect(now.held()).toMatchObject([{ reason: "refused", entries: [{ why: "select them again" }] }]);
  });

  it.each([
    ["the same place", { pool: "q" }],
    ["the same table", { place: "there" }],
  ])("for a store that is gone is offered where %s is open", (_, changes) => {
    model.broken = true;
    const before = channel();
    const ids = [before.act(label), before.act(label), before.act({ type: "undo" })];
    before.close();
    const next = new FakeModel("new", "t");
    const now = channel(next, changes);
    now.flush();
    expect(now.waiting()).toEqual([]);
    const [held] = now.held();
    expect(held.reason).toBe("store");
    expect(held.entries.length).toBe(3);
    now.apply(held);
    expect(next.of("label").map((act) => act.id)).toEqual([ids[0]]);
    next.say({ type: "ack", id: ids[0] });
    expect(now.held()).toEqual([]);
    expect(shelf.length).toBe(0);
  });

  it("for another task of the store that is open is called that, and stays for it", () => {
    model.broken = true;
    const before = channel();
    before.act(label);
    before.close();
    const changes = { place: "there", task: "topics" };
    const [held] = channel(new FakeModel("new", "t"), changes).held();
    expect(held.reason).toBe("task");
    const card = document.createElement("div");
    heldView(card, { apply: vi.fn(), download: vi.fn(), discard: vi.fn() }).update([held], 0);
    expect(card.textContent).toContain("is waiting in this browser for the task labels of labels.sqlite.");
    expect([...card.querySelectorAll("button")].map((b) => b.textContent)).toEqual(["Export", "Discard"]);
    const other = channel(new FakeModel("other", "u"), { ...changes, store: "other.sqlite" });
    expect(other.held().map(({ reason }) => reason)).toEqual(["store"]);
  });

  it.each([
    ["another table in another place", { pool: "q", place: "there" }],
    ["another annotator", { who: "ben" }],
  ])("for a store that is gone is no concern of %s", (_, changes) => {
    model.broken = true;
    const before = channel();
    before.act(label);
    before.close();
    expect(channel(new FakeModel("new", "t"), changes).held()).toEqual([]);
    expect(shelf.length).toBe(1);
  });

  it("that was held is thrown away only when the person says so", () => {
    const before = channel(new FakeModel("k", "s"), { pool: "before" });
    before.act(label);
    before.close();
    const now = channel(new FakeModel("k", "t"));
    const [held] = now.held();
    expect(now.exported(held)).toContain('"key":"k1"');
    expect(shelf.length).toBe(1);
    now.discard(held);
    expect(now.held()).toEqual([]);
    expect(shelf.length).toBe(0);
  });
});

describe("an answer", () => {
  it("is heard by the one that asked", () => {
    const box = channel();
    const [acks, failures] = [heard(box, "ack"), heard(box, "failed")];
    const id = box.act(label);
    model.say({ type: "ack", id, back: null });
    expect(acks).toEqual([{ type: "ack", id, back: null }]);
    expect(failures).toEqual([]);
  });

  it("to another view's act is forgotten by all, told to none", () => {
    const [one, two] = [channel(), channel()];
    const acks = [heard(one, "ack"), heard(two, "ack")];
    const id = one.act(label);
    model.say({ type: "ack", id });
    expect(acks.map((a) => a.length)).toEqual([1, 0]);
    expect(two.waiting()).toEqual([]);
  });

  it("of refusal keeps the act with why, and it is sent again on the person's word", () => {
    const box = channel();
    const said = heard(box, "refused");
    const id = box.act(label);
    model.say({ type: "refused", id, why: "unknown class" });
    expect(said.length).toBe(1);
    expect(box.waiting()).toEqual([]);
    vi.advanceTimersByTime(120_000);
    expect(model.of("label").length).toBe(1);
    const [held] = box.held();
    expect(held).toMatchObject({ reason: "refused", entries: [{ act: { id }, why: "unknown class" }] });
    box.apply(held);
    expect(model.of("label").map((act) => act.id)).toEqual([id, id]);
    expect(box.held()).toEqual([]);
    model.say({ type: "ack", id });
    expect(shelf.length).toBe(0);
  });

  it("of refusal drops an act whose maker says it where it was made, and tells nobody else", () => {
    const box = channel();
    const said = heard(box, "refused");
    const answered = vi.fn();
    const id = box.act({ type: "change", change: "add", classes: [{ name: "spam" }] }, answered);
    model.say({ type: "refused", id, why: "'spam' is a class already", taken: false });
    expect(answered).toHaveBeenCalledExactlyOnceWith(
      expect.objectContaining({ why: "'spam' is a class already" }),
    );
    expect(said).toEqual([]);
    expect([box.held(), box.waiting(), shelf.length]).toEqual([[], [], 0]);
    const saved = box.act({ type: "change", change: "add", classes: [{ name: "ham" }] }, answered);
    model.say({ type: "failed", id: saved, why: "locked" });
    expect(answered).toHaveBeenCalledOnce();
    model.say({ type: "ack", id: saved });
    expect(answered).toHaveBeenLastCalledWith(null);
  });

  it("of refusal keeps a change of an earlier page, which nobody here can say", () => {
    const before = channel();
    const id = before.act({ type: "change", change: "add", classes: [{ name: "spam" }] }, vi.fn());
    before.close();
    const box = channel();
    model.say({ type: "refused", id, why: "'spam' is a class already", taken: false });
    expect(box.held()).toMatchObject([{ reason: "refused", entries: [{ act: { id } }] }]);
  });

  it("of failure keeps the act and sends it again", () => {
    const box = channel();
    const said = heard(box, "failed");
    const id = box.act(label);
    model.say({ type: "failed", id, why: "disk full" });
    expect(said.length).toBe(1);
    expect(box.waiting().map((a) => a.id)).toEqual([id]);
    vi.advanceTimersByTime(5000);
    expect(model.of("label").length).toBeGreaterThan(1);
    model.say({ type: "ack", id });
    expect(box.waiting()).toEqual([]);
  });
});

describe("a store that takes nothing", () => {
  it("gets the acts in the order in which they were made, also those of other views", () => {
    const other = new FakeModel();
    const [box, beside] = [channel(), channel(other)];
    const first = box.act(label);
    model.say({ type: "failed", id: first, why: "locked", stuck: true });
    const second = box.act({ type: "skip", key: "k2" });
    const third = beside.act({ type: "undo" });
    vi.advanceTimersByTime(7000);
    // Only the first is tried.
    expect(new Set([...model.sent, ...other.sent].map(({ id }) => id))).toEqual(new Set([first]));
    expect(model.of("label").length).toBeGreaterThan(2);
    model.say({ type: "ack", id: first });
    expect(model.sent.at(-1)?.id).toBe(second);
    vi.advanceTimersByTime(500);
    expect(other.sent.at(-1)?.id).toBe(third);
    model.say({ type: "ack", id: second });
    other.say({ type: "ack", id: third });
    expect(shelf.length).toBe(0);
  });

  it("holds back nothing behind an act that was refused, or failed for another reason", () => {
    const box = channel();
    const [first, second] = [box.act(label), box.act(label)];
    model.say({ type: "failed", id: first, why: "locked", stuck: true });
    model.say({ type: "refused", id: first, why: "unknown class" });
    model.say({ type: "failed", id: second, why: "KeyError: 3" });
    const third = box.act(label);
    expect(model.sent.at(-1)?.id).toBe(third);
  });
});

describe("a message", () => {
  it("to another view is left out, to all or to this one is heard", () => {
    const box = channel();
    const got = heard(box, "map");
    model.say({ type: "map", to: "somebody else" });
    expect(got).toEqual([]);
    model.say({ type: "map", to: null });
    model.say({ type: "map", to: box.view });
    expect(got.length).toBe(2);
  });

  it("that is none is ignored", () => {
    channel();
    for (const odd of [null, undefined, 3, "text", {}, { type: 7 }]) model.say(odd);
  });

  it("is not heard after the signal, nor after the channel was closed", () => {
    const box = channel();
    const end = new AbortController();
    let n = 0;
    box.on("state", () => n++, end.signal);
    model.say({ type: "state" });
    end.abort();
    model.say({ type: "state" });
    expect(n).toBe(1);
    box.close();
    expect(model.listeners.size).toBe(0);
  });
});

it("a question is asked once and kept nowhere", () => {
  const box = channel();
  box.ask({ type: "hello", view: box.view });
  vi.advanceTimersByTime(60_000);
  expect(model.of("hello").length).toBe(1);
  expect(shelf.length).toBe(0);
});

it("an act is small", () => {
  channel().act({ ...label, key: "0123456789abcdef01234567", elapsed_ms: 1234 });
  expect(JSON.stringify(model.sent[0]).length).toBeLessThan(1000);
});
