import os from "node:os";
import path from "node:path";
import {
  findPipelineFiles,
  formatProblem,
  type LoadedPipeline,
  loadPipeline,
  type Problem,
  readSmallFile,
  type ValidateOptions,
  validatePipeline,
} from "@sluice/config";
import { type PatternFiles, type PipelineSpec, SluiceError } from "@sluice/core";
import { registry } from "./registry.ts";

/** Pipelines read from files, with everything that is wrong with them. */
export interface LoadedPipelines {
  readonly loaded: readonly LoadedPipeline[];
  readonly specs: readonly PipelineSpec[];
  readonly problems: readonly Problem[];
  /** Absolute paths of all files that were read or looked for: pipeline files, and those that `${file:…}` names. */
  readonly inputs: readonly string[];
}

type CheckOptions = Omit<ValidateOptions, "registry" | "patterns" | "hostname" | "onConnected"> & {
  readonly onConnected?: (file: string, label: string, tried: boolean) => void;
};

/**
 * Reads and checks pipeline files.
 * @param connect also tries each source and sink, until the signal aborts
 */
export async function loadPipelines(
  paths: readonly string[],
  patterns: PatternFiles,
  options: CheckOptions,
): Promise<LoadedPipelines> {
  const specs: PipelineSpec[] = [];
  const problems: Problem[] = [];
  const inputs = new Set<string>();
  const readFile = (file: string) => {
    inputs.add(path.resolve(file));
    return readSmallFile(file);
  };
  const all: LoadedPipeline[] = [];
  for (const file of await findPipelineFiles(paths)) {
    const loaded = await loadPipeline(file, { registry, env: process.env, readFile });
    const onConnected = (label: string, tried: boolean): void => options.onConnected?.(file, label, tried);
    const check = { ...options, registry, patterns, hostname: os.hostname(), onConnected };
    const found = await validatePipeline(loaded, check);
    all.push(loaded);
    problems.push(...found);
    if (loaded.spec && !found.some(isError)) specs.push(loaded.spec);
  }
  const repeated = sameNames(all.filter(({ spec }) => spec));
  return { loaded: all, specs, problems: [...problems, ...repeated], inputs: [...inputs] };
}

/** Positions and the ledger are kept by pipeline name, so two of the same name would share them. */
function sameNames(pipelines: readonly LoadedPipeline[]): Problem[] {
  const seen = new Map<string, string>();
  const problems: Problem[] = [];
  for (const { name, file, root } of pipelines) {
    const other = seen.get(name);
    seen.set(name, file);
    if (other === undefined) continue;
    const { line, column } = root?.entries.get("name")?.node.at ?? { line: 1, column: 1 };
    const message = `pipeline name \`${name}\` is already used by ${other}`;
    problems.push({ file, line, column, message, hint: "give each its own `name:`", severity: "error" });
  }
  return problems;
}

export function isError(problem: Problem): boolean {
  return problem.severity === "error";
}

/** Prints problems to stderr, one a line. */
export function printProblems(problems: readonly Problem[]): void {
  process.stderr.write(problems.map((problem) => `${formatProblem(problem)}\n`).join(""));
}

/** The pipelines, or an error when any of them is wrong; the problems are printed either way. */
export function requireValid<P>(read: { readonly specs: readonly P[]; readonly problems: readonly Problem[] }) {
  const { specs, problems } = read;
  printProblems(problems);
  const errors = problems.filter(isError).length;
  if (errors === 0) return specs;
  throw new SluiceError("SLUICE_CONFIG", `${errors} error${errors === 1 ? "" : "s"} in the pipeline files`, {
    hint: "sluice validate shows them without running anything",
  });
}
