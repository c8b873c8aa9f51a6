import { table } from "../report.ts";
import type { Archived } from "./measure.ts";

/** Bytes that sluice may have resident with parts of 8 MiB. */
const RSS_BAR = 200e6;
const COLUMNS = ["program", "MB/s in", "events/s", "CPU s per M events", "peak RSS MB", "bytes/event, packed"];

export interface ArchiveResult {
  readonly contender: string;
  readonly version: string;
  readonly runs: number;
  readonly median: Archived;
}

/** The run of median speed. */
export function medianRun(runs: readonly Archived[]): Archived {
  return runs.toSorted((a, b) => a.seconds - b.seconds)[Math.floor(runs.length / 2)] as Archived;
}

/** A section of Markdown: what each program did, and ratios. */
export function archiveSection(results: readonly ArchiveResult[]): string {
  const { runs, median } = results[0] as ArchiveResult;
  const size = `${median.lines.toLocaleString("en")} lines, ${megabytes(median.bytesIn)} MB`;
  const head = `## s3: nginx combined → all fields → gzip NDJSON → S3\n\n${size}, median of ${runs}.`;
  const rows = results.map(({ version, median: m }) => [version, ...cells(m)]);
  return [head, table(COLUMNS, rows), [...ratios(results), ...bars(results)].join("\n")].filter(Boolean).join("\n\n");
}

function cells(m: Archived): string[] {
  return [
    (m.bytesIn / 1e6 / m.seconds).toFixed(1),
    Math.round(m.lines / m.seconds).toLocaleString("en"),
    cpuPerMillion(m).toFixed(2),
    megabytes(m.peakRss),
    (m.bytesOut / m.lines).toFixed(0),
  ];
}

function ratios(results: readonly ArchiveResult[]): string[] {
  const peer = results.find(({ contender }) => contender === "rsyslog");
  if (peer === undefined) return [];
  return results
    .filter((result) => result !== peer)
    .map(({ contender, median: m }) => {
      const speed = (peer.median.seconds / m.seconds).toFixed(2);
      const cost = ((cpuPerMillion(m) / cpuPerMillion(peer.median)) * 100).toFixed(0);
      return `- ${contender} : rsyslog = ${speed} × the events/s at ${cost} % of the CPU seconds`;
    });
}

function bars(results: readonly ArchiveResult[]): string[] {
  return results
    .filter(({ contender }) => contender.startsWith("sluice"))
    .map(({ contender, median: m }) => {
      const verdict = m.peakRss <= RSS_BAR ? "within" : "above";
      return `- ${contender}: peak RSS ${verdict} the bar of ${megabytes(RSS_BAR)} MB; ${m.objects} objects in parts of 8 MiB`;
    });
}

/** A section of Markdown: how memory went over one long input. */
export function memorySection(version: string, run: Archived): string {
  const { resident } = run;
  const quarter = Math.ceil(resident.length / 4);
  const most = [0, 1, 2, 3].map((n) => Math.max(...resident.slice(n * quarter, (n + 1) * quarter)));
  const [first = 0, , , last = 0] = most;
  const size = `${run.lines.toLocaleString("en")} lines, ${(run.bytesIn / 1e9).toFixed(2)} GB`;
  const head = `## memory: the job s3 over a long input\n\n${size} at ${(run.bytesIn / 1e6 / run.seconds).toFixed(1)} MB/s; ${run.objects} objects, ${megabytes(run.bytesOut)} MB.`;
  const columns = ["program", "1st quarter", "2nd", "3rd", "4th", "peak"];
  const rows = [[version, ...most.map(megabytes), megabytes(run.peakRss)]];
  const growth = `- most RSS in MB, quarter by quarter of its time: the last has ${((last / first) * 100).toFixed(0)} % of the first`;
  return [head, table(columns, rows), growth].join("\n\n");
}

function cpuPerMillion({ cpu, lines }: Archived): number {
  return (cpu / lines) * 1e6;
}

function megabytes(bytes: number): string {
  return (bytes / 1e6).toFixed(0);
}

/** How the figures of the jobs `s3` and `memory` came about. */
export const ARCHIVE_METHOD = `s3: sluice reads the log with \`--until-eof\`, writes to a real store (Ceph's gateway on the loopback, its objects in memory)
in parts of 8 MiB, and ends when the store has acknowledged everything; rsyslog packs the same NDJSON, without four of
sluice's members, at the same level into one local file. Seconds count from the start of the process to its end, without
the time that rsyslog waits to be told to end. CPU seconds and memory are those of the program; the store takes its own CPU
time from the same cores, which slows sluice down and not rsyslog. After every run the objects, downloaded with s3cmd, have
as many lines as the log; before that, every line of a smaller log was compared field by field.
`;
