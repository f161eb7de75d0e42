import type { Engine, View } from "./engine";
import type { Grid } from "./grid";
import type { Look, Looks } from "./look";
import type { Rows } from "./rows";

export type VegaModule = typeof import("../modules/vega");
type Chart = Awaited<ReturnType<VegaModule["draw"]>>;
type Row = Look & { x: number; y: number };

/** Draws an Altair chart. Rows of its data set `points` are changed in place, so that nothing else is redrawn. */
export class AltairEngine implements Engine {
  readonly name = "altair";
  private rows: Row[] = [];
  private busy: Promise<unknown> = Promise.resolve();

  private constructor(
    private readonly vega: VegaModule,
    private readonly chart: Chart,
  ) {}

  static async make(vega: VegaModule, element: HTMLElement, chart: object): Promise<AltairEngine> {
    return new AltairEngine(vega, await vega.draw(element, chart, "canvas"));
  }

  setPoints({ xy, n }: Grid, looks: Looks): Promise<void> {
    const row = (i: number): Row => ({ x: xy[2 * i], y: xy[2 * i + 1], ...looks.of(i) });
    return this.queue(async () => {
      if (this.rows.length === n) return this.modify(this.rows.keys(), row);
      this.rows = Array.from({ length: n }, (_, i) => row(i));
      const change = this.vega.changeset().remove(() => true);
      await this.chart.change("points", change.insert(this.rows)).runAsync();
    });
  }

  setLooks(looks: Looks, rows: Rows | null): Promise<void> {
    return this.queue(() => this.modify(rows ?? this.rows.keys(), (i) => looks.of(i)));
  }

  private async modify(rows: Iterable<number>, look: (i: number) => Partial<Row>): Promise<void> {
    const change = this.vega.changeset();
    let changed = false;
    for (const i of rows) {
      const row = this.rows[i];
      if (!row) continue;
      for (const [field, value] of Object.entries(look(i))) {
        if (row[field as keyof Row] === value) continue;
        change.modify(row, field, value);
        changed = true;
      }
    }
    if (changed) await this.chart.change("points", change).runAsync();
  }

  setView(view: View): Promise<void> {
    return this.queue(async () => {
      await this.chart.signal("view_x", view.x).signal("view_y", view.y).runAsync();
    });
  }

  resize(width: number, height: number): Promise<void> {
    return this.queue(async () => {
      await this.chart.width(width).height(height).runAsync();
    });
  }

  destroy(): void {
    this.chart.finalize();
  }

  // Vega runs one dataflow at a time, so changes are queued.
  private queue(job: () => Promise<void>): Promise<void> {
    const next = this.busy.then(job);
    this.busy = next.catch(() => {});
    return next;
  }
}
