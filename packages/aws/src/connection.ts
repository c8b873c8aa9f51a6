import { duration } from "@sluice/core";
import { z } from "zod";

/**
 * Options with which every S3 component names its store; spread into the component's own strict object. What is left
 * out comes from where every AWS tool takes it: environment, profile files, the machine's role.
 */
export const s3Connection = {
  region: z.string().min(1).optional().describe("Region of the bucket; else `AWS_REGION` or the profile's."),
  endpoint: z
    .url({ protocol: /^https?$/ })
    .optional()
    .describe("Address of a store that is not Amazon's, e.g. `https://ceph.example.org`; else `AWS_ENDPOINT_URL`."),
  path_style: z
    .boolean()
    .optional()
    .describe("Put the bucket into the path instead of the host name; true by default where `endpoint` is set."),
  profile: z.string().min(1).optional().describe("Profile of `~/.aws/config` and `~/.aws/credentials`."),
  access_key_id: z.string().min(1).optional().describe("Key, where it does not come from the usual places."),
  secret_access_key: z.string().min(1).optional().describe("Its secret; write `${file:/run/secrets/x}` or `${VAR}`."),
  session_token: z.string().min(1).optional().describe("Its session token, for temporary keys."),
  assume_role: z
    .strictObject({
      arn: z.string().min(1).describe("Role to work as."),
      external_id: z.string().min(1).optional().describe("External id that the role asks for."),
      endpoint: z
        .url({ protocol: /^https?$/ })
        .optional()
        .describe("Address of the token service (STS); else `AWS_ENDPOINT_URL_STS`, else the store's own `endpoint`."),
      session_name: z.string().min(1).default("sluice").describe("Name under which the session shows in CloudTrail."),
    })
    .optional()
    .describe("Role that is assumed with the credentials above."),
  tls: z
    .strictObject({
      ca: z.string().min(1).optional().describe("PEM file of the authorities to trust; else `AWS_CA_BUNDLE`."),
      verify: z.boolean().default(true).describe("`false` accepts any certificate: whoever is in between can read."),
    })
    .optional()
    .describe("Certificates, for an `https://` endpoint."),
  request_timeout: duration()
    .prefault("60s")
    .describe("A request that gets no answer, or a body that stands still, for this long is given up and tried again."),
};

/** Refines options that have {@link s3Connection} in them. */
export function keysBelongTogether(
  { access_key_id: id, secret_access_key: secret }: Pick<S3Connection, "access_key_id" | "secret_access_key">,
  ctx: z.core.$RefinementCtx,
): void {
  if ((id === undefined) === (secret === undefined)) return;
  const [given, missing] =
    id === undefined ? ["secret_access_key", "access_key_id"] : ["access_key_id", "secret_access_key"];
  ctx.addIssue({ code: "custom", path: [given], message: `\`${missing}\` belongs to it`, input: undefined });
}

const connection = z.object(s3Connection);

/** How to reach a store. */
export type S3Connection = z.output<typeof connection>;

/** The connection out of the options of an S3 component as they are written in the pipeline file; `{}` is the default. */
export function readConnection(options: unknown): S3Connection {
  return connection.parse(options);
}
