// Buffers arrive as DataViews, which may be slices at any offset.

import type { ItemsMessage, ShownItem } from "./protocol";

export const u8 = (view: DataView): Uint8Array =>
  new Uint8Array(view.buffer, view.byteOffset, view.byteLength);

const aligned = (view: DataView): ArrayBuffer =>
  view.buffer.slice(view.byteOffset, view.byteOffset + view.byteLength) as ArrayBuffer;

export const u16 = (view: DataView): Uint16Array => new Uint16Array(aligned(view));
export const u32 = (view: DataView): Uint32Array => new Uint32Array(aligned(view));
export const f32 = (view: DataView): Float32Array => new Float32Array(aligned(view));
export const utf8 = (view: DataView): string => new TextDecoder().decode(u8(view));
export const blobUrl = (view: DataView, type: string): string =>
  URL.createObjectURL(new Blob([u8(view) as BlobPart], { type }));

/** The items of a message by row: the content, and the URLs of the media. */
export function itemsOf({ items }: ItemsMessage, buffers: DataView[]): [number, Omit<ShownItem, "row">][] {
  let at = 0;
  return items.map(({ row, content, media, context }) => [
    row,
    { content, media: media.map((type) => blobUrl(buffers[at++], type)), context },
  ]);
}

// -- encoding of pool rows as a short string; data/rows.py does the same, and both are tested with test/rows.json

const RUNS = 1;
const BITS = 2;

/**
 * Encodes rows (ascending, without duplicates) as base64 of a tag and either runs or bits, whichever is shorter. Runs
 * are unsigned LEB128 numbers: the number of runs; for each, twice the gap before it, plus 1 if it is longer than one
 * row; then the lengths of those, minus 2. Bits are one byte per eight rows, lowest bit first.
 */
export function encodeRows(rows: Uint32Array): string {
  const size = rows.length ? (rows[rows.length - 1] >> 3) + 1 : 0;
  const runs = encodeRuns(rows, size + 1);
  if (runs) return base64(runs);
  const bits = new Uint8Array(size + 1);
  bits[0] = BITS;
  for (const row of rows) bits[1 + (row >> 3)] |= 1 << (row & 7);
  return base64(bits);
}

/** Decodes rows that were encoded by {@link encodeRows} or by the kernel. */
export function decodeRows(text: string): Uint32Array {
  const bytes = Uint8Array.from(atob(text), (c) => c.charCodeAt(0));
  if (bytes[0] === BITS) {
    const rows: number[] = [];
    for (let i = 1; i < bytes.length; i++)
      for (let bit = 0; bit < 8; bit++) if (bytes[i] & (1 << bit)) rows.push(8 * (i - 1) + bit);
    return Uint32Array.from(rows);
  }
  let at = 1;
  const next = (): number => {
    let value = 0;
    for (let scale = 1; ; scale *= 128) {
      const byte = bytes[at++];
      value += (byte & 127) * scale;
      if (byte < 128) return value;
    }
  };
  const heads = Array.from({ length: next() }, next);
  const rows: number[] = [];
  let end = 0;
  for (const head of heads) {
    const first = end + Math.floor(head / 2);
    end = first + (head % 2 ? next() + 2 : 1);
    for (let row = first; row < end; row++) rows.push(row);
  }
  return Uint32Array.from(rows);
}

/** Null if the result would be longer than `most` bytes. */
function encodeRuns(rows: Uint32Array, most: number): Uint8Array | null {
  const starts = new Uint32Array(rows.length + 1);
  let n = 0;
  for (let i = 0; i < rows.length; i++) if (i === 0 || rows[i] !== rows[i - 1] + 1) starts[n++] = i;
  starts[n] = rows.length;
  const bytes = new Uint8Array(most);
  bytes[0] = RUNS;
  let at = 1;
  // Beyond the end, bytes are counted but not stored.
  const put = (value: number): void => {
    let rest = value;
    for (; rest > 127; rest = Math.floor(rest / 128)) bytes[at++] = (rest & 127) | 128;
    bytes[at++] = rest;
  };
  const length = (k: number): number => starts[k + 1] - starts[k];
  put(n);
  for (let k = 0, end = 0; k < n && at <= most; k++) {
    put(2 * (rows[starts[k]] - end) + (length(k) > 1 ? 1 : 0));
    end = rows[starts[k]] + length(k);
  }
  for (let k = 0; k < n && at <= most; k++) if (length(k) > 1) put(length(k) - 2);
  return at <= most ? bytes.subarray(0, at) : null;
}

function base64(bytes: Uint8Array): string {
  let text = "";
  for (let i = 0; i < bytes.length; i += 8192) text += String.fromCharCode(...bytes.subarray(i, i + 8192));
  return btoa(text);
}
