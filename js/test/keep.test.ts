import { IDBFactory } from "fake-indexeddb";
import { describe, expect, it, vi } from "vitest";
import { Keep } from "../src/host/keep";
import { FakeShelf } from "./fakes";

const full = (): FakeShelf => Object.assign(new FakeShelf(), { full: true });
const closed = (): FakeShelf =>
  new Proxy(new FakeShelf(), {
    get: () => {
      throw new Error("SecurityError");
    },
  });
const named = (keep: Keep): Record<string, string> => Object.fromEntries(keep.all(""));

describe("what a browser keeps", () => {
  it("is in localStorage, safe at once", () => {
    const shelf = new FakeShelf();
    const keep = new Keep(shelf, null);
    keep.put("a", "1");
    expect(shelf.items).toEqual(new Map([["a", "1"]]));
    expect(keep.unsafe("")).toEqual([]);
    keep.drop("a");
    expect(named(keep)).toEqual({});
  });

  it.each([
    ["full", full],
    ["forbidden", closed],
    ["missing", () => null],
  ])("is in IndexedDB where localStorage is %s, and there after a reload", async (_, shelf) => {
    const databases = new IDBFactory();
    const keep = new Keep(shelf(), databases);
    keep.put("a", "1");
    keep.put("b", "2");
    expect(named(keep)).toEqual({ a: "1", b: "2" });
    await vi.waitFor(() => expect(keep.unsafe("")).toEqual([]));
    keep.drop("a");

    const after = new Keep(shelf(), databases);
    await after.ready;
    await vi.waitFor(() => expect(named(after)).toEqual({ b: "2" }));
    expect(after.unsafe("")).toEqual([]);
  });

  it.each([
    ["there is no IndexedDB", null],
    [
      "IndexedDB throws",
      {
        open: () => {
          throw new Error("SecurityError");
        },
      } as unknown as IDBFactory,
    ],
  ])("is in the page alone where %s either, and says so", async (_, databases) => {
    const keep = new Keep(full(), databases);
    keep.put("hitl:a", "1");
    await keep.ready;
    expect(named(keep)).toEqual({ "hitl:a": "1" });
    expect(keep.unsafe("hitl:")).toEqual(["hitl:a"]);
    expect(keep.unsafe("other:")).toEqual([]);
    keep.drop("hitl:a");
    expect(keep.unsafe("")).toEqual([]);
  });

  it("moves into localStorage when that has room again, and is there once", async () => {
    const [shelf, databases] = [full(), new IDBFactory()];
    const keep = new Keep(shelf, databases);
    keep.put("a", "1");
    await vi.waitFor(() => expect(keep.unsafe("")).toEqual([]));
    shelf.full = false;
    keep.put("a", "2");
    expect(keep.all("")).toEqual([["a", "2"]]);
    const after = new Keep(new FakeShelf(), databases);
    await after.ready;
    await vi.waitFor(async () => expect(named(after)).toEqual({}));
  });
});
