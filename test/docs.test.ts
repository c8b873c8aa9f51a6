import { execFileSync } from "node:child_process";
import { globSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import { blocksOf, DOCUMENTS, YAML_BLOCKS } from "./support/documents.ts";
import { ROOT, runSluice } from "./support/process.ts";

const work = mkdtempSync(path.join(os.tmpdir(), "sluice-docs-"));
afterAll(() => rmSync(work, { recursive: true, force: true }));

describe("every YAML block in Markdown is a valid pipeline", () => {
  test.each(YAML_BLOCKS)("%s", async (_name, text) => {
    const file = path.join(work, "block.yaml");
    writeFileSync(file, text);
    const { code, stderr } = await runSluice(["validate", "--no-files", file]);
    // A fragment may show a source or a sink alone.
    const isWhole = !/has no (sources|sinks)/.test(stderr);
    expect(stderr.split("\n").filter((line) => line !== "" && !/has no (sources|sinks)/.test(line))).toEqual([]);
    expect(code).toBe(isWhole ? 0 : 2);
    expect(await runSluice(["test", file])).toMatchObject({ code: 0 });
  });
});

test("the pipelines in pipelines/ are valid and pass their own tests", async () => {
  expect(await runSluice(["validate", "pipelines"])).toMatchObject({ code: 0, stderr: "" });
  const tested = await runSluice(["test", "pipelines"]);
  expect(tested.stdout).toMatch(/\n[1-9]\d* passed, 0 failed\n$/);
});

describe("the commands of the documents", () => {
  const commands = DOCUMENTS.flatMap((file) => blocksOf(file, "sh").flatMap((block) => block.trim().split("\n")));

  test.each(
    commands.filter((c) => /npx sluice (validate|test|explain|new|parse|generate|sanitize|graph|schema)/.test(c)),
  )("%s", (command) => {
    execFileSync("sh", ["-c", command], {
      cwd: ROOT,
      env: { ...process.env, PATH: `${ROOT}/node_modules/.bin:${process.env["PATH"]}` },
    });
  });

  test("name only scripts that package.json has", () => {
    const scripts = JSON.parse(readFileSync(path.join(ROOT, "package.json"), "utf8")).scripts;
    const named = commands.flatMap((c) =>
      [...c.matchAll(/npm (?:run )?(start|test|bench|check)\b/g)].map((m) => m[1] as string),
    );
    expect(named.filter((name) => !(name in scripts))).toEqual([]);
    expect(named).toContain("start");
  });
});

test("the generated reference is fresh", () => {
  execFileSync(process.execPath, ["docs/make-reference.ts", "--check"], { cwd: ROOT });
});

test("links between documents lead somewhere", () => {
  const broken = DOCUMENTS.flatMap((file) =>
    [...readFileSync(path.join(ROOT, file), "utf8").matchAll(/\]\((?!https?:|#)([^)#]+)/g)]
      .map((m) => path.join(path.dirname(file), m[1] as string))
      .filter((target) => globSync(target, { cwd: ROOT }).length === 0)
      .map((target) => `${file} → ${target}`),
  );
  expect(broken).toEqual([]);
});
