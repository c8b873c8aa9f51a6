import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import path from "node:path";
import { requireDebian } from "@sluice/testkit";
import { describe, expect, test } from "vitest";
import { METRICS, PREFIX } from "../packages/admin/src/index.ts";
import { ROOT } from "./support/process.ts";

// What deploy/ gives to Prometheus and Grafana speaks of metrics that there are.

const ALERTS = path.join(ROOT, "deploy/prometheus/alerts.yml");
const DASHBOARD = path.join(ROOT, "deploy/grafana/sluice.json");
const known = new Set(
  METRICS.flatMap(({ name, type }) => {
    const full = PREFIX + name;
    return type === "histogram" ? [`${full}_bucket`, `${full}_sum`, `${full}_count`] : [full];
  }),
);

function unknownIn(text: string): string[] {
  return [...text.matchAll(/\bsluice_[a-z0-9_]+/g)].map(([name]) => name).filter((name) => !known.has(name));
}

test("alerts and the Grafana dashboard name only metrics that there are", () => {
  expect(unknownIn(readFileSync(ALERTS, "utf8"))).toEqual([]);
  const { panels } = JSON.parse(readFileSync(DASHBOARD, "utf8")) as { panels: { targets: { expr: string }[] }[] };
  const expressions = panels.flatMap(({ targets }) => targets.map(({ expr }) => expr));
  expect(expressions.length).toBeGreaterThan(10);
  expect(expressions.flatMap(unknownIn)).toEqual([]);
});

describe.skipIf(!requireDebian(["prometheus:promtool"]))("promtool", () => {
  test("takes the alerts", () => {
    const { status, stderr } = spawnSync("promtool", ["check", "rules", ALERTS], { encoding: "utf8" });
    expect({ status, stderr }).toEqual({ status: 0, stderr: "" });
  });
});
