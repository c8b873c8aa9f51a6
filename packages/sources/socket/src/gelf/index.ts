import type { CreateContext, Source, SourceDefinition } from "@sluice/core";
import { placeOf, schemeOf } from "../address.ts";
import { StreamSource } from "../stream-source.ts";
import { readTls } from "../tls.ts";
import { decodeFrames, GelfDecoder } from "./decode.ts";
import { GelfHttpSource } from "./http.ts";
import { type GelfSourceOptions, gelfOptions } from "./options.ts";
import { GelfUdpSource } from "./udp.ts";

/** Source `gelf`: in Graylog's place, for everything that sends GELF. */
export const gelfSource: SourceDefinition<GelfSourceOptions> = {
  kind: "source",
  type: "gelf",
  summary: "Takes GELF over TCP, TLS, UDP or HTTP, e.g. from Docker's own gelf driver, in Graylog's place.",
  options: gelfOptions,
  create(options, ctx): Source {
    const scheme = schemeOf(options.address);
    if (scheme === "udp") return udpSource(options, ctx);
    return scheme.startsWith("http") ? httpSource(options, ctx) : streamSource(options, ctx);
  },
};

function shared({ address, tls }: GelfSourceOptions, { name, baseDir }: CreateContext) {
  return { name, address, place: placeOf(address), readTls: () => (tls ? readTls(tls, baseDir) : undefined) };
}

function udpSource(options: GelfSourceOptions, ctx: CreateContext): Source {
  return new GelfUdpSource({
    ...shared(options, ctx),
    receiveBuffer: options.receive_buffer,
    maxBytes: options.buffer,
    maxUnpacked: options.max_unpacked_bytes,
    chunkTimeout: options.chunk_timeout,
    chunkBytes: options.chunk_buffer,
  });
}

function httpSource(options: GelfSourceOptions, ctx: CreateContext): Source {
  const { pathname } = new URL(options.address);
  return new GelfHttpSource({
    ...shared(options, ctx),
    path: pathname === "/" ? "/gelf" : pathname,
    maxConnections: options.max_connections,
    maxMessage: options.max_message_bytes,
    maxUnpacked: options.max_unpacked_bytes,
    maxBytes: options.buffer,
    drainTimeout: options.drain_timeout,
  });
}

function streamSource(options: GelfSourceOptions, ctx: CreateContext): Source {
  return new StreamSource({
    ...shared(options, ctx),
    framing: "nul",
    maxLineBytes: options.max_message_bytes,
    maxConnections: options.max_connections,
    limits: { connection: options.connection_buffer, total: options.buffer },
    idleTimeout: options.idle_timeout,
    drainTimeout: options.drain_timeout,
    fields: { "network.transport": "tcp" },
    converter: () => {
      const decoder = new GelfDecoder(options.max_unpacked_bytes);
      return (records) => {
        decodeFrames(records, decoder);
        return decoder.take();
      };
    },
  });
}
