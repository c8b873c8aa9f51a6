import { duration, size } from "@sluice/core";
import { z } from "zod";
import { listenAddress } from "./address.ts";
import { tlsOptions } from "./tls.ts";

const maxLineBytes = size()
  .prefault("128KiB")
  .describe("A longer record is cut here and tagged `_line_cut`; its rest is skipped. Many of these cost memory.");

/** Options that all sources over connections share. */
export const connectionOptions = {
  max_connections: z
    .int()
    .min(1)
    .default(4096)
    .describe(
      "Connections at once. Beyond it new ones are refused, unless one that never sent anything can make place for them.",
    ),
  connection_buffer: size()
    .refine((bytes) => bytes > 0, "must be more than nothing")
    .prefault("256KiB")
    .describe("Bytes of one connection that may wait for the pipeline; then it is not read until they are taken."),
  buffer: size()
    .refine((bytes) => bytes >= 1_048_576, "at least 1MiB")
    .prefault("8MiB")
    .describe(
      "Bytes of all connections together, unfinished records included. Where these fill it, the longest is cut and tagged `_line_cut`.",
    ),
  idle_timeout: duration()
    .optional()
    .describe("Close a connection that was silent for so long. Not by default: many senders lose a message by it."),
  drain_timeout: duration()
    .prefault("5s")
    .describe(
      "How long, when sluice stops, clients have to answer its FIN, not counting the time in which the pipeline keeps them waiting; what they send until then is read.",
    ),
  tls: tlsOptions.optional(),
};

/** Options of the source `tcp`. */
export const tcpOptions = z.strictObject({
  address: listenAddress(["tcp"], "127.0.0.1:2525"),
  framing: z
    .enum(["auto", "newline", "octet_counted", "nul"])
    .default("auto")
    .describe(
      "How records are told apart: by newlines, by an octet count before each (RFC 6587), by NUL. `auto` takes frames " +
        "that begin with a count and the `<` of a syslog priority as counted ones, all others as lines.",
    ),
  max_line_bytes: maxLineBytes,
  ...connectionOptions,
});

/** Options that sources over datagrams share. */
export const datagramOptions = {
  receive_buffer: size()
    .prefault("4MiB")
    .describe(
      "The kernel's buffer for bursts, as far as `net.core.rmem_max` lets it grow. What it has no room for is lost, and counted.",
    ),
};

/** Options of the source `udp`. */
export const udpOptions = z.strictObject({
  address: listenAddress(["udp"], "127.0.0.1:2525"),
  ...datagramOptions,
  buffer: size()
    .prefault("16MiB")
    .describe("Bytes of datagrams that may wait for the pipeline. What comes when it is full is lost, and counted."),
});

export type TcpOptions = z.output<typeof tcpOptions>;
export type UdpOptions = z.output<typeof udpOptions>;
