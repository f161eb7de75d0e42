// Buffers arrive as DataViews that may be slices, at any offset.

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
