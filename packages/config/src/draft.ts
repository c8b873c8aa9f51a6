import type { SinkDefinition, SourceDefinition, Value } from "@sluice/core";
import { stringify } from "yaml";
import { alternatives, type JsonSchema, jsonSchemaOf } from "./json-schema.ts";
import { sinkCommonType } from "./sink-common.ts";

/** A source or sink of a pipeline that is begun: the options that have a value. */
export interface DraftEndpoint {
  readonly name: string;
  readonly definition: SourceDefinition | SinkDefinition;
  readonly options: Readonly<Record<string, Value>>;
}

/** A pipeline that is begun. */
export interface Draft {
  readonly file: string;
  readonly name: string;
  readonly source: DraftEndpoint;
  /** Named parser for the lines, if any. */
  readonly parser?: string;
  readonly sink: DraftEndpoint;
}

/** The text of a pipeline file: what is set, with what it means, and all other options as comments. */
export function draftText({ file, name, source, parser, sink }: Draft): string {
  return `# sluice validate ${file}   says what is wrong with it
# sluice test ${file}       runs the tests at its end
# sluice explain ${file}    shows it with all defaults
# sluice run ${file}        runs it

name: ${yaml(name)}

sources:
${endpointText(source, [])}
# Every event goes through these, in order.
steps:
${parser === undefined ? "  # - parse: nginx\n" : `  # Reads fields out of the line.\n  - parse: ${parser}\n`}\
  # - drop: 'url.path == "/healthz"'
  # - set: {service.name: web}
  # Takes secrets out of every text of the event; \`off\` would let them pass.
  - sanitize: default

# Every event that survives goes to each sink whose \`when\` holds.
sinks:
${endpointText(sink, optionsOf(jsonSchemaOf(sinkCommonType)))}
# tests:
#   - name: what the test shows
#     input: 'a line as the source reads it'
#     expect: {field.name: value}   # or null, when it must be dropped
`;
}

type Option = readonly [name: string, schema: JsonSchema];

function endpointText({ name, definition, options }: DraftEndpoint, common: readonly Option[]): string {
  const known = [...optionsOf(jsonSchemaOf(definition.options)), ...common];
  const about = (key: string): string => describe(known.find(([name]) => name === key)?.[1] ?? {});
  const others = known.filter(([key]) => !(key in options));
  const lines = [
    `# ${sentence(definition.summary)}`,
    `type: ${definition.type}`,
    ...Object.entries(options).flatMap(([key, value]) => [`# ${sentence(about(key))}`, `${key}: ${yaml(value)}`]),
    ...(others.length > 0 ? ["# More options, with their defaults:"] : []),
    ...others.map(([key, schema]) => `# ${key}:${fallbackOf(schema)}  # ${sentence(describe(schema))}`),
  ];
  return `  ${name}:\n${lines.map((line) => `    ${line}\n`).join("")}`;
}

function optionsOf(schema: JsonSchema): Option[] {
  return alternatives(schema).flatMap(({ properties }) => Object.entries(properties ?? {}));
}

function describe(schema: JsonSchema): string {
  return schema.description ?? alternatives(schema).find(({ description }) => description)?.description ?? "";
}

function sentence(text: string): string {
  return text.replaceAll("\n", " ").replace(/[^.…]$/, "$&.");
}

function fallbackOf({ default: value }: JsonSchema): string {
  const isEmptyMap = typeof value === "object" && value !== null && Object.keys(value).length === 0;
  return value === undefined || isEmptyMap ? "" : ` ${yaml(value as Value)}`;
}

function yaml(value: Value): string {
  return stringify(value, { collectionStyle: "flow", lineWidth: 0, flowCollectionPadding: false }).trimEnd();
}
