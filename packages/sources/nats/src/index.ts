import type { SourceDefinition } from "@sluice/core";
import { type NatsSourceOptions, natsSourceOptions } from "./options.ts";
import { NatsSource } from "./source.ts";

/** Source `nats`: takes events out of a JetStream stream, together with other sluices. */
export const natsSource: SourceDefinition<NatsSourceOptions> = {
  kind: "source",
  type: "nats",
  summary: "Takes events, or lines, from a JetStream stream; sluices with the same `consumer` share the work.",
  options: natsSourceOptions,
  create: (options, ctx) => new NatsSource(options, ctx),
};
