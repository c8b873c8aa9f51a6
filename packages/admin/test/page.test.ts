import { readdirSync, readFileSync } from "node:fs";
import path from "node:path";
import { LOST_REASONS } from "@sluice/core";
import { expect, test } from "vitest";
import { adminOf } from "./fakes.ts";

const PAGE = path.resolve(import.meta.dirname, "../page");

test("the page and all its files are served, with what they are", async () => {
  await using admin = await adminOf();
  const page = await fetch(`${admin.url}/`);
  expect(page.headers.get("content-type")).toBe("text/html; charset=utf-8");
  const html = await page.text();
  const named = [...html.matchAll(/(?:href|src)="(assets\/[^"]+)"/g)].map((match) => match[1] as string);
  const scripts = readdirSync(PAGE).filter((file) => file !== "index.html");
  for (const file of new Set([...named, ...scripts.map((name) => `assets/${name}`), "assets/uPlot.esm.js"])) {
    const response = await fetch(`${admin.url}/${file}`);
    expect([file, response.status]).toEqual([file, 200]);
    expect(response.headers.get("content-type")).toMatch(/^(text\/javascript|text\/css|image\/svg\+xml)/);
    expect((await response.text()).length).toBeGreaterThan(100);
  }
});

test("nothing else is", async () => {
  await using admin = await adminOf();
  for (const file of ["index.html", "..%2Fpackage.json", "%2e%2e/src/page.ts", "__proto__", "main.ts", ""]) {
    expect((await fetch(`${admin.url}/assets/${file}`)).status).toBe(404);
  }
});

test("the page asks nobody else for anything", async () => {
  await using admin = await adminOf();
  for (const file of ["", ...readdirSync(PAGE).map((name) => `assets/${name}`)]) {
    const text = await (await fetch(`${admin.url}/${file}`)).text();
    expect(text.replaceAll("http://www.w3.org/2000/svg", "")).not.toMatch(/https?:\/\//);
  }
});

test("the page, the alerts and the Grafana dashboard call lost what is lost", async () => {
  const { LOSSES } = (await import(path.join(PAGE, "health.js"))) as { LOSSES: Set<string> };
  expect([...LOSSES]).toEqual([...LOST_REASONS]);
  const deploy = path.resolve(PAGE, "../../../deploy");
  for (const file of ["prometheus/alerts.yml", "grafana/sluice.json"]) {
    expect(readFileSync(path.join(deploy, file), "utf8")).toContain(LOST_REASONS.join("|"));
  }
  const documented = readFileSync(path.join(deploy, "../docs/delivery.md"), "utf8").split("## What counts as lost")[1];
  for (const reason of LOST_REASONS) expect(documented).toContain(`\`${reason}\``);
});
