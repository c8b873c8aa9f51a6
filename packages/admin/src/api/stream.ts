import type { ServerResponse } from "node:http";
import type { FastifyInstance, FastifyReply } from "fastify";
import type { RecentEvent, RecentEvents } from "../status/recent.ts";
import type { Sampler } from "../status/sampler.ts";
import type { Status } from "../status/status.ts";

/** Bytes that a slow reader may leave lying; then it misses a second. */
const MOST_UNREAD = 1024 * 1024;
/** Readers at once. */
const MAX_READERS = 32;

/** `/api/status` once, `/api/stream` each second as server-sent events, with the past and the last events at its start. */
export function addStatus(app: FastifyInstance, sampler: Sampler, recent: RecentEvents): void {
  const readers = new Set<Reader>();
  app.get("/api/status", async () => sampler.status);
  app.get("/api/stream", (_, reply) => {
    if (readers.size >= MAX_READERS) {
      void reply.code(503).send({ error: `${MAX_READERS} others are looking already` });
      return;
    }
    const reader = new Reader(begin(reply, "text/event-stream; charset=utf-8"));
    readers.add(reader);
    sampler.watched = true;
    reader.send("hello", { status: sampler.status, history: sampler.history.all(), events: recent.all() });
    const endEvents = recent.listen((event) => reader.note(event));
    reader.response.once("close", () => {
      endEvents();
      readers.delete(reader);
      sampler.watched = readers.size > 0;
    });
  });
  sampler.listen((status) => tick(readers, status));
}

/** Takes the answer out of fastify's hands, with the headers set so far. */
export function begin(reply: FastifyReply, contentType: string): ServerResponse {
  reply.hijack();
  const { raw } = reply;
  for (const [name, value] of Object.entries(reply.getHeaders())) if (value !== undefined) raw.setHeader(name, value);
  raw.writeHead(200, { "content-type": contentType, "x-accel-buffering": "no" });
  raw.flushHeaders();
  return raw;
}

/** The status is written down once for all readers. */
function tick(readers: ReadonlySet<Reader>, status: Status): void {
  if (readers.size === 0) return;
  const text = `event: status\ndata: ${JSON.stringify(status)}\n\n`;
  for (const reader of readers) reader.tick(text);
}

/** Somebody who looks at the page. */
class Reader {
  readonly response: ServerResponse;
  #events: RecentEvent[] = [];

  constructor(response: ServerResponse) {
    this.response = response;
    response.on("error", () => response.destroy());
  }

  note(event: RecentEvent): void {
    this.#events.push(event);
  }

  tick(status: string): void {
    const events = this.#events;
    this.#events = [];
    if (this.response.writableLength > MOST_UNREAD) return;
    this.response.write(status);
    if (events.length > 0) this.send("events", events);
  }

  send(event: string, data: unknown): void {
    this.response.write(`event: ${event}\ndata: ${JSON.stringify(data)}\n\n`);
  }
}
