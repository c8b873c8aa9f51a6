import { entropyOf } from "./entropy.ts";

const UUID = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;
/** Host and file names, versions, times, addresses: what has dots, colons or hyphens and digits, but is no secret. */
const NAMED =
  /^(?:[a-z0-9_-]+(?:\.[a-z0-9_-]+)*\.[a-z]{2,10}(?::\d+)?(?:\/.*)?|v?\d+(?:[._-]\d+)+(?:[._-](?:[a-z]+\d*|\d+))*|\d{4}-\d\d-\d\d.*|rc?\d[\w.-]*|(?:[A-Za-z]\w*\.){1,8}\w+@[0-9a-f]+)$/;

/** Bits per character and length from which a text counts as random. */
interface Randomness {
  readonly length: number;
  readonly entropy: number;
}

/** Says if a text looks made by a machine to be unguessable: letters and digits, mixed enough, no name of anything. */
export function isTokenLike(text: string, { length, entropy }: Randomness): boolean {
  if (text.length < length || !/\d/.test(text) || !/[a-z]/i.test(text)) return false;
  if (isUuid(text)) return !/^0{8}|(.)\1{7}/.test(text);
  return !NAMED.test(text) && !isWords(text) && entropyOf(text) >= entropy;
}

/** Says if a text has the form of a UUID. */
export function isUuid(text: string): boolean {
  return UUID.test(text);
}

/** Says if a text reads as words and numbers: `doc_vector_5_32`, `SalesResults-1.2`. */
export function isWords(text: string): boolean {
  const parts = text.split(/[-_. :/]+/).filter((part) => part !== "");
  const plain = (part: string): boolean =>
    /^(?:[a-z]{1,20}\d{0,2}|[A-Z]{1,20}\d{0,2}|(?:[A-Z][a-z]+){1,5}\d{0,2}|\d{1,8})$/.test(part);
  return parts.length > 1 ? parts.every((part) => part.length <= 16 && plain(part)) : /^[A-Za-z]+\d{0,2}$/.test(text);
}
