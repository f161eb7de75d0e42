// @vitest-environment happy-dom
// What marimo, Colab and VS Code give a widget: a bare model, and in marimo a shadow root without the notebook's colours.
import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { Keep } from "../src/host/keep";
import labeler from "../src/widgets/labeler/entry";
import { FakeModel, labelerWelcome, mount } from "./fakes";

let host: HTMLElement;
let shadow: ShadowRoot;
let model: FakeModel;
let end: () => void;

const root = (): HTMLElement => shadow.querySelector(".hitl-labeler") as HTMLElement;
const view = (): string => String(model.of("hello")[0].view);
const show = (row: number, content: object): void =>
  model.say({ type: "items", to: view(), items: [{ row, content, media: [] }] });
/** After a frame, in which the person sees what is on the card; as a browser does it, across the shadow root. */
const press = (key: string, more: KeyboardEventInit = {}): KeyboardEvent => {
  vi.advanceTimersByTime(20);
  const event = new KeyboardEvent("keydown", {
    key,
    bubbles: true,
    cancelable: true,
    composed: true,
    ...more,
  });
  root().dispatchEvent(event);
  return event;
};

beforeEach(() => {
  vi.useFakeTimers();
  localStorage.clear();
  Keep.ofPage();
  document.body.style.backgroundColor = "#181c1a";
  host = document.createElement("div");
  document.body.append(host);
  shadow = host.attachShadow({ mode: "open" });
  const el = document.createElement("div");
  shadow.append(el);
  model = new FakeModel();
  end = mount(labeler, model, el);
});
afterEach(() => {
  end();
  host.remove();
  vi.restoreAllMocks();
  document.body.style.backgroundColor = "";
  vi.useRealTimers();
});

it("takes the page's background for its own, and is dark on a dark page", () => {
  vi.advanceTimersByTime(20);
  expect(root().dataset.theme).toBe("dark");
  expect(root().style.getPropertyValue("--hitl-page")).toBe("#181c1a");
});

it("follows the page's theme, and forgets a background that is gone", async () => {
  await vi.advanceTimersByTimeAsync(50);
  document.body.style.backgroundColor = "#fefefe";
  document.body.className = "light";
  await vi.advanceTimersByTimeAsync(50);
  expect(root().dataset.theme).toBe("light");
  document.body.style.backgroundColor = "";
  document.body.className = "";
  await vi.advanceTimersByTimeAsync(50);
  expect(root().style.getPropertyValue("--hitl-page")).toBe("");
  expect(root().dataset.theme).toBe("light");
  // A transparent frame, such as one of Colab, tells its theme only by the colour of its text.
  document.body.style.color = "#ffffff";
  document.body.className = "dark";
  await vi.advanceTimersByTimeAsync(50);
  expect(root().dataset.theme).toBe("dark");
  document.body.style.color = "";
  document.body.className = "";
});

it("labels by key when the kernel answers late, and sends what was not acknowledged again", () => {
  vi.advanceTimersByTime(40_000);
  expect(model.of("hello").length).toBeGreaterThan(3);
  model.say({ ...labelerWelcome, to: view() });
  show(0, { kind: "text", text: "the first" });
  press("2");
  const [label] = model.of("label");
  expect(label).toMatchObject({ key: "k0", value: "ham" });
  vi.advanceTimersByTime(5000);
  expect(new Set(model.of("label").map(({ id }) => id))).toEqual(new Set([label.id]));
  expect(model.of("label").length).toBeGreaterThan(1);
  model.say({ type: "ack", id: label.id, n_labels: 1, n_events: 1, undo: true, redo: false });
  expect(localStorage.length).toBe(0);
});

it("takes the keys once the host has put it on the page, also if the kernel answers before", () => {
  const box = { top: 0, bottom: 100, width: 100 } as DOMRect;
  vi.spyOn(HTMLElement.prototype, "getBoundingClientRect").mockReturnValue(box);
  const focus = vi.spyOn(root(), "focus");
  host.remove();
  model.say({ ...labelerWelcome, to: view() });
  vi.advanceTimersByTime(50);
  expect(focus).not.toHaveBeenCalled();
  document.body.append(host);
  vi.advanceTimersByTime(50);
  expect(focus).toHaveBeenCalled();
});

it("keeps plain keys from the host, and leaves chords to it", () => {
  model.say({ ...labelerWelcome, to: view() });
  show(0, { kind: "text", text: "the first" });
  const heard: string[] = [];
  const listen = ({ key }: KeyboardEvent): void => void heard.push(key);
  document.addEventListener("keydown", listen);
  for (const key of ["1", "d", "ArrowDown"]) press(key);
  press("s", { ctrlKey: true });
  document.removeEventListener("keydown", listen);
  expect(heard).toEqual(["s"]);
});

it("shows HTML in its frame", () => {
  model.say({ ...labelerWelcome, kind: "html", to: view() });
  show(0, { kind: "markup", html: "<p>the first</p>", text: "the first", hosts: [] });
  const frame = root().querySelector("iframe") as HTMLIFrameElement;
  expect(frame.srcdoc).toContain("<p>the first</p>");
});
