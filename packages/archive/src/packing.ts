/** A packing that is recognized by the first bytes of a file. */
export type Packing = "gzip" | "zstd";

/** Bytes that tell how a file is packed. */
export const PACKING_BYTES = 4;

const ZSTD = [0x28, 0xb5, 0x2f, 0xfd];

/** How a file that begins with `head` is packed, or null. */
export function packingOf(head: Uint8Array): Packing | null {
  if (head[0] === 0x1f && head[1] === 0x8b) return "gzip";
  return isZstd(head) || isSkippable(head) ? "zstd" : null;
}

function isZstd(head: Uint8Array): boolean {
  return ZSTD.every((byte, i) => head[i] === byte);
}

/** A zstd frame without content, with which parallel packers (pzstd) begin. */
function isSkippable(head: Uint8Array): boolean {
  return ((head[0] ?? 0) & 0xf0) === 0x50 && head[1] === 0x2a && head[2] === 0x4d && head[3] === 0x18;
}

/** Packings that are known by their first bytes only to say that sluice cannot read them. */
export function unreadableKind(head: Uint8Array): string | null {
  if (head[0] === 0x42 && head[1] === 0x5a && head[2] === 0x68) return "bzip2";
  if (head[0] === 0xfd && head[1] === 0x37 && head[2] === 0x7a && head[3] === 0x58) return "xz";
  if (head[0] === 0x50 && head[1] === 0x4b && (head[2] === 3 || head[2] === 5)) return "zip";
  return null;
}
