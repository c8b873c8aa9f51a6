import { execFileSync } from "node:child_process";
import { mkdirSync, readFileSync, rmSync, statSync } from "node:fs";
import { join } from "node:path";
import type { ObjectStore } from "@sluice/testkit";
import { expectedNginx, wrongFields } from "../check.ts";
import type { Contender, FieldNames } from "../contender.ts";
import { logFor } from "../jobs.ts";
import { lastWords, scratchDir, startContender } from "../start.ts";
import { BUCKET, countLines, filesBelow, readEvents } from "./store.ts";
import { type Watched, watch } from "./watch.ts";

/** Members in which either program writes what nginx says. */
const NAMES: FieldNames = {
  client: "source.ip",
  user: "user.name",
  method: "http.request.method",
  url: "url.original",
  version: "http.version",
  status: "http.response.status_code",
  bytes: "http.response.body.bytes",
  referrer: "http.request.referrer",
  agent: "user_agent.original",
  timestamp: "@timestamp",
};

export interface Archived extends Watched {
  readonly lines: number;
  readonly bytesIn: number;
  readonly bytesOut: number;
  readonly objects: number;
}

/** Programs that write to a store or to files, and what they wrote. */
export class Archiving {
  readonly #store: ObjectStore;

  constructor(store: ObjectStore) {
    this.#store = store;
  }

  /** Has a program pack a log once. Rejects when its objects do not hold as many lines as the log. */
  async measure(contender: Contender, lines: number): Promise<Archived> {
    const [log, files, watched] = await this.#run(contender, lines);
    const counts = await Promise.all(files.map(countLines));
    const held = counts.reduce((sum, count) => sum + count, 0);
    if (held !== lines) throw new Error(`${contender.name}, s3: ${held} of ${lines} lines are in its objects`);
    const bytesOut = files.reduce((sum, file) => sum + statSync(file).size, 0);
    rmSync(this.#packedDir, { recursive: true });
    return { ...watched, lines, bytesIn: statSync(log).size, bytesOut, objects: files.length };
  }

  /** What differs between what it packs and what a slow and simple reader finds in the log, one text a difference. */
  async differences(contender: Contender, lines: number): Promise<string[]> {
    const [log, files] = await this.#run(contender, lines);
    const left = Map.groupBy(readFileSync(log, "utf8").trimEnd().split("\n"), (line) => line);
    const found: string[] = [];
    for (const event of (await Promise.all(files.map(readEvents))).flat()) {
      const line = left.get(event["message"] as string)?.pop();
      if (line === undefined) {
        found.push(`not in the log, or once more than there: ${String(event["message"])}`);
        continue;
      }
      const expected = expectedNginx(line);
      const timestamp = new Date(Number(expected["timestamp"]) * 1000).toISOString();
      found.push(...wrongFields(event, { ...expected, timestamp }, NAMES));
    }
    return [...found, ...[...left.values()].flat().map((line) => `no object holds ${line}`)];
  }

  #packedDir = "";

  /** The log, the files with what the program made of it (from the store by another client), and what it took. */
  async #run(contender: Contender, lines: number): Promise<[log: string, files: string[], watched: Watched]> {
    const log = logFor("s3", lines);
    execFileSync("sh", ["-c", 'cat "$1" >/dev/null', "sh", log]); // so that everyone finds it in the page cache
    const dir = scratchDir();
    this.#packedDir = join(dir, "packed");
    mkdirSync(this.#packedDir);
    const { client, endpoint } = this.#store;
    const env = { ...this.#store.environment(), BENCH_ENDPOINT: endpoint, BENCH_BUCKET: BUCKET };
    const child = startContender(contender, { job: "s3", log, dir }, env);
    const storing = contender.storesObjects ?? false;
    const watched = await watch(child, storing);
    if (child.exitCode !== 0) throw new Error(`${contender.name}, s3: it failed. It said:\n${lastWords(dir)}`);
    if (storing) await client.download(BUCKET, this.#packedDir);
    await client.remove(BUCKET);
    return [log, await filesBelow(this.#packedDir), watched];
  }
}
