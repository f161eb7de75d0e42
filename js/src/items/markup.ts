import "./markup.css";
import { h } from "../ui/dom";
import { readTheme, rootOnPage, type Theme } from "../ui/theme";
import { registerItem, SPOKEN, shortened } from "./registry";
import { lines, withRest } from "./text";

/** Sanitised HTML, the start of its visible text, and the hosts from which images may be loaded. */
type Markup = { kind: "markup"; html: string; text: string; hosts: string[]; cut?: number };

registerItem<Markup>("markup", {
  render: (content) => withRest(markupFrame(content), content.cut),
  glimpse: ({ text }, _, characters) => lines(text, characters),
  spoken: ({ text }) => shortened(text, SPOKEN),
  redress: (root) => {
    for (const frame of root.querySelectorAll<HTMLIFrameElement>("iframe.hitl-frame")) dress(frame);
  },
});

const shown = new WeakMap<HTMLIFrameElement, Markup>();

/**
 * A frame without any permissions: it runs no scripts, has no origin, opens nothing and loads only allowed images. The
 * kernel has sanitised the content; the frame is safe even if that failed.
 */
function markupFrame(content: Markup): HTMLIFrameElement {
  const frame = h("iframe", {
    class: "hitl-frame",
    attrs: { sandbox: "", referrerpolicy: "no-referrer", title: "The item" },
  });
  shown.set(frame, content);
  dress(frame);
  return frame;
}

function dress(frame: HTMLIFrameElement): void {
  const content = shown.get(frame);
  const root = rootOnPage();
  if (content && root) frame.srcdoc = page(content, readTheme(root), getComputedStyle(root).fontFamily);
}

function page({ html, hosts }: Markup, theme: Theme, font: string): string {
  const images = ["data:", ...hosts.map((host) => `https://${host}`)].join(" ");
  const policy = `default-src 'none'; img-src ${images}; style-src 'unsafe-inline'; form-action 'none'; base-uri 'none'`;
  return (
    `<!doctype html><meta charset="utf-8"><meta http-equiv="Content-Security-Policy" content="${policy}">` +
    `<meta name="referrer" content="no-referrer"><style>${style(theme, font)}</style><body dir="auto">${html}`
  );
}

/** Styles for mail and manuals: a limited line length, plain tables, nothing wider than the card. */
const style = ({ dark, text, faint, line, ground, accent }: Theme, font: string): string => `
:root {
  color-scheme: ${dark ? "dark" : "light"}; scrollbar-width: thin;
  --hold: color-mix(in srgb, ${text} 7%, ${ground});
}
body {
  margin: 0 auto 0 0; padding: 2px 8px 12px 0; max-width: 72ch;
  color: ${text}; background: ${ground}; font: 15px/1.6 ${font}; overflow-wrap: anywhere;
}
body > :first-child { margin-top: 0; }
h1, h2, h3, h4, h5, h6 { line-height: 1.25; margin: 1.3em 0 .4em; font-weight: 600; }
h1 { font-size: 21px; } h2 { font-size: 18px; } h3 { font-size: 16px; } h4, h5, h6 { font-size: 15px; }
p, ul, ol, dl, pre, table, blockquote, figure { margin: 0 0 .8em; }
ul, ol { padding-inline-start: 1.5em; } li + li { margin-top: .2em; }
a { color: inherit; text-decoration-color: ${accent}; text-underline-offset: 3px; }
blockquote { margin-inline: 0; padding-inline-start: 14px; border-inline-start: 3px solid ${line}; color: ${faint}; }
code, kbd, samp, pre { font: 13px/1.5 ui-monospace, monospace; }
code { background: var(--hold); border-radius: 4px; padding: 1px 4px; }
pre { background: var(--hold); border-radius: 6px; padding: 10px 12px; white-space: pre-wrap; }
pre code { background: none; padding: 0; }
table { border-collapse: collapse; font-size: 14px; font-variant-numeric: tabular-nums; }
th, td { text-align: start; vertical-align: top; padding: 5px 14px 5px 0; border-bottom: 1px solid ${line}; }
th { font-weight: 600; color: ${faint}; }
hr { border: 0; border-top: 1px solid ${line}; margin: 1.2em 0; }
img { max-width: 100%; height: auto; border-radius: 4px; vertical-align: middle; }
img[src^="data:image/svg"] { width: auto; }
small, figcaption, caption { font-size: 13px; color: ${faint}; }
mark { background: color-mix(in srgb, ${accent} 22%, ${ground}); color: inherit; }`;
