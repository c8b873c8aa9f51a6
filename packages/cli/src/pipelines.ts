import os from "node:os";
import {
  findPipelineFiles,
  formatProblem,
  type LoadedPipeline,
  loadPipeline,
  type Problem,
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
  const all: LoadedPipeline[] = [];
  for (const file of await findPipelineFiles(paths)) {
    const loaded = await loadPipeline(file, { registry, env: process.env });
    const onConnected = (label: string, tried: boolean): void => options.onConnected?.(file, label, tried);
    const check = { ...options, registry, patterns, hostname: os.hostname(), onConnected };
    const found = await validatePipeline(loaded, check);
    all.push(loaded);
    problems.push(...found);
    if (loaded.spec && !found.some(isError)) specs.push(loaded.spec);
  }
  return { loaded: all, specs, problems: [...problems, ...sameNames(all.filter(({ spec }) => spec))] };
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
export function requireValid({ specs, problems }: Omit<LoadedPipelines, "loaded">): readonly PipelineSpec[] {
  printProblems(problems);
  const errors = problems.filter(isError).length;
  if (errors === 0) return specs;
  throw new SluiceError("SLUICE_CONFIG", `${errors} error${errors === 1 ? "" : "s"} in the pipeline files`, {
    hint: "sluice validate shows them without running anything",
  });
}
