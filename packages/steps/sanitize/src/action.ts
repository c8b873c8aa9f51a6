import { createHmac } from "node:crypto";
import { decodeFully } from "./decode.ts";

/** What becomes of a secret. `drop` drops the whole event. */
export const ACTIONS = ["redact", "partial", "hash", "remove", "drop"] as const;
export type Action = (typeof ACTIONS)[number];

const SHOWN = 4;
const HASH_DIGITS = 16;

/** Text put in place of secrets by an earlier run; a match that holds nothing else is none. */
export const REPLACEMENT =
  /\[redacted:[a-z0-9-]+\]|\[hash:[a-z0-9-]+:[0-9a-f]{16}\]|\[withheld: [a-z -]+\]|\*{4}[A-Za-z0-9]{4}/g;

/** The text that takes the place of a secret. `hashKey` is there whenever an action is `hash`. */
export function replacementOf(action: Action, rule: string, secret: string, hashKey: string | undefined): string {
  if (action === "remove") return "";
  if (action === "partial") return partial(rule, secret);
  if (action === "hash" && hashKey !== undefined) return `[hash:${rule}:${digest(secret, hashKey)}]`;
  return `[redacted:${rule}]`;
}

/** The last four characters, when they are at most a quarter of the secret, and no part of an escape. */
function partial(rule: string, secret: string): string {
  const last = secret.slice(-SHOWN);
  if (secret.length < 4 * SHOWN || !/^[A-Za-z0-9]{4}$/.test(last)) return `[redacted:${rule}]`;
  return `${"*".repeat(4)}${last}`;
}

/** The same for a secret and its URL-encoded or JSON-escaped form. */
function digest(secret: string, key: string): string {
  const plain = decodeFully(secret);
  return createHmac("sha256", key).update(plain, "utf8").digest("hex").slice(0, HASH_DIGITS);
}
