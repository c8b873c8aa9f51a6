import type { Rule } from "../../rule.ts";
import { entropyOf } from "../../validators/entropy.ts";

/** Random base64 of 64 characters has 5.2 bits a character, with little spread; words and paths have less than 4.5. */
const MIN_ENTROPY = 4.6;

/**
 * Lines of a private key where a log has made an event of each. They bear no sign but their length and randomness, so a
 * line that is nothing else is enough, while the last word of a line also needs `+` or `/` to differ from an identifier.
 * In a text of several lines the first one says what it is: a public key or a certificate is no secret.
 */
function isKeyBody(text: string, { index, input }: RegExpExecArray): boolean {
  if (input.trimEnd().includes("\n")) return false;
  if (!/[a-z]/.test(text) || !/[A-Z]/.test(text) || !/\d/.test(text) || entropyOf(text) < MIN_ENTROPY) return false;
  return index === 0 || /[+/]/.test(text);
}

/** What is left of private keys that are read line by line. */
export const keyBodyRules: readonly Rule[] = [
  {
    name: "private-key-body",
    title: "line of 64, 70 or 76 characters of base64, as in the body of a private key",
    sets: ["default", "secrets"],
    keywords: [],
    shape: "base64-line",
    pattern: String.raw`(?<!\S)[A-Za-z0-9+/]{64}(?:[A-Za-z0-9+/]{6}){0,2}(?=\r?\n|\r?$)`,
    reach: { before: 1, after: 8 },
    validate: isKeyBody,
    positive: [
      "⟦MIIEpAIBAAKCAQEA04up8hoqzS1+APIB0RhjXyObwHQnOzhAk5Bd7mhkSbPkyhP1⟧",
      "app: ⟦u8jzPde0IgxLd6GncfBAepf/Bd0Kh8oOOL8+KLzdocJ2isAjIhKtJ0RlgLKOmxgJTeKdNn⟧",
      "⟦lQWGBGSVV4YBDAClvRnxezIRy2Yv7SFlZ0kqVbJd8hT3uXcP5mWqA9oE7iRzKsL2gNf4H6xBvMtD⟧\r\n",
    ],
    negative: [
      "-----BEGIN PUBLIC KEY-----\nMIIEpAIBAAKCAQEA04up8hoqzS1+APIB0RhjXyObwHQnOzhAk5Bd7mhkSbPkyhP1",
      "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
      "GET /assets/images/products/large/summer/Collection2017/blue/shirt01/a",
      "done aaaaaaaaaaaaaaaaBBBBBBBBBBBBBBBB1111111111111111cccccccccccccccc",
      "id aZ3kT9xW2mQ7vL5nR8pY1cD4fG6hJ0sB3uE7iO9aK2lM5nP8qR1tV4wX6yZ0bC3d",
      "x MIIEpAIBAAKCAQEA04up8hoqzS1+APIB0RhjXyObwHQnOzhAk5Bd7mhkSbPkyhP1 y",
    ],
  },
];
