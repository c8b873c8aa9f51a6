import { type ErrorCode, errorText, SluiceError } from "@sluice/core";

/** The object is not the one that was listed any more: it was overwritten or deleted. */
export class ObjectChangedError extends Error {}

/** A role could not be assumed. */
export class RoleError extends Error {
  override readonly name = "RoleError";
  readonly hint: string | undefined;

  constructor(arn: string, cause: unknown) {
    const [detail, hint] = describe(cause);
    super(`cannot assume the role ${arn}: ${detail}`, { cause });
    const refused = ["AccessDenied", "Forbidden"].includes(faultName(cause));
    this.hint = refused ? "check assume_role.arn, and that the role trusts who assumes it" : hint;
  }
}

/** What a person needs to know of an S3 error, by its name. Names are those of the SDK and of the stores' answers. */
const FAULTS: Readonly<Record<string, readonly [what: string, hint: string]>> = {
  CredentialsProviderError: [
    "there are no credentials",
    "set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, `profile`, or give the machine a role",
  ],
  InvalidAccessKeyId: [
    "the store does not know this access key",
    "check access_key_id, AWS_ACCESS_KEY_ID or the profile",
  ],
  SignatureDoesNotMatch: ["the secret key is wrong", "check secret_access_key, AWS_SECRET_ACCESS_KEY or the profile"],
  ExpiredTokenException: ["the session token has expired", "renew the temporary credentials"],
  InvalidToken: ["the store does not know this session token", "renew the temporary credentials"],
  ExpiredToken: ["the session token has expired", "renew the temporary credentials"],
  AccessDenied: ["the store refuses access", "give the user the right to do this, or use other credentials"],
  Forbidden: ["the store refuses access", "check the credentials and the bucket's policy"],
  UserSuspended: ["the user is suspended", "have the store's operator enable it"],
  QuotaExceeded: ["the quota is used up", "raise the quota or delete old objects"],
  NoSuchBucket: ["there is no such bucket", "check `bucket`, `endpoint` and `region`"],
  PermanentRedirect: ["the bucket is in another region", "set `region` to the bucket's"],
  AuthorizationHeaderMalformed: ["the region is wrong", "set `region` to the bucket's"],
  RequestTimeTooSkewed: [
    "this machine's clock differs too much from the store's",
    "sluice goes by the store's clock from now on; set this one, e.g. by NTP",
  ],
  SlowDown: ["the store asks to slow down (503)", "nothing is lost; sluice waits and tries again"],
  ServiceUnavailable: ["the store is overloaded (503)", "nothing is lost; sluice waits and tries again"],
  NoList: [
    "the answer is no list of objects",
    "something else than the store answers there: check `endpoint` and proxies",
  ],
  ListWithoutEnd: [
    "the store says that its list goes on, but not where",
    "the store, or a proxy before it, is at fault; nothing is left out, sluice asks for the list again",
  ],
  ListOutOfOrder: [
    "the store does not list its objects in the order of their keys",
    "sluice could not go on where it was after a restart; use a bucket that is listed in order",
  ],
  TimeoutError: ["the store does not answer", "check `endpoint`, the network and the store"],
  ECONNREFUSED: ["nothing listens there", "check `endpoint` and that the store runs"],
  ENOTFOUND: ["its name cannot be resolved", "check `endpoint`, `region` and the name servers"],
  ECONNRESET: ["the connection broke", "nothing is lost; sluice tries again"],
};

/** What the store, or who gives the credentials, says when they are wrong or worn out. */
const CREDENTIALS: ReadonlySet<string> = new Set([
  // Ceph's answer to a wrong secret, too, once it has a token service.
  "AccessDenied",
  "Forbidden",
  "CredentialsProviderError",
  "ExpiredToken",
  "ExpiredTokenException",
  "InvalidAccessKeyId",
  "InvalidToken",
  "SignatureDoesNotMatch",
]);

/** Whether it may help to read the credentials again: a client keeps those that it has found first. */
export function isCredentialsFault(error: unknown): boolean {
  return error instanceof RoleError || CREDENTIALS.has(faultName(error));
}

/** Name of an S3 error: the store's, or the system's for what happened on the way. */
function faultName(error: unknown): string {
  const { name, code, Code } = error as { name?: unknown; code?: unknown; Code?: unknown };
  for (const candidate of [Code, code, name]) {
    if (typeof candidate === "string" && Object.hasOwn(FAULTS, candidate)) return candidate;
  }
  const status = statusOf(error);
  if (status === 403) return "Forbidden";
  if (status === 503) return "ServiceUnavailable";
  return typeof name === "string" ? name : "Error";
}

/** HTTP status of the store's answer; undefined when there was none. */
export function statusOf(error: unknown): number | undefined {
  return (error as { $metadata?: { httpStatusCode?: number } }).$metadata?.httpStatusCode;
}

/** An error of the SDK for a person. `where` says what was tried: `cannot read s3://logs/a.gz`. */
export function s3Fault(error: unknown, where: string, code: ErrorCode = "SLUICE_SOURCE"): SluiceError {
  if (error instanceof SluiceError) return error;
  const [detail, hint] = describe(error);
  return new SluiceError(code, `${where}: ${detail}`, { hint, cause: error });
}

function describe(error: unknown): readonly [detail: string, hint: string | undefined] {
  if (error instanceof RoleError) return [error.message, error.hint];
  const name = faultName(error);
  const known = FAULTS[name];
  return known ? [`${known[0]} (${name})`, known[1]] : [`${name}: ${errorText(error)}`, undefined];
}
