/** Every error code of sluice with its meaning; the reference page is made from this table. Codes are never reused. */
export const ERROR_CODES = {
  SLUICE_USAGE: "wrong command line",
  SLUICE_CONFIG: "a pipeline file does not pass validation",
  SLUICE_PATTERN: "a grok pattern cannot be compiled: missing, recursive or not a valid expression",
  SLUICE_EXPRESSION: "a CEL expression cannot be compiled",
  SLUICE_STATE_LOCKED: "another sluice uses the state directory",
  SLUICE_STATE: "the state database cannot be opened or written",
  SLUICE_STATE_DAMAGED: "the state database was damaged and is set aside; sources read again from their beginning",
  SLUICE_SOURCE: "a source cannot read its input",
  SLUICE_UNREACHABLE: "a sink's far end does not answer; the batch is offered again",
  SLUICE_UNCONFIRMED: "a connection ended before its messages were confirmed; they are sent again",
  SLUICE_STORE: "an object store refuses an upload, or cannot take it now; it is tried again",
  SLUICE_REJECTED: "the far end can never take this event; it goes to the dead letter",
  SLUICE_DEADLINE: "the drain deadline passed with events still undelivered",
  SLUICE_HTTP: "the HTTP side cannot listen, or must not without a token",
  SLUICE_WORKER: "a worker thread ended unexpectedly",
} as const;

/** A code out of {@link ERROR_CODES}. */
export type ErrorCode = keyof typeof ERROR_CODES;

interface SluiceErrorOptions {
  readonly hint?: string | undefined;
  readonly cause?: unknown;
  readonly written?: string | undefined;
  readonly also?: readonly SluiceError[];
}

/** An error for a person: what went wrong, where, and what to do about it. */
export class SluiceError extends Error {
  readonly code: ErrorCode;
  /** What to do, in one sentence. */
  readonly hint: string | undefined;
  /** The option at fault as it was written, so that its place in the pipeline file can be shown. */
  readonly written: string | undefined;
  /** Further errors of the same kind: a person wants to hear of all of them at once. */
  readonly also: readonly SluiceError[];

  constructor(code: ErrorCode, message: string, options: SluiceErrorOptions = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = "SluiceError";
    this.code = code;
    this.hint = options.hint;
    this.written = options.written;
    this.also = options.also ?? [];
  }
}

/** Several errors as one: the first, with the others in its `also`. */
export function asOneError([first, ...also]: readonly [SluiceError, ...SluiceError[]]): SluiceError {
  const { code, message, hint, written, cause } = first;
  return new SluiceError(code, message, { hint, written, cause, also });
}

/**
 * Does all of several things, so that a person hears of everything that is wrong.
 * @throws what was thrown, as an AggregateError when it was more than one thing
 */
export function attemptAll<T>(actions: readonly (() => T)[]): T[] {
  const results: T[] = [];
  const errors: unknown[] = [];
  for (const action of actions) {
    try {
      results.push(action());
    } catch (error) {
      errors.push(...(error instanceof AggregateError ? error.errors : [error]));
    }
  }
  if (errors.length > 1) throw new AggregateError(errors, errors.map(errorText).join("; "));
  if (errors.length === 1) throw errors[0];
  return results;
}

/** The text of anything that was thrown. */
export function errorText(error: unknown): string {
  const text = error instanceof Error ? error.message : String(error);
  return text.replace(OPENSSL, (_, reason: string) => NO_TLS[reason] ?? reason);
}

/** `40E7…:error:0A00010B:SSL routines:ssl3_get_record:wrong version number:../deps/…/ssl3_record.c:355:` and a line end. */
const OPENSSL = /\b[0-9A-F]{8,}:error:[0-9A-F]{8}:[^:\n]*:[^:\n]*:([^:\n]+)(?::[^\n]*)?\n?/;

/** OpenSSL's words for the first bytes of something that is no TLS. */
const NO_TLS: Readonly<Record<string, string>> = {
  "wrong version number": "the other side does not speak TLS (wrong version number)",
  "packet length too long": "the other side does not speak TLS (packet length too long)",
  "http request": "the other side does not speak TLS but HTTP",
};
