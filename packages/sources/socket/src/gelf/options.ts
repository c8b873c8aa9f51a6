import { duration, size } from "@sluice/core";
import { z } from "zod";
import { listenAddress } from "../address.ts";
import { connectionOptions, datagramOptions } from "../options.ts";

const SCHEMES = ["tcp", "tls", "udp", "http", "https"];

/** Options of the source `gelf`. */
export const gelfOptions = z
  .strictObject({
    address: listenAddress(SCHEMES, "tcp://127.0.0.1:12201").refine((text) => /^[a-z]+:\/\//.test(text), {
      message: "say which transport: tcp://, tls://, udp://, http:// or https:// before HOST:PORT",
    }),
    max_message_bytes: size()
      .prefault("2MiB")
      .describe("A longer message over tcp is cut and tagged `_line_cut`; over http it is refused with 413."),
    max_unpacked_bytes: size()
      .prefault("8MiB")
      .describe("What a compressed message may unfold to. One that is larger stays packed, tagged `_parse_failure`."),
    chunk_timeout: duration()
      .prefault("5s")
      .describe("How long the chunks of a message over udp may take to come. Incomplete ones are lost, and counted."),
    chunk_buffer: size()
      .prefault("16MiB")
      .describe("Bytes of chunks that may wait for the rest of their messages, of 1000 at most."),
    ...datagramOptions,
    ...connectionOptions,
  })
  .refine(({ address, tls }) => !/^(tls|https):/.test(address) || tls !== undefined, {
    path: ["address"],
    message: "tls:// and https:// need `tls: {cert: …, key: …}`",
  })
  .refine(({ address, tls }) => /^(tls|https):/.test(address) || tls === undefined, {
    path: ["tls"],
    message: "`tls` is for tls:// and https:// addresses",
  });

export type GelfSourceOptions = z.output<typeof gelfOptions>;
