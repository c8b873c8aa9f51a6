import { randomBytes } from "node:crypto";
import { describe, expect, test } from "vitest";
import { apply, step } from "./step-support.ts";

// Whether there is time to check such a line depends on the machine. It is checked or withheld, and never given out.

const SECRET = "password=hunter2-Xyz";
const MEGABYTE = 1_000_000;
const repeated = (text: string): string => text.repeat(MEGABYTE / text.length);

describe("a hostile line", () => {
  const target = step("default");
  test.each([
    ["keywords of an assignment", repeated("token=")],
    ["assignments", repeated("password=x;")],
    ["quoted assignments", repeated('secret: "')],
    ["keywords of many rules", repeated('the key api token secret password auth = : " ')],
    ["beginnings of keys", repeated("-----BEGIN PRIVATE KEY-----")],
    ["beginnings of tokens", repeated("eyJ.")],
    ["tokens that are only found one by one", repeated("p8e-")],
    ["headers", repeated("Authorization: Basic ")],
    ["addresses", repeated("://a:b@")],
    ["digits", repeated("4 ")],
    ["escapes of escapes", repeated("%25")],
    ["backslashes", repeated("\\")],
    ["escaped keywords", repeated(String.raw`\u0070assword%3D`)],
    ["replacements", repeated("[redacted:password]")],
    ["random bytes", randomBytes(MEGABYTE).toString("latin1")],
    ["random bytes as UTF-8", randomBytes(MEGABYTE).toString("utf8")],
    ["lone surrogates", repeated("\ud800")],
  ])("of %s", (_, text) => {
    const { event } = apply(target, { message: `${text} ${SECRET}`, copy: SECRET });
    expect(JSON.stringify(event)).not.toContain("hunter2");
  });

  test("of 20 megabytes", () => {
    const { event } = apply(target, { message: `${"lorem ipsum dolor sit amet ".repeat(750_000)} ${SECRET}` });
    expect(JSON.stringify(event)).not.toContain("hunter2");
  });
});
