import { hash, randomBytes } from "node:crypto";
import type { StreamInfo } from "@nats-io/jetstream";
import {
  type ClaimRequest,
  type CreateContext,
  type Lease,
  OWN_ALONE,
  orStopped,
  type Source,
  type SourceContext,
  silentLogger,
} from "@sluice/core";
import { connectNats, type NatsLink, natsFault } from "@sluice/nats";
import { Claims } from "./claims.ts";
import { openConsumer } from "./consumer.ts";
import { Held } from "./held.ts";
import type { NatsSourceOptions } from "./options.ts";
import { Taking } from "./taking.ts";

/** Takes messages of a durable consumer, and acknowledges them when the sinks have them. */
export class NatsSource implements Source {
  readonly #options: NatsSourceOptions;
  readonly #name: string;
  /** The connection of the run at work, or of the last one: acknowledgements follow when the sinks have settled. */
  #link: NatsLink | undefined;
  #held: Held | undefined;
  #claims: Claims | undefined;

  constructor(options: NatsSourceOptions, { name, warn }: CreateContext) {
    this.#options = options;
    this.#name = name;
    if (options.tls?.verify === false) warn(`source ${name}: tls.verify is false: whoever is in between can read all`);
  }

  async run(ctx: SourceContext): Promise<void> {
    await this.close();
    const link = await orStopped(this.#connect(ctx), ctx.stop);
    if (link) await this.#take(link, ctx);
  }

  async #connect(ctx: SourceContext): Promise<NatsLink> {
    const link = await connectNats(this.#options, this.#name, ctx.log);
    this.#link = link;
    if (ctx.stop.aborted) await this.close();
    return link;
  }

  async #take(link: NatsLink, ctx: SourceContext): Promise<void> {
    const { ack_wait: ackWait, request_timeout: timeout, max_in_flight: limit, format } = this.#options;
    const consumer = await openConsumer(link, this.#options, ctx.log);
    const { streams } = await link.manager();
    const stream = await streams.info(this.#options.stream);
    const origin = originOf(stream);
    const streamId = `${origin}-${randomBytes(6).toString("hex")}`;
    const held = new Held(link.connection, timeout, ackWait / 4);
    this.#held = held;
    const { log } = ctx;
    const consumerName = this.#options.consumer;
    const claims = new Claims({ link, stream, consumer, consumerName, streamId, ackWait, timeout, held, log });
    this.#claims = claims;
    await claims.open();
    await new Taking(ctx, { consumer, held, claims, limit, origin, streamId, format }).run();
  }

  async claim(request: ClaimRequest): Promise<Lease | null> {
    return this.#claims ? this.#claims.claim(request) : OWN_ALONE;
  }

  /** Acknowledges what is settled, and gives what is not to other sluices. */
  async close(): Promise<void> {
    this.#claims?.close();
    await this.#held?.close();
    await this.#link?.close();
    this.#claims = undefined;
    this.#held = undefined;
    this.#link = undefined;
  }

  async check(): Promise<void> {
    const link = await connectNats(this.#options, this.#name, silentLogger);
    try {
      if (this.#options.create_stream) return;
      const { streams } = await link.manager();
      await streams.info(this.#options.stream);
    } catch (error) {
      throw natsFault(error, `cannot read the stream ${this.#options.stream}`, "SLUICE_SOURCE");
    } finally {
      await link.close();
    }
  }
}

/** What messages without an id of their own are named after: the stream, as long as it is the same one. */
function originOf({ config, created }: StreamInfo): string {
  return `nats-${hash("sha256", `${config.name}\0${created}`, "base64url").slice(0, 12)}`;
}
