import { type DraftEndpoint, suggestion } from "@sluice/config";
import { type SinkDefinition, SluiceError, type SourceDefinition, type Value } from "@sluice/core";
import { registry } from "../registry.ts";
import { type Answers, choose } from "./answers.ts";
import { SINK_STARTERS, SOURCE_STARTERS, type Starter } from "./starters.ts";

/** What the command line says already. */
export interface Given {
  readonly source?: string;
  readonly sink?: string;
  readonly parser?: string;
  /** `source.include` → value. */
  readonly set: ReadonlyMap<string, Value>;
}

export interface Answered {
  readonly source: DraftEndpoint;
  readonly parser?: string;
  readonly sink: DraftEndpoint;
}

const NAMES: Readonly<Record<string, string>> = { file: "log", gelf: "graylog", s3: "archive" };
const NO_PARSER = "none";

/** Asks for what is not given. */
export async function converse(answers: Answers, given: Given): Promise<Answered> {
  const definitions = await Promise.all(registry.sourceTypes.map((type) => registry.source(type)));
  const source = await endpoint(answers, { kind: "source", given, definitions, starters: SOURCE_STARTERS });
  const parser = await askParser(answers, given, SOURCE_STARTERS[source.definition.type] as Starter, source.options);
  const far = await Promise.all(registry.sinkTypes.map((type) => registry.sink(type)));
  const sink = await endpoint(answers, { kind: "sink", given, definitions: far, starters: SINK_STARTERS });
  const { type } = sink.definition;
  const name = NAMES[type] ?? (type === source.definition.type ? `${type}_out` : type);
  const isFile = source.definition.type === "file";
  return {
    source: { ...source, name: isFile ? "log" : source.definition.type },
    sink: { ...sink, name: type === "file" ? "out" : name },
    ...(parser === undefined ? {} : { parser }),
  };
}

interface Side {
  readonly kind: "source" | "sink";
  readonly given: Given;
  readonly definitions: readonly (SourceDefinition | SinkDefinition)[];
  readonly starters: Readonly<Record<string, Starter>>;
}

async function endpoint(answers: Answers, side: Side): Promise<Omit<DraftEndpoint, "name">> {
  const { kind, given, definitions, starters } = side;
  const types = Object.keys(starters);
  const type = given[kind] ?? (await askType(answers, side, types));
  const definition = definitions.find((one) => one.type === type);
  const starter = starters[type];
  if (!definition || !starter) throw unknownType(kind, type, types);
  const set = new Map([...given.set].filter(([key]) => key.startsWith(`${kind}.`)));
  const options: Record<string, Value> = { ...starter.options };
  for (const { option, text, fallback, value = (answer: string): Value => answer } of starter.questions) {
    if (set.has(`${kind}.${option}`)) continue;
    options[option] = value((await answers.next(text, fallback)) || fallback);
  }
  for (const [key, value] of set) options[key.slice(kind.length + 1)] = value;
  return { definition, options };
}

async function askType(answers: Answers, { kind, definitions }: Side, types: readonly string[]): Promise<string> {
  if (answers.patient) {
    const rows = types.map((type, i) => {
      const summary = definitions.find((one) => one.type === type)?.summary;
      return `${String(i + 1).padStart(3)} ${type.padEnd(14)} ${summary}\n`;
    });
    process.stderr.write(`\n${rows.join("")}`);
  }
  const isSource = kind === "source";
  return choose(answers, isSource ? "Where from" : "Where to", types, isSource ? "file" : "gelf");
}

async function askParser(
  answers: Answers,
  given: Given,
  { parser }: Starter,
  options: Readonly<Record<string, Value>>,
): Promise<string | undefined> {
  const names = await parserNames();
  const chosen = given.parser ?? (parser && (await choose(answers, "Parser", names, parser(options) ?? NO_PARSER)));
  if (chosen !== undefined && !names.includes(chosen)) throw unknownType("parser", chosen, names);
  return chosen === NO_PARSER ? undefined : chosen;
}

async function parserNames(): Promise<string[]> {
  const { parserNames: names } = await import("@sluice/step-parse");
  return [...names, NO_PARSER];
}

function unknownType(kind: string, type: string, known: readonly string[]): SluiceError {
  const hint = suggestion(type, known);
  return new SluiceError("SLUICE_USAGE", `there is no ${kind} \`${type}\``, hint === undefined ? {} : { hint });
}
