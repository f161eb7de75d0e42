import type { Point } from "../../items/picture/frame";
import type { Composing } from "../../questions/registry";

/** The corners of a box, or a point. */
export type Prompt = readonly [number, number, number, number] | Point;

export type SegmentCallbacks = {
  /** What was found, in the form of the log without a class. */
  found: (at: readonly unknown[]) => void;
  /** Says that it failed, and why. */
  failed: (words: string) => void;
  /** The segmenter has begun or ended. */
  draw: () => void;
};

/** Asks the user's own segmenter in the kernel. Nothing waits for it; a newer request replaces an older one. */
export function segmenter({ settings, stage, say }: Composing, on: SegmentCallbacks) {
  let last = 0;
  let busy = false;

  async function ask(prompt: Prompt): Promise<void> {
    const mine = ++last;
    const [x, y, x1, y1] = prompt;
    const box: Record<string, number> =
      x1 === undefined || y1 === undefined ? {} : { width: x1 - x, height: y1 - y };
    busy = true;
    on.draw();
    say("Segmenting");
    try {
      const { content } = await stage.more({ what: "segment", x, y, ...box });
      if (mine === last) on.found(content.at as unknown[]);
    } catch (error) {
      if (mine === last && !stage.signal.aborted)
        on.failed(error instanceof Error ? error.message : String(error));
    } finally {
      if (mine === last) {
        busy = false;
        on.draw();
      }
    }
  }

  return {
    ask,
    /** Whether the session has one. */
    there: settings.segment === true,
    get busy(): boolean {
      return busy;
    },
  };
}
