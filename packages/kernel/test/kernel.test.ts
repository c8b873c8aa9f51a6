import { KEPT_STREAMS, type StreamInfo } from "@sluice/core";
import { compileKernel, type Kernel } from "@sluice/kernel";
import { describe, expect, it } from "vitest";
import { gelf, ndjson } from "./support/encoders.ts";
import { nginxPlan, STREAM } from "./support/plans.ts";
import { familyOf, Reference, runKernel, type Setup } from "./support/reference.ts";

const LINE = '1.2.3.4 - - [10/Jan/2017:16:06:27 +0000] "GET /a?b=1 HTTP/1.1" 200 12 "-" "curl/8.0"';
const SETUP: Setup = { plan: nginxPlan(), stream: STREAM, encoder: ndjson, stamp: true };

function bytes(text: string): Uint8Array<ArrayBuffer> {
  return new TextEncoder().encode(text);
}

/** A plan of one pattern whose groups are fields `g1`, `g2`, …. */
function simple(source: string, type: "string" | "int" | "float" = "string"): Setup {
  const groups = source.split("(?<").length - 1;
  const captures = Array.from({ length: groups }, (_, i) => ({ group: i + 1, field: `g${i + 1}`, type }));
  return { plan: { patterns: [{ source, captures, constants: [] }] }, stream: STREAM, encoder: ndjson, stamp: true };
}

/** Runs text through kernel and reference, which must agree; returns the events and what the kernel handed back. */
function run(setup: Setup, text: string | Uint8Array<ArrayBuffer>, base = 0): { events: string[]; bailed: number } {
  const data = typeof text === "string" ? bytes(text) : text;
  const reference = new Reference(setup);
  const batch = { data, base, now: 1.7e12 };
  const { frames, bailed } = runKernel(setup, familyOf(setup), reference, batch);
  expect(frames).toEqual(reference.run(batch));
  return { events: frames, bailed };
}

describe("lines", () => {
  it.each([
    ["newline", `${LINE}\n`, 0],
    ["no newline at the end", LINE, 0],
    ["carriage return", `${LINE}\r\n${LINE}\r\n`, 0],
    ["carriage return at the end without newline", `${LINE}\r`, 1],
    ["two carriage returns", `${LINE}\r\r\n`, 1],
    ["empty lines", `\n${LINE}\n\r\n\n`, 3],
    ["blank lines", "  \n\t\n\u3000\n", 3],
    ["control characters", `${LINE}\u0001\n${LINE}\u001b[0m\n`, 2],
    ["tab", `${LINE}\t"x\\"\n`, 0],
    ["characters beyond ASCII", `${LINE} é€😀\u2028\n`, 0],
    ["byte order mark", `\ufeff${LINE}\n`, 1],
    ["nothing", "", 0],
  ])("%s", (_, text, bailed) => {
    expect(run(simple("\\A(?<n1>[^ ]*)[ \\t]*(?<n2>.*)"), text).bailed).toBe(bailed);
  });

  it("hands back lines with bytes beyond ASCII when the batch is not valid UTF-8", () => {
    const data = Uint8Array.from([...bytes(`${LINE}\n${LINE} é\n`), 0xff, ...bytes(`\n${LINE}\n`)]);
    expect(run(simple("\\A(?<n1>.*)"), data).bailed).toBe(2);
  });

  it("hands back lines longer than the template allows, also those longer than its window", () => {
    const text = `${LINE}\n${"x".repeat(4001)}\n${LINE}\n${"y".repeat(3_000_000)}\n${LINE}`;
    expect(run(simple("\\A(?<n1>.*)"), text).bailed).toBe(2);
  });

  it("counts what it took", () => {
    const kernel = familyOf(SETUP).forStream(STREAM) as Kernel;
    kernel.begin({ data: bytes(`${LINE}\r\nother\n${LINE}\n`), base: 0, now: 0, validUtf8: true });
    expect(kernel.next()).toBe(LINE.length + 2);
    expect([kernel.lines, kernel.lineBytes]).toEqual([1, LINE.length]);
    expect(kernel.next()).toBe(-1);
    expect([kernel.lines, kernel.lineBytes]).toEqual([2, 2 * LINE.length]);
  });
});

describe("output", () => {
  it("keeps order and ends over windows and a full output", () => {
    const lines = Array.from({ length: 40_000 }, (_, i) => (i % 1000 === 7 ? "odd" : `${LINE}${"z".repeat(i % 50)}`));
    expect(run(SETUP, lines.join("\n"), 5e9).bailed).toBe(40);
  });

  it("keeps order over more frames than it has room for ends", () => {
    expect(run(simple("\\A(?<n1>\\d)"), "1\n2\n".repeat(50_000)).bailed).toBe(0);
  });

  it("takes frames that are larger than its output", () => {
    const kernel = familyOf(SETUP).forStream(STREAM) as Kernel;
    kernel.begin({ data: bytes(`${LINE}\n!\n${LINE}\n`), base: 0, now: 0, validUtf8: true });
    kernel.next();
    kernel.append(new Uint8Array(9 << 20).fill(33));
    kernel.next();
    const { bytes: out, ends } = kernel.take();
    expect((ends[1] as number) - (ends[0] as number)).toBe(9 << 20);
    expect(out.length).toBe(ends[2]);
    expect(out[ends[0] as number]).toBe(33);
  });
});

describe("values", () => {
  it.each([
    "0",
    "7",
    "-5",
    "123456789012345",
    "1234567890123456",
    "007",
    "-0",
    "-",
    "1.5",
    "-1.25",
    "1.50",
    "0.5",
    "00.5",
    "0.0001",
    "0.00001",
    "0.0000001",
    "1.",
    ".5",
    "1e5",
    "x",
    "",
    "1-2",
    "123456789.12345",
    "-0.0",
    "0.0",
  ])("number %j", (text) => {
    for (const type of ["int", "float"] as const) run(simple("\\A(?<n1>[^ ]*) end", type), `${text} end\n`);
  });

  it("writes canonical numbers itself", () => {
    expect(run(simple("\\A(?<n1>[^ ]+)", "int"), "0\n-5\n123456789012345\n").bailed).toBe(0);
    expect(run(simple("\\A(?<n1>[^ ]+)", "float"), "0\n-5.25\n0.001\n12345678.5\n").bailed).toBe(0);
  });

  it.each([0, 1, 9, 10, 15, 16, 99_999_999, 100_000_000, 4_294_967_295, 2 ** 32, 10 ** 15, 2 ** 53 - 100])(
    "positions from %d",
    (base) => {
      expect(run(SETUP, `${LINE}\n${LINE}\n`, base).bailed).toBe(0);
    },
  );

  it("takes texts of times apart wherever they differ", () => {
    const times = [
      "10/Jan/2017:16:06:27 +0000",
      "10/Jan/2017:16:05:27 +0000",
      "11/Jan/2017:16:06:27 +0000",
      "10/Jan/2017:16:06x27 +0000",
    ];
    const text = [...times, ...times].map((time) => LINE.replace(/\[.*?\]/, `[${time}]`)).join("\n");
    expect(run({ ...SETUP, encoder: gelf }, text).bailed).toBe(2);
  });
});

describe("streams", () => {
  it("share a kernel when they differ in values only", () => {
    const family = familyOf(SETUP);
    const other = { ...STREAM, id: "other", fields: { ...STREAM.fields, "host.name": "a much longer name of a host" } };
    expect(family.forStream(other)).toBe(family.forStream(STREAM));
    for (const stream of [STREAM, other, STREAM]) {
      const setup = { ...SETUP, stream };
      const batch = { data: bytes(LINE), base: 1, now: 0 };
      const reference = new Reference(setup);
      expect(runKernel(setup, family, reference, batch).frames).toEqual(reference.run(batch));
    }
  });

  it("are opened once each, as many as there are containers on a host, and further ones are right too", () => {
    let opened = 0;
    const templateFor: typeof ndjson.template = (shape) => {
      opened++;
      return ndjson.template(shape);
    };
    const setup = simple("\\A(?<n1>.*)");
    const family = familyOf({ ...setup, encoder: { ...ndjson, template: templateFor } });
    const batch = { data: bytes("one\ntwo\n"), base: 0, now: 1.7e12 };
    const rounds = (number: number) => {
      for (let i = 0; i < 2 * number; i++) {
        const fields = { "container.name": `shop-${i % number}`, stream: i % 2 === 0 ? "stdout" : "stderr" };
        const own = { ...setup, stream: { id: `docker-${i % number}`, fields } };
        const reference = new Reference(own);
        expect(runKernel(own, family, reference, batch).frames).toEqual(reference.run(batch));
      }
    };
    rounds(600);
    // Two shapes a stream: its own, and another one's to see which bytes are the stream's.
    expect(opened).toBe(2 * 600);
    rounds(KEPT_STREAMS + 10);
    expect(opened).toBeGreaterThan(3 * KEPT_STREAMS);
  });

  it("have a kernel of their own where frames differ in more than the stream's values, up to a bound", () => {
    const family = familyOf(SETUP);
    const streams = ["a", "b", "c", "d", "e"].map((name) => ({ id: "x", fields: { [name]: null } }));
    const kernels = streams.map((stream) => family.forStream(stream));
    expect(new Set(kernels).size).toBe(5);
    expect(kernels[4]).toEqual({ unplannable: "too many kinds of streams" });
    expect(family.forStream(streams[1] as StreamInfo)).toBe(kernels[1]);
  });

  it("go the plain way when a field is captured too, or the encoder has no template", () => {
    const family = familyOf(SETUP);
    expect(family.forStream({ id: "x", fields: { "source.address": "y" } })).toHaveProperty("unplannable");
    const none = compileKernel({ plan: SETUP.plan, stamp: true, templateFor: () => null });
    expect("unplannable" in none ? none : none.forStream(STREAM)).toHaveProperty("unplannable");
  });
});

it("hands back lines that a plain pattern matches first, and only those", () => {
  const [plain, other] = [simple("\\Aa(?<g1>b.*)"), simple("\\Aa(?<g1>.*)")];
  const patterns = [{ ...plain.plan.patterns[0]!, plain: true }, other.plan.patterns[0]!];
  const { events, bailed } = run({ ...other, plan: { patterns } }, "ab1\nac1\nab2\n");
  expect(bailed).toBe(2);
  expect(events.map((event) => event.includes("_plain"))).toEqual([true, false, true]);
});
