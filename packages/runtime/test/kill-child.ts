import { closeSync, openSync, writeSync } from "node:fs";
import { type Sink, silentLogger } from "@sluice/core";
import { runPipeline } from "../src/start-pipeline.ts";
import { openState } from "../src/state/state.ts";
import { compileFake } from "./fake-program.ts";
import { countingSource, pipelineSpec, programSpec, sinkSpec, workerUrl } from "./fakes.ts";

// Runs a small pipeline to its end: STATE_DIR OUT_FILE LINES WORKERS BUFFER. To be killed at any moment.
const [stateDir, out, lines, workers, buffer] = process.argv.slice(2) as [
  string,
  string,
  string,
  string,
  "memory" | "disk",
];
const state = openState(stateDir);
const file = openSync(out, "a");
const sink: Sink = {
  async write(batch) {
    await new Promise((resolve) => setTimeout(resolve, Math.random() * 4));
    if (Math.random() < 0.1) throw new Error("refused");
    writeSync(file, batch.bytes);
  },
};
process.stdout.write("running\n");
const run = await runPipeline({
  spec: pipelineSpec(),
  programSpec: programSpec(),
  compile: compileFake,
  workerUrl,
  workers: Number(workers),
  sources: [{ name: "s", source: countingSource({ streams: ["a", "b"], lines: Number(lines), perBatch: 100 }) }],
  sinks: [
    {
      spec: sinkSpec("out", {
        batch: { events: 1000, bytes: 1e6, age: 1 },
        buffer: { type: buffer, size: 1024 * 1024, when_full: "block" },
      }),
      sink,
      overlapping: true,
    },
  ],
  state,
  log: silentLogger,
  finite: true,
});
const { ok } = await run.done;
state.close();
closeSync(file);
process.exitCode = ok ? 0 : 1;
