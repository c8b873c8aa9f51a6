import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { findPipelineFiles, formatProblem, loadPipeline } from "@sluice/config";
import { SluiceError } from "@sluice/core";
import { afterAll, beforeAll, expect, test } from "vitest";
import { fakeRegistry } from "./fakes.ts";

let dir: string;

beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), "sluice-config-"));
  await mkdir(join(dir, "empty"));
  for (const name of ["b.yaml", "a.yml", "c.json", ".hidden.yaml", "notes.md"]) {
    await writeFile(
      join(dir, name),
      "sources: {a: {type: file, include: [x]}}\nsinks: {g: {type: gelf, address: 'tcp://x'}}\n",
    );
  }
});

afterAll(() => rm(dir, { recursive: true }));

test("a directory stands for its pipeline files, sorted; each file counts once", async () => {
  const expected = ["a.yml", "b.yaml", "c.json"].map((name) => join(dir, name));
  expect(await findPipelineFiles([dir])).toEqual(expected);
  expect(await findPipelineFiles([join(dir, "b.yaml"), dir])).toEqual([expected[1], expected[0], expected[2]]);
  expect(await findPipelineFiles([join(dir, "notes.md")])).toEqual([join(dir, "notes.md")]);
});

test("missing paths and directories without pipeline files are errors", async () => {
  await expect(findPipelineFiles([join(dir, "empty")])).rejects.toThrow("there is no pipeline file in");
  const missing = findPipelineFiles([join(dir, "nope.yaml")]);
  await expect(missing).rejects.toThrow("nope.yaml: there is no such file");
  await expect(missing).rejects.toBeInstanceOf(SluiceError);
});

test("files are read from disk", async () => {
  const { spec, problems } = await loadPipeline(join(dir, "a.yml"), { registry: fakeRegistry(), env: {} });
  expect(problems).toEqual([]);
  expect(spec).toMatchObject({ name: "a", baseDir: dir });
});

test.each([
  ["nope.yaml", "cannot read the file: there is no such file"],
  ["empty", "cannot read the file: it is a directory"],
  ["../../dev/zero", "cannot read the file: it is larger than 4 MiB"],
])("what cannot be read is a problem: %s", async (name, message) => {
  const file = name.startsWith("..") ? "/dev/zero" : join(dir, name);
  const { spec, problems } = await loadPipeline(file, { registry: fakeRegistry(), env: {} });
  expect(spec).toBeUndefined();
  expect(problems.map(formatProblem)).toEqual([`${file}:1:1: ${message}`]);
});
