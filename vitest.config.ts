import { defineConfig } from "vitest/config";
import { BaseSequencer, type TestSpecification } from "vitest/node";

/** Suites of whole systems take minutes: one that began last would be waited for alone. */
class LongestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const isLong = ({ moduleId }: TestSpecification) => /\/test\/(end-to-end|chaos)\//.test(moduleId);
    const sorted = await super.sort(files);
    return sorted.toSorted((a, b) => Number(isLong(b)) - Number(isLong(a)));
  }
}

export default defineConfig({
  test: {
    include: ["packages/**/test/**/*.test.ts", "test/**/*.test.ts"],
    // Many sluices run side by side: those that are to serve HTTP choose a port that is free.
    env: { SLUICE_HTTP: "off" },
    testTimeout: 60_000,
    hookTimeout: 120_000,
    // Two cores, and most suites start real servers: three files at once took as long, and left less to each.
    maxWorkers: 2,
    sequence: { sequencer: LongestFirst },
  },
});
