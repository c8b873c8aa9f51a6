import { type CreateContext, errorText, type PatternFiles, type Registry, SluiceError } from "@sluice/core";
import { compileExpression, ExpressionError, slowPatterns } from "@sluice/expression";
import type { LoadedComponent } from "./component.ts";
import { type Connectable, connectTo, type OnConnected } from "./connect.ts";
import { placeIn } from "./interpolate.ts";
import { isGap, type LoadedPipeline } from "./load.ts";
import { reportMissingFiles } from "./named-files.ts";
import { eachScalar, type LocatedNode, resolvePath, toValue } from "./node.ts";
import { placeOf, WarningPlaces } from "./places.ts";
import { type Position, type Problem, Problems } from "./problem.ts";

export interface ValidateOptions {
  readonly registry: Registry;
  /** Grok pattern files for the steps. */
  readonly patterns: PatternFiles;
  readonly hostname: string;
  /** Whether steps look for slow patterns; that takes seconds. Default true. */
  readonly diagnose?: boolean;
  /** Whether it is an error when there is no source or no sink, as it is for `sluice run`. Default false. */
  readonly runnable?: boolean;
  /** Whether the files that options name, e.g. certificates, must be there. Default false. */
  readonly files?: boolean;
  /** Also tries each source and sink, until the signal aborts. */
  readonly connect?: AbortSignal;
  /** Told of each source and sink that was reached. */
  readonly onConnected?: OnConnected;
}

/**
 * Everything wrong with a pipeline: what loading found, and what only shows when its components are made (inertly: no
 * file or connection is opened unless `connect` is given) and its expressions compiled.
 */
export async function validatePipeline(loaded: LoadedPipeline, options: ValidateOptions): Promise<Problem[]> {
  const problems = new Problems(loaded.file);
  const { runnable = false } = options;
  const found = loaded.problems.map((one) => (runnable && isGap(one) ? { ...one, severity: "error" as const } : one));
  problems.list.push(...found);
  for (const secret of loaded.secrets) problems.hide(secret);
  const connectables: Connectable[] = [];
  for (const component of loaded.components.filter(isWhole)) {
    const connectable = await makeComponent(component, loaded, options, problems);
    if (connectable) connectables.push(connectable);
  }
  await checkConditions(loaded, options, problems);
  reportSharedNames(loaded, problems);
  reportSharedInputs(loaded, problems);
  if (options.files) await reportMissingFiles(loaded, problems);
  if (options.connect) await connectTo(connectables, options.connect, problems, options.onConnected ?? (() => {}));
  return problems.sorted();
}

/** What is wrong with a `${…}` is reported; what a component would say about the rest follows from that. */
function isWhole({ node }: LoadedComponent): boolean {
  let failed = false;
  eachScalar(node, (scalar) => {
    failed ||= scalar.failed === true;
  });
  return !failed;
}

async function makeComponent(
  component: LoadedComponent,
  loaded: LoadedPipeline,
  options: ValidateOptions,
  problems: Problems,
): Promise<Connectable | undefined> {
  const { name, at, node } = component;
  const places = new WarningPlaces(node);
  const context: CreateContext = {
    name,
    pipeline: loaded.name,
    baseDir: loaded.baseDir,
    hostname: options.hostname,
    warn: (message, written) => problems.warn(places.of(message, written) ?? at, message),
  };
  try {
    return await create(component, context, options, problems);
  } catch (error) {
    reportThrown(error, component, problems);
    return undefined;
  }
}

async function create(
  component: LoadedComponent,
  context: CreateContext,
  { patterns, diagnose = true }: ValidateOptions,
  problems: Problems,
): Promise<Connectable | undefined> {
  const { kind, definition, options, name, at, node } = component;
  if (kind === "source") return { label: `source \`${name}\``, at, target: definition.create(options, context) };
  if (kind === "sink") {
    definition.encoder(options, context);
    return { label: `sink \`${name}\``, at, target: definition.create(options, context) };
  }
  const step = definition.create(options, { ...context, patterns });
  const warnings = diagnose ? ((await step.diagnose?.()) ?? []) : [];
  const places = new WarningPlaces(node);
  for (const warning of warnings) problems.warn(places.of(warning) ?? at, warning);
  return undefined;
}

function reportThrown(error: unknown, component: LoadedComponent, problems: Problems): void {
  const { node, at } = component;
  if (error instanceof AggregateError) {
    for (const one of error.errors) reportThrown(one, component, problems);
    return;
  }
  if (error instanceof ExpressionError) return problems.error(expressionPlace(error, node), error.message, error.hint);
  if (!(error instanceof SluiceError)) return problems.error(at, errorText(error));
  for (const { message, hint, written } of [error, ...error.also]) {
    problems.error(written === undefined ? at : (placeOf(written, node) ?? at), message, hint);
  }
}

/** The place of a mistake in an expression, where the file has the expression as it is, e.g. behind the `=` of `set`. */
function expressionPlace({ source, line, column }: ExpressionError, node: LocatedNode): Position {
  let place = node.at;
  eachScalar(node, (scalar) => {
    const { value, interpolated } = scalar;
    if (typeof value !== "string" || interpolated || line > 1 || !value.endsWith(source)) return;
    place = placeIn(scalar, value.length - source.length + column - 1);
  });
  return place;
}

/** Compiles every `when` of steps and sinks. */
async function checkConditions(
  { root }: LoadedPipeline,
  { diagnose = true }: ValidateOptions,
  problems: Problems,
): Promise<void> {
  for (const section of ["steps", "sinks"]) {
    const node = root?.entries.get(section)?.node;
    for (const child of node ? children(node) : []) {
      const { node: when, found } = resolvePath(child, ["when"]);
      if (found && when.kind === "scalar" && typeof when.value === "string" && !when.failed) {
        await checkCondition(when.value, when, diagnose, problems);
      }
    }
  }
}

async function checkCondition(source: string, node: LocatedNode, diagnose: boolean, problems: Problems): Promise<void> {
  try {
    compileExpression(source);
    if (!diagnose) return;
    for (const warning of await slowPatterns(source)) problems.warn(node.at, warning);
  } catch (error) {
    if (!(error instanceof ExpressionError)) throw error;
    problems.error(expressionPlace(error, node), error.message, error.hint);
  }
}

function children(node: LocatedNode): readonly LocatedNode[] {
  if (node.kind === "list") return node.items;
  return node.kind === "map" ? [...node.entries.values()].map((entry) => entry.node) : [];
}

/** `tap`, metrics and the ledger name components: a source and a sink of one name could not be told apart. */
function reportSharedNames({ components }: LoadedPipeline, problems: Problems): void {
  const sources = new Set(components.filter(({ kind }) => kind === "source").map(({ name }) => name));
  for (const { kind, name, at } of components) {
    if (kind === "sink" && sources.has(name)) {
      problems.error(at, `a source is called \`${name}\` too`, "give the sink another name");
    }
  }
}

/** Standard input, or an address to listen on, can be taken by one source only. */
function reportSharedInputs({ components }: LoadedPipeline, problems: Problems): void {
  const taken = new Map<string, string>();
  for (const { kind, definition, name, at, node } of components) {
    if (kind !== "source") continue;
    const address = node.kind === "map" ? node.entries.get("address")?.node : undefined;
    if (definition.type !== "stdin" && !address) continue;
    const input = address ? `${definition.type} ${JSON.stringify(toValue(address))}` : "stdin";
    // Port 0 is any that is free.
    if (input.endsWith(':0"')) continue;
    const other = taken.get(input);
    if (other === undefined) taken.set(input, name);
    else if (address) problems.error(address.at, `source \`${other}\` listens there already`, "give each its own port");
    else problems.error(at, `source \`${other}\` reads standard input already`, "one source of type `stdin` is enough");
  }
}
