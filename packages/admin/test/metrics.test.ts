import { spawnSync } from "node:child_process";
import { requireDebian } from "@sluice/testkit";
import { describe, expect, test } from "vitest";
import { METRICS, PREFIX } from "../src/index.ts";
import { createMetrics } from "../src/metrics/index.ts";
import { observedSluice } from "./fakes.ts";

const text = () => createMetrics(observedSluice()).text();

describe.skipIf(!requireDebian(["prometheus:promtool"]))("promtool", () => {
  test("finds nothing to mend in names, types and help", async () => {
    const options = { input: await text(), encoding: "utf8" } as const;
    const { status, stdout, stderr } = spawnSync("promtool", ["check", "metrics"], options);
    expect({ status, out: `${stdout}${stderr}` }).toEqual({ status: 0, out: "" });
  });
});

test("every metric has a sample when everything has happened", async () => {
  const scraped = await text();
  for (const { name, type } of METRICS) {
    const line = type === "histogram" ? `${PREFIX}${name}_bucket{` : `${PREFIX}${name}`;
    expect(scraped.split("\n").some((l) => l.startsWith(line))).toBe(true);
  }
});

test("reloads are counted, and the last one is told of", async () => {
  const counts = { changed: 3, unchanged: 0, failed: 1 };
  const none = { added: [], changed: [], removed: [], unchanged: [] };
  const result = { ...none, ok: false, result: "failed", problems: ["web.yaml:3:1: unknown key"] } as const;
  const reloads = () => ({ counts, last: { at: 0, result }, successAt: 1_700_000_000_500 });
  const scraped = await createMetrics(observedSluice(undefined, { reloads })).text();
  expect(scraped).toContain('sluice_reloads_total{result="failed"} 1\n');
  expect(scraped).toContain("sluice_last_reload_successful 0\n");
  expect(scraped).toContain("sluice_last_reload_success_timestamp_seconds 1700000000.5\n");
  expect(await text()).toContain("sluice_last_reload_successful 1\n");
});

test("numbers are those of the snapshot, with what they belong to", async () => {
  const scraped = await text();
  const sink = 'pipeline="web",component="graylog",kind="sink",type="gelf"';
  expect(scraped).toContain(`sluice_component_sent_events_total{${sink}} 90\n`);
  expect(scraped).toContain(`sluice_component_errors_total{${sink},code="ECONNREFUSED"} 2\n`);
  expect(scraped).toContain(`sluice_component_backlog_seconds{${sink}} 1.5\n`);
  expect(scraped).toContain('sluice_ledger_dropped_events_total{pipeline="web",reason="dead_letter"} 3\n');
  expect(scraped).toContain('sluice_sanitized_secrets_total{pipeline="web",rule="jwt",action="redact"} 4\n');
});

test("buckets are added up from below", async () => {
  const lines = (await text()).split("\n").filter((line) => line.startsWith("sluice_pipeline_batch_seconds"));
  expect(lines).toEqual([
    'sluice_pipeline_batch_seconds_bucket{pipeline="web",le="0.1"} 3',
    'sluice_pipeline_batch_seconds_bucket{pipeline="web",le="1"} 5',
    'sluice_pipeline_batch_seconds_bucket{pipeline="web",le="+Inf"} 6',
    'sluice_pipeline_batch_seconds_sum{pipeline="web"} 4.5',
    'sluice_pipeline_batch_seconds_count{pipeline="web"} 6',
  ]);
});
