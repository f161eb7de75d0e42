/** The states of an answer that is being composed, for undo and redo before it is given. */
export class Timeline<T> {
  private readonly past: T[] = [];
  private readonly ahead: T[] = [];

  constructor(private state: T) {}

  get now(): T {
    return this.state;
  }

  /** Goes to another state. */
  set(next: T): void {
    if (next === this.state) return;
    this.past.push(this.state);
    this.amend(next);
  }

  /** Replaces the state without another step, such as while a key is held. */
  amend(next: T): void {
    this.ahead.length = 0;
    this.state = next;
  }

  /** Goes one step back, or forth again; returns whether there was one. */
  step(back: boolean): boolean {
    const [from, to] = back ? [this.past, this.ahead] : [this.ahead, this.past];
    const next = from.pop();
    if (next === undefined) return false;
    to.push(this.state);
    this.state = next;
    return true;
  }
}
