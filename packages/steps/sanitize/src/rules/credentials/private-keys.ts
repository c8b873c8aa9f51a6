import type { Rule } from "../../rule.ts";
import { decodeBase64 } from "../../validators/decode.ts";

/** Enough for RSA keys of 8192 bits and PGP keys with a photograph's worth of user ids. */
const BLOCK = 24_000;

/** Says if the text between the lines of a PEM block holds key material, not `...` or `xxx`. */
function isKeyMaterial(body: string): boolean {
  return body.replaceAll(/\\[nr]|[\s"'+,\\]/g, "").length >= 20;
}

/** Private keys as blocks of text, on many lines or with escaped line ends on one. */
export const privateKeyRules: readonly Rule[] = [
  {
    name: "private-key",
    title: "PEM, OpenSSH or PGP private key",
    sets: ["default", "secrets"],
    keywords: ["PRIVATE KEY"],
    pattern: String.raw`-{4,5} ?BEGIN (?:[A-Z0-9_ ]{0,40} )?PRIVATE KEY(?: BLOCK)?(?: [A-Z]{1,20})? ?-{4,5}(?<secret>(?:(?!-{4,5} ?(?:BEGIN|END) )[\s\S]){1,${BLOCK}})(?=-{4,5} ?(?:BEGIN|END) |$)`,
    ignoreCase: true,
    reach: { before: 64, after: BLOCK },
    validate: isKeyMaterial,
    positive: [
      "-----BEGIN RSA PRIVATE KEY-----⟦\nMIIEpQIBAAKCAQEAn6/O8li+SX4m98LLYt/PKSzEmQ++ZBD7\n⟧-----END RSA PRIVATE KEY-----",
      '"key":"-----BEGIN PRIVATE KEY-----⟦\\nMIIEvQIBADANBgkqhkiG9w0BAQEFAASC\\n⟧-----END PRIVATE KEY-----\\n"',
      "-----BEGIN PGP PRIVATE KEY BLOCK-----⟦\n\nlQWGBGSVV4YBDAClvRnxezIRy2Yv7SFl\n⟧-----END PGP PRIVATE KEY BLOCK-----",
      "-----BEGIN OPENSSH PRIVATE KEY-----⟦\nb3BlbnNzaC1rZXktdjEAAAAABG5vbmU⟧",
    ],
    negative: [
      "-----BEGIN PRIVATE KEY-----\nxxx\n-----END PRIVATE KEY-----",
      '{"private_key":"-----BEGIN PRIVATE KEY-----\\n...\\n-----END PRIVATE KEY-----\\n"}',
      "-----BEGIN PUBLIC KEY-----\nMIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8A\n-----END PUBLIC KEY-----",
    ],
  },
  {
    name: "private-key-base64",
    title: "PEM private key, encoded in Base64 once more",
    sets: ["default", "secrets"],
    keywords: ["LS0tLS1CRUdJTi", "tLS0tQkVHSU4g", "0tLS1CRUdJTi"],
    pattern: String.raw`(?:LS0tLS1CRUdJTi|LS0tLUJFR0lOI|tLS0tQkVHSU4g)[A-Za-z0-9+/]{30,${BLOCK}}={0,2}`,
    reach: { before: 8, after: BLOCK },
    validate: (secret) => /BEGIN [A-Z0-9 ]{0,40}PRIVATE/.test(decodeBase64(secret.slice(0, 120))),
    positive: ["KEY=⟦LS0tLS1CRUdJTiBSU0EgUFJJVkFURSBLRVktLS0tLQpNSUlFb2dJQkFBS0NBUUVBb3kxWFh1VkFR⟧"],
    negative: ["LS0tLS1CRUdJTiBDRVJUSUZJQ0FURS0tLS0tCk1JSUR4RENDQXF5Z0F3SUJBZ0lV"],
  },
  {
    name: "putty-private-key",
    title: "private part of a PuTTY key",
    sets: ["default", "secrets"],
    keywords: ["Private-Lines:", "Private-MAC:"],
    pattern: String.raw`Private-(?:Lines: \d{1,4}(?:\r?\n|\\r?\\n|\\n)|MAC: )(?<secret>[A-Za-z0-9+/=\r\n]{16,8192}?)(?=\r?\n?Private-MAC|$|[^A-Za-z0-9+/=\r\n])`,
    reach: { before: 8, after: 8192 },
    positive: ["Private-Lines: 1\n⟦AAAAgGdWZ2hlbGxvd29ybGQ=⟧\nPrivate-MAC: ⟦b9c1d2e3f4a5b6c7d8e9f0a1b2c3d4e5f6a7b8c9⟧"],
    negative: ["Private-Lines: none"],
  },
  {
    name: "age-secret-key",
    title: "age secret key",
    sets: ["default", "secrets"],
    keywords: ["AGE-SECRET-KEY-", "AGE-PLUGIN-"],
    pattern: String.raw`(?<![A-Z0-9-])AGE-(?:SECRET-KEY|PLUGIN-[A-Z0-9]{1,32})-1[QPZRY9X8GF2TVDW0S3JN54KHCE6MUA7L]{58,512}`,
    ignoreCase: true,
    positive: ["⟦AGE-SECRET-KEY-1GFPYYSJZGFPYYSJZGFPYYSJZGFPYYSJZGFPYYSJZGFPYYSJZGFPQ4EGAEX⟧"],
    negative: ["AGE-SECRET-KEY-1ABC"],
  },
  {
    name: "jwk-private-part",
    title: "private part of a JSON Web Key",
    sets: ["default", "secrets"],
    keywords: ['"kty"', "'kty'", 'kty\\"'],
    pattern: String.raw`\\?["'](?:d|p|q|dp|dq|qi|k)\\?["'][ ]{0,4}:[ ]{0,4}\\?["'](?:(?<=kty\\?["'][^{}]{0,4096})(?<secret>[A-Za-z0-9_-]{20,1024})|(?<secret>[A-Za-z0-9_-]{20,1024})(?=[^{}]{0,4096}["']kty))`,
    reach: { before: 4096, after: 4096 },
    positive: ['{"kty":"EC","crv":"P-256","x":"public","d":"⟦jpsQnnGQmL-YBIffH1136cspYG6-0iY7X1fCE9-E9LI⟧"}'],
    negative: ['{"kty":"EC","x":"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU"}'],
  },
];
