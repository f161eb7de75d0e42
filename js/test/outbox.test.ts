import { describe, expect, it } from "vitest";
import { Outbox } from "../src/host/outbox";
import type { Act } from "../src/host/protocol";
import { FakeShelf } from "./fakes";

const act = (id: string): Act => ({ type: "label", id, value: "a", selection: "suggested", key: "k" });
const ids = (box: Outbox): string[] => box.pending().map((a) => a.id);

describe("the outbox", () => {
  it("keeps the order of the acts, whatever their ids", () => {
    const box = new Outbox("k", new FakeShelf());
    const given = Array.from({ length: 50 }, (_, i) => `${(i * 37) % 50}`);
    for (const id of given) box.put(act(id));
    expect(ids(box)).toEqual(given);
  });

  it("forgets what was acknowledged", () => {
    const shelf = new FakeShelf();
    const box = new Outbox("k", shelf);
    for (const id of ["a", "b", "c"]) box.put(act(id));
    box.drop("b");
    box.drop("never there");
    expect(ids(box)).toEqual(["a", "c"]);
    expect(shelf.length).toBe(2);
  });

  it("survives a reload of the page", () => {
    const shelf = new FakeShelf();
    new Outbox("k", shelf).put(act("a"));
    const after = new Outbox("k", shelf);
    after.put(act("b"));
    expect(after.pending()).toEqual([act("a"), act("b")]);
  });

  it("keeps in memory what a full shelf refuses, in order with the rest", () => {
    const shelf = new FakeShelf();
    const box = new Outbox("k", shelf);
    box.put(act("a"));
    shelf.full = true;
    box.put(act("b"));
    shelf.full = false;
    box.put(act("c"));
    expect(ids(box)).toEqual(["a", "b", "c"]);
    box.drop("b");
    expect(ids(box)).toEqual(["a", "c"]);
  });

  it("works without any shelf", () => {
    const box = new Outbox("k", null);
    box.put(act("a"));
    expect(ids(box)).toEqual(["a"]);
    box.drop("a");
    expect(ids(box)).toEqual([]);
  });

  it("ignores garbage, and leaves what is not its own alone", () => {
    const shelf = new FakeShelf();
    const others = new Map([
      ["hitl:k:1", "{"],
      ["hitl:k:2", "null"],
      ["hitl:k:3", '{"order":1,"act":{"id":"x"}}'],
      ["hitl:k:4", '{"order":"1","act":{}}'],
      ["hitl:other:5", JSON.stringify({ order: "1", act: act("5") })],
      ["hitl-guess:k", "hidden"],
      ["jupyterlab", "{}"],
    ]);
    for (const [name, value] of others) shelf.setItem(name, value);
    const box = new Outbox("k", shelf);
    expect(ids(box)).toEqual([]);
    box.put(act("a"));
    box.drop("a");
    expect(shelf.items).toEqual(others);
  });
});
