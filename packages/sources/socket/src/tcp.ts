import type { SourceDefinition } from "@sluice/core";
import { placeOf } from "./address.ts";
import { type TcpOptions, tcpOptions } from "./options.ts";
import { StreamSource } from "./stream-source.ts";
import { readTls } from "./tls.ts";

/** Source `tcp`: lines and syslog from whoever connects. */
export const tcpSource: SourceDefinition<TcpOptions> = {
  kind: "source",
  type: "tcp",
  summary: "Listens for connections and takes lines or syslog from them, also over TLS.",
  options: tcpOptions,
  create(options, { name, baseDir }) {
    const { tls } = options;
    return new StreamSource({
      name,
      address: options.address,
      place: placeOf(options.address),
      framing: options.framing,
      maxLineBytes: options.max_line_bytes,
      maxConnections: options.max_connections,
      limits: { connection: options.connection_buffer, total: options.buffer },
      idleTimeout: options.idle_timeout,
      drainTimeout: options.drain_timeout,
      readTls: () => (tls ? readTls(tls, baseDir) : undefined),
      fields: { "network.transport": "tcp" },
      converter: undefined,
    });
  },
};
