import { appendFile } from "node:fs/promises";
import { openTraffic } from "@sluice/generate";
import { startReceiver } from "@sluice/receiver";
import { type Running, startSluice } from "./process.ts";
import { until } from "./wait.ts";
import type { Workspace } from "./workspace.ts";

/** A sluice that can be looked into while requests of nginx go through it. */
export interface Watched {
  readonly sluice: Running;
  /** Of its HTTP side. */
  readonly url: string;
  readonly end: () => Promise<void>;
}

/**
 * Starts it with the pipeline `web`, of a source `access` and a sink `graylog`; resolves once it runs.
 * @param lines requests in a burst, one each `pause` milliseconds
 * @param steps behind the parser, as the pipeline file has them
 */
export async function watchRequests(
  work: Workspace,
  { lines, pause, steps = "" }: { lines: number; pause: number; steps?: string },
): Promise<Watched> {
  const receiver = await startReceiver({ kind: "gelf", listen: "tcp://127.0.0.1:0", onMessages: () => {} });
  const log = await work.write("access.log", "");
  const file = await work.write(
    "web.yaml",
    `name: web
sources:
  access: {type: file, include: ['${log}'], poll_interval: 50ms}
steps:
  - parse: nginx
${steps}sinks:
  graylog: {type: gelf, address: '${receiver.address}'}
`,
  );
  const sluice = startSluice(["run", file, "--state-dir", work.path("state"), "--http", "127.0.0.1:0"]);
  const url = await until(() => /"url":"([^"]+)"/.exec(sluice.stderr())?.[1], "the HTTP side");
  // The HTTP side is there before the pipelines are.
  await until(() => sluice.stderr().includes('"msg":"running"'), "sluice to run");
  const traffic = openTraffic("nginx", { seed: 1 });
  const writing = setInterval(() => void appendFile(log, traffic.block(lines)), pause);
  const end = async (): Promise<void> => {
    clearInterval(writing);
    await sluice.kill("SIGTERM");
    await receiver.close();
  };
  return { sluice, url, end };
}
