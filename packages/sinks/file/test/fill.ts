// Fills a file until the limit of the shell that started this, then tries once more, and tells how it went.
import { ByteWriter, newTally } from "@sluice/core";
import { fileSink } from "../src/index.ts";

const BATCH = 100;
const context = { name: "f", pipeline: "p", baseDir: "/", hostname: "box", warn() {} };
const options = fileSink.options.parse({ path: process.argv[2] });
const encoder = fileSink.encoder(options, context);
const sink = fileSink.create(options, context);
const failures: string[] = [];
let written = 0;

while (failures.length < 2) {
  const out = new ByteWriter();
  for (let i = 0; i < BATCH; i++) encoder.encode({ n: written * BATCH + i, message: "some text" }, out, newTally());
  try {
    await sink.write({ bytes: out.take(), ends: new Uint32Array(BATCH) }, new AbortController().signal);
    written++;
  } catch (error) {
    failures.push((error as Error).message);
  }
}
process.stdout.write(JSON.stringify({ written, failures }));
