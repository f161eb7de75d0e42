import type { Part, Stage } from "../items/registry";
import type { Channel } from "./channel";
import { u8 } from "./codecs";
import type { More, PartMessage } from "./protocol";

/** The time that a part may take to arrive, so that an acknowledgement never waits long behind it. */
const MOMENT_MS = 600;
const FIRST_BYTES = 250_000;
const FEWEST_BYTES = 48_000;
const MOST_BYTES = 1_000_000;
/** Smaller answers measure latency, not bandwidth. */
const TELLING_BYTES = 8_000;
const PATIENCE_MS = 60_000;

/** Requests parts of items from the kernel, each small enough to arrive quickly. */
export class Parts {
  private readonly waiting = new Map<string, (message: PartMessage, bytes: Uint8Array[]) => void>();
  private most = FIRST_BYTES;

  constructor(
    private readonly channel: Channel,
    signal: AbortSignal,
  ) {
    channel.on<PartMessage>(
      "part",
      (message, buffers) => this.waiting.get(message.id)?.(message, buffers.map(u8)),
      signal,
    );
  }

  /** The part of a {@link Stage} that requests data for the item of this row, until `end`. */
  of(row: number, end: AbortSignal): Pick<Stage, "more" | "gather"> {
    const more: Stage["more"] = async (ask, signal = end) => {
      end.throwIfAborted();
      return this.ask(row, ask, signal);
    };
    return {
      more,
      gather: async (ask, heard, signal = end) => {
        const parts: Uint8Array[] = [];
        for (let here = 0, total = 1; here < total; ) {
          const { content, bytes } = await more({ ...ask, at: here }, signal);
          const came = bytes.reduce((sum, { byteLength }) => sum + byteLength, 0);
          if (!came) throw new Error("The kernel sent only a part of the item.");
          parts.push(...bytes);
          here += came;
          total = Number(content.total);
          heard?.(here, total);
        }
        return parts;
      },
    };
  }

  private ask(row: number, ask: More["ask"], signal: AbortSignal): Promise<Part> {
    return new Promise((resolve, reject) => {
      const since = performance.now();
      if (signal.aborted) {
        reject(signal.reason);
        return;
      }
      const { view } = this.channel;
      const id = this.channel.ask({ type: "more", view, row, ask, most: this.most });
      const over = (): void => {
        clearTimeout(timer);
        signal.removeEventListener("abort", gone);
        this.waiting.delete(id);
      };
      const gone = (): void => {
        over();
        reject(signal.reason);
      };
      const timer = setTimeout(() => {
        over();
        reject(new Error("The kernel does not answer: it may have been restarted. Run the cell again."));
      }, PATIENCE_MS);
      signal.addEventListener("abort", gone);
      this.waiting.set(id, ({ content, took_ms }, bytes) => {
        over();
        this.learn(bytes, performance.now() - since - took_ms);
        if (content.kind === "broken") reject(new Error(String(content.why)));
        else resolve({ content, bytes });
      });
    });
  }

  private learn(bytes: Uint8Array[], way: number): void {
    const size = bytes.reduce((sum, { byteLength }) => sum + byteLength, 0);
    if (size < TELLING_BYTES) return;
    const fits = (size / Math.max(1, way)) * MOMENT_MS;
    this.most = Math.round(Math.min(MOST_BYTES, Math.max(FEWEST_BYTES, fits, this.most / 4)));
  }
}
