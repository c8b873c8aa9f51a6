// Bytes of connections come and go by the megabyte, and their garbage is small in V8's eyes: left to the collector, what
// hostile clients send piles up to tens of megabytes before it looks. So memory is given back as soon as it is free.

/** Gives back the memory of a buffer that nobody looks at any more, where it has that for itself. */
export function release(bytes: Buffer): void {
  const { buffer } = bytes;
  if (buffer instanceof ArrayBuffer && bytes.length > 0 && bytes.length === buffer.byteLength) buffer.transfer(0);
}

/** The same bytes with room for `length` of them; what was given is not to be used any more. */
export function resized(bytes: Buffer, length: number): Buffer {
  return Buffer.from((bytes.buffer as ArrayBuffer).transfer(length));
}
