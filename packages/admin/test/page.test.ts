import { readdirSync } from "node:fs";
import path from "node:path";
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
