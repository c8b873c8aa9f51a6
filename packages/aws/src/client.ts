import { S3Client, type S3ClientConfig } from "@aws-sdk/client-s3";
import { SluiceError } from "@sluice/core";
import type { S3Connection } from "./connection.ts";
import { httpsAgent } from "./tls.ts";

const CONNECT_TIMEOUT_MS = 10_000;
/** Sockets to the store. The SDK's 50 would let a slow store hold as many bodies. */
const SOCKETS = 16;

/**
 * A client of the store. It reads the CA file, so it is made when a component starts, not when it is created; its
 * owner calls `destroy`. Throws SLUICE_CONFIG when half of a key is given or the CA file cannot be read.
 */
export async function s3Client(options: S3Connection, extra: Partial<S3ClientConfig> = {}): Promise<S3Client> {
  const foreign =
    (options.endpoint ?? process.env["AWS_ENDPOINT_URL_S3"] ?? process.env["AWS_ENDPOINT_URL"]) !== undefined;
  const credentials = await credentialsOf(options);
  return new S3Client({
    ...(options.region !== undefined ? { region: options.region } : foreign && { region: regionOfForeign() }),
    ...(options.endpoint !== undefined && { endpoint: options.endpoint }),
    ...(options.profile !== undefined && { profile: options.profile }),
    ...(credentials && { credentials }),
    forcePathStyle: options.path_style ?? foreign,
    // Many stores refuse, or store, the trailers that the default adds.
    ...(foreign && { requestChecksumCalculation: "WHEN_REQUIRED", responseChecksumValidation: "WHEN_REQUIRED" }),
    requestHandler: {
      connectionTimeout: CONNECT_TIMEOUT_MS,
      // Not the time of the whole request: a part takes long on a slow line.
      socketTimeout: options.request_timeout,
      httpsAgent: httpsAgent(options, { keepAlive: true, maxSockets: SOCKETS }),
      httpAgent: { keepAlive: true, maxSockets: SOCKETS },
    },
    ...extra,
  });
}

/** Stores that are not Amazon's mostly take any region, but signing needs one. */
function regionOfForeign(): string {
  return process.env["AWS_REGION"] ?? process.env["AWS_DEFAULT_REGION"] ?? "us-east-1";
}

async function credentialsOf(options: S3Connection): Promise<S3ClientConfig["credentials"] | undefined> {
  const own = staticKey(options);
  const { assume_role: role, profile } = options;
  if (own && !role) return own;
  const { fromNodeProviderChain } = await import("@aws-sdk/credential-providers");
  // Without `ignoreCache` a new client would still see the files as they were at the first look.
  const usual = fromNodeProviderChain({ ignoreCache: true, ...(profile !== undefined && { profile }) });
  if (!role) return usual;
  const { roleCredentials } = await import("./role.ts");
  return roleCredentials(role, own ?? usual, options);
}

function staticKey({ access_key_id: id, secret_access_key: secret, session_token: token }: S3Connection) {
  if (id === undefined && secret === undefined) return undefined;
  if (id === undefined || secret === undefined) {
    throw new SluiceError("SLUICE_CONFIG", "access_key_id and secret_access_key belong together", {
      hint: "give both, or neither to use the usual places (environment, profile, the machine's role)",
    });
  }
  return { accessKeyId: id, secretAccessKey: secret, ...(token !== undefined && { sessionToken: token }) };
}
