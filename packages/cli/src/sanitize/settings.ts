import { loadStepOptions, suggestion } from "@sluice/config";
import { SluiceError, type Value } from "@sluice/core";
import {
  type Action,
  ALL_RULES,
  configured,
  createSanitizer,
  createScreen,
  type SanitizeOptions,
  sanitizeOptions,
} from "@sluice/step-sanitize";
import { isError, printProblems } from "../pipelines.ts";
import { registry } from "../registry.ts";
import { finder } from "./finder.ts";
import { KEY_RULE } from "./key-lines.ts";
import type { Search } from "./sanitizing-stream.ts";

/** What the command line says. */
export interface Choice {
  readonly action?: Action;
  readonly rules?: readonly string[];
  readonly config?: string;
  /** Nothing is changed: findings count, not what becomes of them. A line that is dropped would hide where they are. */
  readonly check?: boolean;
}

export interface Settings {
  readonly search: Search;
  /** What the rules find, by name. */
  readonly titles: ReadonlyMap<string, string>;
}

type Detailed = Exclude<SanitizeOptions, string>;

const SETS = ["default", "secrets", "pii", "all"];

/** Reads the config file, if any, and puts what the command line says over it. */
export async function readSettings({ action, rules, config, check }: Choice): Promise<Settings> {
  const written = detailed(config === undefined ? "default" : await readConfig(config));
  const file: Detailed = check ? { ...written, action: "redact", actions: {} } : written;
  const key = file.hash_key ?? process.env["SLUICE_HASH_KEY"];
  const options = { ...file, ...(action && !check && { action }), ...(rules && { rules: known(rules, file) }) };
  const { sanitizer, budget, own } = configured({ ...options, ...(key ? { hash_key: key } : {}) });
  const create = () => createSanitizer({ ...sanitizer, keepLineEnds: true });
  const keys = sanitizer.rules.some(({ name }) => name === KEY_RULE);
  return {
    search: {
      find: finder({ create, keys, budget, mayHang: own.length > 0 }),
      screen: createScreen({ rules: sanitizer.rules, acrossLines: true }),
    },
    titles: new Map(sanitizer.rules.map(({ name, title }) => [name, title])),
  };
}

async function readConfig(file: string): Promise<Value> {
  const { options = "default", problems } = await loadStepOptions(file, "sanitize", { registry, env: process.env });
  printProblems(problems);
  if (problems.some(isError)) throw new SluiceError("SLUICE_CONFIG", `${file} cannot be used`);
  if (options !== "off") return options;
  throw new SluiceError("SLUICE_CONFIG", `${file} switches the sanitizer off`, { hint: "leave out --config" });
}

function detailed(written: Value): Detailed {
  return sanitizeOptions.parse(typeof written === "string" ? { rules: [written] } : written) as Detailed;
}

/** The names without those of the file's own rules, which are always active. Throws SLUICE_USAGE for unknown ones. */
function known(names: readonly string[], { custom }: Detailed): string[] {
  const own = custom.map(({ name }) => name);
  const all = [...SETS, ...own, ...ALL_RULES.map(({ name }) => name)];
  for (const name of names) {
    if (all.includes(name)) continue;
    const near = suggestion(name, all);
    const hint = near?.startsWith("did") ? near : `sets: ${SETS.join(", ")}; rules: docs/reference/sanitizer-rules.md`;
    throw new SluiceError("SLUICE_USAGE", `there is no rule or set \`${name}\``, { hint });
  }
  return names.filter((name) => !own.includes(name));
}
