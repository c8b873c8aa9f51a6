import { basename, dirname, extname, resolve } from "node:path";
import { errorText, type PipelineSpec, type Registry } from "@sluice/core";
import { asMap } from "./check.ts";
import type { LoadedComponent, ReadContext } from "./component.ts";
import { NAME, NAME_HINT, readSinks, readSources } from "./endpoints.ts";
import { decodeUtf8, type ReadFile, readSmallFile } from "./files.ts";
import { type Environment, interpolate } from "./interpolate.ts";
import { suggestion } from "./nearest.ts";
import type { LocatedNode, MapNode } from "./node.ts";
import { type Position, type Problem, Problems } from "./problem.ts";
import { readSteps } from "./steps.ts";
import { readTests } from "./tests.ts";
import { parseYaml } from "./yaml.ts";

const START: Position = { line: 1, column: 1 };
const KEYS: readonly string[] = ["name", "sources", "steps", "sinks", "tests"];

export interface LoadOptions {
  readonly registry: Registry;
  readonly env: Environment;
  /** Reads the pipeline file and the files that `${file:…}` names; from disk unless given. */
  readonly readFile?: ReadFile;
}

/** A pipeline file that was read. */
export interface LoadedPipeline {
  readonly file: string;
  /** Absent when the problems have an error. */
  readonly spec?: PipelineSpec;
  /** In the order of the file. */
  readonly problems: readonly Problem[];
  /** Components whose options are valid, whatever else is wrong with the file. */
  readonly components: readonly LoadedComponent[];
  /** The file as nodes with places; absent when it could not be parsed. */
  readonly root?: MapNode;
  /** The pipeline's name, also where the file has errors. */
  readonly name: string;
  readonly baseDir: string;
  /** Texts of secret files that must not be shown in further problems. */
  readonly secrets: readonly string[];
}

/** Reads a pipeline file and checks all that needs no component to be made. Rejects never: what is wrong is a problem. */
export async function loadPipeline(file: string, options: LoadOptions): Promise<LoadedPipeline> {
  const problems = new Problems(file);
  const baseDir = dirname(resolve(file));
  const root = await readTree(file, options, problems);
  if (!root) return { file, name: "", baseDir, problems: problems.sorted(), components: [], secrets: problems.secrets };
  const { spec, components } = await readPipeline(file, root, { registry: options.registry, problems });
  const { secrets } = problems;
  const loaded = { file, name: spec.name, baseDir, problems: problems.sorted(), components, root, secrets };
  return problems.hasErrors ? loaded : { ...loaded, spec };
}

async function readTree(file: string, options: LoadOptions, problems: Problems): Promise<MapNode | undefined> {
  const root = await readMap(file, "a pipeline file", options, problems);
  if (root) await replaceReferences(root, file, options, problems);
  return root;
}

/** Reads a YAML file that holds a map, without replacing `${…}`. */
export async function readMap(
  file: string,
  what: string,
  { readFile = readSmallFile }: LoadOptions,
  problems: Problems,
): Promise<MapNode | undefined> {
  const text = await readText(file, readFile, problems);
  const node = text === undefined ? undefined : parseYaml(text, problems);
  return node && asMap(node, what, problems);
}

/** Replaces `${…}` in a part of a file. */
export async function replaceReferences(
  node: LocatedNode,
  file: string,
  { env, readFile = readSmallFile }: LoadOptions,
  problems: Problems,
): Promise<void> {
  const readSecret = async (path: string): Promise<string> => {
    const decoded = decodeUtf8(await readFile(path));
    if ("text" in decoded) return decoded.text;
    throw new Error("it is not UTF-8 text");
  };
  await interpolate(node, { env, baseDir: dirname(resolve(file)), readText: readSecret }, problems);
}

async function readText(file: string, readFile: ReadFile, problems: Problems): Promise<string | undefined> {
  try {
    const decoded = decodeUtf8(await readFile(file));
    if ("text" in decoded) return decoded.text;
    problems.error({ line: decoded.badLine, column: 1 }, "the file is not UTF-8 text", "save it as UTF-8");
  } catch (error) {
    problems.error(START, `cannot read the file: ${errorText(error)}`);
  }
  return undefined;
}

async function readPipeline(file: string, root: MapNode, context: ReadContext) {
  for (const [key, { keyAt }] of root.entries) {
    if (!KEYS.includes(key)) context.problems.error(keyAt, `unknown key \`${key}\``, suggestion(key, KEYS));
  }
  const child = (key: string): LocatedNode | undefined => root.entries.get(key)?.node;
  const baseDir = dirname(resolve(file));
  const name = readName(file, child("name"), context.problems);
  const sources = await readSources(child("sources"), context);
  const steps = await readSteps(child("steps"), context);
  const sinks = await readSinks(child("sinks"), baseDir, context);
  const tests = readTests(child("tests"), context.problems);
  const spec: PipelineSpec = {
    name,
    file,
    baseDir,
    sources: sources.specs,
    steps: steps.specs,
    sinks: sinks.specs,
    tests,
  };
  warnAboutGaps(root, context.problems);
  return { spec, components: [...sources.components, ...steps.components, ...sinks.components] };
}

function readName(file: string, node: LocatedNode | undefined, problems: Problems): string {
  const base = basename(file, extname(file));
  const isText = node?.kind === "scalar" && (typeof node.value === "string" || typeof node.value === "number");
  const name = node ? (isText ? String(node.value) : "") : base;
  if (NAME.test(name)) return name;
  if (node) problems.error(node.at, isText ? `\`${name}\` cannot be a name` : "`name` must be text", NAME_HINT);
  else problems.error(START, `the file's name \`${base}\` cannot be the pipeline's`, "set `name:`");
  return name;
}

/** Whether a problem is that there is no source, or no sink. */
export function isGap({ message }: Problem): boolean {
  return message.startsWith(GAP);
}

const GAP = "the pipeline has no ";

/** `replay` and `parse` need no source and `test` needs no sink, so what is absent is no error before `run`. */
function warnAboutGaps(root: MapNode, problems: Problems): void {
  const at = root.at;
  const hint = "sluice run needs at least one source and one sink";
  for (const key of ["sources", "sinks"]) {
    const node = root.entries.get(key)?.node;
    const isEmpty =
      !node || (node.kind === "scalar" ? node.value === null : node.kind === "map" && node.entries.size === 0);
    if (isEmpty) problems.warn(root.entries.get(key)?.keyAt ?? at, `${GAP}${key}`, hint);
  }
}
