import { expect, test } from "vitest";
import { KeyBlock } from "../src/key-block.ts";

const BODY = "MIIEpAIBAAKCAQEA04up8hoqzS1+APIB0RhjXyObwHQnOzhAk5Bd7mhkSbPkyhP1";

/** The lines without what belongs to a key. */
function without(lines: readonly string[]): string[] {
  const block = new KeyBlock();
  return lines.map((line) => {
    let rest = "";
    let at = 0;
    for (const { start, end } of block.next(line)) {
      rest += line.slice(at, start);
      at = end;
    }
    return rest + line.slice(at);
  });
}

test.each(["RSA PRIVATE KEY", "PRIVATE KEY", "OPENSSH PRIVATE KEY", "PGP PRIVATE KEY BLOCK", "EC PRIVATE KEY"])(
  "%s goes from its beginning to its end",
  (kind) => {
    const lines = [
      "a",
      `x: -----BEGIN ${kind}-----`,
      "Proc-Type: 4,ENCRYPTED",
      "",
      BODY,
      "AbC9==",
      `-----END ${kind}----- y`,
      BODY,
    ];
    expect(without(lines)).toEqual(["a", "x: ", "", "", "", "", " y", BODY]);
  },
);

test("lines that a log has put a prefix on are followed", () => {
  const lines = [
    "10:01 -----BEGIN PRIVATE KEY-----",
    `10:01 app ${BODY}`,
    `10:01 "${BODY}",`,
    "10:01 -----END PRIVATE KEY-----",
    "z",
  ];
  expect(without(lines)).toEqual(["10:01 ", "", "", "", "z"]);
});

test("a public key and a key that ends in its line are left to the rules", () => {
  const lines = [
    "-----BEGIN PUBLIC KEY-----",
    BODY,
    `-----BEGIN PRIVATE KEY-----${BODY}-----END PRIVATE KEY-----`,
    BODY,
  ];
  expect(without(lines)).toEqual(lines);
});

test("a beginning without an end does not swallow the log", () => {
  expect(without(["-----BEGIN PRIVATE KEY-----", BODY, "GET /index.html 200 ok", BODY])).toEqual([
    "",
    "",
    "GET /index.html 200 ok",
    BODY,
  ]);
  const endless = without(["-----BEGIN PRIVATE KEY-----", ...Array.from({ length: 300 }, () => BODY)]);
  expect(endless.filter((line) => line === "")).toHaveLength(201);
  const long = without(["-----BEGIN PRIVATE KEY-----", BODY.repeat(600), BODY.repeat(600), BODY]);
  expect(long.map(({ length }) => length === 0)).toEqual([true, true, false, false]);
});

test("one key right after another", () => {
  const lines = [
    "-----BEGIN PRIVATE KEY-----",
    BODY,
    "-----END PRIVATE KEY----- -----BEGIN PRIVATE KEY-----",
    BODY,
    "-----END PRIVATE KEY-----",
    "z",
  ];
  expect(without(lines)).toEqual(["", "", " ", "", "", "z"]);
});
