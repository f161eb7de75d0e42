// @vitest-environment happy-dom
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { Channel } from "../src/host/channel";
import { loadModule } from "../src/host/modules";
import { FakeModel } from "./fakes";

let model: FakeModel;
let channel: Channel;
let end: AbortController;
beforeEach(() => {
  vi.useFakeTimers();
  model = new FakeModel();
  channel = new Channel(model.any, "k", "s");
  end = new AbortController();
});
afterEach(() => {
  end.abort();
  channel.close();
  vi.useRealTimers();
});

const load = (name: string, patience?: number): Promise<unknown> =>
  loadModule(name, channel, end.signal, undefined, patience).catch((error: Error) => error.message);
const refuse = (nth: number, why: string): void =>
  model.say({ type: "failed", id: model.of("module")[nth].id, why });

test("each module that the kernel cannot send says why, and is requested again by the next who needs it", async () => {
  const [one, two] = [load("compose-a"), load("view-b")];
  refuse(0, "The first is missing.");
  refuse(1, "The second is missing.");
  expect(await Promise.all([one, two])).toEqual(["The first is missing.", "The second is missing."]);
  const again = load("compose-a");
  expect(model.of("module").map(({ name }) => name)).toEqual(["compose-a", "view-b", "compose-a"]);
  refuse(2, "Still missing.");
  expect(await again).toBe("Still missing.");
});

test("a kernel that does not answer in time is said; without a limit, it is waited for", async () => {
  let waits = true;
  void load("compose-c").then(() => {
    waits = false;
  });
  const limited = load("teach", 1000);
  await vi.advanceTimersByTimeAsync(60_000);
  expect(await limited).toContain("has not answered");
  expect(waits).toBe(true);
});

test("a widget that is closed leaves no timer behind", async () => {
  const loading = load("teach", 1000);
  end.abort();
  expect(await loading).toContain("closed");
  channel.close();
  expect(vi.getTimerCount()).toBe(0);
});
