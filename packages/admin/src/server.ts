import { errorText, type Logger, SluiceError } from "@sluice/core";
import type { Watcher } from "@sluice/runtime";
import fastify, { type FastifyInstance } from "fastify";
import { type HttpAddress, httpUrl, requireToken } from "./address.ts";
import { addStatus } from "./api/stream.ts";
import { addTap } from "./api/tap.ts";
import { guard, mayKnow } from "./guard.ts";
import { readiness } from "./health.ts";
import { createMetrics } from "./metrics/index.ts";
import { addPage } from "./page.ts";
import { NotableBook } from "./status/notable.ts";
import { RecentEvents } from "./status/recent.ts";
import { Sampler } from "./status/sampler.ts";
import { ServiceBook } from "./status/services.ts";
import { TapHub } from "./taps/hub.ts";
import type { Observed } from "./view.ts";

export interface AdminOptions {
  readonly address: HttpAddress;
  /** Demanded from everybody; necessary on any address but loopback. */
  readonly token?: string | undefined;
  readonly observed: Observed;
  readonly log: Logger;
}

/** The HTTP side of a running sluice. */
export interface Admin {
  /** Where it listens, e.g. `http://127.0.0.1:9600`. */
  readonly url: string;
  /** What a pipeline is started with, so that its events can be looked at. */
  watcher(pipeline: string): Watcher;
  /** Pipelines are gone: so is what was kept of them. */
  forget(pipelines: readonly string[]): void;
  /** Ends all connections. */
  close(): Promise<void>;
}

/** More at once are refused: this is for a few people and one Prometheus. */
const MAX_CONNECTIONS = 128;

/** Starts to listen. Throws SLUICE_HTTP when it cannot, or must not without a token. */
export async function startAdmin(options: AdminOptions): Promise<Admin> {
  const { address, token } = options;
  requireToken(address, token);
  const app = fastify({ logger: false, forceCloseConnections: true, bodyLimit: 4096, requestTimeout: 10_000 });
  app.server.maxConnections = MAX_CONNECTIONS;
  guard(app, { host: address.host, token });
  addAnswersToErrors(app, options.log);
  addHealth(app, options);
  addMetrics(app, options.observed);
  addReload(app, options.observed);
  addPage(app);
  const { hub, recent, sampler } = addWatching(app, options.observed);
  try {
    await app.listen({ host: address.host, port: address.port });
  } catch (error) {
    sampler.close();
    await app.close();
    throw cannotListen(address, error);
  }
  const { port } = app.server.address() as { port: number };
  return {
    url: httpUrl({ host: address.host, port }),
    watcher(pipeline) {
      recent.watch(pipeline);
      return hub.watcher(pipeline);
    },
    forget(pipelines) {
      for (const pipeline of pipelines) {
        recent.forget(pipeline);
        hub.forget(pipeline);
        sampler.history.forget(pipeline);
      }
    },
    async close() {
      sampler.close();
      await app.close();
    },
  };
}

function cannotListen({ host, port }: HttpAddress, cause: unknown): SluiceError {
  const { code } = cause as { code?: string };
  const taken = code === "EADDRINUSE";
  const text = taken ? "the port is taken" : errorText(cause);
  return new SluiceError("SLUICE_HTTP", `cannot listen on ${host}:${port}: ${text}`, {
    hint: taken ? "another sluice may run; choose another port with --http, or `--http off`" : "choose another --http",
    cause,
  });
}

function addAnswersToErrors(app: FastifyInstance, log: Logger): void {
  app.setNotFoundHandler((_, reply) => reply.code(404).send({ error: "there is nothing here" }));
  app.setErrorHandler((error: Error & { statusCode?: number }, request, reply) => {
    const status = error.statusCode ?? 500;
    if (status >= 500) log.error({ path: request.routeOptions.url, error: error.message }, "a request failed");
    return reply.code(status).send({ error: status >= 500 ? "this went wrong; the log says why" : error.message });
  });
}

function addHealth(app: FastifyInstance, { observed, token }: AdminOptions): void {
  app.get("/healthz", async () => ({ ok: true }));
  app.get("/readyz", async (request, reply) => {
    const result = readiness(observed);
    return reply.code(result.ready ? 200 : 503).send(mayKnow(request, token) ? result : { ready: result.ready });
  });
}

function addMetrics(app: FastifyInstance, observed: Observed): void {
  const metrics = createMetrics(observed);
  app.get("/metrics", async (_, reply) => reply.header("content-type", metrics.contentType).send(await metrics.text()));
}

function addWatching(app: FastifyInstance, observed: Observed) {
  const services = new ServiceBook();
  const notable = new NotableBook();
  const hub = new TapHub({
    services(pipeline, counts, exact, factor) {
      services.enter(pipeline, counts, factor);
      if (!exact) services.exact = false;
    },
    notable: (pipeline, events) => notable.enter(pipeline, events),
  });
  const recent = new RecentEvents(hub);
  const sampler = new Sampler(observed, services, notable);
  addStatus(app, sampler, recent);
  addTap(app, hub, observed);
  return { hub, recent, sampler };
}

/** The only request that changes anything. */
function addReload(app: FastifyInstance, observed: Observed): void {
  app.post("/api/reload", async (_, reply) => {
    if (!observed.started()) return reply.code(503).send({ error: "sluice is starting" });
    const { reload } = observed;
    if (!reload) return reply.code(501).send({ error: "this sluice cannot reload; restart it" });
    const result = await reload();
    return reply.code(result.ok ? 200 : 422).send(result);
  });
}
