import { JetStreamApiError } from "@nats-io/jetstream";
import { AuthorizationError, errors, PermissionViolationError, TimeoutError } from "@nats-io/transport-node";
import { type ErrorCode, errorText, SluiceError } from "@sluice/core";

/** Codes of JetStream's own errors, as its server documents them. */
const MISSING = { stream: 10059, consumer: 10014 } as const;
const NO_SPACE = new Set([10023, 10028, 10047, 10076, 10077]);
const API_HINTS: Readonly<Record<number, string>> = {
  [MISSING.stream]: "check `stream`, or set `create_stream`",
  [MISSING.consumer]: "check `consumer`",
  10039: "have JetStream enabled for this account",
  10076: "JetStream is not available: check the servers' disks",
};

/** An error of NATS for a person. `where` says what was tried: `cannot publish to logs.web`. */
export function natsFault(error: unknown, where: string, code: ErrorCode = "SLUICE_UNREACHABLE"): SluiceError {
  if (error instanceof SluiceError) return error;
  const [what, hint] = describe(error);
  return new SluiceError(code, `${where}: ${what}`, { hint, cause: error });
}

function describe(error: unknown): readonly [what: string, hint: string] {
  if (error instanceof JetStreamApiError) {
    const { code, message } = error as JetStreamApiError & { code: number };
    if (NO_SPACE.has(code))
      return [`${message} (${code})`, "give the stream or the servers more room, or take out of it"];
    return [`${message} (${code})`, API_HINTS[code] ?? "see the servers' log"];
  }
  if ((error as Error).name === "JetStreamNotEnabled" || isNoResponders(error)) {
    return ["no stream takes it (no responders)", "make a stream for this subject, or set `create_stream`"];
  }
  if (error instanceof AuthorizationError) {
    return ["the servers refuse these credentials", "check user and password, token, nkey_seed or credentials"];
  }
  if (error instanceof PermissionViolationError) {
    return [errorText(error), "give this user the right in the servers' configuration"];
  }
  if (error instanceof TimeoutError)
    return ["no answer in time", "check the servers and whether a majority of them runs"];
  if (isRefused(error)) return [`nothing listens there (${errorText(error)})`, "check `servers` and that they run"];
  return [errorText(error), "check `servers` and their log"];
}

function isNoResponders(error: unknown): boolean {
  return error instanceof errors.NoRespondersError || (error instanceof errors.RequestError && error.isNoResponders());
}

function isRefused(error: unknown): boolean {
  return /ECONNREFUSED|CONNECTION_REFUSED|connection refused/i.test(errorText(error));
}

/** Whether the servers say that there is no such stream, or no such consumer. */
export function isMissing(error: unknown, what: keyof typeof MISSING): boolean {
  return error instanceof JetStreamApiError && error.code === MISSING[what];
}

/** Whether the servers say that this user may not do that. */
export function isForbidden(error: unknown): boolean {
  return (
    error instanceof PermissionViolationError || (error as Error | undefined)?.cause instanceof PermissionViolationError
  );
}

/** Why a message can never be taken, whatever is put right at the servers' side; undefined when it may be tried again. */
export function neverTaken(error: unknown): string | undefined {
  const isTooLarge = /max(imum)?[ _-]?payload|message size exceeds/i.test(errorText(error));
  return isTooLarge ? "too_large" : undefined;
}
