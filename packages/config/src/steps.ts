import type { StepSpec } from "@sluice/core";
import { findDefinition, type ReadContext, readOptions } from "./component.ts";
import type { Section } from "./endpoints.ts";
import { suggestion } from "./nearest.ts";
import { describeNode, type Entry, type LocatedNode, type MapNode } from "./node.ts";
import type { Position, Problems } from "./problem.ts";

const EXAMPLE = "a step is written `- parse: nginx`";
/** What a pipeline gets as its last step unless it names one itself: secrets do not leave by default. */
const SANITIZE = "sanitize";

/** Reads `steps:`. */
export async function readSteps(node: LocatedNode | undefined, context: ReadContext): Promise<Section<StepSpec>> {
  const section: Section<StepSpec> = { specs: [], components: [] };
  const items = listItems(node, context.problems);
  let sanitized = false;
  for (const [index, item] of items.entries()) {
    const step = stepEntry(item, context);
    if (!step) continue;
    sanitized ||= step.type === SANITIZE;
    await readStep(`steps[${index}]`, step, section, context);
  }
  if (!sanitized && context.registry.stepTypes.includes(SANITIZE)) {
    const at = node?.at ?? { line: 1, column: 1 };
    const options: LocatedNode = { kind: "scalar", at, value: "default", textAt: undefined, interpolated: false };
    await readStep(`steps[${items.length}]`, { type: SANITIZE, entry: { keyAt: at, node: options } }, section, context);
  }
  return section;
}

interface StepEntry {
  readonly type: string;
  readonly entry: Entry;
  readonly when?: string;
}

async function readStep(
  name: string,
  { type, entry, when }: StepEntry,
  { specs, components }: Section<StepSpec>,
  context: ReadContext,
): Promise<void> {
  const definition = await findDefinition("step", type, entry.keyAt, context);
  if (!definition) return;
  const options = readOptions(definition, entry.node, { label: `\`${type}\`` }, context.problems);
  if (!options) return;
  specs.push({ type: definition.type, options: options.raw, ...(when === undefined ? {} : { when }) });
  components.push({ kind: "step", name, at: entry.keyAt, definition, node: options.node, options: options.parsed });
}

function listItems(node: LocatedNode | undefined, problems: Problems): readonly LocatedNode[] {
  if (!node || (node.kind === "scalar" && node.value === null)) return [];
  if (node.kind === "list") return node.items;
  problems.error(node.at, `\`steps\` must be a list, not ${describeNode(node)}`, EXAMPLE);
  return [];
}

/** The one key of a step besides `when`. */
function stepEntry(item: LocatedNode, context: ReadContext): StepEntry | undefined {
  const { problems } = context;
  if (item.kind !== "map") {
    problems.error(item.at, `a step must be a map with one key, not ${describeNode(item)}`, EXAMPLE);
    return undefined;
  }
  const steps = [...item.entries].filter(([key]) => key !== "when");
  const [first] = steps;
  if (!first) problems.error(item.at, "this step does nothing", EXAMPLE);
  else if (steps.length > 1) reportKeys(steps, item.at, context);
  if (!first || steps.length > 1) return undefined;
  const when = readWhen(item, problems);
  return { type: first[0], entry: first[1], ...(when === undefined ? {} : { when }) };
}

/** Several keys: options written beside their step instead of below it, or two steps in one item. */
function reportKeys(steps: [string, Entry][], at: Position, { registry, problems }: ReadContext): void {
  const known = steps.filter(([key]) => registry.stepTypes.includes(key));
  if (known.length === 1) {
    const type = known[0]?.[0] as string;
    for (const [key, entry] of steps) {
      if (key === type) continue;
      const hint = suggestion(key, ["when"]);
      const below = `options of \`${type}\` are indented below it`;
      problems.error(entry.keyAt, `unknown key \`${key}\``, hint?.startsWith("did") ? hint : below);
    }
    return;
  }
  const names = steps.map(([key]) => `\`${key}\``).join(" and ");
  problems.error(at, `one step has the keys ${names}`, "give each step its own `-`");
}

function readWhen(item: MapNode, problems: Problems): string | undefined {
  const when = item.entries.get("when")?.node;
  if (!when) return undefined;
  if (when.kind === "scalar" && (typeof when.value === "string" || typeof when.value === "boolean")) {
    return String(when.value);
  }
  problems.error(when.at, `\`when\` must be an expression, not ${describeNode(when)}`);
  return undefined;
}
