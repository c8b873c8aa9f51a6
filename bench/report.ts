import { cpus, totalmem } from "node:os";
import type { JobName } from "./jobs.ts";
import type { Measurement } from "./measure.ts";

/** One program's measurement of one job: the median of its runs. */
export interface Result {
  readonly job: JobName;
  readonly contender: string;
  readonly version: string;
  readonly lines: number;
  readonly runs: number;
  readonly median: Measurement;
}

const COLUMNS = ["program", "events/s", "steady events/s", "CPU s per M events", "peak RSS MB", "bytes/frame"];
const TITLES: Record<JobName, string> = {
  nginx: "nginx combined → all fields → GELF/TCP",
  auth: "auth.log → all fields → GELF/TCP",
  raw: "nginx combined, not parsed → GELF/TCP",
};

/** The run of median events/s. */
export function median(runs: readonly Measurement[]): Measurement {
  return runs.toSorted((a, b) => a.wallRate - b.wallRate)[Math.floor(runs.length / 2)] as Measurement;
}

/** Tables and ratios in Markdown, a section a job. */
export function markdown(results: readonly Result[]): string {
  return Object.entries(Object.groupBy(results, ({ job }) => job))
    .map(([job, own]) => section(job as JobName, own))
    .join("\n");
}

function section(job: JobName, results: readonly Result[]): string {
  const { lines, runs } = results[0] as Result;
  const rows = [COLUMNS, COLUMNS.map((_, i) => (i === 0 ? "---" : "---:")), ...results.map(row)];
  const table = rows.map((cells) => `| ${cells.join(" | ")} |`).join("\n");
  const head = `## ${job}: ${TITLES[job]}\n\n${lines.toLocaleString("en")} lines, median of ${runs}.`;
  return [head, table, ratios(results), ""].filter((text, i) => i === 3 || text !== "").join("\n\n");
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
export const METHOD = `Each program tails the log from its start, alone, and sends GELF frames over TCP on the loopback to a receiver that counts
them. Before that, every frame of a smaller log was compared field by field with the line it came from. events/s counts
from the start of the process to the last frame, "steady" from 10 % to 90 % of the frames; CPU seconds hold the start of
the process and leave out the receiver. sluice confirms delivery, keeps its position on disk and takes secrets out (except
sluice-unsanitized), the others do not;
rsyslog uses two workers and so does not keep the order.
`;

/** What the figures were made on. */
export function machine(): string {
  const [first] = cpus();
  return `${cpus().length} × ${first?.model ?? "unknown CPU"}, ${(totalmem() / 2 ** 30).toFixed(0)} GiB, Node.js ${process.version}`;
}
