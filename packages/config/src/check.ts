import type { z } from "zod";
import { hasUnit, type JsonSchema, jsonSchemaOf, keysAt, schemasAt } from "./json-schema.ts";
import { nearest, suggestion } from "./nearest.ts";
import { describeNode, type LocatedNode, type MapNode, resolvePath, toValue } from "./node.ts";
import type { Problems } from "./problem.ts";

type Issue = z.core.$ZodIssue;

/** How a node is called when it is wrong as a whole, and keys that are read elsewhere but may stand beside its own. */
export interface Subject {
  readonly label: string;
  readonly otherKeys?: readonly string[];
}

/**
 * Checks a node against a zod type and reports everything wrong with it, at its place. Where a number or boolean is
 * wanted, the text of a `${…}` becomes one (in the node). Returns the parsed value, or undefined after errors.
 */
export function checkNode<T>(
  type: z.ZodType<T>,
  node: LocatedNode,
  subject: Subject,
  problems: Problems,
): T | undefined {
  // Twice: once for the places that want a number or boolean, once for those that a union hid behind another complaint.
  for (let round = 0; ; round++) {
    const result = type.safeParse(toValue(node));
    if (result.success) return result.data;
    const issues = result.error.issues.flatMap((issue) => unfold(issue, []));
    if (round < 2 && issues.filter((issue) => coerce(issue, node)).length > 0) continue;
    const schema = jsonSchemaOf(type);
    const chosen = result.error.issues.flatMap((issue) => chooseBranch(issue, []));
    for (const issue of chosen) report(issue, { node, schema, subject, problems });
    return undefined;
  }
}

/** All issues, those inside of unions too, with paths from the top. */
function unfold(issue: Issue, prefix: readonly PropertyKey[]): Issue[] {
  const path = [...prefix, ...issue.path];
  if (issue.code !== "invalid_union") return [{ ...issue, path }];
  return issue.errors.flatMap((branch) => branch.flatMap((inner) => unfold(inner as Issue, path)));
}

/** Makes the number or boolean that is expected of an interpolated text. True when something changed. */
function coerce(issue: Issue, root: LocatedNode): boolean {
  const { node, found } = resolvePath(root, issue.path);
  if (!found || node.kind !== "scalar" || !node.interpolated || typeof node.value !== "string") return false;
  const wanted = issue.code === "invalid_type" ? issue.expected : undefined;
  const text = node.value.trim();
  if (wanted === "number" || wanted === "int") {
    if (!/^-?\d+(?:\.\d+)?$/.test(text)) return false;
    node.value = Number(text);
    return true;
  }
  if (wanted !== "boolean" || (text !== "true" && text !== "false")) return false;
  node.value = text === "true";
  return true;
}

/** Of a union the issues of the alternative that was probably meant; the union itself when none comes near. */
function chooseBranch(issue: Issue, prefix: readonly PropertyKey[]): Issue[] {
  const path = [...prefix, ...issue.path];
  if (issue.code !== "invalid_union") return [{ ...issue, path }];
  const branches = issue.errors.map((branch) => branch as Issue[]);
  const near = branches.filter((branch) => !branch.some(isWrongAltogether)).sort((a, b) => a.length - b.length);
  const [best] = near;
  if (!best) return [{ ...issue, path }];
  const unknownKeys = best.filter((inner) => inner.code === "unrecognized_keys");
  const telling = near.length > 1 && unknownKeys.length > 0 ? unknownKeys : best;
  return telling.flatMap((inner) => chooseBranch(inner, path));
}

function isWrongAltogether(issue: Issue): boolean {
  if (issue.path.length > 0) return false;
  if (issue.code === "invalid_union") return issue.errors.every((branch) => branch.some(isWrongAltogether));
  return issue.code === "invalid_type" || issue.code === "invalid_value";
}

interface Report {
  readonly node: LocatedNode;
  readonly schema: JsonSchema;
  readonly subject: Subject;
  readonly problems: Problems;
}

function report(issue: Issue, context: Report): void {
  const { node, found } = resolvePath(context.node, issue.path);
  if (node.kind === "scalar" && node.failed) return;
  if (issue.code === "unrecognized_keys") return reportKeys(issue.keys, issue.path, node, context);
  const [schema] = schemasAt(context.schema, issue.path);
  const name = issue.path.length === 0 ? context.subject.label : `\`${pathText(issue.path)}\``;
  if (!found || (node.kind === "scalar" && node.value === null && !allowsNull(schema))) {
    context.problems.error(node.at, found ? `${name} has no value` : `${name} is missing`, schema?.description);
    return;
  }
  context.problems.error(node.at, `${name}${issueText(issue, node, schema)}`, hintFor(issue, node, schema));
}

function reportKeys(keys: readonly string[], path: readonly PropertyKey[], node: LocatedNode, context: Report): void {
  const others = path.length === 0 ? (context.subject.otherKeys ?? []) : [];
  const known = [...keysAt(context.schema, path), ...others];
  for (const key of keys) {
    const at = node.kind === "map" ? (node.entries.get(key)?.keyAt ?? node.at) : node.at;
    context.problems.error(at, `unknown key \`${key}\``, suggestion(key, known));
  }
}

function allowsNull(schema: JsonSchema | undefined): boolean {
  return schema?.type === "null";
}

/** What is wrong, to stand behind the option's name. */
function issueText(issue: Issue, node: LocatedNode, schema: JsonSchema | undefined): string {
  switch (issue.code) {
    case "invalid_type": {
      const wanted = article(schema && hasUnit(schema) ? "text with a unit" : issue.expected);
      return ` must be ${wanted}, not ${describeNode(node)}`;
    }
    case "invalid_value":
      return ` must be ${orList(issue.values.map(String))}`;
    case "invalid_union":
      return issue.errors.length === 0
        ? `: ${lowerFirst(issue.message)}`
        : ` must be ${orList(unionTexts(issue.errors))}`;
    case "too_small":
    case "too_big":
      return issue.message.startsWith("Too ") ? ` must ${boundText(issue)}` : `: ${lowerFirst(issue.message)}`;
    default:
      return issue.message.startsWith("must ") ? ` ${issue.message}` : `: ${lowerFirst(issue.message)}`;
  }
}

/** What a number, or the length of something, must be. */
function boundText(issue: z.core.$ZodIssueTooSmall | z.core.$ZodIssueTooBig): string {
  const isSmall = issue.code === "too_small";
  const bound = Number(isSmall ? issue.minimum : issue.maximum);
  const unit = LENGTHS[issue.origin];
  if (unit !== undefined) {
    if (isSmall && bound === 1 && issue.exact !== true) return "not be empty";
    const amount = `${bound} ${bound === 1 ? unit.one : unit.many}`;
    return issue.exact === true ? `have exactly ${amount}` : `have ${amount} at ${isSmall ? "least" : "most"}`;
  }
  if (issue.inclusive === false) return `be ${isSmall ? "more" : "less"} than ${bound}`;
  return `be ${bound} or ${isSmall ? "more" : "less"}`;
}

const LENGTHS: Readonly<Record<string, { readonly one: string; readonly many: string }>> = {
  string: { one: "character", many: "characters" },
  array: { one: "item", many: "items" },
};

function unionTexts(branches: readonly (readonly z.core.$ZodIssue[])[]): string[] {
  const wanted = branches.flatMap(([issue]) => {
    if (issue?.code === "invalid_union") return unionTexts(issue.errors);
    if (issue?.code === "invalid_type") return [article(issue.expected)];
    return issue?.code === "invalid_value" ? issue.values.map(String) : [lowerFirst(issue?.message ?? "")];
  });
  return [...new Set(wanted)];
}

/** `a, b or c`. */
function orList(words: readonly string[]): string {
  return words.length < 2 ? words.join("") : `${words.slice(0, -1).join(", ")} or ${words.at(-1)}`;
}

const TYPE_NAMES: Readonly<Record<string, string>> = {
  object: "a map",
  record: "a map",
  array: "a list",
  int: "a whole number",
  boolean: "true or false",
  null: "null",
  "text with a unit": "text with a unit",
};

function article(type: string): string {
  return TYPE_NAMES[type] ?? `a ${type}`;
}

function hintFor(issue: Issue, node: LocatedNode, schema: JsonSchema | undefined): string | undefined {
  const values = allowedValues([issue]);
  if (values.length > 0 && node.kind === "scalar" && typeof node.value === "string") {
    const near = nearest(node.value, values);
    if (near !== undefined) return `did you mean \`${near}\`?`;
  }
  const isUnexplained = issue.code === "invalid_type" || issue.message.startsWith("Invalid");
  return isUnexplained && schema?.examples ? `write ${schema.examples.join(" or ")}` : undefined;
}

function allowedValues(issues: readonly z.core.$ZodIssue[]): string[] {
  return issues.flatMap((issue) => {
    if (issue.code === "invalid_value") return issue.values.map(String);
    return issue.code === "invalid_union" ? issue.errors.flatMap(allowedValues) : [];
  });
}

/** `multiline.pattern`, `include[2]`. */
function pathText(path: readonly PropertyKey[]): string {
  return path
    .map((part) => (typeof part === "number" ? `[${part}]` : `.${String(part)}`))
    .join("")
    .replace(/^\./, "");
}

function lowerFirst(text: string): string {
  return text.charAt(0).toLowerCase() + text.slice(1);
}

/** A node that must be a map; reports it when it is not. */
export function asMap(node: LocatedNode, label: string, problems: Problems): MapNode | undefined {
  if (node.kind === "map") return node;
  problems.error(node.at, `${label} must be a map, not ${describeNode(node)}`);
  return undefined;
}
