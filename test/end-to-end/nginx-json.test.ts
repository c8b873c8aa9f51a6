import { readFile } from "node:fs/promises";
import path from "node:path";
import { Nginx, requireDebian } from "@sluice/testkit";
import { expect, test } from "vitest";
import { ROOT, runSluice } from "../support/process.ts";
import { Workspace } from "../support/workspace.ts";

const FORMAT = { name: "laboratory", file: path.join(ROOT, "deploy/nginx/json-log.conf") };

test.runIf(requireDebian(["nginx-light:nginx"]))(
  "what nginx writes in our JSON format is parsed, whatever clients send",
  async () => {
    await using work = await Workspace.create();
    const nginx = await Nginx.start(work.path("nginx"), FORMAT);
    try {
      await nginx.get("/test?q=1", { referer: "https://www.99jobs.com", "user-agent": 'a "quoted" \\ agent' });
      await nginx.get("/%C3%A9%22", { "user-agent": "caf\xe9\t\x80" });
    } finally {
      await nginx.stop();
    }
    const lines = await readFile(nginx.accessLog);
    const { stdout } = await runSluice(["parse", "--parser", "nginx"], { input: lines.toString("latin1") });
    const events = stdout
      .trimEnd()
      .split("\n")
      .map((line) => JSON.parse(line) as Record<string, unknown>);
    expect(events).toEqual([
      expect.objectContaining({
        "source.ip": "127.0.0.1",
        "http.request.method": "GET",
        "http.response.status_code": 200,
        "http.response.body.bytes": 2,
        "url.path": "/test",
        "url.query": "q=1",
        "http.request.referrer": "https://www.99jobs.com",
        "user_agent.original": 'a "quoted" \\ agent',
      }),
      expect.objectContaining({ "url.original": "/%C3%A9%22", "http.response.status_code": 200 }),
    ]);
    expect(events.filter((event) => "tags" in event)).toEqual([]);
  },
);
