import { focused } from "./dom";

/**
 * Keeps keys from the notebook while the widget has the focus. JupyterLab and Notebook 7 check the ancestors of the
 * target for the attribute. It would also disable Ctrl+S and the like, so it is removed while a modifier is held. In
 * other hosts, plain keys end at the widget.
 */
export function suppressShortcuts(root: HTMLElement, signal: AbortSignal): void {
  root.setAttribute("data-lm-suppress-shortcuts", "");
  const toggle = (event: KeyboardEvent): void => {
    if (!event.composedPath().includes(root)) return;
    root.toggleAttribute("data-lm-suppress-shortcuts", !isChord(event));
  };
  window.addEventListener("keydown", toggle, { capture: true, signal });
  root.addEventListener("keydown", (event) => !isChord(event) && event.stopPropagation(), { signal });
  window.addEventListener("keyup", () => root.setAttribute("data-lm-suppress-shortcuts", ""), {
    capture: true,
    signal,
  });
}

/** AltGr, and Option on a Mac, type characters such as "[" on a German keyboard. Windows reports AltGr as Ctrl+Alt. */
function isAltGr(event: KeyboardEvent): boolean {
  if (event.metaKey || event.key.length !== 1) return false;
  if (event.getModifierState("AltGraph")) return true;
  const option = event.altKey && !event.ctrlKey && /^Mac/.test(navigator.platform);
  return option && !ALPHANUMERIC.test(event.key);
}

const isChord = (event: KeyboardEvent): boolean =>
  (event.ctrlKey || event.metaKey || event.altKey) && !isAltGr(event);

/** A key for an input method, or a dead key. */
const isComposing = ({ isComposing, keyCode, key }: KeyboardEvent): boolean =>
  isComposing || keyCode === 229 || key === "Process" || key === "Dead";

const ALPHANUMERIC = /^[a-z0-9]$/i;
const LETTER = /^[\p{L}\p{M}]+$/u;
const LATIN = /\p{Script=Latin}/u;

export type Meaning = { key: string; shift: boolean };

/**
 * Possible meanings of a key, most likely first: the character that it types, and its position on the keyboard. The
 * position counts for digits if the layout has other characters there (AZERTY), for letters if the layout is not Latin
 * (Cyrillic), and for the numpad without NumLock. It comes first where the character can only be a shortcut: "-" on the
 * digit 6 of AZERTY zooms only if there is no sixth class. A letter there may be the key of a class.
 */
export function meanings(event: KeyboardEvent): Meaning[] {
  const { key, code, shiftKey } = event;
  const single = [...key].length === 1;
  // Shift distinguishes capital letters; for other characters it is only needed to type them.
  const shift = shiftKey && (!single || LETTER.test(key));
  const own = { key: single ? key.toLowerCase() : key, shift };
  const place = isAltGr(event) ? "" : placeOf(key, code, shiftKey);
  if (!place) return [own];
  const there = { key: place, shift: shiftKey };
  return LETTER.test(place) || (single && LETTER.test(key)) ? [own, there] : [there, own];
}

function placeOf(key: string, code: string, shiftKey: boolean): string {
  const digit = /^(?:Digit|(Numpad))([0-9])$/.exec(code);
  if (digit) {
    const [, numpad, place] = digit;
    if (numpad) return key.length > 1 ? place : "";
    return key.length === 1 && !ALPHANUMERIC.test(key) && !shiftKey ? place : "";
  }
  if (!LETTER.test(key) || LATIN.test(key)) return "";
  const letter = /^Key([A-Z])$/.exec(code)?.[1].toLowerCase();
  return letter ?? { BracketLeft: "[", BracketRight: "]" }[code] ?? "";
}

/** Returns whether the key was handled; "again" to also handle its repeats while it is held. */
export type Press = (key: string, shift: boolean) => boolean | "again";

/** Handles plain keys on the widget: not typed into a field, and not part of a chord or a composition. */
export function onKey(root: HTMLElement, handler: Press, signal: AbortSignal): void {
  let held = "";
  let again = false;
  const tell = (event: KeyboardEvent): boolean | "again" => {
    for (const { key, shift } of meanings(event)) {
      const taken = handler(key, shift);
      if (taken) return taken;
    }
    return false;
  };
  const take = (event: KeyboardEvent): void => {
    event.preventDefault();
    event.stopPropagation();
  };
  root.addEventListener(
    "keydown",
    (event) => {
      if (isChord(event) || isComposing(event)) return;
      const target = event.target as HTMLElement;
      if (target.closest("input, textarea, select, [contenteditable]")) return;
      if ((event.key === "Enter" || event.key === " ") && target.closest("button, a, summary")) return;
      if (event.repeat) {
        // The repeats of a handled key must not scroll the notebook.
        if (!held || event.code !== held) return;
        take(event);
        if (again) tell(event);
        return;
      }
      const taken = tell(event);
      held = taken ? event.code : "";
      again = taken === "again";
      // The numpad without NumLock is meant for digits, so it never scrolls, even if there is no such class.
      if (taken || /^Numpad[0-9]$/.test(event.code)) take(event);
    },
    { signal },
  );
}

/** Handles keys in a line with a field, to which the keys of the widget do not apply. A handled key goes no further. */
export function onTyping(line: HTMLElement, handler: (event: KeyboardEvent) => boolean): void {
  line.addEventListener("keydown", (event) => {
    if (isComposing(event) || !handler(event)) return;
    event.preventDefault();
    event.stopPropagation();
  });
}

/** Makes a held Enter key press a button only once. */
export function pressOnce(root: HTMLElement, signal: AbortSignal): void {
  root.addEventListener(
    "keydown",
    (event) => {
      const button = (event.target as HTMLElement).closest("button, a, summary");
      if (event.repeat && event.key === "Enter" && button) event.preventDefault();
    },
    { capture: true, signal },
  );
}

/**
 * Moves the focus from a clicked button back to the widget. Otherwise the button would handle the next Space or Enter.
 */
export function leaveKeys(root: HTMLElement, buttons: string, signal: AbortSignal): void {
  root.addEventListener(
    "click",
    ({ detail, target }) => {
      // Clicks by keyboard have detail 0 and keep the focus; a button may also have opened a field.
      if (detail === 0 || !(target as HTMLElement).closest(buttons)) return;
      if (!focused()?.matches("input, textarea")) root.focus({ preventScroll: true });
    },
    { signal },
  );
}

/**
 * Takes the focus for a widget that has just been shown, so that keys work at once; not from a field that the user types
 * in, nor from another widget.
 */
export function takeKeys(root: HTMLElement, signal: AbortSignal): void {
  if (!root.isConnected && !signal.aborted) {
    // A notebook under load adds the widget to the page after the kernel has answered.
    requestAnimationFrame(() => takeKeys(root, signal));
    return;
  }
  const at = focused();
  const typing =
    at instanceof HTMLElement && (at.isContentEditable || at.matches("input, textarea, select, iframe"));
  if (typing || at?.closest(".hitl") || !isVisible(root)) return;
  root.focus({ preventScroll: true });
}

function isVisible(element: HTMLElement): boolean {
  const { top, bottom, width } = element.getBoundingClientRect();
  return width > 0 && bottom > 0 && top < window.innerHeight;
}

const TAB_MS = 1000;

/**
 * Takes the focus back from a frame that was clicked. With Tab the focus stays in the frame, to scroll it.
 */
export function keepFocus(root: HTMLElement, signal: AbortSignal): void {
  let tabbed = Number.NEGATIVE_INFINITY;
  const back = (): void => {
    const at = focused();
    if (at instanceof HTMLIFrameElement && root.contains(at)) root.focus({ preventScroll: true });
  };
  const listen = { capture: true, signal };
  const note = ({ key }: KeyboardEvent): void => {
    if (key === "Tab") tabbed = performance.now();
  };
  window.addEventListener("keydown", note, listen);
  // A frame in another process gets the focus some time after the key.
  const left = (): void => {
    if (performance.now() - tabbed > TAB_MS) setTimeout(back);
  };
  window.addEventListener("blur", left, { signal });
}
