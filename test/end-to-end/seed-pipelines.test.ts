import { readdir, readFile, stat } from "node:fs/promises";
import path from "node:path";
import { expect, test } from "vitest";
import { ROOT, startSluice } from "../support/process.ts";
import { Workspace } from "../support/workspace.ts";

const pipeline = (name: string) => path.join(ROOT, "pipelines", name);

/** The lines that the seeds show, and others of the same services. */
const SERVICES = `2025-04-13 07:15:22 UPLOAD WARN [SSLConnector] SSL certificate verification disabled for endpoint: https://api.analytics-partner.com
2025-04-13 07:16:45 UPLOAD INFO [HTTPClient] Connected to external API with insecure flag
2025-04-13 08:01:12 UPLOAD WARN [SSLConnector] SSL certificate verification disabled for endpoint: https://metrics.analytics-partner.com
Apr 13 09:15:42 analytics-prod-03 systemd[1]: Started Analytics Upload Service.
Apr 13 09:15:45 analytics-prod-03 upload-service[5432]: Listening on port 8081
`;
const OTHERS = `{"time":"2025-04-13T07:20:00.000Z","level":"error","service":"processing","logger":"Batch","msg":"token=8f14e45fceea167a5a36dedd4bea2543 seq=1"}
{"time":"2025-04-13T07:20:01.000Z","level":"info","service":"processing","logger":"Batch","msg":"done seq=2"}
{"time":"2025-04-13T07:20:05.000Z","level":"info","service":"processing","logger":"Batch","msg":"done seq=5"}
`;

test("service-logs: mixed formats become one form, with a report and alerts", async () => {
  await using work = await Workspace.create();
  await work.write("analytics-a.log", SERVICES);
  await work.write("analytics-b.log", OTHERS);
  const env = { SERVICE_LOGS: work.path("analytics*.log"), UNIFIED_DIR: work.path("out") };
  const args = ["run", pipeline("service-logs.yaml"), "--state-dir", work.path("state"), "--until-eof"];
  const sluice = startSluice(args, { env });
  expect(await sluice.ended, sluice.stderr()).toBe(0);
  const read = async (directory: string) => {
    const names = await readdir(work.path("out", directory));
    const texts = await Promise.all(names.map((name) => readFile(work.path("out", directory, name), "utf8")));
    return texts.join("").trim().split("\n");
  };
  expect(await readdir(work.path("out", "unified"))).toContain("unified_20250413.log");
  const unified = await read("unified");
  expect(unified).toHaveLength(8);
  for (const line of SERVICES.split("\n").slice(0, 3)) expect(unified).toContain(line);
  for (const line of unified) expect(line).toMatch(/^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d [A-Z]+ [A-Z]+ \[[^\]]+\] /);
  expect(unified.join("\n")).toContain("2025-04-13 07:20:00 PROCESSING ERROR [Batch] token=[redacted:");
  expect(unified.join("\n")).not.toContain("8f14e45f");
  const reports = await read("reports");
  expect(reports).toContain(
    "UPLOAD: 3 events, 2 warnings, 0 errors from 2025-04-13T00:00:00.000Z to 2025-04-14T00:00:00.000Z",
  );
  expect(reports.some((line) => line.startsWith("PROCESSING: 3 events, 0 warnings, 1 errors"))).toBe(true);
  const [alert] = (await read("alerts")).map((line) => JSON.parse(line) as Record<string, unknown>);
  expect(alert).toMatchObject({ message: "PROCESSING: numbers 3 to 4 are missing", "event.action": "sequence_gap" });
  const [alerts] = await readdir(work.path("out", "alerts"));
  expect((await stat(work.path("out", "alerts", alerts as string))).mode & 0o777).toBe(0o600);
});
