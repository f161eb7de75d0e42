import type { AnyModel } from "@anywidget/types";
import type { Entry, Held } from "./held";
import { enter, isLive, spoke } from "./live";
import { answersOf, exported, Outbox } from "./outbox";
import type { About, Act, Failed, Refused, Reply, Request } from "./protocol";

type Incoming = { type: string; to?: string | null };
type Handler<T> = (message: T, buffers: DataView[]) => void;
/** Told once: null if the act is saved, or else why the kernel refused it. */
type Answered = (refused: Refused | null) => void;
/** Told why a request failed. */
type Unanswered = (why: string) => void;
type Omitted<T> = T extends { id: string } ? Omit<T, "id"> : never;

const PATIENCE_MS = 2000;
const LONGEST_MS = 30_000;
const LATEST_MS = 2 ** 31 - 1;

/**
 * One per view. Requests are sent once; acts are kept in the outbox and resent with the same id until the kernel
 * acknowledges them.
 *
 * An act belongs to one session. Another session sends it only if that one has no view on this page or no responding
 * kernel, and only for the same table, that is, if the cell was run again. All other acts are held until the user
 * decides. A resent act says how late it is, and the kernel refuses it if the user has answered since.
 */
export class Channel {
  readonly view = newId();
  /** Describes the session; set by the kernel's welcome. */
  about: About | null = null;
  private readonly handlers = new Map<string, Set<Handler<never>>>();
  private readonly tries = new Map<string, { at: number; wait: number }>();
  /** The acts of this view, and who is told what became of them. */
  private readonly mine = new Map<string, Answered | undefined>();
  /** The latest request of each type, and for each module, that may fail, and who is told so. */
  private readonly asked = new Map<string, { id: string; failed: Unanswered }>();
  private readonly timer: ReturnType<typeof setInterval>;
  private readonly leave: () => void;

  constructor(
    private readonly model: AnyModel,
    readonly key: string,
    readonly session: string,
    private readonly outbox: Outbox = new Outbox(key),
  ) {
    model.on("msg:custom", this.receive);
    this.leave = enter(session);
    this.timer = setInterval(() => this.resend(), 500);
  }

  /** Handles messages of a type, except those for other views, until the signal aborts. */
  on<T extends Incoming>(type: T["type"], handler: Handler<T>, signal: AbortSignal): void {
    const set = this.handlers.get(type) ?? new Set();
    this.handlers.set(type, set);
    set.add(handler as Handler<never>);
    signal.addEventListener("abort", () => set.delete(handler as Handler<never>));
  }

  /** Sends a request once. `failed` is told if the kernel cannot answer it, unless the same was asked again since. */
  ask(request: Omitted<Request>, failed?: Unanswered): string {
    const id = newId();
    const what = request.type === "module" ? `module ${request.name}` : request.type;
    if (failed) this.asked.set(what, { id, failed });
    this.send({ ...request, id } as Request);
    return id;
  }

  /** Sends an act. If it is refused, it is kept, unless `answered` tells the user so where the act was made. */
  act(act: Omitted<Act>, answered?: Answered): string {
    const id = newId();
    const whole = { ...act, id, pool: this.about?.pool } as Act;
    this.outbox.put(whole, this.about);
    this.begin(whole, answered);
    return id;
  }

  /** Sends the acts in the outbox now; they may come from an earlier kernel, cell or page. */
  flush(): void {
    this.resend(true);
    void this.outbox.ready.then(() => this.resend(true));
  }

  /** Acts that the kernel of this session has not acknowledged. */
  waiting(): Act[] {
    return this.sendable().map(({ act }) => act);
  }

  /** The number of those acts that are lost if this page is closed, because the browser cannot store them. */
  get unsafe(): number {
    return this.outbox.unsafe;
  }

  /** Acts in this browser that are not sent automatically. */
  held(): Held[] {
    const groups = new Map<string, Held>();
    for (const entry of this.outbox.all()) {
      const reason = this.reason(entry);
      if (!reason) continue;
      const name = [reason, entry.key, entry.about?.pool, entry.why].join("\0");
      const group = groups.get(name) ?? { reason, entries: [] };
      group.entries.push(entry);
      groups.set(name, group);
    }
    return [...groups.values()];
  }

  /** Sends held acts to this session, as acts on its table. */
  apply(held: Held): void {
    for (const entry of held.reason === "refused" ? held.entries : answersOf(held.entries)) {
      const { act } = entry;
      // Rows refer to the table on which they were selected.
      const pool = "rows" in act && act.rows ? act.pool : this.about?.pool;
      this.outbox.drop(entry.key, act.id);
      const moved = { ...act, pool } as Act;
      this.outbox.save({ ...entry, key: this.key, act: moved, about: this.about, why: undefined });
      this.begin(moved);
    }
    if (held.reason !== "refused") this.discard(held);
  }

  /** Deletes held acts, except those that {@link apply} sends. */
  discard(held: Held): void {
    for (const entry of held.entries)
      if (!this.tries.has(entry.act.id)) this.outbox.drop(entry.key, entry.act.id);
  }

  /** The held acts, or all unacknowledged ones, as the text of a file. */
  exported(held?: Held): string {
    return exported(held?.entries ?? this.sendable());
  }

  close(): void {
    clearInterval(this.timer);
    this.leave();
    this.model.off("msg:custom", this.receive);
    this.handlers.clear();
  }

  private begin(act: Act, answered?: Answered): void {
    this.mine.set(act.id, answered);
    if (this.sendable().some((entry) => entry.stuck)) {
      this.tries.set(act.id, { at: 0, wait: 0 });
      return;
    }
    this.tries.set(act.id, { at: Date.now(), wait: PATIENCE_MS });
    this.send(act);
  }

  private send(message: Act | Request): void {
    spoke(this.session, false);
    try {
      // In marimo the result is a promise, which is rejected if the comm is closed.
      const sent: unknown = this.model.send(message);
      if (sent instanceof Promise) sent.catch(() => {});
    } catch {
      // The comm is closed. Acts are in the outbox, and the next run of the cell sends them.
    }
  }

  private isOwn({ about }: Entry): boolean {
    return about === null || about.session === this.session;
  }

  /** Acts for the kernel of this session: its own, and those of a session that is no longer on the page. */
  private sendable(): Entry[] {
    return this.outbox.entries().filter((entry) => {
      if (entry.why) return false;
      if (this.isOwn(entry)) return true;
      const { session, pool } = entry.about as About;
      return !isLive(session) && this.about?.pool === pool;
    });
  }

  /** Why an act is not sent automatically; null if it is, or if it does not concern this session. */
  private reason(entry: Entry): Held["reason"] | null {
    const { about } = this;
    if (!about || (entry.about && entry.about.session !== this.session && isLive(entry.about.session)))
      return null;
    if (entry.key === this.key) {
      if (entry.why) return "refused";
      return this.isOwn(entry) || entry.about?.pool === about.pool ? null : "table";
    }
    const { place, who, pool } = entry.about ?? {};
    const near = who === about.who && (place === about.place || pool === about.pool);
    if (!near) return null;
    return entry.about?.store === about.store && entry.about.task !== about.task ? "task" : "store";
  }

  private resend(now = false): void {
    const time = Date.now();
    for (const entry of this.sendable()) {
      const { act, at, stuck } = entry;
      const last = this.tries.get(act.id);
      if (!last && !now && this.isOwn(entry)) {
        // Another view on this page sends it; this view does so only if no other does.
        this.tries.set(act.id, { at: time, wait: 4 * PATIENCE_MS });
      } else if (!last || time - last.at >= last.wait) {
        const wait =
          last && !stuck ? Math.min(Math.max(last.wait * 2, PATIENCE_MS), LONGEST_MS) : PATIENCE_MS;
        this.tries.set(act.id, { at: time, wait });
        this.send({ ...act, late_ms: Math.min(Math.max(time - at, 0), LATEST_MS) });
      }
      if (stuck) return;
    }
  }

  /**
   * Drops an act that is in the log; keeps a refused one with the reason, unless it is said elsewhere. Returns whether
   * it was.
   */
  private answered(reply: Reply): boolean {
    const { type, id } = reply;
    if (type === "failed") {
      if (reply.stuck) this.outbox.stick(id);
      return false;
    }
    const told = this.mine.get(id);
    this.tries.delete(id);
    this.mine.delete(id);
    if (type === "ack" || told) this.outbox.drop(this.key, id);
    else this.outbox.refuse(id, reply.why);
    this.resend();
    told?.(type === "ack" ? null : reply);
    return told !== undefined && type !== "ack";
  }

  /** Tells who made the request that failed; returns whether it was one. */
  private unanswered({ id, why }: Refused | Failed): boolean {
    for (const [type, asked] of this.asked) {
      if (asked.id !== id) continue;
      this.asked.delete(type);
      asked.failed(why);
      return true;
    }
    return false;
  }

  private readonly receive = (message: Incoming | Reply, buffers?: DataView[]): void => {
    if (!message || typeof message.type !== "string") return;
    spoke(this.session, true);
    if ("to" in message && message.to && message.to !== this.view) return;
    if (message.type === "welcome" && "about" in message) this.about = message.about as About;
    if (message.type === "ack" || message.type === "refused" || message.type === "failed") {
      // Replies go to every view; only the one that sent the message handles them.
      const reply = message as Reply;
      if (reply.type !== "ack" && this.unanswered(reply)) return;
      const mine = this.mine.has(reply.id);
      if (this.answered(reply) || !mine) return;
    }
    for (const handler of this.handlers.get(message.type) ?? []) {
      (handler as Handler<unknown>)(message, buffers ?? []);
    }
  };
}

export function newId(): string {
  // Not randomUUID, which is missing on pages served over plain http from another host.
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return Array.from(bytes, (b) => b.toString(16).padStart(2, "0")).join("");
}
