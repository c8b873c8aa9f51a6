import type { LineForm } from "@sluice/archive";

/** An encoding: how its lines lie in bytes, and how they become UTF-8. */
export interface Encoding extends LineForm {
  /** Text of the bytes; invalid ones become U+FFFD. */
  decode(bytes: Uint8Array): string;
  /** Whether the bytes are passed on as they are. */
  readonly asIs: boolean;
  /** The byte order mark that a file may begin with. */
  readonly bom: readonly number[];
}

const LF = 10;
const CR = 13;

/** `\n` is the byte 10 in UTF-8 and in every WHATWG encoding but UTF-16, also as the second byte of a character. */
const byteForm = {
  width: 1,
  find: (bytes: Uint8Array, from: number) => bytes.indexOf(LF, from),
  isReturn: (bytes: Uint8Array, at: number) => bytes[at] === CR,
};

function utf8Boundary(bytes: Uint8Array, at: number): number {
  let end = at;
  for (let back = 0; back < 4 && end > 0; back++, end--) if (((bytes[end] as number) & 0xc0) !== 0x80) return end;
  return at;
}

function utf16Form(low: 0 | 1): LineForm {
  const high = 1 - low;
  const unit = (bytes: Uint8Array, at: number) => ((bytes[at + high] as number) << 8) | (bytes[at + low] as number);
  const find = (bytes: Uint8Array, from: number) => {
    for (let at = bytes.indexOf(LF, from + low); at >= 0; at = bytes.indexOf(LF, at + 1)) {
      const start = at - low;
      if ((start - from) % 2 === 0 && start + 1 < bytes.length && bytes[start + high] === 0) return start;
    }
    return -1;
  };
  const boundary = (bytes: Uint8Array, at: number) => {
    const even = at - (at % 2);
    return (unit(bytes, even) & 0xfc00) === 0xdc00 ? even - 2 : even;
  };
  return { width: 2, find, boundary, isReturn: (bytes, at) => unit(bytes, at) === CR };
}

/** The encoding of a WHATWG label. Throws a RangeError for an unknown one. */
export function encodingOf(label: string): Encoding {
  const decoder = new TextDecoder(label, { ignoreBOM: true });
  const decode = (bytes: Uint8Array) => decoder.decode(bytes);
  switch (decoder.encoding) {
    case "utf-8":
      return { ...byteForm, boundary: utf8Boundary, decode, asIs: true, bom: [0xef, 0xbb, 0xbf] };
    case "utf-16le":
      return { ...utf16Form(0), decode, asIs: false, bom: [0xff, 0xfe] };
    case "utf-16be":
      return { ...utf16Form(1), decode, asIs: false, bom: [0xfe, 0xff] };
    default:
      return { ...byteForm, boundary: (_, at) => at, decode, asIs: false, bom: [] };
  }
}

/** Length of the byte order mark that `head` begins with, or 0. */
export function bomLength(encoding: Encoding, head: Uint8Array): number {
  return encoding.bom.every((byte, i) => head[i] === byte) ? encoding.bom.length : 0;
}
