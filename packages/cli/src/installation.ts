import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

// The bundle lies as deep below the root as this file does, so the same relative paths hold in both.

/** Directory of the built-in grok patterns. */
export const PATTERNS_DIR = fileURLToPath(new URL("../../../grok-patterns", import.meta.url));

/** The pipeline of `sluice demo`. */
export const DEMO_PIPELINE = fileURLToPath(new URL("../../../pipelines/demo.yaml", import.meta.url));

/** The entry of the worker threads. */
export const WORKER_URL = new URL(
  import.meta.url.endsWith(".ts") ? "./program-worker.ts" : "./program-worker.js",
  import.meta.url,
);

const manifest = JSON.parse(readFileSync(new URL("../package.json", import.meta.url), "utf8")) as { version: string };

/** The version of sluice, from its package. */
export const VERSION = manifest.version;
