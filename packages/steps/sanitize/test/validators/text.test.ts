import { createHash } from "node:crypto";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { passesBase58Check, passesBech32 } from "../../src/validators/crypto-address.ts";
import { isBasicCredentials, isJoseHeader } from "../../src/validators/decode.ts";
import { entropyOf } from "../../src/validators/entropy.ts";
import { isPlaceholder, isReference } from "../../src/validators/placeholder.ts";
import { isTokenLike, isWords } from "../../src/validators/token-like.ts";

describe("addresses of wallets", () => {
  test("examples of BIP 173 and BIP 350, in both cases", () => {
    for (const address of [
      "BC1QW508D6QEJXTDG4Y5R3ZARVARY0C5XW7KV8F3T4",
      "bc1p0xlxvlhemja6c4dqv22uapctqupfhlxm9h8z3k2e72q4k9hcz7vqzk5jj0",
      "bc1qar0srrr7xfkvy5l643lydnw9re59gtzzwf5mdq",
    ]) {
      expect(passesBech32(address)).toBe(true);
      expect(passesBech32(`${address.slice(0, -1)}${address.endsWith("q") ? "p" : "q"}`)).toBe(false);
    }
    expect(passesBech32("Bc1qar0srrr7xfkvy5l643lydnw9re59gtzzwf5mdq")).toBe(false);
  });

  test("the first Bitcoin address, and no change of it", () => {
    expect(passesBase58Check("1A1zP1eP5QGefi2DMPTfTL5SLmv7DivfNa")).toBe(true);
    expect(passesBase58Check("1A1zP1eP5QGefi2DMPTfTL5SLmv7DivfNb")).toBe(false);
    expect(passesBase58Check("0OIl")).toBe(false);
  });
});

describe("encoded", () => {
  test("user and password in Base64, whatever they are", () => {
    const printable = fc.string({ minLength: 1, maxLength: 20 });
    fc.assert(
      fc.property(printable, printable, (user, password) => {
        expect(isBasicCredentials(Buffer.from(`${user}:${password}`).toString("base64"))).toBe(true);
      }),
    );
    expect(isBasicCredentials("authentication")).toBe(false);
  });

  test("JOSE headers name what they are", () => {
    expect(isJoseHeader("eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9")).toBe(true);
    expect(isJoseHeader(Buffer.from('{"foo":1}').toString("base64url"))).toBe(false);
    expect(isJoseHeader("eyJAAAA")).toBe(false);
  });
});

test("entropy is that of the frequencies", () => {
  expect(entropyOf("")).toBe(0);
  expect(entropyOf("aaaa")).toBe(0);
  expect(entropyOf("abab")).toBe(1);
  expect(entropyOf("0123456789abcdef")).toBe(4);
});

describe("placeholders", () => {
  test.each([
    "",
    "***",
    "xxxx",
    "...",
    "[redacted:password]",
    "****1234",
    "${DB_PASSWORD}",
    "$PASSWORD",
    "$(cat x)",
    "{{ .Values.x }}",
    "<password>",
    "%s",
    "%PASSWORD%",
    "#{x}",
    "[PASSWORD]",
    "null",
    "required",
    "YES",
    "your-api-key",
    "a-fake-api-key",
    "changeme",
  ])("%s", (text) => expect(isPlaceholder(text)).toBe(true));

  test.each(["hunter2", "super$ecret", "m{{h}o)p${e]nob(ody", "P@$$w0rd", "x9!y", "correct horse", "yourself1"])(
    "not %s",
    (text) => expect(isPlaceholder(text)).toBe(false),
  );

  test("random bytes are no placeholder and no reference", () => {
    fc.assert(
      fc.property(fc.nat(), (seed) => {
        const secret = createHash("sha256").update(String(seed)).digest("hex");
        expect(isPlaceholder(secret) || isReference(secret) || isWords(secret)).toBe(false);
        expect(isTokenLike(secret, { length: 20, entropy: 3 })).toBe(true);
      }),
    );
  });
});

test.each([
  "env.TEST_PASSWORD",
  "process.env.PW",
  "os.environ['X']",
  "getPassword()",
  "/run/secrets/db",
  "DB_PASSWORD",
  "my-tls-secret",
  "arn:aws:iam::1:x",
  "https://example.com/reset",
  "~/.ssh/id",
])("%s refers to a secret", (text) => expect(isReference(text)).toBe(true));

test.each(["DOC_Vector_5_32", "SalesResults-1.2", "5h.ca.iphmx.com", "1.2.3-rc1", "2026-11-21T03:04:05Z", "hunter22"])(
  "%s is not random enough for a token",
  (text) => expect(isTokenLike(text, { length: 6, entropy: 2.9 })).toBe(false),
);
