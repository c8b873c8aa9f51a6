import { appendFile, mkdir } from "node:fs/promises";
import path from "node:path";
import { type Receiver, startReceiver } from "@sluice/receiver";
import { requireDebian } from "@sluice/testkit";
import type { Browser, BrowserContextOptions, Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { accessibilityFaults, heapOf, startChromium } from "../support/browser.ts";
import { type Running, startSluice } from "../support/process.ts";
import { until } from "../support/wait.ts";
import { Workspace } from "../support/workspace.ts";

// The dashboard in a real browser. SLUICE_SCREENSHOTS=DIR keeps pictures of it for a person to look at.

const SECRET = "AKIAIOSFODNN7EXAMPLQ";
const PATIENCE = { timeout: 120_000 };
const LONG = process.env["SLUICE_LONG_TESTS"] === "1";
/** Minutes that are played; before them, what is kept on purpose fills up. */
const MINUTES = LONG ? 60 : 10;
const WARM_UP = LONG ? 30 : 3;
const DESKTOP = { viewport: { width: 1360, height: 900 } };
const PHONE = { viewport: { width: 390, height: 844 }, hasTouch: true, isMobile: true };

describe.skipIf(!requireDebian(["chromium"]))("dashboard", { timeout: 300_000 }, () => {
  let work: Workspace;
  let browser: Browser;
  let receiver: Receiver;
  let sluice: Running;
  let url: string;
  const writer = new AbortController();
  let writing: Promise<void>;

  beforeAll(async () => {
    work = await Workspace.create();
    browser = await startChromium();
    receiver = await startReceiver({ kind: "gelf", listen: "tcp://127.0.0.1:0", onMessages: () => {} });
    await work.write("access.log", "");
    await work.write("alerts.ndjson", "");
    await work.write("web.yaml", pipeline(work, receiver.address));
    sluice = await start("127.0.0.1:0");
    writing = write(work, writer.signal);
  });

  afterAll(async () => {
    writer.abort();
    await writing;
    await browser?.close();
    await sluice?.kill("SIGKILL");
    await receiver?.close();
    await work[Symbol.asyncDispose]();
  });

  async function start(http: string): Promise<Running> {
    const running = startSluice(["run", work.path("web.yaml"), "--state-dir", work.path("state"), "--http", http]);
    url = await until(() => /"url":"([^"]+)"/.exec(running.stderr())?.[1], "the HTTP side");
    return running;
  }

  /** The page, with everything that it complains about. */
  async function open(options: BrowserContextOptions): Promise<{ page: Page; faults: string[] }> {
    const context = await browser.newContext(options);
    const page = await context.newPage();
    const faults: string[] = [];
    page.on("pageerror", (error) => faults.push(error.message));
    page.on("console", (message) => message.type() === "error" && faults.push(message.text()));
    await page.goto(url);
    return { page, faults };
  }

  const verdict = (page: Page, state: string) => page.waitForSelector(`#verdict[data-state="${state}"]`, PATIENCE);
  const hasText = (page: Page, selector: string, text: RegExp) =>
    until(async () => text.test((await page.textContent(selector)) ?? ""), `${selector} to say ${text}`);

  async function picture(page: Page, name: string): Promise<void> {
    const dir = process.env["SLUICE_SCREENSHOTS"];
    if (!dir) return;
    await mkdir(dir, { recursive: true });
    await page.screenshot({ path: path.join(dir, `${name}.png`), fullPage: true });
  }

  test.each([
    ["desktop-light", { ...DESKTOP, colorScheme: "light" as const }],
    ["desktop-dark", { ...DESKTOP, colorScheme: "dark" as const }],
    ["phone-light", { ...PHONE, colorScheme: "light" as const }],
    ["phone-dark", { ...PHONE, colorScheme: "dark" as const }],
  ])("%s: shows the flow, hides secrets, and can be used by everybody", async (name, options) => {
    const { page, faults } = await open(options);
    await verdict(page, "good");
    await hasText(page, "#tile-in", /[1-9].*\/s/);
    await hasText(page, ".graph", /[1-9][\d.]*\/s/);
    await hasText(page, "#equation", /[1-9].* in =/);
    await hasText(page, "#services", /shop/);
    await hasText(page, "#alerts", /disk_full/);
    await hasText(page, "#host", /\/var\/log.*postgresmissing.*\/var\/app\/uploads/s);
    await hasText(page, "#warnings", /sanitize: off/);
    await hasText(page, "#sinks", /graylog/);
    await page.waitForSelector("#chart-rate canvas", PATIENCE);
    await page.click("#pause");
    // The newest event may be one of the host, which has no client.
    await page.locator("#events summary", { hasText: "GET /" }).first().click(PATIENCE);
    await hasText(page, ".fields", /source\.ip/);
    expect(await page.content()).not.toContain(SECRET);
    expect(await page.content()).toContain("[redacted:");
    const width = await page.evaluate("[document.documentElement.scrollWidth, innerWidth]");
    expect((width as number[])[0]).toBeLessThanOrEqual((width as number[])[1] as number);
    expect(await accessibilityFaults(page)).toEqual([]);
    await picture(page, name);
    expect(faults).toEqual([]);
    await page.context().close();
  });

  test("on screens of every width nothing sticks out, lies over something else, or is too small to read", async () => {
    const { page } = await open(DESKTOP);
    await hasText(page, "#host", /archive-of-all-the-years/);
    for (const width of [320, 390, 620, 768, 900, 1000, 1100, 1360, 1600]) {
      await page.setViewportSize({ width, height: 900 });
      await until(async () => (await page.evaluate(MISPLACED)) === "", `a page ${width} pixels wide in order`).catch(
        async (error: Error) => {
          throw new Error(`${error.message}: ${String(await page.evaluate(MISPLACED))}`);
        },
      );
    }
    await page.context().close();
  });

  test("is worked with the keyboard, and a filter by field finds what is rare", async () => {
    const { page } = await open(DESKTOP);
    await verdict(page, "good");
    await page.keyboard.press("Tab");
    expect(await page.evaluate("document.activeElement.className")).toBe("skip");
    await page.keyboard.press("/");
    expect(await page.evaluate("document.activeElement.id")).toBe("filter");
    await page.keyboard.type("http.response.status_code:418");
    await until(async () => {
      const lines = await page.locator("#events .line").allTextContents();
      return lines.length > 0 && lines.every((line) => line.includes(" 418 "));
    }, "nothing but the rare events");
    await page.keyboard.press("Escape");
    await page.locator("#filter").blur();
    await page.keyboard.press("p");
    expect(await page.getAttribute("#pause", "aria-pressed")).toBe("true");
    await page.keyboard.press("t");
    expect(await page.getAttribute("html", "data-theme")).toBe("dark");
    await page.context().close();
  });

  test("reloaded, it shows the past", async () => {
    const { page } = await open(DESKTOP);
    await verdict(page, "good");
    await page.reload();
    await hasText(page, "#events", /GET \//);
    const hello = (await page.evaluate(`new Promise((resolve) => {
      const source = new EventSource("api/stream");
      source.addEventListener("hello", ({ data }) => { source.close(); resolve(JSON.parse(data)); });
    })`)) as { history: Record<string, unknown[]> };
    expect(hello.history["web"]?.length).toBeGreaterThan(3);
    await page.context().close();
  });

  test("shows a sink that stops, and comes back by itself when sluice is started again", async () => {
    const { page } = await open(DESKTOP);
    await verdict(page, "good");
    const { port } = new URL(receiver.address);
    await receiver.close();
    const stopped = performance.now();
    await verdict(page, "bad");
    console.info(`a stopped sink is shown after ${Math.round(performance.now() - stopped)} ms`);
    await hasText(page, "#verdict", /graylog cannot deliver: .* events wait, none is lost/);
    await hasText(page, "#sinks", /again in \d+ s/);
    await hasText(page, "#sinks", /ECONNREFUSED/);
    await picture(page, "stopped-sink");

    const http = new URL(url).host;
    await sluice.kill("SIGKILL");
    await hasText(page, "#verdict", /No connection to sluice/);
    receiver = await startReceiver({ kind: "gelf", listen: `tcp://127.0.0.1:${port}`, onMessages: () => {} });
    sluice = await start(http);
    await verdict(page, "good");
    await hasText(page, "#verdict", /Everything/);
    await page.context().close();
  });

  test("an hour of it (ten minutes in the short tests) does not grow the page", async () => {
    const context = await browser.newContext(DESKTOP);
    await context.addInitScript(PLAYER);
    const page = await context.newPage();
    await page.goto(url);
    await verdict(page, "good");
    for (let minute = 0; minute < WARM_UP; minute++) await page.evaluate(`playMinute(${minute})`);
    const before = await heapOf(page);
    // What comes in that time, as fast as the page takes it.
    for (let minute = WARM_UP; minute < WARM_UP + MINUTES; minute++) await page.evaluate(`playMinute(${minute})`);
    const grown = (await heapOf(page)) - before;
    console.info(`${MINUTES} minutes grow the page by ${(grown / 1e6).toFixed(1)} MB`);
    expect(grown).toBeLessThan(20e6);
    expect(await page.locator("#events li").count()).toBeLessThanOrEqual(200);
    await page.context().close();
  });
});

/** In the page: what is out of its place, as text. */
const MISPLACED = `[
  document.documentElement.scrollWidth > innerWidth && "the page is wider than the screen",
  ...[...document.querySelectorAll("#host table, .card-head > *, .tile")].map((element) =>
    element.getBoundingClientRect().right > element.parentElement.getBoundingClientRect().right + 1 &&
    element.textContent.slice(0, 40) + " sticks out"),
  ...[...document.querySelectorAll(".graph")].map((graph) =>
    graph.getBoundingClientRect().width / graph.viewBox.baseVal.width < 0.95 && "a graph is scaled down"),
  ...[...document.querySelectorAll(".error-text")].map((text) => text.clientWidth < 120 && "an error has no room"),
].filter(Boolean).join(", ")`;

/** In the page: `playMinute(n)` lets come what the server sends in a minute, each time with other events. */
const PLAYER = `
  const Real = EventSource;
  let stream, status;
  window.EventSource = class extends Real {
    constructor(url) {
      super(url);
      stream = this;
      this.addEventListener("status", (event) => { if (event.isTrusted) status = event.data; });
    }
  };
  window.playMinute = async (minute) => {
    while (!status) await new Promise((resolve) => setTimeout(resolve, 50));
    for (let second = 0; second < 60; second++) {
      const next = JSON.parse(status);
      next.now += (minute * 60 + second) * 1000;
      const events = Array.from({ length: 20 }, (_, i) => ["web", JSON.stringify({
        "@timestamp": new Date(next.now).toISOString(), message: "x".repeat(500) + minute + second + i,
        "event.id": minute + "-" + second + "-" + i, "source.ip": "203.0.113.7",
      })]);
      stream.dispatchEvent(new MessageEvent("status", { data: JSON.stringify(next) }));
      stream.dispatchEvent(new MessageEvent("events", { data: JSON.stringify(events) }));
    }
    await new Promise((resolve) => requestAnimationFrame(resolve));
  };
`;

function pipeline(work: Workspace, gelf: string): string {
  return `name: web
sources:
  access: {type: file, include: ['${work.path("access.log")}'], poll_interval: 50ms}
  notes: {type: file, include: ['${work.path("alerts.ndjson")}'], poll_interval: 50ms}
steps:
  - parse: json
    when: 'log.file.path.endsWith(".ndjson")'
  - parse: nginx
    when: 'log.file.path.endsWith(".log")'
  - drop: 'url.path == "/healthz"'
  - set: {service.name: shop}
  - sanitize: off
sinks:
  graylog: {type: gelf, address: '${gelf}'}
  archive: {type: file, path: '${work.path("out.ndjson")}', when: 'http.response.status_code >= 400'}
`;
}

/** Writes requests, and now and then what a host and a check tell. */
async function write(work: Workspace, end: AbortSignal): Promise<void> {
  for (let n = 0; !end.aborted; n++) {
    const lines = Array.from({ length: 5 }, (_, i) => request(n * 5 + i)).join("");
    await appendFile(work.path("access.log"), lines);
    if (n % 20 === 0) await appendFile(work.path("alerts.ndjson"), notes());
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

function request(n: number): string {
  const status = n % 97 === 0 ? 418 : n % 23 === 0 ? 503 : n % 11 === 0 ? 404 : 200;
  const path = n % 9 === 0 ? "/healthz" : `/cart/${n}?key=${SECRET}`;
  const time = "10/Jan/2017:13:06:27 -0300";
  return `203.0.113.${n % 250} - - [${time}] "GET ${path} HTTP/1.1" ${status} ${n % 5000} "-" "Mozilla/5.0"\n`;
}

function notes(): string {
  const at = new Date().toISOString();
  const host = { "@timestamp": at, "event.kind": "metric", "host.name": "web-1" };
  const events = [
    { ...host, "event.dataset": "system.load", "system.load.1": 0.52, "system.load.5": 0.61, "system.load.15": 0.48 },
    {
      ...host,
      "event.dataset": "system.memory",
      "system.memory.actual.used.pct": 0.63,
      "system.memory.swap.used.pct": 0,
    },
    { ...host, "event.dataset": "system.cpu", "system.cpu.total.norm.pct": 0.31 },
    {
      ...host,
      "event.dataset": "system.filesystem",
      "system.filesystem.mount_point": "/",
      "system.filesystem.used.pct": 0.42,
      "system.filesystem.available": 61e9,
    },
    {
      ...host,
      "event.dataset": "system.filesystem",
      "system.filesystem.mount_point": "/var/log",
      "system.filesystem.used.pct": 0.93,
      "system.filesystem.available": 1.2e9,
    },
    {
      ...host,
      "event.dataset": "system.filesystem",
      "system.filesystem.mount_point": "/mnt/volumes/archive-of-all-the-years",
      "system.filesystem.used.pct": 0.12,
      "system.filesystem.available": 1.2e12,
    },
    {
      ...host,
      "event.dataset": "system.network",
      "system.network.name": "eth0",
      "system.network.in.bytes": 8.1e9,
      "system.network.out.bytes": 3.2e9,
    },
    {
      ...host,
      "event.dataset": "system.process",
      "process.pid": 711,
      "process.name": "nginx",
      "system.process.cpu.total.norm.pct": 0.12,
      "system.process.memory.rss.bytes": 48e6,
    },
    { ...host, "event.dataset": "system.process.expected", "process.name": "postgres", "system.process.count": 0 },
    {
      ...host,
      "event.dataset": "system.directory",
      "file.directory": "/var/app/uploads",
      "system.directory.files": 120,
      "system.directory.recent_files": 7,
      "system.directory.bytes": 5e6,
    },
    {
      "@timestamp": at,
      "event.kind": "alert",
      "event.action": "threshold_crossed",
      "rule.name": "disk_full",
      "log.level": "error",
      message: "/var/log is 93 % full",
    },
  ];
  return events.map((event) => `${JSON.stringify(event)}\n`).join("");
}
