import { defineConfig } from "vitest/config";

export default defineConfig({
  test: {
    include: ["packages/**/test/**/*.test.ts", "test/**/*.test.ts"],
    // Many sluices run side by side: those that are to serve HTTP choose a port that is free.
    env: { SLUICE_HTTP: "off" },
    testTimeout: 60_000,
    hookTimeout: 120_000,
    // Two cores, and most suites start real servers: three files at once took as long, and left less to each.
    maxWorkers: 2,
  },
});
