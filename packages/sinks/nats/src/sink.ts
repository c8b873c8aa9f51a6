import {
  type CreateContext,
  type EncodedBatch,
  type Rejection,
  type Sink,
  type SinkContext,
  SluiceError,
  silentLogger,
  type WriteResult,
} from "@sluice/core";
import { connectNats, ensureStream, type NatsLink, natsFault, neverTaken } from "@sluice/nats";
import { type Message, messagesOf } from "./messages.ts";
import type { NatsSinkOptions } from "./options.ts";
import { type SubjectTemplate, subjectTemplate } from "./subject.ts";
import { Window } from "./window.ts";

/** Publishes events and waits until the stream has each of them. */
export class NatsSink implements Sink {
  readonly #options: NatsSinkOptions;
  readonly #name: string;
  readonly #place: { readonly pipeline: string; readonly host: string };
  readonly #template: SubjectTemplate;
  readonly #subject: string | undefined;
  readonly #window: Window;
  #link: NatsLink | undefined;
  #opening: Promise<NatsLink> | undefined;
  #log = silentLogger;

  constructor(options: NatsSinkOptions, { name, pipeline, hostname, warn }: CreateContext) {
    this.#options = options;
    this.#name = name;
    this.#place = { pipeline, host: hostname };
    this.#template = subjectTemplate(options.subject);
    this.#subject = this.#template.isConstant ? this.#template.render(this.#place, {}) : undefined;
    this.#window = new Window(options.max_pending);
    if (options.create_stream && options.stream === undefined) {
      throw new SluiceError("SLUICE_CONFIG", "create_stream needs the name of the stream", { hint: "set `stream`" });
    }
    if (options.tls?.verify === false) warn(`sink ${name}: tls.verify is false: whoever is in between can read all`);
  }

  async start({ log }: SinkContext): Promise<void> {
    this.#log = log;
    await this.#open();
  }

  async write(batch: EncodedBatch, signal: AbortSignal): Promise<WriteResult> {
    const link = await this.#open();
    const messages = messagesOf(batch, this.#subject);
    const rejected: Rejection[] = [];
    let failure: SluiceError | undefined;
    const sends: Promise<void>[] = [];
    for (const [frame, message] of messages.entries()) {
      await this.#window.enter();
      if (failure || signal.aborted) {
        this.#window.leave();
        break;
      }
      const sent = this.#publish(link, message).catch((error: unknown) => {
        const reason = neverTaken(error);
        if (reason !== undefined) rejected.push({ frame, reason });
        else failure ??= natsFault(error, `cannot publish to ${message.subject}`);
      });
      sends.push(sent.finally(() => this.#window.leave()));
    }
    await Promise.all(sends);
    if (failure) throw failure;
    if (signal.aborted && sends.length < messages.length) throw new Error("the deadline has passed");
    return { rejected: rejected.sort((a, b) => a.frame - b.frame) };
  }

  async #publish(link: NatsLink, { subject, payload, id }: Message): Promise<void> {
    const { stream } = this.#options;
    await link.jetstream.publish(subject, payload, {
      ...(id !== undefined && { msgID: id }),
      ...(stream !== undefined && { expect: { streamName: stream } }),
    });
  }

  async close(): Promise<void> {
    await this.#link?.close();
  }

  /** Tells whether the servers can be reached and a stream takes the subject. */
  async check(): Promise<void> {
    const link = await connectNats(this.#options, this.#name, silentLogger);
    try {
      if (this.#options.create_stream) return;
      const { streams } = await link.manager();
      if (this.#options.stream !== undefined) await streams.info(this.#options.stream);
      else if (this.#subject !== undefined) await streams.find(this.#subject);
    } catch (error) {
      throw natsFault(error, "cannot find a stream for the events");
    } finally {
      await link.close();
    }
  }

  /** The connection; a new one when the last one has closed, e.g. because its user was removed. */
  async #open(): Promise<NatsLink> {
    if (this.#link?.isOpen) return this.#link;
    this.#opening ??= this.#connect().finally(() => (this.#opening = undefined));
    return this.#opening;
  }

  async #connect(): Promise<NatsLink> {
    const link = await connectNats(this.#options, this.#name, this.#log);
    const { stream, create_stream: settings } = this.#options;
    try {
      const subjects = [this.#template.pattern];
      if (settings && stream !== undefined) await ensureStream(link, stream, settings, subjects, this.#log);
    } catch (error) {
      await link.close();
      throw error;
    }
    this.#link = link;
    return link;
  }
}
