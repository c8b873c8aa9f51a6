import { defineConfig } from "vitest/config";

export default defineConfig({
  test: {
    include: ["packages/**/test/**/*.test.ts", "test/**/*.test.ts"],
    // Many sluices run side by side: those that are to serve HTTP choose a port that is free.
    env: { SLUICE_HTTP: "off" },
    testTimeout: 60_000,
    hookTimeout: 120_000,
    // On two cores: much of the time tests wait for servers to start and for time to pass, but three use the cores up.
    maxWorkers: 3,
  },
});
