import type { ServerResponse } from "node:http";
import { errorText } from "@sluice/core";
import { compileExpression } from "@sluice/expression";
import type { FastifyInstance, FastifyReply } from "fastify";
import type { TapHub } from "../taps/hub.ts";
import { namesOf, type Place, placesOf } from "../taps/place.ts";
import type { Observed, PipelineView } from "../view.ts";
import { begin } from "./stream.ts";

interface TapQuery {
  readonly component?: string;
  readonly where?: string;
  readonly rate?: string;
}

/** Bytes that a slow reader may leave lying; events that come then are skipped. */
const MOST_UNREAD = 1024 * 1024;
const MAX_READERS = 32;
const MAX_RATE = 10_000;
const DEFAULT_RATE = 100;
/** Characters of a string in an event. */
const CUT = 65_536;
/** Milliseconds between two words about what was skipped. */
const NOTE_MS = 1000;

/**
 * `/api/tap?component=NAME&where=CEL&rate=N`: sanitized events as NDJSON, for as long as somebody reads. Lines that begin
 * with `#` are not events but JSON about them: how many were skipped, and whether all were looked at.
 */
export function addTap(app: FastifyInstance, hub: TapHub, observed: Observed): void {
  let readers = 0;
  app.get<{ Querystring: TapQuery }>("/api/tap", (request, reply) => {
    const views = observed.pipelines();
    const places = placesOf(views, request.query.component);
    if (refuse(reply, request.query, places, views, readers)) return;
    readers++;
    const response = begin(reply, "application/x-ndjson; charset=utf-8");
    const end = serve(response, hub, request.query, places);
    response.on("error", () => response.destroy());
    response.once("close", () => {
      readers--;
      end();
    });
  });
}

/** Answers a request that cannot be served; false when it can. */
function refuse(
  reply: FastifyReply,
  { component, where, rate }: TapQuery,
  places: readonly Place[],
  views: readonly PipelineView[],
  readers: number,
): boolean {
  const answer = (status: number, error: string, hint?: string): boolean => {
    void reply.code(status).send({ error, ...(hint !== undefined && { hint }) });
    return true;
  };
  if (places.length === 0) {
    return answer(404, `there is no ${component ?? "pipeline"}`, `known: ${namesOf(views).join(", ")}`);
  }
  const fault = where === undefined ? undefined : whereFault(where);
  if (fault !== undefined) return answer(400, fault);
  if (rate !== undefined && !(Number(rate) > 0 && Number(rate) <= MAX_RATE)) {
    return answer(400, `rate is a number from 1 to ${MAX_RATE}`);
  }
  return readers >= MAX_READERS && answer(503, "too many are looking already");
}

/** Hands on events until the returned function is called. */
function serve(response: ServerResponse, hub: TapHub, { where, rate }: TapQuery, places: readonly Place[]): () => void {
  const deliver = (_: string, events: readonly string[]): boolean => {
    if (response.writableLength > MOST_UNREAD) return false;
    response.write(`${events.join("\n")}\n`);
    return true;
  };
  const wanted = rate === undefined ? DEFAULT_RATE : Number(rate);
  const subscription = hub.open({ places, where, rate: wanted, cut: CUT, deliver });
  let told = -1;
  const note = (): void => {
    const { skipped, complete } = subscription;
    if (skipped === told) return;
    told = skipped;
    response.write(`# ${JSON.stringify({ skipped, complete })}\n`);
  };
  note();
  const timer = setInterval(note, NOTE_MS);
  return () => {
    clearInterval(timer);
    hub.close(subscription);
  };
}

function whereFault(where: string): string | undefined {
  try {
    compileExpression(where);
    return undefined;
  } catch (error) {
    return `where: ${errorText(error)}`;
  }
}
