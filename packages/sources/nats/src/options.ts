import { duration } from "@sluice/core";
import { natsConnection, newStream, oneLogin } from "@sluice/nats/options";
import { z } from "zod";

const name = (what: string) => z.string().regex(/^[^\s.*>/\\]+$/, `${what}: no spaces, dots, \`*\`, \`>\` and slashes`);

/** Options of the source `nats`. */
export const natsSourceOptions = z
  .strictObject({
    ...natsConnection,
    stream: name("a stream").describe("Stream to take from."),
    consumer: name("a consumer")
      .default("sluice")
      .describe("Durable consumer. Sluices that name the same one share its messages; it is made when it is missing."),
    subjects: z
      .array(z.string().min(1))
      .default([])
      .describe("Take only these subjects (`logs.web.*`, `logs.>`). Holds when the consumer is made; one or none."),
    start_at: z
      .enum(["beginning", "end"])
      .default("beginning")
      .describe("Whether a new consumer begins with what the stream already holds."),
    ack_wait: duration()
      .prefault("60s")
      .describe("A message that a sluice has taken goes to another one when that has died for this long."),
    max_ack_pending: z
      .int()
      .min(1)
      .default(500_000)
      .describe("Messages that all sluices of the consumer may hold unacknowledged. Holds when the consumer is made."),
    max_in_flight: z
      .int()
      .min(1)
      .default(100_000)
      .describe(
        "Messages that this sluice holds at most; when it has them, sinks are asked to finish what they gather.",
      ),
    create_stream: newStream,
    format: z
      .enum(["auto", "lines"])
      .default("auto")
      .describe("`auto` takes messages that are events of a sluice as those events; `lines` takes none so."),
  })
  .superRefine(oneLogin);

export type NatsSourceOptions = z.output<typeof natsSourceOptions>;
