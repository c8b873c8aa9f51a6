import { loadStepOptions } from "@sluice/config";
import { describe, expect, test } from "vitest";
import { fakeRegistry } from "./fakes.ts";
import { problemsOf } from "./helpers.ts";

async function loadParse(content: string, env: Record<string, string> = {}) {
  const readFile = async (): Promise<Uint8Array> => new TextEncoder().encode(content);
  const { options, problems } = await loadStepOptions("/x.yaml", "parse", { registry: fakeRegistry(), env, readFile });
  return { options, problems: problemsOf(problems) };
}

describe("options of one step", () => {
  test("are a map in a file of its own, with references replaced", async () => {
    expect(await loadParse("grok: ['%{IP:ip} $${x}', '${PATTERN}']\n", { PATTERN: "b" })).toEqual({
      options: { grok: ["%{IP:ip} ${x}", "b"] },
      problems: [],
    });
  });

  test("or those of the first such step of a pipeline file, whatever else is in it", async () => {
    const file =
      "sources: {a: {type: '${NOT_SET}'}}\nsteps:\n  - drop: 'x =='\n  - parse: {json: true}\n  - parse: nginx\n";
    expect(await loadParse(file)).toEqual({ options: { json: true }, problems: [] });
  });

  test("are absent where a pipeline file has no such step", async () => {
    expect(await loadParse("steps: [{drop: 'a'}]")).toEqual({ problems: [] });
    expect(await loadParse("sources: {}")).toEqual({ problems: [] });
  });

  test.each([
    ["grok: [a]\nfeild: b\n", ["2:1: unknown key `feild` (did you mean `field`?)"]],
    ["steps:\n  - parse: {grok: []}\n", [expect.stringMatching(/^2:19: /)]],
    ["grok: ['${NOT_SET}']\n", [expect.stringContaining("NOT_SET is not set")]],
    ["- a\n", [expect.stringContaining("a file of options")]],
    ["a: [\n", [expect.any(String)]],
  ])("name what is wrong with %j at its place", async (content, expected) => {
    const { options, problems } = await loadParse(content);
    expect(problems).toEqual(expected);
    expect(options).toBeUndefined();
  });
});
