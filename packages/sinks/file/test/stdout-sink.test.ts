import { execFile } from "node:child_process";
import { Writable } from "node:stream";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import type { EncodedBatch } from "@sluice/core";
import { expect, test } from "vitest";
import { StdoutSink } from "../src/stdout-sink.ts";

function output(isTTY: boolean): { out: Writable & { isTTY: boolean }; text: () => string } {
  let text = "";
  const out = new Writable({
    write(chunk: Buffer, _, done) {
      text += chunk.toString();
      done();
    },
  });
  return { out: Object.assign(out, { isTTY }), text: () => text };
}

function batchOf(text: string): EncodedBatch {
  const bytes = new Uint8Array(Buffer.from(text));
  return { bytes, ends: Uint32Array.of(bytes.length) };
}

test.each([
  [true, "[31mred\tçé\n"],
  [false, "\u001b[31mred\u0007\u009b\tçé\r\n"],
])("control characters on a terminal: %s", async (isTTY, expected) => {
  const { out, text } = output(isTTY);
  await new StdoutSink(out, () => {}).write(batchOf("\u001b[31mred\u0007\u009b\tçé\r\n"));
  expect(text()).toBe(expected);
});

test("ends quietly when its reader has gone", async () => {
  const script = fileURLToPath(new URL("./print.ts", import.meta.url));
  const command = `"${process.execPath}" "${script}" | head -n 1; exit \${PIPESTATUS[0]}`;
  const { stdout, stderr } = await promisify(execFile)("bash", ["-c", command]);
  expect(stdout).toBe("line 0\n");
  expect(stderr).toBe("closed, 1 rejected\n");
});
