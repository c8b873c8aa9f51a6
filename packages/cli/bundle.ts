import { cpSync, renameSync, rmSync, utimesSync, writeFileSync } from "node:fs";
import path from "node:path";
import { analysesOfAllRules } from "@sluice/step-sanitize";
import { build, type Plugin } from "rolldown";

// Joins the TypeScript of all packages into a few JavaScript files beside bin/: start-up takes half the time and a
// third less memory than with a file per module, in the main thread and again in each worker (docs/decisions/004).

const OUT = path.join(import.meta.dirname, "bundle");
/** CommonJS, or used by few: these stay in node_modules. */
const EXTERNAL = [/^pino/, /^fastify/, /^prom-client/, /^recheck/, /^undici/, /^@aws-sdk\//, /^fauxqs/];

/** V8 keeps the text of a module, in each thread, and with two bytes a character if one of them is beyond Latin-1. */
const latin1Only: Plugin = {
  name: "latin-1-only",
  generateBundle(_options, files) {
    for (const file of Object.values(files)) {
      if (file.type === "chunk") file.code = file.code.replace(/[^\0-\xff]/g, escaped);
    }
  },
};

/** The examples of the sanitizer's rules are its tests and its documentation; each thread would keep them for nothing. */
const withoutExamples: Plugin = {
  name: "without-examples",
  transform: {
    filter: { id: /sanitize\/src\/rules\/.*\.ts$/ },
    handler(code) {
      return code.replace(/^( +)(positive|negative): \[(?:.*\]|\n(?:\1 .*\n)*\1\]),$/gm, "$1$2: [],");
    },
  },
};

const ANALYSES = "screen-analyses.bin";

/** The sanitizer's rules are analysed now, not at each start of each thread. */
const withAnalyses: Plugin = {
  name: "with-analyses",
  transform: {
    filter: { id: /sanitize\/src\/prepared\.ts$/ },
    handler: () => `export const ANALYSES = new URL("./${ANALYSES}", import.meta.url);`,
  },
};

function escaped(character: string): string {
  return `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`;
}

const started = new Date();
const next = `${OUT}.next`;
await build({
  cwd: import.meta.dirname,
  input: { main: "src/main.ts", "program-worker": "src/program-worker.ts" },
  platform: "node",
  external: EXTERNAL,
  plugins: [withoutExamples, withAnalyses, latin1Only],
  output: {
    dir: next,
    cleanDir: true,
    chunkFileNames: "[name]-[hash].js",
    minify: { compress: false, mangle: false, codegen: { removeWhitespace: true } },
  },
  logLevel: "warn",
});
writeFileSync(path.join(next, ANALYSES), analysesOfAllRules());
// The dashboard has no build step: its files and its chart library lie beside the bundle as they are.
const page = path.join(next, "page");
cpSync(path.join(import.meta.dirname, "../admin/page"), page, { recursive: true });
const charts = path.join(import.meta.dirname, "../../node_modules/uplot/dist");
for (const file of ["uPlot.esm.js", "uPlot.min.css"]) cpSync(path.join(charts, file), path.join(page, file));
// bin/sluice takes the bundle only while no source is newer: an edit during this run must count as newer.
utimesSync(path.join(next, "main.js"), started, started);
rmSync(OUT, { recursive: true, force: true });
renameSync(next, OUT);
