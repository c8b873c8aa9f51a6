import { expect } from "vitest";

export type Message = Record<string, unknown>;

/** The offset of each line of a text, as `log.offset` gives it. */
function offsetsOf(text: Buffer): number[] {
  const offsets: number[] = [];
  for (let at = 0; at < text.length; at = text.indexOf(10, at) + 1) offsets.push(at);
  return offsets;
}

/** Checks that messages hold each line of a file at least once, and that copies of a line share its `_event_id`. */
export function expectEveryLine(messages: readonly Message[], text: Buffer): { duplicates: number } {
  const idOf = new Map<number, unknown>();
  let wrongIds = 0;
  for (const message of messages) {
    const offset = message["_log_offset"] as number;
    const known = idOf.get(offset);
    if (known === undefined) idOf.set(offset, message["_event_id"]);
    else if (known !== message["_event_id"]) wrongIds++;
  }
  const offsets = offsetsOf(text);
  const missing = offsets.filter((offset) => !idOf.has(offset));
  expect({ missing: missing.length, first: missing[0], wrongIds }).toEqual({
    missing: 0,
    first: undefined,
    wrongIds: 0,
  });
  expect(idOf.size).toBe(offsets.length);
  expect(new Set(idOf.values()).size).toBe(offsets.length);
  return { duplicates: messages.length - offsets.length };
}

/** Checks that the first copies of the lines of each file come in the order of the file. */
export function expectOrder(messages: readonly Message[]): void {
  const last = new Map<unknown, number>();
  const seen = new Set<unknown>();
  const disorder = messages.filter((message) => {
    if (seen.has(message["_event_id"])) return false;
    seen.add(message["_event_id"]);
    const stream = String(message["_event_id"]).split("-").slice(0, -1).join("-");
    const offset = message["_log_offset"] as number;
    const before = last.get(stream) ?? -1;
    last.set(stream, Math.max(before, offset));
    return offset < before;
  });
  expect(disorder.length).toBe(0);
}
