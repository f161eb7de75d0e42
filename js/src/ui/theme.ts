import { rgba } from "../plot/colour";
import { above } from "./dom";

export type Theme = {
  dark: boolean;
  text: string;
  faint: string;
  line: string;
  ground: string;
  accent: string;
};

const seen = new WeakMap<HTMLElement, Set<() => void>>();
const roots = new Set<HTMLElement>();

const DARK = "(prefers-color-scheme: dark)";
const FORCED = "(forced-colors: active)";
/** Attributes that tell the theme: of JupyterLab, of VS Code and marimo, of Colab. */
const NAMES = ["data-jp-theme-light", "data-jp-theme-name", "class", "theme"];
/** A background with less opacity only tints the one behind it. */
const OPAQUE = 200;
/** Between dark and light. */
const MIDDLE = 128;

function isDark(root: HTMLElement): boolean {
  const { body } = document;
  // In high-contrast mode the system's colours apply, not the notebook's theme.
  if (matchMedia(FORCED).matches) return matchMedia(DARK).matches;
  const jupyter = body.dataset.jpThemeLight;
  if (jupyter) return jupyter === "false";
  if (body.classList.contains("vscode-dark") || body.classList.contains("vscode-high-contrast")) return true;
  if (body.classList.contains("vscode-light")) return false;
  // Elsewhere, such as in marimo and Colab: a dark background, or light text where the background is not known.
  const ground = groundBehind(root);
  const page = above(root);
  return ground ? !isLight(ground) : page !== null && isLight(getComputedStyle(page).color);
}

function isLight(colour: string): boolean {
  const [red, green, blue] = rgba(colour);
  return 0.299 * red + 0.587 * green + 0.114 * blue >= MIDDLE;
}

/** The colour on which the page shows this element; null if the page sets none. */
function groundBehind(root: HTMLElement): string | null {
  for (let at = above(root); at; at = above(at)) {
    const ground = getComputedStyle(at).backgroundColor;
    if (ground && rgba(ground)[3] > OPAQUE) return ground;
  }
  return null;
}

/** Marks the root as dark or light, and tells it the page's background; returns whether either changed. */
function mark(root: HTMLElement): boolean {
  const [theme, ground] = [isDark(root) ? "dark" : "light", groundBehind(root) ?? ""];
  const before = [root.dataset.theme, root.style.getPropertyValue("--hitl-page")];
  root.dataset.theme = theme;
  // For pages without the colours of JupyterLab or VS Code: see base.css.
  root.style.setProperty("--hitl-page", ground);
  return before[0] !== theme || before[1] !== ground;
}

/** Marks the root as dark or light, and updates this when the notebook's theme changes. */
export function followTheme(root: HTMLElement, signal: AbortSignal): void {
  const listeners = new Set<() => void>();
  seen.set(root, listeners);
  roots.add(root);
  const tell = (): void => {
    for (const listener of listeners) listener();
  };
  const apply = (): void => {
    mark(root);
    // JupyterLab replaces the theme's style sheet after it has changed the attribute.
    requestAnimationFrame(() => requestAnimationFrame(tell));
  };
  const observer = new MutationObserver(apply);
  for (const element of [document.documentElement, document.body])
    observer.observe(element, { attributes: true, attributeFilter: NAMES });
  for (const query of [DARK, FORCED]) matchMedia(query).addEventListener("change", apply, { signal });
  signal.addEventListener("abort", () => {
    observer.disconnect();
    roots.delete(root);
  });
  apply();
  // The host adds the widget to the page after it was created.
  requestAnimationFrame(() => {
    if (!signal.aborted && mark(root)) tell();
  });
}

export function onTheme(root: HTMLElement, tell: () => void, signal: AbortSignal): void {
  const listeners = seen.get(root);
  listeners?.add(tell);
  signal.addEventListener("abort", () => listeners?.delete(tell));
}

/** A widget on the page, for the colours of what is not on the page yet. */
export const rootOnPage = (): HTMLElement | null => roots.values().next().value ?? null;

/** The current colours, for drawing on a canvas. */
export function readTheme(root: HTMLElement): Theme {
  const style = getComputedStyle(root);
  const get = (name: string): string => style.getPropertyValue(name).trim();
  return {
    dark: root.dataset.theme === "dark",
    text: get("--hitl-text"),
    faint: get("--hitl-faint"),
    line: get("--hitl-line"),
    ground: get("--hitl-ground"),
    accent: get("--hitl-accent"),
  };
}
