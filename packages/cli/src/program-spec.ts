import os from "node:os";
import type { PatternFiles, PipelineSpec, ProgramSpec, StepSpec } from "@sluice/core";

/** The program of a pipeline file. */
export function programSpecOf(pipeline: PipelineSpec, patterns: PatternFiles): ProgramSpec {
  return { pipeline, patterns, hostname: os.hostname(), stamp: true, kernel: true };
}

/** A program of steps alone, for commands that have no pipeline file. */
export function programSpec(parts: { steps: readonly StepSpec[]; patterns: PatternFiles }): ProgramSpec {
  const pipeline: PipelineSpec = {
    name: "command-line",
    file: "",
    baseDir: process.cwd(),
    sources: [],
    steps: parts.steps,
    sinks: [],
    tests: [],
  };
  return { pipeline, patterns: parts.patterns, hostname: os.hostname(), stamp: false, kernel: false };
}
