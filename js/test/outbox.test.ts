import { describe, expect, it } from "vitest";
import { Keep } from "../src/host/keep";
import { answersOf, exported, Outbox } from "../src/host/outbox";
import type { Act } from "../src/host/protocol";
import { about, FakeShelf } from "./fakes";

const act = (id: string): Act => ({ type: "label", id, value: "a", selection: "suggested", key: "k" });
const turn = (type: "undo" | "redo", id: string): Act => ({ type, id });
const open = (shelf: FakeShelf | null = new FakeShelf(), key = "k"): Outbox =>
  new Outbox(key, new Keep(shelf, null));
const ids = (box: Outbox): string[] => box.entries().map((entry) => entry.act.id);

describe("the outbox", () => {
  it("keeps the order of the acts, whatever their ids", () => {
    const box = open();
    const given = Array.from({ length: 50 }, (_, i) => `${(i * 37) % 50}`);
    for (const id of given) box.put(act(id), about());
    expect(ids(box)).toEqual(given);
  });

  it("forgets what was acknowledged", () => {
    const shelf = new FakeShelf();
    const box = open(shelf);
    for (const id of ["a", "b", "c"]) box.put(act(id), about());
    box.drop("k", "b");
    box.drop("k", "never there");
    expect(ids(box)).toEqual(["a", "c"]);
    expect(shelf.length).toBe(2);
  });

  it("survives a reload of the page, with what each act was meant for", () => {
    const shelf = new FakeShelf();
    open(shelf).put(act("a"), about());
    const after = open(shelf);
    after.put(act("b"), about({ pool: "q" }));
    expect(after.entries()).toMatchObject([
      { act: act("a"), about: about() },
      { act: act("b"), about: about({ pool: "q" }) },
    ]);
  });

  it("keeps in memory what a full shelf refuses, in order with the rest", () => {
    const shelf = new FakeShelf();
    const box = open(shelf);
    box.put(act("a"), null);
    shelf.full = true;
    box.put(act("b"), null);
    expect(box.unsafe).toBe(1);
    shelf.full = false;
    box.put(act("c"), null);
    expect(ids(box)).toEqual(["a", "b", "c"]);
    box.drop("k", "b");
    expect(ids(box)).toEqual(["a", "c"]);
    expect(box.unsafe).toBe(0);
  });

  it("works without any shelf", () => {
    const box = open(null);
    box.put(act("a"), about());
    expect(ids(box)).toEqual(["a"]);
    box.drop("k", "a");
    expect(ids(box)).toEqual([]);
  });

  it("keeps what was refused, with why", () => {
    const box = open();
    box.put(act("a"), about());
    box.refuse("a", "unknown class");
    expect(box.entries()).toMatchObject([{ act: act("a"), why: "unknown class" }]);
  });

  it("reads what the version before wrote", () => {
    const shelf = new FakeShelf();
    shelf.setItem("hitl:k:abc", JSON.stringify({ order: "mbx2k1-00000001", act: act("abc") }));
    expect(open(shelf).entries()).toMatchObject([{ about: null, act: act("abc") }]);
  });

  it("ignores garbage, and leaves what is not its own alone", () => {
    const shelf = new FakeShelf();
    const others = new Map([
      ["hitl:k:1", "{"],
      ["hitl:k:2", "null"],
      ["hitl:k:3", '{"order":1,"act":{"id":"3"}}'],
      ["hitl:k:4", '{"order":"1","act":{}}'],
      ["hitl:other:5", JSON.stringify({ order: "1", act: act("5") })],
      ["hitl-guess:k", "hidden"],
      ["jupyterlab", "{}"],
    ]);
    for (const [name, value] of others) shelf.setItem(name, value);
    const box = open(shelf);
    expect(ids(box)).toEqual([]);
    box.put(act("a"), about());
    box.drop("k", "a");
    expect(shelf.items).toEqual(others);
    expect(box.all().map(({ key }) => key)).toEqual(["other"]);
  });
});

describe("answers for another session", () => {
  const entries = (acts: Act[]) => {
    const box = open();
    for (const one of acts) box.put(one, about());
    return box.entries();
  };
  it.each([
    [[act("a"), turn("undo", "u")], []],
    [
      [act("a"), act("b"), turn("undo", "u"), turn("redo", "r")],
      ["a", "b"],
    ],
    [[act("a"), turn("undo", "u"), act("b"), turn("redo", "r")], ["b"]],
    [[turn("undo", "u"), act("a")], ["a"]],
    [[act("a"), { type: "jump", id: "j", act: "x" } as Act], ["a"]],
  ])("are those that hold after the undos among them", (acts, left) => {
    expect(answersOf(entries(acts)).map((entry) => entry.act.id)).toEqual(left);
  });

  it("are written a line each", () => {
    const [line, more] = exported(entries([act("a"), turn("undo", "u"), act("b")])).split("\n");
    expect(JSON.parse(line)).toMatchObject({
      hitl_act: "label",
      event_id: "b",
      key: "k",
      value: "a",
      pool: "p",
      store: "labels.sqlite",
    });
    expect(more).toBe("");
  });
});
