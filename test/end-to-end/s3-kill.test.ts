import { appendFile, readFile } from "node:fs/promises";
import { setTimeout as sleep } from "node:timers/promises";
import { openTraffic } from "@sluice/generate";
import { type ObjectStore, requireObjectStore, startObjectStore, startTcpProxy } from "@sluice/testkit";
import { expect, test } from "vitest";
import { expectEachLineOnce, readObjects, s3Options } from "../support/objects.ts";
import { startSluice } from "../support/process.ts";
import { until } from "../support/wait.ts";
import { Workspace } from "../support/workspace.ts";

const LONG = process.env["SLUICE_LONG_TESTS"] !== undefined;
const LINES = LONG ? 1_000_000 : 100_000;
/** Ends of sluice; one of five is a SIGTERM, the others are kill -9. */
const ENDS = 66;
const MINUTES = 60_000;
const BLOCK = 500;

/**
 * Two sinks that lag behind each other: small packed objects for each minute or hour, and larger ones in several parts.
 * Each start has other options, so that cuts are repeated by a sink that would have made others.
 */
function pipeline(store: ObjectStore, port: number, include: string, start: number): string {
  const packing = start % 2 === 0 ? "gzip" : "zstd";
  const time = start % 3 === 0 ? "{HH}" : "{HH}{mm}";
  const sink = s3Options(store, "archive").replace(store.endpoint, `http://127.0.0.1:${port}`);
  return `name: web
sources:
  access: {type: file, include: ['${include}'], poll_interval: 50ms, read_chunk: 64KiB}
steps:
  - parse: nginx
sinks:
  packed: {${sink}, create_bucket: true, prefix: packed/, compression: ${packing}, key: '{prefix}{date}/${time}/{position}.{ext}', max_age: 100ms, retry: {initial: 50ms, max: 500ms}}
  parts: {${sink}, create_bucket: true, prefix: parts/, compression: none, part_size: 5MiB, max_size: 7MB, max_age: 400ms, retry: {initial: 50ms, max: 500ms}}
`;
}

/** Breaks all connections to the store now and then, until it is aborted. */
async function cutOff(proxy: { reset(): void }, until: AbortSignal): Promise<void> {
  while (!until.aborted) {
    await sleep(Math.random() * 1000);
    proxy.reset();
  }
}

/** Appends lines to the files bit by bit until they have all of them, some of them in two writes. */
async function grow(files: readonly string[], ends: () => number): Promise<void> {
  const traffic = openTraffic("nginx", { seed: 5 });
  for (let written = 0; written < LINES; written += BLOCK) {
    // The last line has no time: where it goes must not depend on when it is read.
    const block = Buffer.concat([traffic.block(BLOCK - 1), Buffer.from(`line ${written} without a time\n`)]);
    const cut = Math.floor(Math.random() * block.length);
    const file = files[Math.floor(Math.random() * files.length)] as string;
    await appendFile(file, block.subarray(0, cut));
    await appendFile(file, block.subarray(cut));
    // As far as the ends are: there is always something to lose.
    while (written > (LINES * (ends() + 1)) / ENDS) await sleep(20);
  }
}

test.runIf(requireObjectStore())(
  `after ${ENDS} ends, most of them kill -9, with the network cut at random, the objects hold each line once, and no upload is open`,
  { timeout: (LONG ? 40 : 10) * MINUTES },
  async () => {
    await using work = await Workspace.create();
    await using store = await startObjectStore();
    const { hostname, port } = new URL(store.endpoint);
    const proxy = await startTcpProxy(Number(port), hostname);
    const done = new AbortController();
    const cutting = cutOff(proxy, done.signal);
    const files = [await work.write("a.log", ""), await work.write("b.log", "")];
    const configure = (start: number) => work.write("p.yaml", pipeline(store, proxy.port, work.path("*.log"), start));
    const file = await configure(0);
    const args = ["run", file, "--state-dir", work.path("state"), "--workers", "1"];
    let ends = 0;
    const growing = grow(files, () => ends);
    for (; ends < ENDS; ends++) {
      await configure(ends);
      const sluice = startSluice(args);
      await until(() => sluice.stderr().includes('"running"'), "sluice to run");
      await sleep(Math.random() * (LONG ? 800 : 400));
      // Now and then it may end in peace, also in the middle of repeating what a kill has left.
      if (ends % 5 === 4) expect(await sluice.kill("SIGTERM"), sluice.stderr()).toBe(0);
      else await sluice.kill("SIGKILL");
    }
    await growing;
    done.abort();
    await cutting;
    const last = startSluice([...args, "--until-eof"]);
    expect(await last.ended, last.stderr()).toBe(0);
    const texts = new Map<string, Buffer>();
    for (const name of files) texts.set(name, await readFile(name));
    for (const prefix of ["packed", "parts"]) {
      const objects = await readObjects(store, "archive", work.path("got", prefix), `${prefix}/`);
      expectEachLineOnce(objects.values(), texts);
      process.stdout.write(
        `${ENDS} ends of sluice: ${objects.size} objects under ${prefix}/ hold ${LINES} lines once each\n`,
      );
    }
    expect(await store.client.openUploads("archive")).toEqual([]);
    await proxy.close();
  },
);
