import { readFile } from "node:fs/promises";
import { type ObjectStore, startTcpProxy, type TcpProxy } from "@sluice/testkit";
import { expect } from "vitest";
import { readObjects } from "./objects.ts";
import { type Running, startSluice } from "./process.ts";
import type { Workspace } from "./workspace.ts";

/** A sluice that is killed and started again. */
export class Victim {
  readonly #args: readonly string[];
  #sluice: Running;
  #before = "";
  kills = 0;

  constructor(work: Workspace, name: string, file: string) {
    this.#args = ["run", file, "--state-dir", work.path(`state-${name}`), "--workers", "1"];
    this.#sluice = startSluice(this.#args);
  }

  /** What all its runs have said. */
  get log(): string {
    return this.#before + this.#sluice.stderr();
  }

  /** What the run at work has said. */
  get said(): string {
    return this.#sluice.stderr();
  }

  async kill(): Promise<void> {
    await this.#sluice.kill("SIGKILL");
    this.kills++;
    this.#before += this.#sluice.stderr();
    this.#sluice = startSluice(this.#args);
  }

  /** Kills it for good. */
  async drop(): Promise<void> {
    await this.#sluice.kill("SIGKILL");
  }

  async end(): Promise<void> {
    expect(await this.#sluice.kill("SIGTERM"), this.#sluice.stderr().slice(-4000)).toBe(0);
  }
}

/** The way to a store that is slow to answer: what it has stored is known to it for a while, and to nobody else. */
export class SlowStore implements AsyncDisposable {
  readonly #proxy: TcpProxy;
  readonly #store: ObjectStore;
  /** Called once, when the store has written an object and its answer is on its way. */
  onStored: (() => void) | undefined;

  private constructor(store: ObjectStore, proxy: TcpProxy, delay: number) {
    this.#store = store;
    this.#proxy = proxy;
    proxy.faults.delay = (chunk) => {
      if (/^HTTP\/1\.1 200 [^]*^etag:/im.test(chunk.toString("latin1", 0, 1000))) this.#tell();
      return delay;
    };
  }

  /** @param delay milliseconds in each direction */
  static async start(store: ObjectStore, delay: number): Promise<SlowStore> {
    const { port, hostname } = new URL(store.endpoint);
    return new SlowStore(store, await startTcpProxy(Number(port), hostname), delay);
  }

  get faults(): TcpProxy["faults"] {
    return this.#proxy.faults;
  }

  get address(): Pick<ObjectStore, "endpoint" | "accessKey" | "secretKey"> {
    const { accessKey, secretKey } = this.#store;
    return { endpoint: `http://127.0.0.1:${this.#proxy.port}`, accessKey, secretKey };
  }

  reset(): void {
    this.#proxy.reset();
  }

  #tell(): void {
    const told = this.onStored;
    this.onStored = undefined;
    told?.();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#proxy.close();
  }
}

/** How the lines of files are found in a bucket of NDJSON objects. */
export interface Found {
  readonly objects: number;
  /** Different lines that are there. */
  readonly events: number;
  readonly ids: number;
  readonly missing: number;
  /** Lines that are there more than once. */
  readonly twice: number;
  /** Lines that are there with another `event.id` than before. */
  readonly wrong: number;
}

export async function findLines(
  store: ObjectStore,
  bucket: string,
  dir: string,
  files: readonly string[],
): Promise<Found> {
  const objects = await readObjects(store, bucket, dir);
  const times = new Map<string, number>();
  const ids = new Map<string, string>();
  let wrong = 0;
  for (const object of objects.values()) {
    for (const line of object.toString().split("\n").filter(Boolean)) {
      const event = JSON.parse(line) as Record<string, unknown>;
      const place = `${String(event["log.file.path"])}:${String(event["log.offset"])}`;
      const id = String(event["event.id"]);
      if ((ids.get(place) ?? id) !== id) wrong++;
      ids.set(place, id);
      times.set(place, (times.get(place) ?? 0) + 1);
    }
  }
  let missing = 0;
  for (const file of files) {
    const text = await readFile(file);
    for (let at = 0; at < text.length; at = text.indexOf(10, at) + 1) if (!times.has(`${file}:${at}`)) missing++;
  }
  const twice = [...times.values()].filter((n) => n > 1).length;
  return { objects: objects.size, events: times.size, ids: new Set(ids.values()).size, missing, twice, wrong };
}

/** How many events its sluices have found stored already, by the work of others. */
export function foundStored(log: string): number {
  const told = log.matchAll(/"stored":(\d+).*what came again is stored already/g);
  return Array.from(told, ([, events]) => Number(events)).reduce((sum, events) => sum + events, 0);
}
