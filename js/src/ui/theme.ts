export type Theme = {
  dark: boolean;
  text: string;
  faint: string;
  line: string;
  ground: string;
  accent: string;
};

const seen = new WeakMap<HTMLElement, Set<() => void>>();

const DARK = "(prefers-color-scheme: dark)";
const FORCED = "(forced-colors: active)";

function isDark(): boolean {
  const { body } = document;
  // In high-contrast mode the system's colours apply, not the notebook's theme.
  if (matchMedia(FORCED).matches) return matchMedia(DARK).matches;
  const jupyter = body.dataset.jpThemeLight;
  if (jupyter) return jupyter === "false";
  if (body.classList.contains("vscode-dark") || body.classList.contains("vscode-high-contrast")) return true;
  if (body.classList.contains("vscode-light")) return false;
  return matchMedia(DARK).matches;
}

/** Marks the root as dark or light, and updates this when the notebook's theme changes. */
export function followTheme(root: HTMLElement, signal: AbortSignal): void {
  const listeners = new Set<() => void>();
  seen.set(root, listeners);
  const apply = (): void => {
    root.dataset.theme = isDark() ? "dark" : "light";
    // JupyterLab replaces the theme's style sheet after it has changed the attribute.
    requestAnimationFrame(() =>
      requestAnimationFrame(() => {
        for (const tell of listeners) tell();
      }),
    );
  };
  const observer = new MutationObserver(apply);
  observer.observe(document.body, {
    attributes: true,
    attributeFilter: ["data-jp-theme-light", "data-jp-theme-name", "class"],
  });
  for (const query of [DARK, FORCED]) matchMedia(query).addEventListener("change", apply, { signal });
  signal.addEventListener("abort", () => observer.disconnect());
  apply();
}

export function onTheme(root: HTMLElement, tell: () => void, signal: AbortSignal): void {
  const listeners = seen.get(root);
  listeners?.add(tell);
  signal.addEventListener("abort", () => listeners?.delete(tell));
}

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
