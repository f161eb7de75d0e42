/** The times of frames, in seconds; the last one is where the last frame ends. */
export type Times = ArrayLike<number>;

/** Answers are in milliseconds, which may be just before a frame. */
const NEAR_S = 0.0006;

/** Times as they arrive: uint32 in units of 0.1 ms. */
export function readTimes(parts: readonly Uint8Array[]): Float64Array {
  const bytes = new Uint8Array(parts.reduce((sum, { byteLength }) => sum + byteLength, 0));
  let at = 0;
  for (const part of parts) {
    bytes.set(part, at);
    at += part.byteLength;
  }
  const view = new DataView(bytes.buffer);
  return Float64Array.from({ length: bytes.byteLength >> 2 }, (_, i) => view.getUint32(4 * i, true) / 10_000);
}

/** The frame that is on the screen at a time. */
export function frameAt(times: Times, time: number): number {
  let [low, high] = [0, Math.max(0, times.length - 2)];
  while (low < high) {
    const middle = (low + high + 1) >> 1;
    if (times[middle] <= time + NEAR_S) low = middle;
    else high = middle - 1;
  }
  return low;
}

/** The middle of a frame: a player that is sent to an edge of it may show the one before. */
export const middleOf = (times: Times, frame: number): number => (times[frame] + times[frame + 1]) / 2;

/** Frames per second, as people say them: for a variable rate the mean. */
export function rateOf(times: Times): number {
  const n = times.length - 1;
  const length = times[n] - times[0];
  return n > 0 && length > 0 ? Number((n / length).toFixed(2)) : 0;
}
