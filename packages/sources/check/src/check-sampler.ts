import { setTimeout as sleep } from "node:timers/promises";
import { type CreateContext, type Event, errorText, type SourceContext } from "@sluice/core";
import type { Sample, Sampler } from "@sluice/sampling";
import { checkDns } from "./dns/check-dns.ts";
import { checkHttp } from "./http/check-http.ts";
import { shownUrl } from "./http/shown-url.ts";
import type { CheckOptions, TargetOptions } from "./options.ts";
import { type CheckResult, type Finding, ms } from "./result.ts";
import { checkTcp } from "./tcp/check-tcp.ts";

const DATASET = "check";

/** Runs the checks of a source, a bounded number at once. */
export class CheckSampler implements Sampler {
  readonly #options: CheckOptions;
  readonly #baseDir: string;

  constructor(options: CheckOptions, { baseDir }: CreateContext) {
    this.#options = options;
    this.#baseDir = baseDir;
  }

  async sample(ctx: SourceContext): Promise<Sample> {
    const results = await this.round(ctx.stop);
    const keys = keysOf(this.#options.targets);
    const observations = results.map(({ text, fields }, i) => ({
      dataset: DATASET,
      key: keys[i] as string,
      text,
      fields,
    }));
    return { observations, complete: [DATASET] };
  }

  /** One result for each target, in their order. Never rejects. */
  async round(stop: AbortSignal): Promise<CheckResult[]> {
    const { targets, concurrency } = this.#options;
    const results: CheckResult[] = [];
    let next = 0;
    const work = async (): Promise<void> => {
      while (next < targets.length) {
        const i = next++;
        results[i] = await this.#one(targets[i] as TargetOptions, stop);
      }
    };
    await Promise.all(Array.from({ length: Math.min(concurrency, targets.length) }, work));
    return results;
  }

  async #one(target: TargetOptions, stop: AbortSignal): Promise<CheckResult> {
    const { jitter, timeout, max_body } = this.#options;
    if (jitter > 0) await sleep(Math.random() * jitter, undefined, { signal: stop }).catch(() => {});
    const patience = target.timeout ?? timeout;
    const signal = AbortSignal.any([AbortSignal.timeout(patience), stop]);
    const started = performance.now();
    const finding = await find(target, { signal, patience, maxBody: max_body, baseDir: this.#baseDir });
    return resultOf(target, finding, ms(started));
  }
}

/** What every kind of check is given. */
export interface CheckRun {
  readonly signal: AbortSignal;
  /** Milliseconds after which `signal` aborts, for messages. */
  readonly patience: number;
  readonly maxBody: number;
  readonly baseDir: string;
}

async function find(target: TargetOptions, run: CheckRun): Promise<Finding> {
  if (target.http !== undefined) return checkHttp(target, target.http, run);
  if (target.tcp !== undefined) return checkTcp(target, target.tcp, run);
  return checkDns(target, target.dns as string, run);
}

/** What alerts know the targets by: each its own, also where two ask the same thing and wait for different answers. */
function keysOf(targets: readonly TargetOptions[]): string[] {
  const seen = new Map<string, number>();
  return targets.map((target) => {
    const key = `${target.name ?? ""} ${addressOf(target)} ${target.record ?? ""}`.trim();
    const count = (seen.get(key) ?? 0) + 1;
    seen.set(key, count);
    return count === 1 ? key : `${key} #${count}`;
  });
}

function nameOf(target: TargetOptions): string {
  return target.name ?? addressOf(target);
}

function addressOf({ http, tcp, dns }: TargetOptions): string {
  return http === undefined ? (tcp ?? (dns as string)) : shownUrl(http);
}

function resultOf(target: TargetOptions, finding: Finding, total: number): CheckResult {
  const { problem, success, failure, isSaid, phases } = finding;
  const isUp = problem === undefined;
  const type = target.http !== undefined ? "http" : target.tcp !== undefined ? "tcp" : "dns";
  const fields: Event = {
    "event.kind": "metric",
    "event.module": "check",
    "event.dataset": DATASET,
    "event.outcome": isUp ? "success" : "failure",
    "event.duration": Math.round(total * 1e6),
    "monitor.type": type,
    "monitor.name": nameOf(target),
    "monitor.status": isUp ? "up" : "down",
    "monitor.duration.us": Math.round(total * 1000),
    "log.level": isUp ? "info" : "error",
    ...(phases.dns !== undefined && { "check.dns_ms": phases.dns }),
    ...(phases.connect !== undefined && { "check.connect_ms": phases.connect }),
    ...(phases.tls !== undefined && { "check.tls_ms": phases.tls }),
    ...(phases.firstByte !== undefined && { "check.first_byte_ms": phases.firstByte }),
    "check.total_ms": total,
    ...finding.fields,
    ...(!isUp && { "error.message": problem }),
  };
  const why = isSaid ? "" : `: ${problem}`;
  return { isUp, text: isUp ? `✓ SUCCESS: ${success}` : `✗ FAILURE: ${failure}${why}`, fields };
}

/** Why something failed, for a person. */
export function problemOf(error: unknown, { signal, patience }: CheckRun): string {
  if (signal.aborted) return `no answer within ${patience / 1000} s`;
  const { code, errors, cause } = error as { code?: string; errors?: unknown[]; cause?: unknown };
  // Several addresses were tried: the first one's failure tells enough.
  if (Array.isArray(errors) && errors.length > 0)
    return problemOf(errors[0], { signal, patience, maxBody: 0, baseDir: "" });
  if (cause instanceof Error && code === undefined)
    return problemOf(cause, { signal, patience, maxBody: 0, baseDir: "" });
  return PROBLEMS[code ?? ""] ?? errorText(error);
}

const PROBLEMS: Readonly<Record<string, string>> = {
  ECONNREFUSED: "connection refused",
  ECONNRESET: "connection reset by the other side",
  EHOSTUNREACH: "no route to the host",
  ENETUNREACH: "the network cannot be reached",
  ENOTFOUND: "the name does not exist",
  ENODATA: "the name has no such record",
  EAI_AGAIN: "the name server does not answer",
  ESERVFAIL: "the name server failed",
  ETIMEOUT: "the name server does not answer",
  CERT_HAS_EXPIRED: "the certificate has expired",
  DEPTH_ZERO_SELF_SIGNED_CERT: "the certificate is signed by itself",
  SELF_SIGNED_CERT_IN_CHAIN: "the certificate's authority is not trusted",
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: "the certificate's authority is not trusted",
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: "the certificate's authority is not trusted",
  ERR_TLS_CERT_ALTNAME_INVALID: "the certificate is for another name",
  ERR_SSL_WRONG_VERSION_NUMBER: "the other side does not speak TLS",
  ERR_SSL_PACKET_LENGTH_TOO_LONG: "the other side does not speak TLS",
  UND_ERR_SOCKET: "the connection was closed before the answer",
};
