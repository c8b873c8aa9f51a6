import { REPLACEMENT } from "./action.ts";
import { decodeFully } from "./decode.ts";

/** A shorter text may stand anywhere by chance. */
const SHORTEST = 6;

/** Secrets that were found in an event, to be found again where nothing around them shows what they are. */
export class KnownSecrets {
  readonly #replacements = new Map<string, string>();
  #sorted: readonly [secret: string, replacement: string][] | undefined;

  get isEmpty(): boolean {
    return this.#replacements.size === 0;
  }

  add(secret: string, replacement: string): void {
    for (const form of [secret, decodeFully(secret)]) {
      if (form.length < SHORTEST || this.#replacements.has(form)) continue;
      this.#replacements.set(form, replacement);
      this.#sorted = undefined;
    }
  }

  /**
   * The text without these secrets; what has been put in place of others stays.
   *
   * @param pause Called between secrets; may throw to end the search.
   */
  replaceIn(text: string, pause: () => void): string {
    this.#sorted ??= [...this.#replacements].toSorted(([a], [b]) => b.length - a.length);
    let result = text;
    for (const [secret, replacement] of this.#sorted) {
      pause();
      if (result.includes(secret)) result = replaceBetween(result, secret, replacement);
    }
    return result;
  }
}

/** Replaces a text wherever it stands outside of earlier replacements. */
function replaceBetween(text: string, secret: string, replacement: string): string {
  let result = "";
  let copied = 0;
  for (const { 0: earlier, index } of text.matchAll(REPLACEMENT)) {
    result += text.slice(copied, index).replaceAll(secret, () => replacement) + earlier;
    copied = index + earlier.length;
  }
  return result + text.slice(copied).replaceAll(secret, () => replacement);
}
