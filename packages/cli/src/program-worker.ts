import { compileProgram } from "@sluice/program";
import { serveProgram } from "@sluice/runtime";
import { registry } from "./registry.ts";

// Entry of the worker threads: compiles the same program as the main thread would, and serves batches.
await serveProgram((spec) => compileProgram(spec, registry));
