import { globSync, readFileSync } from "node:fs";
import path from "node:path";
import { describe, expect, test } from "vitest";

// Hoisting lets an undeclared import of a sibling resolve, so the direction of dependencies is held here.

const root = path.resolve(import.meta.dirname, "..");

/** What each package may import of the others. The table in docs/architecture.md says the same in prose. */
const ALLOWED: Record<string, readonly string[]> = {
  core: [],
  grok: [],
  wasm: [],
  literals: ["wasm"],
  archive: ["core"],
  aws: ["core"],
  nats: ["core"],
  "embedded-store": [],
  generate: ["core"],
  wire: ["core"],
  receiver: ["core", "wire"],
  expression: ["core"],
  kernel: ["core", "wasm"],
  sampling: ["core", "expression"],
  program: ["core", "kernel", "expression"],
  runtime: ["core"],
  admin: ["core", "runtime", "expression"],
  replay: ["core", "archive", "aws"],
  config: ["core", "expression"],
  testkit: ["core", "wire"],
  // Writes the frames that the sink `gelf` sends.
  "sink-file": ["core", "sink-gelf"],
};
const ALLOWED_IN_KIND: Record<string, readonly string[]> = {
  sources: ["core", "archive", "aws", "wire", "sampling", "nats"],
  steps: ["core", "grok", "expression", "literals"],
  sinks: ["core", "aws", "nats"],
};

interface Package {
  readonly dir: string;
  readonly name: string;
  readonly declared: readonly string[];
  readonly referenced: readonly string[];
  readonly imported: readonly string[];
}

function readPackage(manifestFile: string): Package {
  const dir = path.dirname(manifestFile);
  const manifest = JSON.parse(readFileSync(path.join(root, manifestFile), "utf8"));
  const tsconfig = JSON.parse(readFileSync(path.join(root, dir, "tsconfig.json"), "utf8"));
  const sources = globSync(`${dir}/src/**/*.ts`, { cwd: root });
  const imported = sources.flatMap((file) =>
    [...readFileSync(path.join(root, file), "utf8").matchAll(/(?:from|import\()\s*"@sluice\/([^"/]+)[^"]*"/g)].map(
      (m) => m[1] as string,
    ),
  );
  return {
    dir,
    name: manifest.name.replace("@sluice/", ""),
    declared: Object.keys(manifest.dependencies ?? {})
      .filter((d) => d.startsWith("@sluice/"))
      .map((d) => d.slice(8)),
    referenced: tsconfig.references.map((r: { path: string }) => path.relative(root, path.resolve(root, dir, r.path))),
    imported: [...new Set(imported)],
  };
}

const packages = globSync(["packages/*/package.json", "packages/*/*/package.json"], { cwd: root })
  .filter((file) => !file.includes("node_modules"))
  .map(readPackage);
const dirOf = new Map(packages.map((p) => [p.name, p.dir]));

function allowedFor(p: Package): readonly string[] {
  if (p.name === "cli")
    return packages.map((other) => other.name).filter((name) => name !== "cli" && name !== "testkit");
  return ALLOWED[p.name] ?? ALLOWED_IN_KIND[p.dir.split(path.sep)[1] as string] ?? [];
}

describe.each(packages.map((p) => [p.name, p] as const))("package %s", (_name, p) => {
  test("imports only what its place allows", () => {
    expect(p.imported.filter((name) => !allowedFor(p).includes(name))).toEqual([]);
  });

  test("declares what it imports, and its TypeScript references say the same", () => {
    expect(p.imported.filter((name) => !p.declared.includes(name))).toEqual([]);
    expect(new Set(p.referenced)).toEqual(new Set(p.declared.map((name) => dirOf.get(name))));
  });
});

test("only the command line ends the process (and the servers that tests start)", () => {
  const offenders = globSync("packages/**/src/**/*.ts", { cwd: root })
    .filter((file) => !/packages.(cli|testkit)./.test(file) && !file.includes("node_modules"))
    .filter((file) => /process\.exit\(/.test(readFileSync(path.join(root, file), "utf8")));
  expect(offenders).toEqual([]);
});

test("core and grok do no I/O of Node", () => {
  const offenders = globSync("packages/{core,grok}/src/**/*.ts", { cwd: root }).filter((file) =>
    /from "node:(?!buffer)/.test(readFileSync(path.join(root, file), "utf8")),
  );
  expect(offenders).toEqual([]);
});
