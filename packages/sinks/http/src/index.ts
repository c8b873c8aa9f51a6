import { lineEncoder, type Sink, type SinkDefinition } from "@sluice/core";
import { type HttpOptions, httpOptions } from "./options.ts";
import { HttpSink } from "./sink.ts";

/** Batches of events to an HTTP endpoint. */
export const httpSink: SinkDefinition<HttpOptions, Sink> = {
  kind: "sink",
  type: "http",
  summary: "Posts batches of events to an HTTP endpoint, as NDJSON or as a JSON list.",
  options: httpOptions,
  encoder: (_, ctx) => lineEncoder("ndjson", ctx.hostname),
  create(options, ctx) {
    const { url, tls, auth } = options;
    const isPlain = url.startsWith("http:");
    if (!isPlain && !tls.verify) ctx.warn(`${url}: certificates are not verified (verify: false)`);
    if (isPlain && auth && !isLoopback(url)) ctx.warn(`${url}: the credentials are sent unencrypted; use https`);
    return new HttpSink(options, ctx.baseDir);
  },
};

function isLoopback(url: string): boolean {
  return /^(localhost|127\.[\d.]+|\[::1\])$/.test(new URL(url).hostname);
}
