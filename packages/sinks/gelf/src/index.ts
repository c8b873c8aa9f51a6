import type { Sink, SinkDefinition } from "@sluice/core";
import { parseAddress } from "./address.ts";
import { GelfEncoder } from "./encoder.ts";
import { HttpSink } from "./http/sink.ts";
import { type GelfOptions, gelfOptions } from "./options.ts";
import { TcpSink } from "./tcp/sink.ts";
import { UdpSink } from "./udp/sink.ts";

export { GelfEncoder } from "./encoder.ts";

/** GELF 1.1 to Graylog over TCP, TLS, UDP or HTTP. */
export const gelfSink: SinkDefinition<GelfOptions, Sink> = {
  kind: "sink",
  type: "gelf",
  summary: "Sends events to Graylog as GELF 1.1 over TCP, TLS, UDP or HTTP; over TCP and TLS with confirmed delivery.",
  options: gelfOptions,
  overlapping: true,
  encoder(options, ctx) {
    const { transport } = parseAddress(options.address);
    return new GelfEncoder(ctx.hostname, transport === "tcp" || transport === "tls" ? "\0" : "");
  },
  create(options, ctx): Sink {
    const { transport } = parseAddress(options.address);
    const isSecure = /^(tls|https):/.test(options.address);
    if (isSecure && !options.tls.verify) ctx.warn(`${options.address}: certificates are not verified (verify: false)`);
    if (options.compression !== "none" && (transport === "tcp" || transport === "tls")) {
      ctx.warn(
        `${options.address}: messages over ${transport} are not compressed, Graylog would not read them`,
        options.compression,
      );
    }
    if (transport === "udp") return new UdpSink(options);
    if (transport === "http") return new HttpSink(options, ctx.baseDir);
    return new TcpSink(options, ctx.baseDir);
  },
};
