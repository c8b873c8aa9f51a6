import { cpus, totalmem } from "node:os";
import type { GelfJob } from "./jobs.ts";
import type { Measurement } from "./measure.ts";

/** One program's measurement of one job: the median of its runs. */
export interface Result {
  readonly job: GelfJob;
  readonly contender: string;
  readonly version: string;
  readonly lines: number;
  readonly runs: number;
  readonly median: Measurement;
}

const COLUMNS = ["program", "events/s", "steady events/s", "CPU s per M events", "peak RSS MB", "bytes/frame"];
const TITLES: Record<GelfJob, string> = {
  nginx: "nginx combined → all fields → GELF/TCP",
  auth: "auth.log → all fields → GELF/TCP",
  raw: "nginx combined, not parsed → GELF/TCP",
};

/** The run of median events/s. */
export function median(runs: readonly Measurement[]): Measurement {
  return runs.toSorted((a, b) => a.wallRate - b.wallRate)[Math.floor(runs.length / 2)] as Measurement;
}

/** A section of Markdown with a table and ratios. */
export function gelfSection(results: readonly Result[]): string {
  const { job, lines, runs } = results[0] as Result;
  const head = `## ${job}: ${TITLES[job]}\n\n${lines.toLocaleString("en")} lines, median of ${runs}.`;
  return [head, table(COLUMNS, results.map(row)), ratios(results)].filter(Boolean).join("\n\n");
}

/** A table of Markdown; all columns but the first hold numbers. */
export function table(columns: readonly string[], rows: readonly (readonly string[])[]): string {
  const lines = [columns, columns.map((_, i) => (i === 0 ? "---" : "---:")), ...rows];
  return lines.map((cells) => `| ${cells.join(" | ")} |`).join("\n");
}

function row({ version, median: m }: Result): string[] {
  return [
    version,
    Math.round(m.wallRate).toLocaleString("en"),
    Math.round(m.steadyRate).toLocaleString("en"),
    m.cpuPerMillion.toFixed(2),
    (m.peakRss / 1e6).toFixed(0),
    (m.arrivals.bytes / m.arrivals.frames).toFixed(0),
  ];
}

function ratios(results: readonly Result[]): string {
  const own = results.find(({ contender }) => contender === "sluice")?.median;
  if (own === undefined) return "";
  return results
    .filter(({ contender }) => contender !== "sluice")
    .map(({ contender, median: m }) => {
      const speed = (own.wallRate / m.wallRate).toFixed(2);
      const cost = ((own.cpuPerMillion / m.cpuPerMillion) * 100).toFixed(0);
      return `- sluice : ${contender} = ${speed} × the events/s at ${cost} % of the CPU seconds`;
    })
    .join("\n");
}

/** How the figures came about, for whoever reads them without the code. */
export const METHOD = `nginx, auth, raw: each program tails the log from its start, alone, and sends GELF frames over TCP on the loopback to a receiver that counts
them. Before that, every frame of a smaller log was compared field by field with the line it came from. events/s counts
from the start of the process to the last frame, "steady" from 10 % to 90 % of the frames; CPU seconds hold the start of
the process and leave out the receiver. sluice confirms delivery, keeps its position on disk and takes secrets out (except
sluice-unsanitized), the others do not; rsyslog uses two workers and so does not keep the order.
`;

/** What the figures were made on. */
export function machine(): string {
  const [first] = cpus();
  return `${cpus().length} × ${first?.model ?? "unknown CPU"}, ${(totalmem() / 2 ** 30).toFixed(0)} GiB, Node.js ${process.version}`;
}
