import type { PipelineSnapshot } from "@sluice/runtime";
import { readiness } from "../health.ts";
import type { Observed, PipelineView } from "../view.ts";
import { History } from "./history.ts";
import type { NotableBook } from "./notable.ts";
import { pipelineStatus } from "./pipeline-status.ts";
import type { ServiceBook } from "./services.ts";
import type { ProcessStatus, Status } from "./status.ts";

const TICK_MS = 1000;
/** Milliseconds between looks for troubles, while somebody watches: these are not to wait for the next tick. */
const PEEK_MS = 200;
/** Ticks over which rates are taken: shorter, and they jump from batch to batch. */
const SPAN = 3;
/** Ticks between two moments of the history. */
const MOMENT = 2;

interface Sample {
  readonly at: number;
  readonly cpu: number;
  readonly active: number;
  readonly snapshots: ReadonlyMap<string, PipelineSnapshot>;
}

/** Looks at the running sluice once a second, and makes rates and a past of it. */
export class Sampler {
  readonly #observed: Observed;
  readonly #services: ServiceBook;
  readonly #notable: NotableBook;
  readonly #samples: Sample[] = [];
  readonly history = new History();
  readonly #listeners = new Set<(status: Status) => void>();
  readonly #timer: NodeJS.Timeout;
  #peeking: NodeJS.Timeout | undefined;
  #ticks = 0;
  #troubles = "";
  #status: Status;

  constructor(observed: Observed, services: ServiceBook, notable: NotableBook) {
    this.#observed = observed;
    this.#services = services;
    this.#notable = notable;
    this.#status = this.#look();
    this.#timer = setInterval(() => this.#tick(), TICK_MS);
  }

  /** What it last saw. */
  get status(): Status {
    return this.#status;
  }

  /** Calls back each second; the returned function ends that. */
  listen(listener: (status: Status) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** Somebody watches: a component that begins or ceases to fail is told of at once. */
  set watched(isWatched: boolean) {
    if (!isWatched) clearInterval(this.#peeking);
    else if (!this.#peeking) this.#peeking = setInterval(() => this.#peek(), PEEK_MS);
    if (!isWatched) this.#peeking = undefined;
  }

  close(): void {
    clearInterval(this.#timer);
    clearInterval(this.#peeking);
    this.#listeners.clear();
  }

  #tick(): void {
    const status = this.#look();
    if (this.#ticks++ % MOMENT === 0) this.history.enter(status.now, status.pipelines);
    this.#tell(status);
  }

  #peek(): void {
    if (troublesOf(this.#observed.pipelines()) !== this.#troubles) this.#tell(this.#look(false));
  }

  #tell(status: Status): void {
    this.#status = status;
    for (const listener of this.#listeners) listener(status);
  }

  /** @param isTick rates are taken from tick to tick */
  #look(isTick = true): Status {
    const views = this.#observed.pipelines();
    this.#troubles = troublesOf(views);
    const before = this.#samples[0];
    const sample = takeSample(new Map(views.map((view) => [view.name, view.snapshot])));
    if (isTick) this.#samples.push(sample);
    if (this.#samples.length > SPAN) this.#samples.shift();
    const seconds = before ? (sample.at - before.at) / 1000 : 0;
    return {
      version: this.#observed.version,
      startedAt: this.#observed.startedAt,
      now: Date.now(),
      readiness: readiness(this.#observed),
      process: processStatus(before, sample),
      pipelines: views.map((view) => pipelineStatus({ view, before: before?.snapshots.get(view.name), seconds })),
      services: this.#services.status(),
      servicesExact: this.#services.exact,
      alerts: this.#notable.alerts(),
      alertCount: this.#notable.alertCount,
      figures: this.#notable.figures(),
      reloadProblems: this.#observed.reloads?.()?.last?.result.problems ?? [],
    };
  }
}

/** Which pipelines there are, and what of them fails. */
function troublesOf(views: readonly PipelineView[]): string {
  const failing = views.flatMap(({ name, running, snapshot: { sources, sinks } }) => [
    `${name} ${running}`,
    ...sources.filter(({ state }) => state === "restarting" || state === "failed").map((source) => source.name),
    ...sinks.filter(({ state }) => state === "retrying" || state === "starting").map((sink) => sink.name),
  ]);
  return failing.join("\n");
}

function takeSample(snapshots: ReadonlyMap<string, PipelineSnapshot>): Sample {
  const { user, system } = process.cpuUsage();
  const { active } = performance.eventLoopUtilization();
  return { at: performance.now(), cpu: (user + system) / 1000, active, snapshots };
}

function processStatus(before: Sample | undefined, now: Sample): ProcessStatus {
  const memoryBytes = process.memoryUsage.rss();
  if (!before) return { cpu: 0, mainBusy: 0, memoryBytes };
  const ms = now.at - before.at;
  return { cpu: (now.cpu - before.cpu) / ms, mainBusy: (now.active - before.active) / ms, memoryBytes };
}
