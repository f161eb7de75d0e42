import type { Result } from "vega-embed";
import type { Engine, Look, View } from "./engine";

type VegaModule = typeof import("../entries/vega");
type Row = Look & { x: number; y: number };

/** Draws an Altair chart: rows of its data set `points` are changed in place, so nothing else of it moves. */
export class AltairEngine implements Engine {
  private rows: Row[] = [];
  private busy: Promise<unknown> = Promise.resolve();

  private constructor(
    private readonly vega: VegaModule,
    private readonly result: Result,
  ) {}

  static async make(vega: VegaModule, element: HTMLElement, chart: object): Promise<AltairEngine> {
    const options = {
      actions: false,
      renderer: "canvas" as const,
      defaultStyle: false,
      tooltip: false,
      logLevel: 1,
    };
    return new AltairEngine(vega, await vega.embed(element, chart as never, options));
  }

  setPoints(xy: Float32Array, look: (i: number) => Look): Promise<void> {
    return this.queue(async () => {
      const n = xy.length / 2;
      const { changeset } = this.vega;
      if (this.rows.length === n) {
        const change = changeset();
        for (const [i, row] of this.rows.entries()) {
          change.modify(row, "x", xy[2 * i]);
          change.modify(row, "y", xy[2 * i + 1]);
        }
        await this.result.view.change("points", change).runAsync();
        return;
      }
      this.rows = Array.from({ length: n }, (_, i) => ({ x: xy[2 * i], y: xy[2 * i + 1], ...look(i) }));
      const change = changeset()
        .remove(() => true)
        .insert(this.rows);
      await this.result.view.change("points", change).runAsync();
    });
  }

  setLooks(rows: Iterable<number> | null, look: (i: number) => Look): Promise<void> {
    return this.queue(async () => {
      const change = this.vega.changeset();
      let changed = false;
      for (const i of rows ?? this.rows.keys()) {
        const row = this.rows[i];
        if (!row) continue;
        const next = look(i);
        for (const field of Object.keys(next) as (keyof Look)[]) {
          if (row[field] === next[field]) continue;
          change.modify(row, field, next[field]);
          changed = true;
        }
      }
      if (changed) await this.result.view.change("points", change).runAsync();
    });
  }

  setView(view: View): Promise<void> {
    return this.queue(async () => {
      await this.result.view.signal("view_x", view.x).signal("view_y", view.y).runAsync();
    });
  }

  resize(width: number, height: number): Promise<void> {
    return this.queue(async () => {
      await this.result.view.width(width).height(height).runAsync();
    });
  }

  destroy(): void {
    this.result.finalize();
  }

  // Vega runs one dataflow at a time; what comes meanwhile waits its turn.
  private queue(job: () => Promise<void>): Promise<void> {
    const next = this.busy.then(job);
    this.busy = next.catch(() => {});
    return next;
  }
}
