import { setTimeout as sleep } from "node:timers/promises";
import {
  orStopped,
  type SluiceError,
  type Source,
  type SourceBatch,
  type SourceContext,
  type Value,
} from "@sluice/core";
import { type EngineAddress, engineAddress } from "../engine/address.ts";
import { EngineClient, EngineError, type EngineQuery } from "../engine/client.ts";
import { type ContainerDetails, inspectContainer, listContainers } from "../engine/containers.ts";
import { JsonLineSplitter } from "../engine/json-lines.ts";
import type { EventsOptions } from "../options.ts";
import { type Candidate, selector } from "../selection.ts";
import { momentOf, sinceText } from "../time.ts";
import { readEngineEvent, recordOf, type TimedEvent } from "./engine-event.ts";
import { joined, sums } from "./joined.ts";
import { KnownContainers } from "./known.ts";
import { RecentEvents } from "./recent.ts";

const STREAM_KEY = "events";
const FIRST_PAUSE_MS = 250;
const LONGEST_PAUSE_MS = 15_000;
/** Reason under which the ledger has lines that are no events. */
const UNREADABLE = "docker_events_unreadable";
/** How long the engine may take to tell of what can be seen, with the two seconds by which its clock may be behind ours. */
const UNDER_WAY_MS = 3000;

/** Source `docker_events`. */
export class DockerEvents implements Source {
  readonly ordered = true;
  readonly #options: EventsOptions;
  readonly #address: EngineAddress;

  constructor(options: EventsOptions) {
    this.#options = options;
    this.#address = engineAddress(options, process.env);
  }

  async run(ctx: SourceContext): Promise<void> {
    const client = new EngineClient(this.#address);
    try {
      await new EventsReading(client, this.#options, ctx).run();
    } finally {
      await client.close();
    }
  }

  async check(signal: AbortSignal): Promise<void> {
    const client = new EngineClient(this.#address);
    try {
      await client.negotiate(signal);
    } finally {
      await client.close();
    }
  }
}

interface StoredPosition {
  readonly recent: Value;
  readonly known: Value;
  /** Number of the next record. */
  readonly next: number;
}

/** One run: listens, and after each connection compares what there is with what was told. */
class EventsReading {
  readonly #client: EngineClient;
  readonly #options: EventsOptions;
  readonly #ctx: SourceContext;
  readonly #isSelected: (candidate: Candidate) => boolean;
  readonly #excluded: ReadonlySet<string>;
  readonly #recent: RecentEvents;
  readonly #known: KnownContainers;
  #next: number;
  #isFirst: boolean;
  /** Batches leave one after the other. */
  #turn: Promise<void> = Promise.resolve();
  #isUp = true;

  constructor(client: EngineClient, options: EventsOptions, ctx: SourceContext) {
    this.#client = client;
    this.#options = options;
    this.#ctx = ctx;
    this.#isSelected = selector(options);
    this.#excluded = new Set(options.exclude_actions);
    const stored = ctx.state.all().get(STREAM_KEY) as unknown as StoredPosition | undefined;
    this.#recent = new RecentEvents(stored?.recent);
    this.#known = new KnownContainers(stored?.known);
    this.#next = stored?.next ?? 0;
    this.#isFirst = stored === undefined;
  }

  async run(): Promise<void> {
    if (this.#ctx.finite) return this.#listen();
    const { stop } = this.#ctx;
    for (let pause = FIRST_PAUSE_MS; !stop.aborted; pause = Math.min(pause * 2, LONGEST_PAUSE_MS)) {
      try {
        await this.#listen();
        pause = FIRST_PAUSE_MS;
      } catch (error) {
        if (stop.aborted) return;
        this.#complain(error as SluiceError);
      }
      await sleep(pause, undefined, { signal: stop }).catch(() => {});
    }
  }

  /** One connection. */
  async #listen(): Promise<void> {
    const { stop, finite } = this.#ctx;
    await this.#client.negotiate(stop);
    const now = momentOf(this.#client.now());
    if (this.#isFirst && !finite && !this.#ctx.state.lost) this.#recent.begin(now);
    const filters = this.#options.types.length > 0 ? { filters: JSON.stringify({ type: this.#options.types }) } : {};
    const query = { since: sinceText(this.#recent.since), ...filters, ...(finite && { until: sinceText(now) }) };
    this.#known.beginComparison();
    const { body } = await this.#client.stream("/events", query, stop);
    const comparing = finite ? undefined : this.#compare(query);
    try {
      await this.#emitAll(body, (lines) => this.#missed(lines));
      await (comparing ?? this.#compare(query));
    } finally {
      body.destroy();
      await comparing?.catch(() => {});
    }
  }

  /** The engine's answer held lines that are no events. */
  #missed(lines: number): void {
    if (lines === 0) return;
    this.#ctx.lost(UNREADABLE, lines);
    this.#ctx.log.warn({ lines }, "the Docker engine sent lines that are no events: left out, and counted");
  }

  /** Emits events as they come, until the engine ends them. */
  async #emitAll(body: AsyncIterable<Uint8Array>, onUnreadable: (lines: number) => void): Promise<void> {
    const splitter = new JsonLineSplitter();
    for await (const chunk of body as AsyncIterable<Buffer>) {
      const events = splitter.push(chunk).map(readEngineEvent);
      const readable = events.filter((event) => event !== null);
      onUnreadable(splitter.takeSkipped() + events.length - readable.length);
      await this.#emit(readable);
    }
  }

  /** Tells what happened while nobody listened, or the engine had forgotten. */
  async #compare(query: EngineQuery): Promise<void> {
    const { stop, finite } = this.#ctx;
    const containers = await listContainers(this.#client, stop);
    this.#cheer();
    if (this.#isFirst) {
      this.#isFirst = false;
      this.#known.adopt(containers, momentOf(this.#client.now()));
      return this.#emit([]);
    }
    if (!finite) await this.#catchUp(query);
    const missed = await this.#known.missed(containers, (id) => this.#inspect(id));
    if (missed.length > 0) await this.#emit(missed);
  }

  /**
   * Takes in all events up to now. Those of the connection that goes on may come as late as they like, so that they do not
   * tell what is missing: the engine ends this one by itself, behind the last of them.
   */
  async #catchUp(query: EngineQuery): Promise<void> {
    const until = sinceText(momentOf(this.#client.now() + UNDER_WAY_MS));
    const again = { ...query, since: sinceText(this.#recent.since), until };
    this.#recent.keepsAll = true;
    try {
      const { body } = await this.#client.stream("/events", again, this.#ctx.stop);
      // What is no event is counted where it comes by the other way.
      await this.#emitAll(body, () => {});
    } finally {
      this.#recent.keepsAll = false;
    }
  }

  async #inspect(id: string): Promise<ContainerDetails | null> {
    try {
      return await inspectContainer(this.#client, id, this.#ctx.stop);
    } catch (error) {
      if (error instanceof EngineError && error.status === 404) return null;
      throw error;
    }
  }

  #emit(events: readonly TimedEvent[]): Promise<void> {
    const fresh = events.filter((event) => this.#recent.add(event));
    for (const event of fresh) this.#known.note(event);
    const chosen = fresh.filter((event) => this.#chooses(event));
    if (chosen.length === 0 && events.length > 0 && fresh.length === 0) return Promise.resolve();
    const batch = this.#batch(chosen);
    const emitted = this.#turn.then(async () => {
      await orStopped(this.#ctx.emit(batch), this.#ctx.stop);
    });
    this.#turn = emitted.catch(() => {});
    return emitted;
  }

  #chooses({ type, action, id, attributes }: TimedEvent): boolean {
    const { types } = this.#options;
    if (types.length > 0 && !types.includes(type)) return false;
    if (this.#excluded.has(action.split(":")[0] as string)) return false;
    if (type !== "container") return true;
    return this.#isSelected({
      id,
      name: attributes["name"] ?? "",
      image: attributes["image"] ?? "",
      labels: attributes,
    });
  }

  /** Also without events: what is known of the containers has changed. */
  #batch(events: readonly TimedEvent[]): SourceBatch {
    const records = events.map(recordOf);
    const texts = records.map(({ text }) => new TextEncoder().encode(text));
    const ends = Uint32Array.from(sums(texts.map(({ length }) => length)));
    const first = this.#next;
    this.#next += events.length;
    const position: StoredPosition = { recent: this.#recent.stored(), known: this.#known.stored(), next: this.#next };
    return {
      stream: { id: "docker-events", fields: { "event.module": "docker", "event.dataset": "docker.events" } },
      streamKey: STREAM_KEY,
      data: joined(texts),
      framing: {
        kind: "records",
        starts: Uint32Array.from([0, ...ends].slice(0, events.length)),
        ends,
        positions: Float64Array.from(events, (_, i) => first + i),
        extra: Object.fromEntries(records.map(({ fields }, i) => [i, fields])),
      },
      position: position as unknown as Value,
    };
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
