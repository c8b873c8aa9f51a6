import type { Program, ProgramOutput } from "@sluice/core";
import { openTraffic } from "@sluice/generate";
import { compileProgram } from "@sluice/program";
import { ALL_RULES } from "@sluice/step-sanitize";
import * as fc from "fast-check";
import { beforeAll, describe, expect, test } from "vitest";
import { readPatternFiles } from "../packages/cli/src/patterns.ts";
import { registry } from "../packages/cli/src/registry.ts";

// A program in the kernel hands back the lines that the sanitizer might change. Whatever the lines hold, it has to make
// the same frames as a program without kernel, which sanitizes every event.

const NOW = 1_767_950_000_000;
const COMMON = {
  batch: { events: 1, bytes: 1, age: 1 },
  retry: { initial: 1, max: 1, attempts: "unlimited" },
  buffer: { type: "memory", size: 1, when_full: "block" },
} as const;

async function compile(parser: string, kernel: boolean): Promise<Program> {
  const pipeline = {
    name: "p",
    file: "p.yaml",
    baseDir: ".",
    sources: [],
    steps: [
      { type: "parse", options: parser },
      { type: "set", options: { "service.name": "web" } },
      // Both ways have to finish with every line, however slow the machine is: what they make of it is compared.
      { type: "sanitize", options: { rules: ["default"], budget: "60s" } },
    ],
    sinks: [{ ...COMMON, name: "out", type: "gelf", options: { address: "tcp://127.0.0.1:1" } }],
    tests: [],
  };
  return compileProgram({ pipeline, patterns: await readPatternFiles(), hostname: "h", stamp: true, kernel }, registry);
}

function run(program: Program, data: Uint8Array<ArrayBuffer>, file = "/var/log/x.log"): string[] {
  const stream = { id: "f1", fields: { "log.file.path": file }, positionField: "log.offset" };
  return framesOf(program.run({ stream, data: data.slice(), framing: { kind: "lines", base: 0 }, now: NOW }));
}

function framesOf({ outputs: [output] }: ProgramOutput): string[] {
  if (!output) return [];
  const bytes = Buffer.from(output.bytes);
  return Array.from(output.ends, (end, i) => bytes.toString("utf8", i === 0 ? 0 : output.ends[i - 1], end));
}

/** The examples of all rules as texts: their secrets are what must not be missed. */
const EXAMPLES = ALL_RULES.flatMap(({ positive }) => positive.map((text) => text.replaceAll(/[⟦⟧]/g, "")));

const percent = (text: string): string =>
  text.replaceAll(/[^\w]/g, (char) => (char < "\x80" ? `%${char.charCodeAt(0).toString(16).padStart(2, "0")}` : char));
const ENCODINGS: readonly ((text: string) => string)[] = [
  (text) => text,
  percent,
  (text) => percent(percent(text)),
  (text) => JSON.stringify(text).slice(1, -1),
  (text) => text.replaceAll(/["\\]/g, (char) => `\\x${char.charCodeAt(0).toString(16)}`),
  (text) => text.toUpperCase(),
];
const PLACES: Record<string, readonly ((text: string) => string)[]> = {
  nginx: [
    (text) => text,
    (text) => `1.2.3.4 - - [10/Jan/2026:13:06:27 +0000] "GET /x?q=${text} HTTP/1.1" 200 7 "-" "curl/8.1"`,
    (text) => `1.2.3.4 - - [10/Jan/2026:13:06:27 +0000] "GET /${text}/y HTTP/1.1" 200 7 "-" "-"`,
    (text) =>
      `1.2.3.4 - ${text} [10/Jan/2026:13:06:27 +0000] "GET / HTTP/1.1" 200 12345 "https://a.example/${text}" "x"`,
    (text) => `1.2.3.4 - - [10/Jan/2026:13:06:27 +0000] "POST / HTTP/2.0" 404 0 "-" "${text}"`,
  ],
  auth: [
    (text) => `Jan 10 13:06:27 web-1 sshd[1234]: ${text}`,
    (text) =>
      `Jan 10 13:06:27 web-1 sshd[1234]: Failed password for invalid user ${text} from 203.0.113.9 port 22 ssh2`,
    (text) => `Jan 10 13:06:27 web-1 sudo: joe : TTY=pts/0 ; PWD=/home/joe ; USER=root ; COMMAND=/usr/bin/x ${text}`,
  ],
};

describe.each(["nginx", "auth"] as const)("%s lines: the kernel with a screen and the plain way agree", (kind) => {
  let fused: Program;
  let plain: Program;
  beforeAll(async () => {
    fused = await compile(kind, true);
    plain = await compile(kind, false);
  });
  const places = PLACES[kind] ?? [];

  test("on every example of every rule", { timeout: 300_000 }, () => {
    expect(fused.constructor).not.toBe(plain.constructor);
    for (const [i, place] of places.entries()) {
      const encoded = EXAMPLES.map((text, j) => (ENCODINGS[(i + j) % ENCODINGS.length] as typeof percent)(text));
      const data = new Uint8Array(Buffer.from(encoded.map((text) => `${place(text)}\n`).join("")));
      expect(run(fused, data)).toEqual(run(plain, data));
    }
  });

  test("on pieces of examples in ordinary lines", { timeout: 300_000 }, () => {
    const ordinary = Buffer.from(openTraffic(kind, { seed: 7 }).block(300))
      .toString()
      .split("\n")
      .slice(0, -1);
    const piece = fc
      .tuple(fc.constantFrom(...EXAMPLES), fc.nat(200), fc.nat(200))
      .map(([text, from, length]) => text.slice(from % text.length).slice(0, length));
    const secret = fc
      .tuple(piece, piece, fc.constantFrom(...ENCODINGS), fc.constantFrom(...places))
      .map(([a, b, encode, place]) => place(encode(`${a}${b}`)));
    const line = fc.oneof(
      fc.constantFrom(...ordinary),
      secret,
      fc.constantFrom(...places, ...places).chain((place) => fc.constantFrom(...EXAMPLES).map(place)),
      fc.string({ unit: "binary", maxLength: 60 }),
    );
    const batch = fc
      .array(fc.tuple(line, fc.constantFrom("\n", "\r\n")), { minLength: 1, maxLength: 60 })
      .map((lines) => new Uint8Array(Buffer.from(lines.flat().join(""))));
    fc.assert(
      fc.property(batch, (data) => {
        expect(run(fused, data)).toEqual(run(plain, data));
      }),
      { numRuns: 60 },
    );
  });

  test("on a stream whose own fields hold a secret", () => {
    const data = new Uint8Array(openTraffic(kind, { seed: 3 }).block(20));
    const file = "/var/log/token=ghp_0123456789abcdefghijABCDEFGHIJ012345.log";
    const frames = run(fused, data, file);
    expect(frames).toEqual(run(plain, data, file));
    expect(frames.join("")).not.toContain("ghp_0123456789");
  });
});
