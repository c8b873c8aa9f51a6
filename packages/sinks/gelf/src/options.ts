import { duration, size } from "@sluice/core";
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
    server_name: z.string().optional().describe("Name to expect in the certificate when it is not the address's host."),
  })
  .refine(({ cert, key }) => (cert === undefined) === (key === undefined), { message: "give cert and key together" })
  .describe("Certificates for `tls://` and `https://`.");

const rotate = z
  .strictObject({
    bytes: size()
      .refine((bytes) => bytes > 0, "must be more than 0B")
      .prefault("4MiB")
      .describe("A connection is closed to confirm it after this many bytes."),
    age: duration()
      .refine((ms) => ms > 0, "must be more than 0s")
      .prefault("1s")
      .describe("… or this long after its first unconfirmed message."),
    ordered: z
      .boolean()
      .default(true)
      .describe("Send on the next connection only when the receiver has read all of the one before: keeps the order."),
  })
  .describe("How often connections alternate so that messages can be confirmed.");

const headerName = z.string().regex(/^[!#$%&'*+.^_`|~\w-]+$/, "is no name of a header");
// biome-ignore lint/suspicious/noControlCharactersInRegex: a line end in it would begin another header
const CONTROL = /[\u0000-\u0008\u000a-\u001f\u007f]/;
const headerValue = z.string().refine((text) => !CONTROL.test(text), "has a line end or another control character");

/** Options of the sink `gelf`. */
export const gelfOptions = z.strictObject({
  address: z
    .string()
    .regex(/^(tcp|tls|udp):\/\/[^/]+:\d+\/?$|^https?:\/\/\S+$/, {
      message: "write tcp://HOST:PORT, tls://HOST:PORT, udp://HOST:PORT or http(s)://HOST:PORT/gelf",
    })
    .describe("Where Graylog's GELF input listens.")
    .meta({ examples: ["tcp://graylog.example.org:12201", "https://graylog.example.org:12202/gelf"] }),
  confirm: z
    .enum(["auto", "required", "off"])
    .default("auto")
    .describe(
      "Whether messages over tcp and tls are confirmed by closing their connection cleanly: `auto` falls back with a " +
        "warning where the receiver never answers a close, `required` refuses such a receiver, `off` trusts each write.",
    ),
  confirm_timeout: duration()
    .prefault("10s")
    .describe("How long a receiver that has never answered a close may take to answer its first one."),
  stall_timeout: duration()
    .prefault("2m")
    .describe("How long a receiver may read nothing before its connection is given up and its messages sent again."),
  connect_timeout: duration().prefault("10s").describe("How long connecting may take."),
  rotate: rotate.prefault({}),
  tls: tls.prefault({}),
  compression: z
    .enum(["gzip", "zlib", "none"])
    .default("none")
    .describe("Compression of messages over udp and http. Graylog's TCP input takes none."),
  chunk_size: size()
    .refine((bytes) => bytes >= 64 && bytes <= 65_507, "a datagram holds 64 to 65507 bytes")
    .prefault("1420B")
    .describe("Largest datagram; longer messages are sent in up to 128 chunks."),
  headers: z.record(headerName, headerValue).default({}).describe("More HTTP headers, e.g. `Authorization`."),
  concurrency: z.int().min(1).max(256).default(8).describe("HTTP requests under way at once."),
});

export type GelfOptions = z.output<typeof gelfOptions>;
