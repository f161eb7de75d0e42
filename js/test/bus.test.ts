// @vitest-environment happy-dom
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { Bus, type PageEvents } from "../src/ui/bus";

type Heard = Partial<Record<keyof PageEvents, number>>;
let end: AbortController;
beforeEach(() => {
  end = new AbortController();
  document.body.replaceChildren();
});
afterEach(() => end.abort());

function view(session: string, group: string | null): { bus: Bus; heard: Heard } {
  let around: Element = document.body;
  if (group) {
    around = document.getElementById(group) ?? document.createElement("div");
    around.id = group;
    around.className = group.startsWith("clone") ? "jp-LinkedOutputView" : "hitl-workbench";
    document.body.append(around);
  }
  const root = document.createElement("div");
  around.append(root);
  const bus = new Bus(session, root, end.signal);
  const heard: Heard = {};
  for (const name of ["key", "selection", "acted", "waiting"] as const)
    bus.on(name, () => {
      heard[name] = (heard[name] ?? 0) + 1;
      return name === "key" || undefined;
    });
  return { bus, heard };
}

const key = { key: "1", shift: false };
const acted = { rows: Uint32Array.of(1), codes: [0] };

describe("the views of a page", () => {
  it("of two sessions never hear each other, though they share a log and a Workbench's place", () => {
    const [one, two] = [view("s", "w"), view("t", "w")];
    expect(one.bus.tell("key", key)).toBe(false);
    one.bus.tell("acted", acted);
    expect(two.heard).toEqual({});
  });

  it("of one Workbench act together; another of the same session hears what was labelled, and no key", () => {
    const [map, card, other] = [view("s", "one"), view("s", "one"), view("s", "two")];
    expect(map.bus.tell("key", key)).toBe(true);
    map.bus.tell("selection", null);
    map.bus.tell("acted", acted);
    map.bus.tell("waiting", { n: 1, since: 0 });
    expect(card.heard).toEqual({ key: 1, selection: 1, acted: 1, waiting: 1 });
    expect(other.heard).toEqual({ acted: 1, waiting: 1 });
    expect(map.heard).toEqual({});
  });

  it("a key is taken once, also of standalone views", () => {
    const [map, one, two] = [view("s", null), view("s", null), view("s", null)];
    expect(map.bus.tell("key", key)).toBe(true);
    expect((one.heard.key ?? 0) + (two.heard.key ?? 0)).toBe(1);
  });

  it("a view that stands alone in a clone of its output belongs to those in the notebook", () => {
    const [map, card] = [view("s", "clone"), view("s", null)];
    expect(map.bus.tell("key", key)).toBe(true);
    expect(card.heard.key).toBe(1);
  });

  it("that are closed hear nothing", () => {
    const [map, card] = [view("s", "w"), view("s", "w")];
    end.abort();
    expect(map.bus.tell("key", key)).toBe(false);
    expect(card.heard).toEqual({});
  });
});
