import { describe, expect, test } from "vitest";
import { TextWithheld } from "../src/budget.ts";
import type { Finding } from "../src/sanitizer.ts";
import { sample } from "./support.ts";

const AWS = "AKIAABCDEFGHIJKLMNOP";

describe("actions", () => {
  const results = {
    redact: "key [redacted:aws-key]!",
    partial: "key ****MNOP!",
    remove: "key !",
    drop: "key [redacted:aws-key]!",
  } as const;
  test.each(["redact", "partial", "remove", "drop"] as const)("%s", (action) => {
    expect(sample({ action }).text(`key ${AWS}!`)).toBe(results[action]);
  });

  test("hash is the same for the same secret and key, also when it is escaped, and differs with the key", () => {
    const hash = sample({ action: "hash" });
    const [plain, json, other] = [
      "password=a/b%2Fc+d9",
      String.raw`{"password": "a\/b/c+d9"}`,
      "password=a/b/c+d8",
    ].map((text) => /\[hash:password:[0-9a-f]{16}\]/.exec(hash.text(text))?.[0]);
    expect(plain).toBeDefined();
    expect(json).toBe(plain);
    expect(other).not.toBe(plain);
    expect(sample({ action: "hash", hashKey: "another" }).text("password=a/b/c+d9")).not.toContain(plain);
  });

  test("hash without a key is an error that says where to put it", () => {
    expect(() => sample({ action: "hash", hashKey: "" })).toThrow(
      expect.objectContaining({ code: "SLUICE_CONFIG", hint: expect.stringContaining("SLUICE_HASH_KEY") }),
    );
    expect(() => sample({ actions: { pii: "hash" }, hashKey: "" })).toThrow("needs a key");
  });

  test("partial never shows more than a quarter", () => {
    const partial = sample({ action: "partial" });
    expect(partial.text("password=123456789012345")).toBe("password=[redacted:password]");
    expect(partial.text("password=1234567890123456")).toBe("password=****3456");
  });

  test("a rule's own action goes before its set's, and that before the general one", () => {
    const mixed = sample({ action: "remove", actions: { pii: "partial", email: "redact" } });
    expect(mixed.text(`${AWS} 4111 1111 1111 1111 joe@example.org`)).toBe(" ****1111 [redacted:email]");
  });
});

describe("places", () => {
  test("findings tell rule, action and place, in order", () => {
    const findings: Finding[] = [];
    sample({ actions: { password: "remove" } }).text(`x ${AWS} password=hunter2`, (finding) => findings.push(finding));
    expect(findings).toEqual([
      { rule: "aws-key", action: "redact", start: 2, end: 22, quote: "" },
      { rule: "password", action: "remove", start: 32, end: 39, quote: "" },
    ]);
  });

  test("JSON stays JSON where a number or a word without quotes was the secret", () => {
    const clean = (text: string) => sample().text(text);
    expect(clean('{"password":123456,"b":2}')).toBe('{"password":"[redacted:password]","b":2}');
    expect(clean('{"a":1,"token" : 12.5e3 ,"b":2}')).toBe('{"a":1,"token" : "[redacted:password]" ,"b":2}');
    expect(clean(String.raw`{\"password\":123456,\"b\":2}`)).toBe(
      String.raw`{\"password\":\"[redacted:password]\",\"b\":2}`,
    );
    expect(clean('{"password":"123456"}')).toBe('{"password":"[redacted:password]"}');
    expect(clean("password=123456")).toBe("password=[redacted:password]");
    const removed = sample({ action: "remove" }).text('{"password":123456,"b":2}');
    expect(removed).toBe('{"password":"","b":2}');
  });

  test("a text without secrets comes back as it is", () => {
    const text = "GET /token HTTP/1.1 password 4112 1111 1111 1111";
    expect(sample().text(text)).toBe(text);
    expect(sample().find(text)).toEqual([]);
  });

  test("overlapping secrets go as one, under the name of the more specific rule", () => {
    expect(sample().text(`password=x-${AWS}-y z`)).toBe("password=[redacted:aws-key] z");
    expect(sample().text(`password=${"x".repeat(60)}-${AWS} z`)).toBe("password=[redacted:aws-key] z");
  });

  test("a rule that drops is not hidden by one that stands before it", () => {
    const findings = sample({ actions: { password: "drop" } }).find(`password=${AWS}`);
    expect(findings).toMatchObject([{ rule: "password", action: "drop" }]);
  });

  test("a secret longer than its rule's reach goes as a whole", () => {
    const long = `eyJ${"a".repeat(300)}.eyJ${"b".repeat(900)}.${"c".repeat(70_000)}`;
    expect(sample().text(`${"pad ".repeat(100)}jwt ${long} end`)).toBe(`${"pad ".repeat(100)}jwt [redacted:jwt] end`);
  });

  test("secrets are found wherever they stand in a long text", () => {
    const gap = "lorem ipsum ".repeat(5000);
    const text = `password=hunter2 ${gap}${AWS} ${gap}token: abcdef`;
    expect(sample().text(text)).toBe(
      `password=[redacted:password] ${gap}[redacted:aws-key] ${gap}token: [redacted:password]`,
    );
  });

  test("a private key of several lines goes as a whole", () => {
    const key = `-----BEGIN PRIVATE KEY-----\n${"MIIabc/+09\n".repeat(40)}-----END PRIVATE KEY-----`;
    expect(sample().text(`a\n${key}\nb`)).toBe("a\n[redacted:key]\nb");
    expect(sample({ keepLineEnds: true }).text(`a\n${key}\nb`)).toBe(`a\n[redacted:key]${"\n".repeat(41)}\nb`);
  });

  test("what is allowed stays", () => {
    const lenient = sample({ allow: ["hunter2", "/^test-/i"] });
    const text = "password=hunter2 password=Test-1234 token=hunter22";
    expect(lenient.text(text)).toBe("password=hunter2 password=Test-1234 token=[redacted:password]");
    expect(() => sample({ allow: ["/(/"] })).toThrow("not a regular expression");
  });
});

describe("escapes", () => {
  test.each([
    ["a=1&password%3Dhunter2%26b%3D2", "a=1&password%3D[redacted:password]%26b%3D2"],
    ["password%253Dhunter2%2526b", "password%253D[redacted:password]%2526b"],
    [
      String.raw`{"log":"{\"password\":\"hunter2\",\"a\":1}"}`,
      String.raw`{"log":"{\"password\":\"[redacted:password]\",\"a\":1}"}`,
    ],
    [String.raw`"\\\"password\\\":\\\"hunter2\\\""`, String.raw`"\\\"password\\\":\\\"[redacted:password]\\\""`],
    [String.raw`joe\u0040example.org\n`, String.raw`[redacted:email]\n`],
    [String.raw`\x22password\x22:\x22hunter2\x22`, String.raw`\x22password\x22:\x22[redacted:password]\x22`],
    ["p%61ssword=hunter2 100%", "p%61ssword=[redacted:password] 100%"],
    ["password=a%26b", "password=[redacted:password]"],
    [
      "\x1b[1mpassword\x1b[0m: \x1b[35mhunter2\x1b[0m x",
      "\x1b[1mpassword\x1b[0m: \x1b[35m[redacted:password]\x1b[0m x",
    ],
    [
      String.raw`{"log":"\u001b[1mpassword\u001b[0m=\u001b[35mhunter2\u001b[0m x"}`,
      String.raw`{"log":"\u001b[1mpassword\u001b[0m=\u001b[35m[redacted:password]\u001b[0m x"}`,
    ],
  ])("%s", (text, expected) => {
    expect(sample().text(text)).toBe(expected);
  });
});

describe("what was replaced before", () => {
  test("is left alone, whatever its name", () => {
    const text =
      "password=[redacted:password], token: [hash:aws-key:0123456789abcdef] passwd=****3456 [redacted:token]:abc";
    expect(sample().text(text)).toBe(text);
  });

  test("does not protect what a hostile line appends to it", () => {
    expect(sample().text("password=[redacted:x]hunter2")).toBe("password=[redacted:password]");
    expect(sample().text("password=****3456hunter2")).toBe("password=[redacted:password]");
  });

  test("does not leave the rest of a secret that is longer than its pattern takes", () => {
    expect(sample().text(`password=${"abcdefg8".repeat(12)}`)).toBe("password=[redacted:password]");
  });
});

describe("time", () => {
  test("a text that cannot be checked in time is not given out, and is not in the error", () => {
    const text = `${"token=token=".repeat(50_000)}secret`;
    expect(() => sample({ budget: 0.001 }).text(text)).toThrow(TextWithheld);
    try {
      sample({ budget: 0.001 }).text(text);
    } catch (error) {
      expect((error as Error).message).not.toContain("token");
    }
  });

  test("a text that was given up leaves nothing behind for the next", () => {
    const sanitizer = sample({ budget: 0.001 });
    expect(() => sanitizer.text("token=token=".repeat(50_000))).toThrow(TextWithheld);
    expect(sample().text("token=abcd")).toBe("token=[redacted:password]");
  });
});
