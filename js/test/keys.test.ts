// @vitest-environment happy-dom
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { keepFocus, onKey, suppressShortcuts } from "../src/ui/keys";

const NAME = "data-lm-suppress-shortcuts";
let root: HTMLElement;
let end: AbortController;

const press = (target: EventTarget, key: string, more: KeyboardEventInit = {}): KeyboardEvent => {
  const event = new KeyboardEvent("keydown", { key, bubbles: true, cancelable: true, ...more });
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
