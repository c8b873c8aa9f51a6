import { renameSync, rmSync, utimesSync } from "node:fs";
import path from "node:path";
import { build } from "rolldown";

// Joins the TypeScript of all packages into a few JavaScript files beside bin/: start-up takes half the time and a
// third less memory than with a file per module, in the main thread and again in each worker (docs/decisions/004).

const OUT = path.join(import.meta.dirname, "bundle");
/** CommonJS, or used by few: these stay in node_modules. */
const EXTERNAL = [/^pino/, /^recheck/, /^undici/, /^@aws-sdk\//];

const started = new Date();
const next = `${OUT}.next`;
await build({
  cwd: import.meta.dirname,
  input: { main: "src/main.ts", "program-worker": "src/program-worker.ts" },
  platform: "node",
  external: EXTERNAL,
  output: { dir: next, cleanDir: true, chunkFileNames: "[name]-[hash].js" },
  logLevel: "warn",
});
// bin/sluice takes the bundle only while no source is newer: an edit during this run must count as newer.
utimesSync(path.join(next, "main.js"), started, started);
rmSync(OUT, { recursive: true, force: true });
renameSync(next, OUT);
