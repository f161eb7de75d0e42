// @vitest-environment happy-dom
import { describe, expect, it } from "vitest";
import "./viewers";
import { missingKinds, renderGlimpse, renderItem } from "../src/items/index";
import { followTheme } from "../src/ui/theme";

const EVIL = '<img src=x onerror="globalThis.hacked = 1"><script>globalThis.hacked = 1</script>';

describe("an item", () => {
  it("of text stays text", () => {
    for (const made of [
      renderItem({ content: { kind: "text", text: EVIL }, media: [] }),
      renderGlimpse({ content: { kind: "text", text: EVIL }, media: [] }),
    ]) {
      document.body.append(made);
      expect(made.textContent).toBe(EVIL);
      expect(made.querySelector("img, script")).toBeNull();
    }
    expect(globalThis).not.toHaveProperty("hacked");
  });

  it("of a kind that the page does not know says so", () => {
    const item = { content: { kind: "hologram" }, media: [] };
    for (const made of [renderItem(item), renderGlimpse(item)])
      expect(made.textContent).toContain('does not know items of kind "hologram"');
  });

  it("of text that was cut says how much more there is", () => {
    const made = renderItem({ content: { kind: "text", text: "start", cut: 12_345 }, media: [] });
    expect(made.textContent).toContain("12,345 characters more");
  });

  it("of text runs in its own direction", () => {
    expect(renderItem({ content: { kind: "text", text: "שלום" }, media: [] }).getAttribute("dir")).toBe(
      "auto",
    );
  });

  it("of a table stays text, names and values", () => {
    const made = renderItem({ content: { kind: "table", rows: [[EVIL, EVIL]] }, media: [] });
    expect(made.querySelector("th")?.textContent).toBe(EVIL);
    expect(made.querySelector("td")?.textContent).toBe(EVIL);
    expect(made.querySelector("img, script")).toBeNull();
    const glimpse = renderGlimpse({ content: { kind: "table", rows: [["a", "1"]] }, media: [] });
    expect(glimpse.textContent).toBe("a 1");
  });

  it("of code stays text, in pieces that have a style", () => {
    const text = `x\t= ${EVIL}\n\n"\u202e";\n`;
    const marks = [4, EVIL.length, 0, 3, 1, 1];
    const content = { kind: "code", text, language: "js", styles: ["string", "unseen"], marks };
    const made = renderItem({ content, media: [] });
    expect(made.querySelector("code")?.textContent).toBe(text);
    expect(made.querySelector(".hitl-code-string")?.textContent).toBe(EVIL);
    expect(made.querySelector(".hitl-code-unseen")?.getAttribute("data-code")).toBe("U+202E");
    expect(made.querySelector("img, script")).toBeNull();
    expect(made.textContent).toBe(text);
    expect(made.querySelector(".hitl-code-lines")?.getAttribute("data-lines")).toBe("1\n2\n3");
    const cut = renderItem({ content: { ...content, cut: 1234, plain: 5 }, media: [] });
    expect(cut.textContent).toContain("1,234 characters more · the last 5 characters without colours");
  });

  it("of code as a glimpse is short, on one line, and in its pieces", () => {
    const text = `\n  if (a) {\n    b();\n${"c ".repeat(200)}`;
    const content = { kind: "code", text, language: "js", styles: ["keyword"], marks: [3, 2, 0] };
    const made = renderGlimpse({ content, media: [] });
    expect(made.textContent?.startsWith("if (a) { b(); c c")).toBe(true);
    expect(made.textContent?.length).toBe(160);
    expect(made.textContent?.endsWith("…")).toBe(true);
    expect(made.querySelector(".hitl-code-keyword")?.textContent).toBe("if");
  });

  it("of pixels is not smoothed, a photograph is", () => {
    const image = (side: number) => {
      const item = { content: { kind: "image", width: side, height: side }, media: ["blob:x"] };
      return renderItem(item).querySelector("img") as HTMLImageElement;
    };
    expect(image(8).classList.contains("hitl-pixels")).toBe(true);
    expect(image(500).classList.contains("hitl-pixels")).toBe(false);
    expect(image(8).getAttribute("src")).toBe("blob:x");
    expect(image(8).getAttribute("alt")).toBeTruthy();
  });

  it("of markup is in a frame without rights, whose policy comes before what it shows", () => {
    const root = document.createElement("div");
    document.body.append(root);
    followTheme(root, new AbortController().signal);
    const content = { kind: "markup", html: `<p>${EVIL}</p>`, text: "words", hosts: ["ok.example"] } as const;
    const frame = renderItem({
      content: { ...content, hosts: [...content.hosts] },
      media: [],
    }) as HTMLIFrameElement;
    expect(frame.getAttribute("sandbox")).toBe("");
    expect(frame.getAttribute("referrerpolicy")).toBe("no-referrer");
    const page = frame.srcdoc;
    expect(page).toContain("default-src 'none'; img-src data: https://ok.example; style-src 'unsafe-inline'");
    expect(page.indexOf("Content-Security-Policy")).toBeLessThan(page.indexOf(EVIL));
    const glimpse = renderGlimpse({ content: { ...content, hosts: [] }, media: [] });
    expect([glimpse.textContent, glimpse.querySelector("iframe")]).toEqual(["words", null]);
  });

  it("on the web is asked for without saying from where, and says where it cannot be had", () => {
    const at = document.createElement("div");
    const picture = renderItem({ content: { kind: "remote", url: "https://ok.example/a.png" }, media: [] });
    at.append(picture);
    const shown = picture.querySelector("img") as HTMLImageElement;
    expect(shown.getAttribute("referrerpolicy")).toBe("no-referrer");
    shown.dispatchEvent(new Event("error"));
    expect(at.textContent).toContain("cannot be loaded from ok.example");
  });

  it("that cannot be shown says why", () => {
    const made = renderItem({ content: { kind: "broken", why: `no such file ${EVIL}` }, media: [] });
    expect(made.textContent).toContain("cannot be shown");
    expect(made.textContent).toContain(`no such file ${EVIL}`);
    expect(made.querySelector("img")).toBeNull();
  });

  it("as a glimpse is short and on one line", () => {
    const made = renderGlimpse({ content: { kind: "text", text: `a\n\n b ${"x".repeat(500)}` }, media: [] });
    expect(made.textContent?.length).toBe(160);
    expect(made.textContent?.startsWith("a b x")).toBe(true);
  });
});

describe("a conversation", () => {
  const turns = [
    { role: "system", text: "Be kind." },
    { role: "user", text: EVIL, name: EVIL },
    { role: "assistant", text: "x".repeat(2000), cut: 7 },
  ];
  const content = { kind: "conversation", turns, first: 5, n: 8 };

  it("shows turns as text, folds long ones, and fetches earlier ones", async () => {
    const asked: unknown[] = [];
    const more = async (ask: unknown) => {
      asked.push(ask);
      return { content: { ...content, first: 2, turns: turns.slice(0, 1) }, bytes: [] };
    };
    const stage = {
      signal: new AbortController().signal,
      more,
      gather: more,
      keys: () => undefined,
    } as never;
    const made = renderItem({ content, media: [] }, stage);
    expect(
      [...made.querySelectorAll("li")].map((li) => li.className.replace("hitl-turn hitl-turn-", "")),
    ).toEqual(["aside", "own", "other"]);
    expect(made.querySelector("img, script")).toBeNull();
    made.querySelector<HTMLElement>(".hitl-turn-all")?.click();
    expect(made.querySelector(".hitl-turn-folded")).toBeNull();
    made.querySelector<HTMLElement>(".hitl-turns-earlier button")?.click();
    await new Promise((done) => setTimeout(done));
    expect(asked).toEqual([{ before: 5 }]);
    expect(made.querySelectorAll("li").length).toBe(4);
    expect(made.textContent).toContain("show 2 earlier turns");
  });

  it("glimpses at its last turns", () => {
    const made = renderGlimpse({ content, media: [] });
    expect(made.textContent).toContain("system: Be kind. · ");
    expect(made.textContent?.startsWith("5 turns … ")).toBe(true);
  });
});

describe("kinds that are loaded when they are needed", () => {
  it("are those of items and of items in lists", () => {
    const list = { kind: "list", items: [{ kind: "text" }, { kind: "unheard" }], media: [0, 0] };
    expect(missingKinds([list, { kind: "table" }, { kind: "other" }])).toEqual(["unheard", "other"]);
  });
});

describe("a row of many columns", () => {
  const rows = Array.from({ length: 500 }, (_, i) => [`column ${i}`, i % 7 ? String(i) : "x".repeat(1000)]);

  it("folds long values and finds columns, also those of the next row", () => {
    const made = renderItem({ content: { kind: "table", rows, more: 3 }, media: [] });
    document.body.append(made);
    expect(made.textContent).toContain("500 columns");
    expect(made.textContent).toContain("3 more columns");
    const cell = made.querySelector("td");
    expect(cell?.textContent?.length).toBeLessThan(450);
    cell?.querySelector("button")?.click();
    expect(cell?.textContent).toBe("x".repeat(1000));
    const field = made.querySelector("input") as HTMLInputElement;
    field.value = "COLUMN 49";
    field.dispatchEvent(new Event("input"));
    const shown = (root: HTMLElement) => root.querySelectorAll("tr:not([hidden])").length;
    expect(shown(made)).toBe(15);
    const next = renderItem({ content: { kind: "table", rows }, media: [] });
    expect(shown(next)).toBe(15);
    field.dispatchEvent(new KeyboardEvent("keydown", { key: "Escape" }));
    expect(shown(made)).toBe(500);
    expect(
      renderItem({ content: { kind: "table", rows: rows.slice(0, 5) }, media: [] }).querySelector("input"),
    ).toBeNull();
  });
});
