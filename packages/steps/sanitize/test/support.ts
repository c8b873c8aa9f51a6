import fc from "fast-check";
import type { Rule } from "../src/rule.ts";
import { createSanitizer, type Sanitizer, type SanitizerOptions } from "../src/sanitizer.ts";

const base = { sets: ["default"], positive: [], negative: [] } satisfies Partial<Rule>;

/** A few rules of each kind, so that the engine's tests do not depend on the tables. */
export const SAMPLE_RULES: readonly Rule[] = [
  { ...base, name: "aws-key", title: "", keywords: ["AKIA"], pattern: "\\bAKIA[A-Z0-9]{16}\\b" },
  { ...base, name: "jwt", title: "", keywords: ["eyJ"], pattern: "\\beyJ[\\w-]+\\.eyJ[\\w-]+\\.[\\w-]+" },
  {
    ...base,
    name: "key",
    title: "",
    keywords: ["PRIVATE KEY"],
    pattern: "-----BEGIN PRIVATE KEY-----[^-]{1,4096}-----END PRIVATE KEY-----",
    reach: { before: 16, after: 8192 },
  },
  {
    ...base,
    name: "card",
    title: "",
    sets: ["pii"],
    keywords: [],
    shape: "long-number",
    pattern: "\\b\\d(?:[ -]?\\d){12,18}\\b",
    validate: (secret) => secret.replaceAll(/\D/g, "").startsWith("4111"),
  },
  {
    ...base,
    name: "email",
    title: "",
    sets: ["pii"],
    keywords: [],
    pattern: "\\b[\\w.]{1,64}@[\\w.]{1,64}\\.[a-z]{2,8}\\b",
  },
  {
    ...base,
    name: "password",
    title: "",
    keywords: ["password", "passwd", "token"],
    pattern: `(?:passw(?:or)?d|token)["']?\\s{0,4}[=:]\\s{0,4}["']?(?<secret>[^\\s"'&,;]{4,64})`,
    ignoreCase: true,
  },
];

/** A sanitizer with the sample rules. */
export function sample(options: Partial<SanitizerOptions> = {}): Sanitizer {
  return createSanitizer({ rules: SAMPLE_RULES, hashKey: "test", ...options });
}

const PIECES = [
  "password=",
  "token: ",
  "PASSWD%3D",
  '\\"password\\":\\"',
  "hunter2",
  "AKIAABCDEFGHIJKLMNOP",
  "eyJabc.eyJdef.ghi",
  "4111 1111 1111 1111",
  "joe@example.org",
  "[redacted:password]",
  "[hash:jwt:0123456789abcdef]",
  "****3456",
  "-----BEGIN PRIVATE KEY-----\n",
  "-----END PRIVATE KEY-----",
  "%25",
  "\\u0040",
  "\ud800",
  " ",
  "&",
  "é",
];
/** Text made of what the sample rules look for, what replaces it, and anything else. */
export const TEXT = fc
  .array(
    fc.oneof(fc.constantFrom(...PIECES), fc.string({ unit: "binary", maxLength: 4 }), fc.string({ maxLength: 12 })),
  )
  .map((parts) => parts.join(""));
