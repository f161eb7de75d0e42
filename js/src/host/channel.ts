import type { AnyModel } from "@anywidget/types";
import { Outbox } from "./outbox";
import type { Act, Question, Reply } from "./protocol";

type Incoming = { type: string; to?: string | null };
type Handler<T> = (message: T, buffers: DataView[]) => void;
type Omitted<T> = T extends { id: string } ? Omit<T, "id"> : never;

const PATIENCE_MS = 2000;
const LONGEST_MS = 30_000;

/**
 * One per view. Questions are asked and forgotten; acts are kept in the outbox until the kernel acknowledges them, and
 * sent again, with the same id, until it does.
 */
export class Channel {
  readonly view = newId();
  private readonly handlers = new Map<string, Set<Handler<never>>>();
  private readonly tries = new Map<string, { at: number; wait: number }>();
  private readonly mine = new Set<string>();
  private readonly timer: ReturnType<typeof setInterval>;

  constructor(
    private readonly model: AnyModel,
    readonly key: string,
    private readonly outbox: Outbox = new Outbox(key),
  ) {
    model.on("msg:custom", this.receive);
    this.timer = setInterval(() => this.resend(), 500);
  }

  /** Hear messages of a type; those for another view are left out. Ends with the signal. */
  on<T extends Incoming>(type: T["type"], handler: Handler<T>, signal: AbortSignal): void {
    const set = this.handlers.get(type) ?? new Set();
    this.handlers.set(type, set);
    set.add(handler as Handler<never>);
    signal.addEventListener("abort", () => set.delete(handler as Handler<never>));
  }

  ask(question: Omitted<Question>): string {
    const id = newId();
    this.send({ ...question, id } as Question);
    return id;
  }

  act(act: Omitted<Act>): string {
    const id = newId();
    const whole = { ...act, id } as Act;
    this.outbox.put(whole);
    this.mine.add(id);
    this.tries.set(id, { at: Date.now(), wait: PATIENCE_MS });
    this.send(whole);
    return id;
  }

  /** Send what the outbox holds at once: acts of an earlier kernel, cell or page. */
  flush(): void {
    this.resend(true);
  }

  /** Acts that the kernel has not acknowledged. */
  waiting(): Act[] {
    return this.outbox.pending();
  }

  close(): void {
    clearInterval(this.timer);
    this.model.off("msg:custom", this.receive);
    this.handlers.clear();
  }

  private send(message: Act | Question): void {
    try {
      this.model.send(message);
    } catch {
      // The comm is gone; the outbox holds what matters, and the cell's next run sends it.
    }
  }

  private resend(now = false): void {
    const time = Date.now();
    for (const act of this.outbox.pending()) {
      const last = this.tries.get(act.id);
      if (!last && !now) {
        // Another view of this page sends it; this one only if nobody does.
        this.tries.set(act.id, { at: time, wait: 4 * PATIENCE_MS });
      } else if (!last || time - last.at >= last.wait) {
        const wait = last ? Math.min(last.wait * 2, LONGEST_MS) : PATIENCE_MS;
        this.tries.set(act.id, { at: time, wait });
        this.send(act);
      }
    }
  }

  private readonly receive = (message: Incoming | Reply, buffers?: DataView[]): void => {
    if (!message || typeof message.type !== "string") return;
    if ("to" in message && message.to && message.to !== this.view) return;
    if (message.type === "ack" || message.type === "refused" || message.type === "failed") {
      // Answers go to every view; only the one that asked listens, but all may forget.
      const { id } = message as Reply;
      const mine = this.mine.has(id);
      if (message.type !== "failed") {
        this.outbox.drop(id);
        this.tries.delete(id);
        this.mine.delete(id);
      }
      if (!mine) return;
    }
    for (const handler of this.handlers.get(message.type) ?? []) {
      (handler as Handler<unknown>)(message, buffers ?? []);
    }
  };
}

export function newId(): string {
  // Not randomUUID: a page over plain http from another host has none.
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return Array.from(bytes, (b) => b.toString(16).padStart(2, "0")).join("");
}
