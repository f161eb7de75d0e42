import { BLIND, change, type Marks, NONE } from "../../plot/look";
import type { MapPlot } from "../../plot/map";
import { NO_ROWS, type Rows } from "../../plot/rows";
import { predictionsChanged } from "./news";

/** The marks of the points and the rings of the uncertain ones, on the map as soon as there is one. */
export class Painting {
  marks: Marks | null = null;
  rings: number[] = [];
  /** What a rule would label alone, which is shown instead of the predictions. */
  private preview: Marks | null = null;
  /** The labels of rows that were painted before the kernel's marks, as they were. */
  private readonly early = new Map<number, number>();

  /** `ringed`: the rings have changed. */
  constructor(
    private readonly plot: () => MapPlot | null,
    private readonly ringed: () => void,
    private readonly signal: AbortSignal,
  ) {}

  /** Gives a new map the marks. */
  async start(plot: MapPlot): Promise<void> {
    await this.apply(plot, NO_ROWS);
  }

  private async apply(plot: MapPlot | null, rows: Rows | null): Promise<void> {
    const shown = this.preview ?? this.marks;
    if (shown) await plot?.setRound(rows, shown, this.preview ? [] : this.rings);
  }

  /** Takes the kernel's marks of some rows (null: all); returns how many predictions changed, null before the first. */
  take(rows: Rows | null, told: Marks): number | null {
    const changed = this.marks && predictionsChanged(this.marks, rows, told.predicted);
    if (rows === null) {
      this.early.clear();
      this.marks = told;
    } else if (this.marks) {
      for (const row of rows) this.early.delete(row);
      change(this.marks, rows, told);
    }
    return changed;
  }

  /** Undoes what was painted and is not so in the end, such as a label that was undone at once; returns these rows. */
  settle(): number[] {
    const rows = [...this.early.keys()];
    for (const [row, shade] of this.early) if (this.marks) this.marks.label[row] = shade;
    this.early.clear();
    return rows;
  }

  /** Shows labels after the next frame, without waiting for the kernel. */
  label(rows: Rows, shade: number): void {
    requestAnimationFrame(() =>
      setTimeout(() => {
        if (!this.marks || this.signal.aborted) return;
        for (const row of rows) {
          if (!this.early.has(row)) this.early.set(row, this.marks.label[row]);
          this.marks.label[row] = shade;
        }
        void this.draw(rows, this.rings);
      }),
    );
  }

  /** Hides the label and guess of a point that is asked blind, until it is answered; returns whether they were shown. */
  hide(row: number): boolean {
    const { marks } = this;
    if (!marks || marks.doubt[row] === BLIND) return false;
    [marks.label[row], marks.predicted[row], marks.doubt[row]] = [NONE, NONE, BLIND];
    void this.draw(
      Uint32Array.of(row),
      this.rings.filter((one) => one !== row),
    );
    return true;
  }

  /** Draws rows (null: all), with rings around those that have not been labelled since. */
  async draw(rows: Rows | null, rings: number[]): Promise<void> {
    const { marks } = this;
    if (!marks) return;
    this.rings = rings.filter((row) => marks.label[row] === NONE);
    this.ringed();
    if (!this.preview) await this.apply(this.plot(), rows);
  }

  /** Shows these shades of some rows as the only predictions; null for those of the model. */
  async show(alone: { rows: Rows; codes: Uint8Array } | null): Promise<void> {
    const { marks } = this;
    if (!marks || (!alone && !this.preview)) return;
    this.preview = alone && previewOf(marks.label, alone);
    await this.apply(this.plot(), null);
  }
}

function previewOf(label: Marks["label"], { rows, codes }: { rows: Rows; codes: Uint8Array }): Marks {
  const predicted = new Uint8Array(label.length).fill(NONE);
  rows.forEach((row, k) => {
    predicted[row] = codes[k];
  });
  return { label: label.slice(), predicted, doubt: new Uint8Array(label.length) };
}
