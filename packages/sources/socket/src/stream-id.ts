import { randomBytes } from "node:crypto";

/** What comes over a socket cannot be read again, so the ids of its records must not repeat in the next run. */
export function newStreamId(name: string): string {
  return `${name}-${randomBytes(5).toString("hex")}`;
}
