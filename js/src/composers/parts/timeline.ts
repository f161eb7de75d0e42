/** What changes together with a state, such as the suggestions that are left. */
export type Beside<B> = { get: () => B; set: (value: B) => void };

/** The states of an answer that is being composed, for undo and redo before it is given. */
export class Timeline<T, B = undefined> {
  private readonly past: [T, B][] = [];
  private readonly ahead: [T, B][] = [];
  /** What was beside the state when it was set. */
  private held: B;

  constructor(
    private state: T,
    private readonly beside: Beside<B> | null = null,
  ) {
    this.held = beside?.get() as B;
  }

  get now(): T {
    return this.state;
  }

  /** Goes to another state; what is beside it may have changed before. */
  set(next: T): void {
    const beside = this.beside?.get() as B;
    if (next === this.state && beside === this.held) return;
    this.past.push([this.state, this.held]);
    this.ahead.length = 0;
    [this.state, this.held] = [next, beside];
  }

  /** Replaces the state without another step, such as while a key is held. */
  amend(next: T): void {
    this.ahead.length = 0;
    [this.state, this.held] = [next, this.beside?.get() as B];
  }

  /** Goes one step back, or forth again; returns whether there was one. */
  step(back: boolean): boolean {
    const [from, to] = back ? [this.past, this.ahead] : [this.ahead, this.past];
    const next = from.pop();
    if (next === undefined) return false;
    to.push([this.state, this.held]);
    [this.state, this.held] = next;
    this.beside?.set(this.held);
    return true;
  }
}
