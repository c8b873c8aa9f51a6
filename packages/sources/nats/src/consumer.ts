import { AckPolicy, type Consumer, DeliverPolicy } from "@nats-io/jetstream";
import type { Logger } from "@sluice/core";
import { ensureStream, isMissing, type NatsLink, natsFault } from "@sluice/nats";
import type { NatsSourceOptions } from "./options.ts";

const NANOS = 1_000_000;

/** The durable consumer, and the stream before it, made when they are missing and wanted. */
export async function openConsumer(link: NatsLink, options: NatsSourceOptions, log: Logger): Promise<Consumer> {
  const { stream, consumer, create_stream: settings, subjects } = options;
  if (settings) await ensureStream(link, stream, settings, subjects.length > 0 ? subjects : ["logs.>"], log);
  try {
    return await link.jetstream.consumers.get(stream, consumer);
  } catch (error) {
    if (!isMissing(error, "consumer")) throw natsFault(error, `cannot read the stream ${stream}`, "SLUICE_SOURCE");
  }
  try {
    const { consumers } = await link.manager();
    // Another sluice may do the same at this moment; the same settings twice are no error.
    await consumers.add(stream, {
      durable_name: consumer,
      ack_policy: AckPolicy.Explicit,
      ack_wait: options.ack_wait * NANOS,
      deliver_policy: options.start_at === "end" ? DeliverPolicy.New : DeliverPolicy.All,
      max_ack_pending: options.max_ack_pending,
      max_deliver: -1,
      ...(subjects.length === 1 && { filter_subject: subjects[0] as string }),
      ...(subjects.length > 1 && { filter_subjects: subjects }),
    });
    log.info({ stream, consumer }, "made the consumer");
    return await link.jetstream.consumers.get(stream, consumer);
  } catch (error) {
    throw natsFault(error, `cannot make the consumer ${consumer} of the stream ${stream}`, "SLUICE_SOURCE");
  }
}
