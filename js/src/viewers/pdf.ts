import "../items/picture/image.css";
import "./pdf.css";
import { type ItemKind, type Stage, shortened } from "../items/registry";
import { count, h, setText } from "../ui/dom";

/** A page of a PDF file, whose image is the only medium; its size is in points. */
type Pdf = { kind: "pdf"; page: number; pages: number; width: number; height: number };

const ZOOMS = [1, 1.5, 2, 3, 4];
const [SIDE, LARGEST] = [1000, 4000];
/** Images of pages that are kept. */
const KEPT = 12;

export const viewer: ItemKind<Pdf> = {
  render: (content, [src], stage) => pagesView(content, src ?? "", stage),
  glimpse: (_, [src]) => h("img", { class: "hitl-image", attrs: { src: src ?? "", alt: "The first page" } }),
  spoken: ({ pages }, row) =>
    shortened(`PDF file ${(row + 1).toLocaleString("en")}, ${count(pages, "page")}`, 200),
};

function pagesView({ pages, width, height }: Pdf, src: string, stage: Stage): HTMLElement {
  let [page, zoom] = [0, 0];
  let shown = "";
  /** The addresses of images, by page and size. */
  const made = new Map<string, string>();
  const picture = h("img", { class: "hitl-pdf-page", attrs: { src, alt: "Page 1", draggable: "false" } });
  picture.style.aspectRatio = `${width} / ${height}`;
  const attrs = { role: "region", tabindex: 0, "aria-label": "The page" };
  const scroll = h("div", { class: "hitl-pdf-scroll", attrs }, picture);
  const where = h("span", { class: "hitl-number hitl-pdf-where", attrs: { role: "status" } });
  const button = (words: string, title: string, key: string, click: () => void): HTMLButtonElement =>
    h("button", {
      class: "hitl-tool",
      text: words,
      title: `${title} (${key})`,
      attrs: { type: "button", "aria-label": title },
      on: { click },
    });
  const back = button("‹", "Previous page", "←", () => turn(page - 1));
  const on = button("›", "Next page", "→", () => turn(page + 1));
  const tools = h(
    "div",
    { class: "hitl-pdf-tools" },
    back,
    where,
    on,
    button("−", "Zoom out", "-", () => scale(zoom - 1)),
    button("+", "Zoom in", "+", () => scale(zoom + 1)),
  );

  /** Shows the page at its size: what is here at once, then what the kernel draws. */
  async function draw(): Promise<void> {
    const words = `Page ${(page + 1).toLocaleString("en")} of ${pages.toLocaleString("en")}`;
    setText(where, words);
    back.disabled = page === 0;
    on.disabled = page === pages - 1;
    picture.style.width = zoom ? `${100 * ZOOMS[zoom]}%` : "";
    picture.classList.toggle("hitl-pdf-whole", zoom === 0);
    // Sharp on a screen whose pixels are small, too.
    const side = Math.min(
      LARGEST,
      Math.round(SIDE * ZOOMS[zoom] * Math.min(2, globalThis.devicePixelRatio || 1)),
    );
    const key = `${page}/${side}`;
    if (shown === key) return;
    shown = key;
    try {
      let address = made.get(key);
      if (!address) {
        const { bytes } = await stage.more({ page, side });
        if (stage.signal.aborted) return;
        address = URL.createObjectURL(new Blob(bytes as BlobPart[]));
        made.set(key, address);
        for (const [old, address] of made) {
          if (made.size <= KEPT) break;
          URL.revokeObjectURL(address);
          made.delete(old);
        }
      }
      if (shown !== key) return;
      picture.src = address;
      picture.alt = words;
      picture.style.aspectRatio = "";
    } catch (error) {
      if (stage.signal.aborted || shown !== key) return;
      shown = "";
      setText(where, `${words}: ${(error as Error).message}`);
    }
  }

  function turn(to: number): void {
    const next = Math.max(0, Math.min(to, pages - 1));
    if (next === page) return;
    page = next;
    scroll.scrollTop = 0;
    void draw();
  }

  function scale(to: number): void {
    zoom = Math.max(0, Math.min(to, ZOOMS.length - 1));
    void draw();
  }

  stage.keys((key, shift) => {
    if (key === "ArrowRight" || key === "PageDown") turn(page + (shift ? 10 : 1));
    else if (key === "ArrowLeft" || key === "PageUp") turn(page - (shift ? 10 : 1));
    else if (key === "Home") turn(0);
    else if (key === "End") turn(pages - 1);
    else if (key === "+") scale(zoom + 1);
    else if (["-", "_"].includes(key)) scale(zoom - 1);
    else if (key === " ") scroll.scrollBy({ top: 0.8 * scroll.clientHeight });
    else return false;
    return "again";
  });
  stage.signal.addEventListener("abort", () => {
    for (const address of made.values()) URL.revokeObjectURL(address);
  });
  void draw();
  return h(
    "div",
    { class: "hitl-pdf", attrs: { role: "group", "aria-label": `PDF file, ${count(pages, "page")}` } },
    scroll,
    tools,
  );
}
