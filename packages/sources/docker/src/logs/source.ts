import { hostname } from "node:os";
import { setTimeout as sleep } from "node:timers/promises";
import { orStopped, type SluiceError, type Source, type SourceContext } from "@sluice/core";
import { type EngineAddress, engineAddress } from "../engine/address.ts";
import { EngineClient } from "../engine/client.ts";
import { type ContainerSummary, listContainers } from "../engine/containers.ts";
import { jsonLines } from "../engine/json-lines.ts";
import type { LogsOptions } from "../options.ts";
import { type Candidate, selector } from "../selection.ts";
import { momentOf } from "../time.ts";
import { Budget } from "./budget.ts";
import { ContainerLog, type LogsRun } from "./container-log.ts";
import { containerName } from "./fields.ts";
import { Outbox } from "./outbox.ts";
import { type LogPosition, readPosition, START, storedPosition } from "./position.ts";

const FIRST_PAUSE_MS = 250;
const LONGEST_PAUSE_MS = 15_000;
const SETTLING_MS = 1000;
/** Connections that wait for their turn, over all logs: see `Reserve`. */
const MOST_WAITING = 32;
const WATCHED = JSON.stringify({ type: ["container"], event: ["start", "rename", "destroy"] });

/** Source `docker_logs`. */
export class DockerLogs implements Source {
  readonly #options: LogsOptions;
  readonly #address: EngineAddress;

  constructor(options: LogsOptions) {
    this.#options = options;
    this.#address = engineAddress(options, process.env);
  }

  async run(ctx: SourceContext): Promise<void> {
    const client = new EngineClient(this.#address);
    try {
      await new LogsReading(client, this.#options, ctx).run();
    } finally {
      await client.close();
    }
  }

  async check(signal: AbortSignal): Promise<void> {
    const client = new EngineClient(this.#address);
    try {
      await listContainers(client, signal);
    } finally {
      await client.close();
    }
  }
}

interface ContainerEvent {
  readonly Action?: string;
  readonly Actor?: { readonly ID?: string };
}

/** One run: finds containers and reads the log of each. */
class LogsReading {
  readonly #ctx: SourceContext;
  readonly #client: EngineClient;
  readonly #options: LogsOptions;
  readonly #isSelected: (candidate: Candidate) => boolean;
  readonly #outbox: Outbox;
  readonly #run: LogsRun;
  readonly #logs = new Map<string, ContainerLog>();
  readonly #reading = new Set<Promise<void>>();
  readonly #own = /^[0-9a-f]{12}$/.test(hostname()) ? hostname() : null;
  #failures: unknown[] = [];
  #isUp = true;

  constructor(client: EngineClient, options: LogsOptions, ctx: SourceContext) {
    const budget = new Budget(options.read_ahead);
    this.#client = client;
    this.#options = options;
    this.#ctx = ctx;
    this.#isSelected = selector(options);
    this.#outbox = new Outbox(ctx, budget);
    const { log, stop, finite } = ctx;
    const slots = { free: MOST_WAITING };
    this.#run = { client, options, budget, slots, log, stop, finite, ready: (entry) => this.#outbox.add(entry) };
  }

  async run(): Promise<void> {
    const emitting = this.#outbox.run();
    await (this.#ctx.finite ? this.#readAll() : this.#keepWatching());
    await Promise.all(this.#reading);
    this.#outbox.close();
    await emitting;
    if (this.#failures.length > 0) throw this.#failures[0];
  }

  async #readAll(): Promise<void> {
    await this.#find();
  }

  async #keepWatching(): Promise<void> {
    const { stop } = this.#ctx;
    for (let pause = FIRST_PAUSE_MS; !stop.aborted; pause = Math.min(pause * 2, LONGEST_PAUSE_MS)) {
      try {
        await this.#watch();
        pause = FIRST_PAUSE_MS;
      } catch (error) {
        if (stop.aborted) return;
        this.#complain(error as SluiceError);
      }
      await sleep(pause, undefined, { signal: stop }).catch(() => {});
    }
  }

  /** Listens to the engine until it goes away. */
  async #watch(): Promise<void> {
    const { stop } = this.#ctx;
    await this.#client.negotiate(stop);
    // First listen, then look: what starts in between is seen twice rather than never.
    const { body } = await this.#client.stream("/events", { filters: WATCHED }, stop);
    try {
      await this.#find();
      for (const log of this.#logs.values()) log.wake();
      this.#cheer();
      for await (const { value } of jsonLines(body)) await this.#react(value as ContainerEvent);
    } finally {
      body.destroy();
    }
  }

  async #react({ Action: action, Actor: actor }: ContainerEvent): Promise<void> {
    const known = this.#logs.get(actor?.ID ?? "");
    if (known) known.wake();
    if (action === "start" && !known) await this.#find();
  }

  /** Takes up all chosen containers that are there. */
  async #find(): Promise<void> {
    const { state, stop } = this.#ctx;
    const found = await listContainers(this.#client, stop);
    const stored = state.all();
    const isFirst = stored.size === 0 && this.#logs.size === 0;
    for (const summary of found) {
      const value = stored.get(summary.Id);
      if (!this.#chooses(summary) || this.#logs.has(summary.Id)) continue;
      this.#take(summary.Id, value === undefined ? this.#begin(summary.Id, isFirst) : readPosition(value));
    }
    const ids = new Set(found.map(({ Id }) => Id));
    const gone = [...stored.keys()].filter((id) => !ids.has(id) && !this.#logs.has(id));
    if (gone.length > 0) state.remove(gone);
  }

  #chooses({ Id: id, Names: names, Image: image, Labels: labels }: ContainerSummary): boolean {
    if (this.#own !== null && !this.#options.include_self && id.startsWith(this.#own)) return false;
    return this.#isSelected({ id, name: containerName(names?.[0]), image: image ?? "", labels: labels ?? {} });
  }

  #begin(id: string, isFirst: boolean): LogPosition {
    if (!isFirst || this.#options.start_at === "beginning" || this.#ctx.state.lost) return START;
    const position = { ...START, since: momentOf(this.#client.now()) };
    this.#ctx.state.put(new Map([[id, storedPosition(position)]]));
    return position;
  }

  #take(id: string, position: LogPosition): void {
    const log = new ContainerLog(id, position, this.#run);
    this.#logs.set(id, log);
    const reading = this.#read(log);
    this.#reading.add(reading);
    void reading.finally(() => this.#reading.delete(reading));
  }

  async #read(log: ContainerLog): Promise<void> {
    try {
      await log.read();
      if (!this.#ctx.finite && !this.#ctx.stop.aborted) await this.#forget(log);
    } catch (error) {
      this.#failures.push(error);
    }
  }

  /** Forgets a container that is gone, once its lines are settled. */
  async #forget(log: ContainerLog): Promise<void> {
    const { stop, state } = this.#ctx;
    while (!stop.aborted && (log.progress.hasLines || this.#ctx.inFlight(log.id) > 0)) {
      await orStopped(
        sleep(SETTLING_MS, undefined, { signal: stop }).catch(() => {}),
        stop,
      );
    }
    if (stop.aborted) return;
    this.#logs.delete(log.id);
    state.remove([log.id]);
  }

  #complain({ message, hint }: SluiceError): void {
    const { log } = this.#ctx;
    const write = this.#isUp ? log.warn.bind(log) : log.debug.bind(log);
    this.#isUp = false;
    write({ code: "SLUICE_SOURCE", hint }, message);
  }

  #cheer(): void {
    if (!this.#isUp) this.#ctx.log.info({}, "the Docker engine answers again");
    this.#isUp = true;
  }
}
