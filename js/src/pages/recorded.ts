import type { AnyModel, AnyWidget } from "@anywidget/types";

/** A message of the kernel, and the length of each of its buffers. */
type Recorded = { content: { to: string }; sizes: number[] };
/** `sides`: pictures have so many cells along each side, or so many. */
type Head = { sides: number[]; messages: Record<string, Recorded> };
type Sent = { type: string; view: string; strategy?: string; index?: number };
type Listener = (message: unknown, buffers: DataView[]) => void;

/** Shows a lesson that was saved by widgets/lesson/saving.py: the widget itself, whose messages are answered from the file. */
export async function show(widget: AnyWidget, packed: string, el: HTMLElement): Promise<void> {
  const recording = open(await unpacked(packed));
  const listeners = new Set<Listener>();
  const model = {
    get: (name: string) => (name === "_session" ? "saved" : "lesson"),
    on: (name: string, listener: Listener) => name === "msg:custom" && listeners.add(listener),
    off: (_: string, listener: Listener) => listeners.delete(listener),
    send: (sent: Sent) => {
      const answer = recording(sent);
      if (answer) queueMicrotask(() => listeners.forEach((listener) => void listener(...answer)));
    },
  };
  const { render } = widget as { render: (context: { model: AnyModel; el: HTMLElement }) => unknown };
  render({ model: model as unknown as AnyModel, el });
}

/** What the kernel answers to this message: {@link unpacked} bytes are the length of the head, the head, and all buffers. */
export function open(bytes: Uint8Array): (sent: Sent) => [unknown, DataView[]] | null {
  const length = new DataView(bytes.buffer, bytes.byteOffset).getUint32(0, true);
  const head = JSON.parse(new TextDecoder().decode(bytes.subarray(4, 4 + length))) as Head;
  const starts = new Map<string, number>();
  let at = 4 + length;
  for (const [name, { sizes }] of Object.entries(head.messages)) {
    starts.set(name, at);
    at += sizes.reduce((a, b) => a + b, 0);
  }
  return (sent) => {
    const name = sent.strategy === undefined ? sent.type : `${sent.type}/${sent.strategy}/${sent.index}`;
    const found = head.messages[name];
    if (!found) return null;
    let from = starts.get(name) as number;
    const buffers = found.sizes.map((size) => {
      const part = bytes.slice(from, from + size);
      from += size;
      return new DataView(summed(part, head.sides).buffer);
    });
    return [{ ...found.content, to: sent.view }, buffers];
  };
}

/** Restores pictures of cells, saved as differences to the left and above, which compress better. */
export function summed(bytes: Uint8Array, sides: number[]): Uint8Array {
  const cells = sides.find((side) => bytes.length % side ** 2 === 0);
  if (!cells) return bytes;
  for (let i = 0; i < bytes.length; i++) if (i % cells) bytes[i] += bytes[i - 1];
  for (let i = 0; i < bytes.length; i++) if (i % cells ** 2 >= cells) bytes[i] += bytes[i - cells];
  return bytes;
}

async function unpacked(packed: string): Promise<Uint8Array> {
  const bytes = Uint8Array.from(atob(packed.trim()), (c) => c.charCodeAt(0));
  const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("deflate"));
  return new Uint8Array(await new Response(stream).arrayBuffer());
}
