import { formatProblem, type LoadedPipeline, loadPipeline, type Problem } from "@sluice/config";
import type { Registry } from "@sluice/core";
import { fakeRegistry } from "./fakes.ts";

interface Options {
  readonly registry?: Registry;
  readonly env?: Record<string, string>;
  readonly file?: string;
  /** Other files by path. */
  readonly files?: Record<string, string>;
}

/** Loads a pipeline from text or bytes, as `/etc/sluice/web-logs.yaml`. */
export function load(content: string | Uint8Array, options: Options = {}): Promise<LoadedPipeline> {
  const { registry = fakeRegistry(), env = {}, file = "/etc/sluice/web-logs.yaml", files = {} } = options;
  const readFile = async (path: string): Promise<Uint8Array> => {
    const found = path === file ? content : files[path];
    if (found === undefined) throw new Error("there is no such file");
    return typeof found === "string" ? new TextEncoder().encode(found) : found;
  };
  return loadPipeline(file, { registry, env, readFile });
}

/** Problems as they are printed, without the file. */
export function problemsOf(problems: readonly Problem[]): string[] {
  return problems.map((problem) => formatProblem(problem).slice(problem.file.length + 1));
}

/** The errors in a file, as they are printed without its name. */
export async function errorsIn(content: string | Uint8Array, options?: Options): Promise<string[]> {
  const { problems } = await load(content, options);
  return problemsOf(problems.filter(({ severity }) => severity === "error"));
}
