import { table } from "../report.ts";
import type { Archived } from "./measure.ts";

/** Bytes that sluice may have resident with parts of 8 MiB. */
const RSS_BAR = 200e6;
const COLUMNS = [
  "program",
  "MB/s in",
  "events/s",
  "MB/s, all runs",
  "CPU s per M events",
  "peak RSS MB",
  "bytes/event, packed",
];

export interface ArchiveResult {
  readonly contender: string;
  readonly version: string;
  readonly runs: readonly Archived[];
}

/** A section of Markdown: what each program did, and ratios. */
export function archiveSection(results: readonly ArchiveResult[]): string {
  const { runs } = results[0] as ArchiveResult;
  const { lines, bytesIn } = fastest(runs);
  const size = `${lines.toLocaleString("en")} lines, ${megabytes(bytesIn)} MB, ${runs.length} runs`;
  const head = `## s3: nginx combined → all fields → gzip NDJSON → S3\n\n${size}.`;
  const rows = results.map((result) => [result.version, ...cells(result.runs)]);
  return [head, table(COLUMNS, rows), [...ratios(results), ...bars(results)].join("\n")].filter(Boolean).join("\n\n");
}

/** What else the machine does only makes a run slower, so the fastest tells most of the program. */
function fastest(runs: readonly Archived[]): Archived {
  return runs.toSorted((a, b) => a.seconds - b.seconds)[0] as Archived;
}

function cells(runs: readonly Archived[]): string[] {
  const best = fastest(runs);
  return [
    speed(best).toFixed(1),
    Math.round(best.lines / best.seconds).toLocaleString("en"),
    runs.map((run) => speed(run).toFixed(1)).join(", "),
    cpuPerMillion(runs).toFixed(2),
    megabytes(peakRss(runs)),
    (best.bytesOut / best.lines).toFixed(0),
  ];
}

function ratios(results: readonly ArchiveResult[]): string[] {
  const peer = results.find(({ contender }) => contender === "rsyslog");
  if (peer === undefined) return [];
  return results
    .filter((result) => result !== peer)
    .map(({ contender, runs }) => {
      const gain = (speed(fastest(runs)) / speed(fastest(peer.runs))).toFixed(2);
      const cost = ((cpuPerMillion(runs) / cpuPerMillion(peer.runs)) * 100).toFixed(0);
      return `- ${contender} : rsyslog = ${gain} × the events/s at ${cost} % of the CPU seconds`;
    });
}

function bars(results: readonly ArchiveResult[]): string[] {
  return results
    .filter(({ contender }) => contender.startsWith("sluice"))
    .map(({ contender, runs }) => {
      const verdict = peakRss(runs) <= RSS_BAR ? "within" : "above";
      return `- ${contender}: peak RSS ${verdict} the bar of ${megabytes(RSS_BAR)} MB`;
    });
}

/** A section of Markdown: how memory went over one long input. */
export function memorySection(version: string, run: Archived): string {
  const { resident } = run;
  const quarter = Math.ceil(resident.length / 4);
  const most = [0, 1, 2, 3].map((n) => Math.max(...resident.slice(n * quarter, (n + 1) * quarter)));
  const [first = 0, , , last = 0] = most;
  const size = `${run.lines.toLocaleString("en")} lines, ${(run.bytesIn / 1e9).toFixed(2)} GB`;
  const head = `## memory: the job s3 over a long input\n\n${size} at ${speed(run).toFixed(1)} MB/s; ${run.objects} objects, ${megabytes(run.bytesOut)} MB.`;
  const columns = ["program", "1st quarter", "2nd", "3rd", "4th", "peak"];
  const rows = [[version, ...most.map(megabytes), megabytes(run.peakRss)]];
  const growth = `- most RSS in MB, quarter by quarter of its time: the last has ${((last / first) * 100).toFixed(0)} % of the first`;
  return [head, table(columns, rows), growth].join("\n\n");
}

function speed({ bytesIn, seconds }: Archived): number {
  return bytesIn / 1e6 / seconds;
}

/** The median of the runs. */
function cpuPerMillion(runs: readonly Archived[]): number {
  const each = runs.map(({ cpu, lines }) => (cpu / lines) * 1e6).toSorted((a, b) => a - b);
  return each[Math.floor(each.length / 2)] as number;
}

function peakRss(runs: readonly Archived[]): number {
  return Math.max(...runs.map((run) => run.peakRss));
}

function megabytes(bytes: number): string {
  return (bytes / 1e6).toFixed(0);
}

/** How the figures of the jobs `s3` and `memory` came about. */
export const ARCHIVE_METHOD = `s3, memory: sluice reads the log with \`--until-eof\`, writes to a real store (Ceph's gateway on the loopback, its objects in memory)
in parts of 8 MiB, and ends when the store has acknowledged everything; rsyslog packs the same NDJSON, without four of
sluice's members, at the same level into one local file. Seconds count from the start of the process to its end, without
the time that rsyslog waits to be told to end; speeds and their ratios are those of the fastest run, CPU seconds the median,
memory the largest. CPU seconds and memory are those of the program; the store takes its own CPU
time from the same cores, which slows sluice down and not rsyslog. After every run the objects, downloaded with s3cmd, have
as many lines as the log; before that, every line of a smaller log was compared field by field. memory: resident bytes,
looked at fifty times a second, with two workers and the sanitizer. A fourth of them are the pages of Node.js itself.
`;
