import { execFileSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import path from "node:path";
import { expect, test } from "vitest";
import { ROOT } from "./support/process.ts";

const page = readFileSync(path.join(ROOT, "docs/security.md"), "utf8");

test("each line of the threat model names a test that exists", () => {
  const rows = page.split("\n").filter((line) => line.startsWith("| ") && !line.startsWith("| threat"));
  expect(rows.length).toBeGreaterThan(30);
  const wrong = rows.filter((row) => {
    const [, file = "", name = ""] = /\| `([^`]+\.test\.ts)`: (.+) \|$/.exec(row) ?? [];
    const source = path.join(ROOT, file);
    return file === "" || !existsSync(source) || !readFileSync(source, "utf8").includes(name);
  });
  expect(wrong).toEqual([]);
});

test("the bill of materials is made offline, and names what is shipped", () => {
  const command = /^npm sbom .*$/m.exec(page)?.[0] as string;
  const output = execFileSync("sh", ["-c", `${command} --offline`], { cwd: ROOT, maxBuffer: 1 << 26 }).toString();
  const { bomFormat, components } = JSON.parse(output) as { bomFormat: string; components: { name: string }[] };
  expect(bomFormat).toBe("CycloneDX");
  const names = components.map(({ name }) => name);
  for (const name of ["fastify", "yaml", "zod", "@aws-sdk/client-s3"]) expect(names).toContain(name);
});
