// @vitest-environment happy-dom
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { keepFocus, leaveKeys, meanings, onKey, pressOnce, suppressShortcuts } from "../src/ui/keys";

const NAME = "data-lm-suppress-shortcuts";
let root: HTMLElement;
let end: AbortController;

/** As a browser makes it: happy-dom takes Alt for AltGr. */
function keydown(key: string, more: KeyboardEventInit): KeyboardEvent {
  const event = new KeyboardEvent("keydown", { key, bubbles: true, cancelable: true, ...more });
  event.getModifierState = (name) => name === "AltGraph" && Boolean(more.modifierAltGraph);
  return event;
}
const press = (target: EventTarget, key: string, more: KeyboardEventInit = {}): KeyboardEvent => {
  const event = keydown(key, more);
  target.dispatchEvent(event);
  return event;
};
const release = (target: EventTarget, key: string): void => {
  target.dispatchEvent(new KeyboardEvent("keyup", { key, bubbles: true }));
};

beforeEach(() => {
  end = new AbortController();
  root = document.createElement("div");
  document.body.append(root);
});
afterEach(() => {
  end.abort();
  root.remove();
});

describe("the notebook's shortcuts", () => {
  it("are off on the widget, but on while a modifier is held", () => {
    suppressShortcuts(root, end.signal);
    expect(root.hasAttribute(NAME)).toBe(true);
    for (const chord of [{ ctrlKey: true }, { metaKey: true }, { altKey: true }]) {
      press(root, "s", chord);
      expect(root.hasAttribute(NAME)).toBe(false);
      release(root, "s");
      expect(root.hasAttribute(NAME)).toBe(true);
    }
    press(root, "s", { shiftKey: true });
    expect(root.hasAttribute(NAME)).toBe(true);
  });

  it("are on again by the next plain key, where the release was never seen", () => {
    suppressShortcuts(root, end.signal);
    press(root, "s", { ctrlKey: true });
    press(root, "a");
    expect(root.hasAttribute(NAME)).toBe(true);
  });

  it("are left alone for keys elsewhere, and after the widget", () => {
    suppressShortcuts(root, end.signal);
    press(document.body, "s", { ctrlKey: true });
    expect(root.hasAttribute(NAME)).toBe(true);
    end.abort();
    press(root, "s", { ctrlKey: true });
    expect(root.hasAttribute(NAME)).toBe(true);
  });
});

describe("a key on the widget", () => {
  const listen = (takes = true): string[] => {
    const got: string[] = [];
    onKey(
      root,
      (key) => {
        got.push(key);
        return takes;
      },
      end.signal,
    );
    return got;
  };

  it("is heard in lower case, and taken", () => {
    const got = listen();
    let above = 0;
    document.body.addEventListener("keydown", () => above++, { signal: end.signal });
    expect(press(root, "A").defaultPrevented).toBe(true);
    press(root, "Escape");
    expect(got).toEqual(["a", "Escape"]);
    expect(above).toBe(0);
  });

  it("that is not ours goes on", () => {
    listen(false);
    let above = 0;
    document.body.addEventListener("keydown", () => above++, { signal: end.signal });
    expect(press(root, "q").defaultPrevented).toBe(false);
    expect(above).toBe(1);
  });

  it("held down, in a chord or in a composition is not ours", () => {
    const got = listen();
    press(root, "1", { repeat: true });
    press(root, "1", { ctrlKey: true });
    press(root, "1", { metaKey: true });
    press(root, "1", { altKey: true });
    press(root, "1", { isComposing: true });
    expect(got).toEqual([]);
  });

  it("of AltGr writes a character: no chord", () => {
    suppressShortcuts(root, end.signal);
    const got = listen();
    press(root, "[", { code: "Digit8", ctrlKey: true, altKey: true, modifierAltGraph: true });
    expect(root.hasAttribute(NAME)).toBe(true);
    press(root, "[", { code: "Digit5", modifierAltGraph: true });
    expect(got).toEqual(["[", "["]);
  });

  it("of an input method, or an accent that waits for its letter, does nothing", () => {
    const got = listen();
    press(root, "Process", { code: "KeyS" });
    press(root, "Dead", { code: "Digit6" });
    press(root, "s", { code: "KeyS", keyCode: 229 });
    expect(got).toEqual([]);
  });

  it("that is held acts once, and scrolls nothing either", () => {
    const got = listen();
    const first = { key: "ArrowDown", code: "ArrowDown" };
    expect(press(root, first.key, first).defaultPrevented).toBe(true);
    expect(press(root, first.key, { ...first, repeat: true }).defaultPrevented).toBe(true);
    expect(press(root, "PageDown", { code: "PageDown", repeat: true }).defaultPrevented).toBe(false);
    expect(got).toEqual(["ArrowDown"]);
  });

  it("that is held acts again where whoever takes it says so", () => {
    let n = 0;
    onKey(root, (key) => key === "ArrowRight" && n++ >= 0 && "again", end.signal);
    const first = { code: "ArrowRight" };
    press(root, "ArrowRight", first);
    press(root, "ArrowRight", { ...first, repeat: true });
    expect(press(root, "ArrowRight", { ...first, repeat: true }).defaultPrevented).toBe(true);
    press(root, "ArrowLeft", { code: "ArrowLeft" });
    press(root, "ArrowRight", { ...first, repeat: true });
    expect(n).toBe(3);
  });

  it("is tried by its character, then by its place", () => {
    const got: string[] = [];
    onKey(
      root,
      (key) => {
        got.push(key);
        return key === "s";
      },
      end.signal,
    );
    press(root, "ы", { code: "KeyS" });
    press(root, "1", { code: "Digit1" });
    expect(got).toEqual(["ы", "s", "1"]);
  });

  it("of the numpad without NumLock does not scroll the notebook, whatever it means", () => {
    const got = listen(false);
    for (const [key, code] of [
      ["End", "Numpad1"],
      ["PageUp", "Numpad9"],
    ])
      expect(press(root, key, { code }).defaultPrevented).toBe(true);
    expect(got).toEqual(["1", "End", "9", "PageUp"]);
    expect(press(root, "End", { code: "End" }).defaultPrevented).toBe(false);
  });

  it("typed into a field belongs to the field", () => {
    const got = listen();
    for (const tag of ["input", "textarea", "select"]) {
      const field = document.createElement(tag);
      root.append(field);
      press(field, "1");
    }
    const free = document.createElement("div");
    free.setAttribute("contenteditable", "");
    root.append(free);
    press(free, "1");
    expect(got).toEqual([]);
  });

  it("presses a focused button, where it is Enter or Space", () => {
    const got = listen();
    const button = document.createElement("button");
    root.append(button);
    press(button, "Enter");
    press(button, " ");
    press(button, "1");
    expect(got).toEqual(["1"]);
  });

  it("is not heard after the widget", () => {
    const got = listen();
    end.abort();
    press(root, "1");
    expect(got).toEqual([]);
  });
});

describe("what a key means", () => {
  const of = (key: string, code: string, more: KeyboardEventInit = {}): string =>
    meanings(keydown(key, { code, ...more }))
      .map((one) => (one.shift ? "⇧" : "") + one.key)
      .join(" ");
  const shifted = { shiftKey: true };

  it.each([
    ["QWERTY", "1", "Digit1", {}, "1"],
    ["QWERTY, a capital", "Z", "KeyZ", shifted, "⇧z"],
    ["QWERTY, shift and a digit", "!", "Digit1", shifted, "!"],
    ["QWERTY, plus", "+", "Equal", shifted, "+"],
    ["AZERTY", "&", "Digit1", {}, "1 &"],
    ["AZERTY: minus where 6 is elsewhere", "-", "Digit6", {}, "6 -"],
    ["AZERTY", "é", "Digit2", {}, "é 2"],
    ["AZERTY with shift", "1", "Digit1", shifted, "1"],
    ["AZERTY: Z where W is elsewhere", "z", "KeyW", {}, "z"],
    ["AZERTY: W where Z is elsewhere", "w", "KeyZ", {}, "w"],
    ["AZERTY: comma where M is elsewhere", ",", "KeyM", {}, ","],
    ["QWERTZ", "z", "KeyY", {}, "z"],
    ["German: an umlaut is no bracket", "ü", "BracketLeft", {}, "ü"],
    ["BÉPO: à where Z is elsewhere", "à", "KeyZ", {}, "à"],
    ["Czech", "ě", "Digit2", {}, "ě 2"],
    ["Cyrillic S", "ы", "KeyS", {}, "ы s"],
    ["Cyrillic Z with shift", "Я", "KeyZ", shifted, "⇧я ⇧z"],
    ["Cyrillic bracket", "х", "BracketLeft", {}, "х ["],
    ["Greek", "σ", "KeyS", {}, "σ s"],
    ["Hebrew", "ד", "KeyS", {}, "ד s"],
    ["Arabic digit", "١", "Digit1", {}, "1 ١"],
    ["Thai vowel sign", "ี", "KeyU", {}, "ี u"],
    ["Dvorak: O where S is elsewhere", "o", "KeyS", {}, "o"],
    ["Dvorak: semicolon where Z is elsewhere", ";", "KeyZ", {}, ";"],
    ["the numpad", "1", "Numpad1", {}, "1"],
    ["the numpad without NumLock", "End", "Numpad1", {}, "1 End"],
    ["the middle of the numpad", "Clear", "Numpad5", {}, "5 Clear"],
    ["the key End", "End", "End", {}, "End"],
    ["AltGr: Polish ś is no S", "ś", "KeyS", { modifierAltGraph: true }, "ś"],
    ["AltGr on a digit", "²", "Digit2", { modifierAltGraph: true }, "²"],
  ] as [string, string, string, KeyboardEventInit, string][])(
    "%s: %s on %s",
    (_, key, code, more, expected) => {
      expect(of(key, code, more)).toBe(expected);
    },
  );
});

describe("Enter on a button", () => {
  it("presses it once, however long it is held", () => {
    pressOnce(root, end.signal);
    const button = root.appendChild(document.createElement("button"));
    expect(press(button, "Enter").defaultPrevented).toBe(false);
    expect(press(button, "Enter", { repeat: true }).defaultPrevented).toBe(true);
    expect(press(root, "Enter", { repeat: true }).defaultPrevented).toBe(false);
  });
});

describe("a button that was clicked", () => {
  it("leaves the keys to the widget, one that was pressed keeps them", () => {
    root.tabIndex = 0;
    leaveKeys(root, ".acts button", end.signal);
    const acts = root.appendChild(document.createElement("div"));
    acts.className = "acts";
    const button = acts.appendChild(document.createElement("button"));
    const other = root.appendChild(document.createElement("button"));
    const focusAfter = (element: HTMLElement, detail: number): Element | null => {
      element.focus();
      element.dispatchEvent(new MouseEvent("click", { bubbles: true, detail }));
      return document.activeElement;
    };
    expect(focusAfter(button, 1)).toBe(root);
    expect(focusAfter(button, 0)).toBe(button);
    expect(focusAfter(other, 1)).toBe(other);
  });
});

describe("a frame within", () => {
  const frameWithFocus = (): HTMLIFrameElement => {
    root.tabIndex = 0;
    const frame = root.appendChild(document.createElement("iframe"));
    frame.tabIndex = 0;
    frame.focus();
    return frame;
  };

  it("gives the focus back that a click took, and keeps that of Tab", async () => {
    keepFocus(root, end.signal);
    for (const [key, keeps] of [
      ["a", false],
      ["Tab", true],
    ] as const) {
      press(root, key);
      const frame = frameWithFocus();
      window.dispatchEvent(new Event("blur"));
      await new Promise((done) => setTimeout(done, 5));
      expect(document.activeElement === frame).toBe(keeps);
      frame.remove();
    }
  });
});
