import { type SinkDefinition, SluiceError, type SourceDefinition, type StepDefinition } from "@sluice/core";
import { alternatives, type JsonSchema, jsonSchemaOf } from "./json-schema.ts";
import { sinkCommonType } from "./sink-common.ts";

type Definition = SourceDefinition | StepDefinition | SinkDefinition;

/**
 * The options of a component as Markdown: a table of name, type, default and description for each form in which they
 * can be written.
 *
 * @throws SluiceError `SLUICE_CONFIG` when an option has no description.
 */
export function componentReference(definition: Definition): string {
  const schema = jsonSchemaOf(definition.options);
  const forms = alternatives(schema).map((form) => formReference(form, schema, definition));
  return forms.join("\n");
}

/** The options that every sink has, as {@link componentReference} shows a component's. */
export function sinkCommonReference(): string {
  return table(rowsOf(jsonSchemaOf(sinkCommonType), "", "all sinks"));
}

function formReference(form: JsonSchema, whole: JsonSchema, { kind, type }: Definition): string {
  const owner = `${kind} \`${type}\``;
  if (form.properties) {
    const rows = rowsOf(form, "", owner);
    return rows.length > 0 ? table(rows) : "No options.\n";
  }
  const description = form.description ?? whole.description;
  if (!description) throw undescribed(typeText(form), owner);
  return `\`${type}:\` ${typeText(form)}: ${description.replace(/\.$/, "")}.\n`;
}

interface Row {
  readonly name: string;
  readonly type: string;
  readonly fallback: string;
  readonly description: string;
}

function rowsOf(schema: JsonSchema, prefix: string, owner: string): Row[] {
  return Object.entries(schema.properties ?? {}).flatMap(([key, option]) => {
    const name = prefix + key;
    const forms = alternatives(option);
    const description = option.description ?? forms.find((form) => form.description)?.description;
    if (!description) throw undescribed(name, owner);
    const row = { name, type: typeText(option), fallback: fallbackText(option, key, schema), description };
    return [row, ...forms.flatMap((form) => innerRows(form, name, owner))];
  });
}

/** Rows of the maps in an option: `multiline.pattern`, `rules[].name`. */
function innerRows(form: JsonSchema, name: string, owner: string): Row[] {
  if (form.properties) return rowsOf(form, `${name}.`, owner);
  const items = form.items ? alternatives(form.items) : [];
  return items.flatMap((item) => rowsOf(item, `${name}[].`, owner));
}

function fallbackText(option: JsonSchema, key: string, parent: JsonSchema): string {
  const { default: value } = option;
  const isEmptyMap = typeof value === "object" && value !== null && Object.keys(value).length === 0;
  if (value !== undefined && !isEmptyMap) return code(typeof value === "string" ? value : JSON.stringify(value));
  return parent.required?.includes(key) ? "required" : "";
}

const TYPES: Readonly<Record<string, string>> = {
  string: "text",
  integer: "whole number",
  number: "number",
  boolean: "true or false",
  null: "nothing",
  object: "map",
};

function typeText(schema: JsonSchema): string {
  const forms = alternatives(schema);
  if (forms.length > 1) return [...new Set(forms.map(typeText))].join(" or ");
  const [form = schema] = forms;
  if (form.const !== undefined) return code(form.const as string);
  if (form.enum) return form.enum.map((value) => code(String(value))).join(" or ");
  if (form.type === "array") return form.items ? `list of ${typeText(form.items)}` : "list";
  if (form.type === "string" && form.examples) return `text like ${code(String(form.examples[0]))}`;
  if (typeof form.additionalProperties === "object") return `map of ${typeText(form.additionalProperties)}`;
  const types = [form.type ?? []].flat();
  return types.map((type) => TYPES[type] ?? type).join(" or ") || "anything";
}

function table(rows: readonly Row[]): string {
  const lines = rows.map(({ name, type, fallback, description }) =>
    [code(name), type, fallback, description].map((cell) => ` ${escape(cell)} `).join("|"),
  );
  return [
    "| option | type | default | description |",
    "|---|---|---|---|",
    ...lines.map((line) => `|${line}|`),
    "",
  ].join("\n");
}

function code(text: string): string {
  return `\`${text}\``;
}

function escape(cell: string): string {
  return cell.replaceAll("|", "\\|").replaceAll("\n", " ");
}

function undescribed(option: string, owner: string): SluiceError {
  return new SluiceError("SLUICE_CONFIG", `option ${option} of ${owner} has no description`, {
    hint: "add .describe() to its zod type",
  });
}
