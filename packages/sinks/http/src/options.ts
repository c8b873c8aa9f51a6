import { duration } from "@sluice/core";
import { z } from "zod";

const tls = z
  .strictObject({
    ca: z.string().optional().describe("PEM file of the authorities to trust instead of the system's."),
    cert: z.string().optional().describe("PEM file with the client's certificate."),
    key: z.string().optional().describe("PEM file with the client's key."),
    verify: z
      .boolean()
      .default(true)
      .describe("Verify the server's certificate. `false` is warned about at each start."),
    server_name: z.string().optional().describe("Name to expect in the certificate when it is not the URL's host."),
  })
  .refine(({ cert, key }) => (cert === undefined) === (key === undefined), { message: "give cert and key together" })
  .describe("Certificates for `https://`.");

const basic = z.strictObject({
  user: z.string().min(1).describe("User name."),
  password: z.string().describe("Password; best written `${file:/run/secrets/name}`."),
});

const auth = z
  .strictObject({
    basic: basic.optional().describe("HTTP basic authentication."),
    bearer: z
      .string()
      .min(1)
      .optional()
      .describe("Token for `Authorization: Bearer`; best written `${file:/run/secrets/name}`."),
  })
  .refine((value) => (value.basic === undefined) !== (value.bearer === undefined), {
    message: "give one of basic and bearer",
  });

const url = z
  .string()
  .refine((text) => /^https?:\/\//.test(text) && URL.canParse(text), "write http(s)://HOST[:PORT]/PATH")
  .refine((text) => !URL.canParse(text) || new URL(text).username === "", "credentials belong into `auth`");

const OWN_HEADERS = ["content-length", "content-type", "content-encoding", "transfer-encoding", "host", "connection"];
const header = z
  .string()
  .regex(/^[!#$%&'*+.^_`|~\w-]+$/, "is no name of a header")
  .refine((name) => !OWN_HEADERS.includes(name.toLowerCase()), "is set by sluice itself");
// biome-ignore lint/suspicious/noControlCharactersInRegex: a line end in it would begin another header
const headerValue = z
  .string()
  .regex(/^[^\u0000-\u0008\u000a-\u001f\u007f]*$/, "has a line end or another control character");

/** Options of the sink `http`. */
export const httpOptions = z.strictObject({
  url: url.describe("Where to send.").meta({ examples: ["https://logs.example.org/ingest"] }),
  method: z.enum(["POST", "PUT"]).default("POST").describe("Method of the requests."),
  format: z
    .enum(["ndjson", "json"])
    .default("ndjson")
    .describe(
      "`ndjson`: one event a line, as `application/x-ndjson`; `json`: a list of events, as `application/json`.",
    ),
  compression: z.enum(["none", "gzip", "zstd"]).default("none").describe("Compression of the bodies."),
  headers: z.record(header, headerValue).default({}).describe("More headers, e.g. an API key out of `${file:…}`."),
  auth: auth.optional().describe("Credentials."),
  tls: tls.prefault({}),
  timeout: duration().prefault("60s").describe("How long a request may take until its answer is there."),
  connect_timeout: duration().prefault("10s").describe("How long connecting may take."),
  retry_statuses: z
    .array(z.int().min(400).max(499))
    .default([408, 425, 429])
    .describe(
      "Answers after which a batch is offered again, besides 5xx; other 4xx go to the dead letter. Add 401 and 403 to wait " +
        "for credentials to be mended.",
    ),
});

export type HttpOptions = z.output<typeof httpOptions>;
