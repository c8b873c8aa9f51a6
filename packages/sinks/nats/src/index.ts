import type { SinkDefinition } from "@sluice/core";
import { natsEncoder } from "./encoder.ts";
import { type NatsSinkOptions, natsSinkOptions } from "./options.ts";
import { NatsSink } from "./sink.ts";

/** Sink `nats`: publishes events to JetStream, each under its `event.id`. */
export const natsSink: SinkDefinition<NatsSinkOptions> = {
  kind: "sink",
  type: "nats",
  summary: "Publishes events to a JetStream stream, which drops what comes twice by its `event.id`.",
  options: natsSinkOptions,
  overlapping: true,
  encoder: (options, ctx) => natsEncoder(options, ctx),
  create: (options, ctx) => new NatsSink(options, ctx),
};
