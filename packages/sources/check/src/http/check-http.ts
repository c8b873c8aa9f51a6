import type { Event } from "@sluice/core";
import { type CheckRun, problemOf } from "../check-sampler.ts";
import type { TargetOptions } from "../options.ts";
import type { Finding, Phases } from "../result.ts";
import { certificateFields, certificateProblem } from "../tcp/certificate.ts";
import { tlsSettings } from "../tcp/dial.ts";
import { type Answer, ask, type Question } from "./ask.ts";
import { shownUrl } from "./shown-url.ts";

/** Longest part of an answer that goes into an event. */
const MOST_SHOWN = 2048;
const REDIRECTS = new Set([301, 302, 303, 307, 308]);

/** Whether an endpoint answers with the status and the text it should. */
export async function checkHttp(target: TargetOptions, written: string, run: CheckRun): Promise<Finding> {
  const { url, headers } = withoutUser(written, target.headers);
  const phases: Phases = {};
  const shown = shownUrl(written);
  const label = target.name === undefined ? shown : `${target.name} (${shown})`;
  const what = `HTTP connection to ${label}`;
  const fields: Event = {
    "url.full": shown,
    "url.scheme": url.protocol.slice(0, -1),
    "url.domain": url.hostname.replace(/^\[|\]$/g, ""),
    "url.port": Number(url.port) || (url.protocol === "https:" ? 443 : 80),
    "url.path": url.pathname,
    "http.request.method": target.method,
  };
  try {
    const tls = await tlsSettings(target.tls, run);
    const question = { url, method: target.method, headers, body: target.body, tls, maxBody: run.maxBody };
    const { answer, followed } = await askOn(question, target.redirects, phases, run.signal);
    const problem = problemIn(answer, target);
    const said = `${what} returned status ${answer.status}`;
    return {
      success: said,
      failure: said,
      isSaid: problem === STATUS,
      ...(problem !== undefined && { problem: problem === STATUS ? `status ${answer.status}` : problem }),
      fields: { ...fields, ...fieldsOf(answer, target, problem !== undefined), "http.redirects": followed },
      phases,
    };
  } catch (error) {
    return { success: what, failure: `${what} failed`, problem: problemOf(error, run), fields, phases };
  }
}

/** Follows redirects. The headers of the target are for its own server only. */
async function askOn(first: Question, most: number, phases: Phases, signal: AbortSignal) {
  let question = first;
  for (let followed = 0; ; followed++) {
    const answer = await ask(question, phases, signal);
    if (most === 0 || !REDIRECTS.has(answer.status) || answer.location === undefined) return { answer, followed };
    if (followed === most) throw new Error(`more than ${most} redirect${most === 1 ? "" : "s"}`);
    const url = new URL(answer.location, question.url);
    if (!/^https?:$/.test(url.protocol)) throw new Error("redirected to something that is not HTTP");
    const becomesGet = answer.status === 303 || (answer.status <= 302 && question.method === "POST");
    question = {
      ...question,
      url,
      ...(url.origin !== question.url.origin && { headers: {} }),
      ...(becomesGet && { method: question.method === "HEAD" ? "HEAD" : "GET", body: undefined }),
    };
  }
}

const STATUS = "status";

function problemIn(answer: Answer, target: TargetOptions): string | undefined {
  const { status, certificate_days, body_contains, body_matches } = target;
  const fits = status.some((wanted) => wanted === answer.status || wanted === `${Math.floor(answer.status / 100)}xx`);
  if (!fits) return STATUS;
  const where = answer.isCut ? " within `max_body`" : "";
  if (body_contains !== undefined && !answer.body.includes(body_contains))
    return `the answer lacks the wanted text${where}`;
  if (body_matches !== undefined && !new RegExp(body_matches).test(answer.body))
    return `the answer does not match${where}`;
  return certificateProblem(answer.certificateEnd, certificate_days);
}

function fieldsOf(answer: Answer, { include_body }: TargetOptions, failed: boolean): Event {
  const isShown = include_body === "always" || (include_body === "on_failure" && failed);
  return {
    "monitor.ip": answer.ip,
    "http.response.status_code": answer.status,
    "http.response.body.bytes": answer.bytes,
    ...(answer.type !== undefined && { "http.response.mime_type": answer.type }),
    ...(isShown && answer.body !== "" && { "http.response.body.content": answer.body.slice(0, MOST_SHOWN) }),
    ...certificateFields(answer.certificateEnd),
  };
}

/** A user in the URL becomes a header: no password may be in `url.full`. */
function withoutUser(written: string, headers: Readonly<Record<string, string>>) {
  const url = new URL(written);
  const { username, password } = url;
  url.username = "";
  url.password = "";
  if (username === "" && password === "") return { url, headers };
  const user = `${decodeURIComponent(username)}:${decodeURIComponent(password)}`;
  return { url, headers: { authorization: `Basic ${Buffer.from(user).toString("base64")}`, ...headers } };
}
