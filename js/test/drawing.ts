// What the tests put in place of the browser's canvases and of Vega.
import { vi } from "vitest";
import type { Grid } from "../src/plot/grid";
import type { Look } from "../src/plot/look";

/** A 2-D canvas that keeps the image put onto it; what is drawn with paths is left out. */
export class FakePicture {
  image: ImageData | null = null;

  on(canvas: HTMLCanvasElement): unknown {
    const nothing = (): void => {};
    return {
      canvas,
      createImageData: (width: number, height: number) => ({
        width,
        height,
        data: new Uint8ClampedArray(4 * width * height),
      }),
      putImageData: (image: ImageData) => {
        this.image = image;
      },
      drawImage: nothing,
      clearRect: nothing,
      beginPath: nothing,
      arc: nothing,
      fill: nothing,
      stroke: nothing,
    };
  }

  private place(x: number, y: number): number {
    return 4 * (Math.floor(y) * (this.image?.width ?? 0) + Math.floor(x));
  }

  /** Red, green and blue of a pixel, or null where nothing is drawn. */
  at(x: number, y: number): number[] | null {
    const k = this.place(x, y);
    return this.image?.data[k + 3] ? Array.from(this.image.data.slice(k, k + 3)) : null;
  }

  strength(x: number, y: number): number {
    return this.image?.data[this.place(x, y) + 3] ?? 0;
  }
}

/** A WebGL2 context that keeps what is in its buffers, and counts what is drawn. */
export class FakeGl {
  canvas: HTMLCanvasElement | null = null;
  made = 0;
  draws = 0;
  lost = false;
  floats = true;
  slow = 0;
  renderer = "NVIDIA";
  readonly buffers = new Set<{ data?: ArrayLike<number> }>();
  private bound: { data?: ArrayLike<number> } = {};

  restore(): void {
    this.lost = false;
    this.buffers.clear();
    this.canvas?.dispatchEvent(new Event("webglcontextrestored"));
  }

  /** The colour in the buffers for this row. */
  colourOf(row: number, grid: Grid): number[] | null {
    const slot = grid.order.indexOf(row);
    const colours = [...this.buffers].find(({ data }) => data instanceof Uint32Array)?.data;
    const places = [...this.buffers].find(({ data }) => data instanceof Float32Array)?.data;
    if (!colours || places?.[2 * slot] !== grid.xy[2 * row]) return null;
    return [colours[slot] & 255, (colours[slot] >>> 8) & 255, (colours[slot] >>> 16) & 255];
  }

  on(canvas: HTMLCanvasElement): unknown {
    this.canvas = canvas;
    this.made++;
    const own: Record<string, unknown> = {
      isContextLost: () => this.lost,
      getExtension: (name: string) => (name === "EXT_color_buffer_float" && !this.floats ? null : {}),
      getParameter: () => this.renderer,
      createBuffer: () => {
        const buffer = {};
        this.buffers.add(buffer);
        return buffer;
      },
      isBuffer: (buffer: object) => this.buffers.has(buffer),
      deleteBuffer: (buffer: object) => this.buffers.delete(buffer),
      bindBuffer: (_: number, buffer: object) => {
        this.bound = buffer;
      },
      bufferData: (_: number, data: ArrayLike<number>) => {
        if (!this.lost) this.bound.data = (data as Uint32Array).slice();
      },
      drawArrays: () => {
        this.draws++;
      },
      readPixels: () => {
        vi.advanceTimersByTime(this.slow);
      },
      getProgramParameter: () => true,
    };
    return new Proxy(own, {
      get: (_, name: string) => own[name] ?? (/^[A-Z0-9_]+$/.test(name) ? name.length : () => ({})),
    });
  }
}

type Row = Look & { x: number; y: number };

/** Vega's view, with a data set that can be looked at. */
export function fakeVega() {
  let rows: Row[] = [];
  type Change = { steps: (() => void)[] };
  const changeset = () => {
    const change = {
      steps: [] as (() => void)[],
      remove: () => {
        change.steps.push(() => {
          rows = [];
        });
        return change;
      },
      insert: (more: Row[]) => {
        change.steps.push(() => {
          rows = [...rows, ...more];
        });
        return change;
      },
      modify: (row: Row, field: keyof Row, value: never) => {
        change.steps.push(() => {
          (row as Record<string, unknown>)[field] = value;
        });
        return change;
      },
    };
    return change;
  };
  const view = {
    change: (_: string, change: Change) => {
      for (const step of change.steps) step();
      return view;
    },
    signal: () => view,
    width: () => view,
    height: () => view,
    runAsync: async () => view,
    finalize: () => {},
  };
  const draw = async (element: HTMLElement) => {
    const canvas = element.appendChild(document.createElement("canvas"));
    return { ...view, finalize: () => canvas.remove() };
  };
  return { vega: { changeset, draw } as never, rows: () => rows };
}
