const [FINEST, COARSEST] = [0.25, 4];

/** How fine the groups are. */
export class Grouping {
  scale = 1;

  constructor(
    private readonly ask: (scale: number) => void,
    private readonly say: (words: string) => void,
  ) {}

  /** Asks for finer or coarser groups. */
  step(finer: boolean): void {
    const factor = finer ? Math.SQRT1_2 : Math.SQRT2;
    const wanted = Math.max(FINEST, Math.min(COARSEST, this.scale * factor));
    if (wanted === this.scale) {
      this.say(finer ? "The groups are as fine as they get" : "The groups are as coarse as they get");
      return;
    }
    this.scale = wanted;
    this.ask(wanted);
    this.say(finer ? "Finer groups" : "Coarser groups");
  }
}
