// `node bench/docker-logs.ts --help`: how many lines of a container that logs as fast as it can does each reader get?
import { parseArgs } from "node:util";
import { DOCKER_VERSIONS, DockerEngine, type DockerVersion, requireDocker } from "@sluice/testkit";
import { READERS, type ReaderName } from "./docker/readers.ts";
import { type Load, type Outcome, tryReader } from "./docker/trial.ts";
import { machine, table } from "./report.ts";

const HELP = `Usage: node bench/docker-logs.ts [options]

A container writes lines as fast as it can, and one reader after the other reads its log from a real engine.

  --engines V    versions (default ${DOCKER_VERSIONS.join(",")})
  --lines N      lines that it writes (default 5000)
  --bytes N      bytes of each (default 40960)
  --size SIZE    max-size of its log (default 20m)
  --files N      max-file of its log (default 5)
  --afterwards   they read it when all is written
  --readers R    out of ${Object.keys(READERS).join(",")} (default all)`;

const { values } = parseArgs({
  options: {
    engines: { type: "string", default: DOCKER_VERSIONS.join(",") },
    lines: { type: "string", default: "5000" },
    bytes: { type: "string", default: "40960" },
    size: { type: "string", default: "20m" },
    files: { type: "string", default: "5" },
    afterwards: { type: "boolean", default: false },
    readers: { type: "string", default: Object.keys(READERS).join(",") },
    help: { type: "boolean", short: "h", default: false },
  },
});

const COLUMNS = [
  "reader",
  "lines lost",
  "MB/s written",
  "MB/s read",
  "lines/s read",
  "left out by the engine",
  "gaps told",
];

function row(load: Load, { reader, lines, written, read, missed, gaps, steady }: Outcome): string[] {
  const rate = (count: number, seconds: number) => ((count * load.bytes) / seconds / 1e6).toFixed(1);
  const speed = Math.round(steady ?? lines / read).toLocaleString("en");
  const lost = String(load.lines - lines);
  return [reader, lost, rate(load.lines, written), rate(lines, read), speed, String(missed), String(gaps ?? "–")];
}

async function measure(version: DockerVersion, load: Load): Promise<string> {
  if (!requireDocker(version)) throw new Error(`Docker ${version} cannot be had here`);
  await using engine = await DockerEngine.start({ version });
  const rows: string[][] = [];
  for (const reader of values.readers.split(",")) {
    rows.push(row(load, await tryReader(engine, reader as ReaderName, load)));
    process.stderr.write(`${version} ${rows.at(-1)?.join(" ")}\n`);
  }
  return `Docker ${version}\n\n${table(COLUMNS, rows)}`;
}

if (values.help) console.log(HELP);
else {
  const load = {
    lines: Number(values.lines),
    bytes: Number(values.bytes),
    size: values.size,
    files: Number(values.files),
    afterwards: values.afterwards,
  };
  const parts: string[] = [];
  for (const version of values.engines.split(",")) parts.push(await measure(version as DockerVersion, load));
  const what = `${load.lines} lines of ${load.bytes} bytes, max-size=${load.size}, max-file=${load.files}`;
  console.log([`${machine()}; ${what}`, ...parts].join("\n\n"));
}
