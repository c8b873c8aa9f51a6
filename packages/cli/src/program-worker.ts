import { parentPort, workerData } from "node:worker_threads";
import { compileProgram } from "@sluice/program";
import { serveProgram } from "@sluice/runtime";
import { registry } from "./registry.ts";

// Entry of the worker threads: compiles the same program as the main thread would, and serves batches.
await serveProgram(parentPort, workerData, (spec) => compileProgram(spec, registry));
