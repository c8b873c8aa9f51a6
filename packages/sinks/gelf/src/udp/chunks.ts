import { randomBytes } from "node:crypto";

const HEADER_BYTES = 12;
/** Graylog takes no more chunks a message. */
const MAX_CHUNKS = 128;

/**
 * A payload as GELF datagrams of at most `size` bytes: itself when it fits, else chunks (`1e 0f`, 8 bytes message id,
 * number, count). Null when it needs more than 128.
 */
export function chunk(payload: Uint8Array, size: number): Uint8Array[] | null {
  if (payload.length <= size) return [payload];
  const room = size - HEADER_BYTES;
  const total = Math.ceil(payload.length / room);
  if (total > MAX_CHUNKS) return null;
  const id = randomBytes(8);
  return Array.from({ length: total }, (_, number) => {
    const header = Buffer.from([0x1e, 0x0f, ...id, number, total]);
    return Buffer.concat([header, payload.subarray(number * room, (number + 1) * room)]);
  });
}
