import { writeFileSync } from "node:fs";
import { gzipSync } from "node:zlib";
import { checkSource } from "@sluice/testkit";
import { afterEach, beforeEach, test } from "vitest";
import { create, type RawOptions, scratch } from "./harness.ts";

let space: ReturnType<typeof scratch>;
beforeEach(() => {
  space = scratch();
});
afterEach(() => space.remove());

const lines = Array.from({ length: 120 }, (_, i) => `line ${i} ${"x".repeat(i % 50)}`);
const content = `${lines.join("\n")}\n`;
const options: RawOptions = { include: "*", read_chunk: "1KiB" };

test("holds for a plain file", async () => {
  writeFileSync(space.path("a.log"), content);
  await checkSource({ create: () => create(space.dir, options), expected: lines, resumable: true });
});

test("holds for a packed file", async () => {
  writeFileSync(space.path("a.log.1.gz"), gzipSync(content));
  await checkSource({ create: () => create(space.dir, options), expected: lines, resumable: true });
});

test("holds where lines are cut", async () => {
  writeFileSync(space.path("a.log"), content);
  const cut = lines.map((line) => line.slice(0, 30));
  const cutting = { ...options, max_line_bytes: "30B" };
  await checkSource({ create: () => create(space.dir, cutting), expected: cut, resumable: true });
});

test("holds for events of several lines", async () => {
  writeFileSync(space.path("a.log"), content);
  const joined: RawOptions = { ...options, multiline: { continuation: "[1-9] x*$" } };
  const expected: string[] = [];
  for (const line of lines) {
    if (expected.length > 0 && /[1-9] x*$/.test(line)) expected.push(`${expected.pop()}\n${line}`);
    else expected.push(line);
  }
  await checkSource({ create: () => create(space.dir, joined), expected, resumable: true });
});

test("holds for another encoding", async () => {
  writeFileSync(space.path("a.log"), Buffer.from(content, "utf16le"));
  const wide = { ...options, encoding: "utf-16le" };
  await checkSource({ create: () => create(space.dir, wide), expected: lines, resumable: true });
});
