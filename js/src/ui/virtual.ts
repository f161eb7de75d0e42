/** Browsers limit the height of an element to some ten million pixels; longer lists scroll in larger steps. */
const TALLEST_PX = 8_000_000;
/** Extra lines drawn above and below the visible ones. */
const MARGIN = 4;

/** The height of a line; if `tile` is given, as many cells of that width as fit stand side by side. */
export type Shape = { line: number; tile?: number };

export type VirtualCallbacks = {
  /** The cell at a place. It is made once, and then updated as long as it is drawn. */
  cell: (place: number) => { element: HTMLElement; update: () => void };
  /** These places are drawn now. */
  drawn: (places: number[]) => void;
};

/** The visible cells of a long list. `scroll` scrolls, `tall` gives it its height, and `lines` holds the cells. */
export function virtual(
  { scroll, tall, lines }: Record<"scroll" | "tall" | "lines", HTMLElement>,
  on: VirtualCallbacks,
  signal: AbortSignal,
) {
  let n = 0;
  let shape: Shape = { line: 32 };
  let frame = 0;
  let cells = new Map<number, ReturnType<VirtualCallbacks["cell"]>>();

  const columns = (): number => (shape.tile ? Math.max(1, Math.floor(scroll.clientWidth / shape.tile)) : 1);
  const count = (): number => Math.ceil(n / columns());
  const height = (): number => Math.min(count() * shape.line, TALLEST_PX);
  const fits = (): number => scroll.clientHeight / shape.line;
  /** The first visible line, as a fraction. */
  function first(): number {
    const whole = height() - scroll.clientHeight;
    return whole > 0 ? (scroll.scrollTop / whole) * Math.max(0, count() - fits()) : 0;
  }

  /** Draws the cells with the next frame. */
  function draw(): void {
    if (!frame) frame = requestAnimationFrame(drawNow);
  }

  function drawNow(): void {
    frame = 0;
    if (signal.aborted) return;
    tall.style.height = `${height()}px`;
    const [top, wide] = [first(), columns()];
    const from = Math.max(0, Math.floor(top) - MARGIN);
    const to = Math.min(count(), Math.ceil(top + fits()) + MARGIN);
    // Relative to the scroll position, since one pixel may stand for several lines.
    lines.style.transform = `translateY(${scroll.scrollTop - (top - from) * shape.line}px)`;
    lines.style.setProperty("--columns", String(wide));
    lines.style.setProperty("--line", `${shape.line}px`);
    const places = Array.from(
      { length: Math.max(0, Math.min(n, to * wide) - from * wide) },
      (_, i) => i + from * wide,
    );
    const before = cells;
    cells = new Map(places.map((place) => [place, before.get(place) ?? on.cell(place)]));
    const wanted = [...cells.values()].map(({ element }) => element);
    // Moving a cell between press and release would lose the click.
    const same =
      wanted.length === lines.children.length && wanted.every((one, i) => lines.children[i] === one);
    if (!same) lines.replaceChildren(...wanted);
    for (const { update } of cells.values()) update();
    on.drawn(places);
  }

  scroll.addEventListener("scroll", draw, { passive: true, signal });
  const resized = new ResizeObserver(draw);
  resized.observe(scroll);
  signal.addEventListener("abort", () => {
    resized.disconnect();
    cancelAnimationFrame(frame);
  });

  return {
    draw,
    columns,
    /** How many cells are visible at once. */
    page: (): number => Math.max(1, Math.floor(fits())) * columns(),
    /** Shows another list, from its start. */
    set(length: number, as: Shape): void {
      [n, shape, cells] = [length, as, new Map()];
      scroll.scrollTop = 0;
      draw();
    },
    /** Scrolls until a place is visible. */
    reveal(place: number): void {
      const [top, line] = [first(), Math.floor(place / columns())];
      let to = top;
      if (line < top) to = line;
      else if (line + 1 > top + fits()) to = line + 1 - fits();
      if (to === top) return;
      const most = Math.max(0, count() - fits());
      scroll.scrollTop = most > 0 ? (to / most) * (height() - scroll.clientHeight) : 0;
    },
  };
}
