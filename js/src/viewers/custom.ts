import "./custom.css";
import { broken } from "../items/broken";
import { type ItemKind, SPOKEN, type Stage, shortened } from "../items/registry";
import { h } from "../ui/dom";
import { readTheme, rootOnPage } from "../ui/theme";

type Data = Record<string, unknown>;
/** An item that the user's own ES module shows; only if it is `trusted`, it runs in the page. */
type Custom = { kind: "custom"; data: Data; version: string; trusted: boolean };
type Rendering = {
  data: Data;
  el: HTMLElement;
  model: { get: (name: string) => unknown };
  signal: AbortSignal;
};
type Module = { render?: unknown; default?: unknown };

/** The sources of modules, by their version. */
const sources = new Map<string, Promise<string>>();
const TALLEST = 20_000;

export const viewer: ItemKind<Custom> = {
  render: (content, _, stage) => {
    const element = h("div", { class: "hitl-custom" });
    const fail = (why: string): void => element.replaceChildren(broken(why));
    sourceOf(content.version, stage).then(
      (source) => {
        if (stage.signal.aborted) return;
        if (content.trusted) void here(element, source, content.data, stage, fail);
        else element.append(frameOf(source, content.data, stage, fail));
      },
      (error) => stage.signal.aborted || fail((error as Error).message),
    );
    return element;
  },
  glimpse: ({ data }, _, characters) =>
    h("div", { class: "hitl-glimpse", text: words(data, characters), attrs: { dir: "auto" } }),
  spoken: ({ data }) => words(data, SPOKEN),
};

const words = (data: Data, characters: number): string =>
  shortened(
    Object.entries(data)
      .map(([name, value]) => `${name}: ${typeof value === "object" ? JSON.stringify(value) : value}`)
      .join(" · "),
    characters,
  );

function sourceOf(version: string, stage: Stage): Promise<string> {
  const known = sources.get(version);
  if (known) return known;
  const asked = stage
    .gather({ what: "module", version })
    .then((parts) => new Blob(parts as BlobPart[]).text());
  sources.set(version, asked);
  // Another item requests it again.
  asked.catch(() => sources.delete(version));
  return asked;
}

/** Runs a trusted module in the page. */
async function here(
  el: HTMLElement,
  source: string,
  data: Data,
  { signal }: Stage,
  fail: (why: string) => void,
): Promise<void> {
  const url = URL.createObjectURL(new Blob([source], { type: "text/javascript" }));
  try {
    const module = (await import(url)) as Module;
    const inner = module.default as { render?: unknown } | undefined;
    const render = module.render ?? inner?.render ?? inner;
    if (typeof render !== "function") throw new Error("it exports no function named render");
    const told: Rendering = { data, el, model: { get: (name) => data[name] }, signal };
    await render(told);
  } catch (error) {
    fail(failure(String(error)));
  } finally {
    URL.revokeObjectURL(url);
  }
}

const failure = (why: string): string => `The module of render= failed: ${why}`;

/**
 * A frame in which a module runs without an origin: it reaches neither the notebook nor the network. What it says is
 * only its height, and why it failed; it can press no keys.
 */
function frameOf(source: string, data: Data, stage: Stage, fail: (why: string) => void): HTMLIFrameElement {
  const frame = h("iframe", {
    class: "hitl-custom-frame",
    attrs: { sandbox: "allow-scripts", referrerpolicy: "no-referrer", title: "The item", srcdoc: page() },
  });
  let loads = 0;
  frame.addEventListener("load", () => {
    if (++loads > 1) fail("The module of render= tried to open another page.");
  });
  window.addEventListener(
    "message",
    ({ source: from, data: told }: MessageEvent) => {
      if (from !== frame.contentWindow || typeof told !== "object" || told === null) return;
      if (told.ready === true) frame.contentWindow?.postMessage({ source, data }, "*");
      else if (typeof told.failed === "string") fail(failure(told.failed.slice(0, 500)));
      else if (Number.isFinite(told.height))
        frame.style.height = `${Math.max(40, Math.min(Number(told.height), TALLEST))}px`;
    },
    { signal: stage.signal },
  );
  return frame;
}

const POLICY =
  "default-src 'none'; script-src 'unsafe-inline' blob:; style-src 'unsafe-inline'; img-src data: blob:; " +
  "media-src data: blob:; font-src data:; form-action 'none'; base-uri 'none'";

const SCRIPT = `
const tell = (message) => parent.postMessage(message, "*");
const fail = (error) => tell({ failed: String(error?.message ?? error) });
addEventListener("error", (event) => fail(event.error ?? event.message));
addEventListener("unhandledrejection", (event) => fail(event.reason));
addEventListener("message", async ({ data: { source, data } }) => {
  try {
    const url = URL.createObjectURL(new Blob([source], { type: "text/javascript" }));
    const module = await import(url);
    const render = module.render ?? module.default?.render ?? module.default;
    if (typeof render !== "function") throw new Error("it exports no function named render");
    const el = document.getElementById("el");
    new ResizeObserver(() => tell({ height: Math.ceil(el.getBoundingClientRect().bottom) + 12 })).observe(el);
    await render({ data, el, model: { get: (name) => data[name] }, signal: new AbortController().signal });
  } catch (error) { fail(error); }
}, { once: true });
tell({ ready: true });`;

function page(): string {
  const root = rootOnPage();
  const { dark, text, ground } = root
    ? readTheme(root)
    : { dark: false, text: "CanvasText", ground: "Canvas" };
  const font = root ? getComputedStyle(root).fontFamily : "system-ui";
  const style =
    `:root { color-scheme: ${dark ? "dark" : "light"}; } ` +
    `body { margin: 0; padding: 2px; color: ${text}; background: ${ground}; font: 14px/1.5 ${font}; }`;
  return (
    `<!doctype html><meta charset="utf-8"><meta http-equiv="Content-Security-Policy" content="${POLICY}">` +
    `<style>${style}</style><body><div id="el"></div><script type="module">${SCRIPT}</script>`
  );
}
