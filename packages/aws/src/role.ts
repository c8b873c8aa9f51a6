import { fromTemporaryCredentials } from "@aws-sdk/credential-providers";
import type { S3Connection } from "./connection.ts";
import { RoleError } from "./faults.ts";
import { httpsAgent } from "./tls.ts";

type Role = NonNullable<S3Connection["assume_role"]>;
type Settings = Parameters<typeof fromTemporaryCredentials>[0];

/**
 * Credentials of a role, renewed by the SDK before they expire. Rejects with a {@link RoleError} when the token service
 * does not give them.
 */
export function roleCredentials(
  role: Role,
  master: Settings["masterCredentials"],
  connection: S3Connection,
): ReturnType<typeof fromTemporaryCredentials> {
  const provider = fromTemporaryCredentials({
    ...(master && { masterCredentials: master }),
    params: {
      RoleArn: role.arn,
      RoleSessionName: role.session_name,
      ...(role.external_id !== undefined && { ExternalId: role.external_id }),
    },
    clientConfig: tokenService(role, connection),
  });
  return async (caller) => {
    try {
      return await provider(caller);
    } catch (error) {
      throw new RoleError(role.arn, error);
    }
  };
}

/** Stores that are not Amazon's (Ceph, MinIO) have their token service at the same address. */
function tokenService(role: Role, connection: S3Connection): NonNullable<Settings["clientConfig"]> {
  const { region } = connection;
  const elsewhere = process.env["AWS_ENDPOINT_URL_STS"] !== undefined;
  const endpoint = role.endpoint ?? (elsewhere ? undefined : connection.endpoint);
  return {
    ...(region !== undefined ? { region } : endpoint !== undefined && { region: "us-east-1" }),
    ...(endpoint !== undefined && { endpoint }),
    requestHandler: { httpsAgent: httpsAgent(connection) },
  };
}
