// @vitest-environment happy-dom
import { beforeEach, describe, expect, it, vi } from "vitest";
import { classSearch } from "../src/widgets/labeler/search";

const NAMES = ["Chemistry", "Geology", "Biochemistry", "Größe", "chess"];

describe("the search for a class", () => {
  const press = vi.fn();
  const done = vi.fn();
  let search: ReturnType<typeof classSearch>;
  let buttons: HTMLElement[];
  const shown = (): string[] => buttons.filter((b) => !b.hidden).map((b) => b.textContent ?? "");
  const type = (text: string): void => {
    search.element.value = text;
    search.element.dispatchEvent(new Event("input"));
  };
  const key = (name: string): void =>
    void search.element.dispatchEvent(new KeyboardEvent("keydown", { key: name, bubbles: true }));

  beforeEach(() => {
    press.mockClear();
    done.mockClear();
    search = classSearch(press, done);
    buttons = NAMES.map((name) => {
      const button = document.createElement("button");
      button.dataset.class = name;
      button.textContent = name;
      return button;
    });
    search.update(buttons);
    document.body.replaceChildren(search.element, ...buttons);
  });

  it("leaves the names that start with what is typed, or else those that contain it", () => {
    type("che");
    expect(shown()).toEqual(["Chemistry", "chess"]);
    type("ology");
    expect(shown()).toEqual(["Geology"]);
    type("GRÖ");
    expect(shown()).toEqual(["Größe"]);
    type("");
    expect(shown()).toEqual(NAMES);
  });

  it("presses the first with Enter, and shows all again", () => {
    type("bio");
    key("Enter");
    expect(press.mock.calls).toEqual([[2]]);
    expect(done).toHaveBeenCalledOnce();
    expect(shown()).toEqual(NAMES);
  });

  it("presses nothing with Escape, without a text, or without a match", () => {
    type("bio");
    key("Escape");
    key("Enter");
    type("nothing");
    key("Enter");
    expect(press).not.toHaveBeenCalled();
    expect(search.element.value).toBe("nothing");
  });

  it("is only there if there are many classes", () => {
    expect(search.open()).toBe(true);
    expect(document.activeElement).toBe(search.element);
    search.update([]);
    expect(search.element.hidden).toBe(true);
    expect(search.open()).toBe(false);
  });
});
