import { createHash } from "node:crypto";
import { readFile } from "node:fs/promises";
import path from "node:path";
import type { PatternFiles, PipelineSpec, Value } from "@sluice/core";

/** A pipeline as the files want it, with what tells whether it has changed. */
export interface Desired {
  readonly spec: PipelineSpec;
  readonly patterns: PatternFiles;
  /** The same for the same pipeline, however its file is written. */
  readonly identity: string;
  /** The same of each source, by its name. */
  readonly sources: ReadonlyMap<string, string>;
  /** Files besides the pipeline's own that it reads when it starts: certificates. */
  readonly files: readonly string[];
}

/** Options of `tls` that name files. */
const TLS_FILES: readonly string[] = ["ca", "cert", "key"];

/** What the files want a pipeline to be. Tests and comments make no difference, nor does the order of a source's options. */
export async function desiredOf(spec: PipelineSpec, patterns: PatternFiles): Promise<Desired> {
  const { baseDir, steps, sinks } = spec;
  const files = [...spec.sources, ...sinks].flatMap(({ options }) => filesIn(options, baseDir));
  const contents = new Map<string, string>();
  for (const file of files) contents.set(file, await contentOf(file));
  const own = (options: Value) => filesIn(options, baseDir).map((file) => [file, contents.get(file)]);
  const sources = spec.sources.map(
    ({ name, type, options }) => [name, digest([baseDir, type, sorted(options), own(options)])] as const,
  );
  const parses = steps.some(({ type }) => type === "parse");
  const parts = [spec.name, baseDir, sources.toSorted(byName), steps, sinks, [...contents], parses ? patterns : {}];
  return { spec, patterns, identity: digest(parts), sources: new Map(sources), files };
}

function byName([a]: readonly [string, string], [b]: readonly [string, string]): number {
  return a < b ? -1 : 1;
}

/** Options may hold secrets: nothing of them is kept but this. */
function digest(value: unknown): string {
  return createHash("sha256").update(JSON.stringify(value)).digest("hex");
}

/** Maps with their keys in order. */
function sorted(value: Value): Value {
  if (Array.isArray(value)) return value.map(sorted);
  if (typeof value !== "object" || value === null) return value;
  const entries = Object.entries(value).map(([key, inner]) => [key, sorted(inner as Value)] as const);
  return Object.fromEntries(entries.toSorted(([a], [b]) => (a < b ? -1 : 1)));
}

function filesIn(options: Value, baseDir: string): string[] {
  if (typeof options !== "object" || options === null || Array.isArray(options)) return [];
  return Object.entries(options).flatMap(([key, value]) => {
    if (key !== "tls" || typeof value !== "object" || value === null || Array.isArray(value)) return [];
    return Object.entries(value).flatMap(([name, file]) =>
      TLS_FILES.includes(name) && typeof file === "string" ? [path.resolve(baseDir, file)] : [],
    );
  });
}

async function contentOf(file: string): Promise<string> {
  try {
    return digest((await readFile(file)).toString("base64"));
  } catch {
    return "";
  }
}
