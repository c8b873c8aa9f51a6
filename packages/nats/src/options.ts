import { duration, size } from "@sluice/core";
import { z } from "zod";

function isServer(text: string): boolean {
  const url = text.includes("://") ? text : `nats://${text}`;
  return /^(?:nats|tls):/.test(url) && URL.canParse(url) && new URL(url).hostname !== "";
}

/** Options with which every NATS component names its servers; spread into the component's own strict object. */
export const natsConnection = {
  servers: z
    .union([z.string().min(1), z.array(z.string().min(1)).min(1)])
    .transform((servers) => (typeof servers === "string" ? servers.split(",").map((one) => one.trim()) : servers))
    .refine((servers) => servers.every(isServer), "write nats://HOST:PORT or tls://HOST:PORT")
    .describe("Servers to connect to, e.g. `nats://127.0.0.1:4222`; one of a cluster is enough to find the others."),
  user: z.string().min(1).optional().describe("User, where the servers want one."),
  password: z.string().min(1).optional().describe("Its password; write `${file:/run/secrets/x}` or `${VAR}`."),
  token: z.string().min(1).optional().describe("Token, instead of a user; write `${file:…}` or `${VAR}`."),
  nkey_seed: z.string().min(1).optional().describe("Seed of an nkey (`SU…`); write `${file:…}` or `${VAR}`."),
  credentials: z.string().min(1).optional().describe("Path of a `.creds` file: a user's JWT and its seed."),
  tls: z
    .strictObject({
      ca: z.string().min(1).optional().describe("PEM file of the authorities to trust."),
      cert: z.string().min(1).optional().describe("PEM file of a client certificate, where the servers want one."),
      key: z.string().min(1).optional().describe("PEM file of its key."),
      verify: z.boolean().default(true).describe("`false` accepts any certificate: whoever is in between can read."),
    })
    .optional()
    .describe("Demands TLS. Without it, a server that wants TLS still gets it, by the system's authorities."),
  request_timeout: duration().prefault("5s").describe("How long an answer of the servers is waited for."),
};

/** Settings of a stream that is made when it is missing. One that exists is left as it is. */
export const newStream = z
  .strictObject({
    subjects: z
      .array(z.string().min(1))
      .min(1)
      .optional()
      .describe("What it stores. Default: the component's subjects."),
    replicas: z.int().min(1).max(5).default(1).describe("Servers that have a copy; 3 survives the loss of one."),
    storage: z.enum(["file", "memory"]).default("file").describe("Where the servers keep it."),
    retention: z
      .enum(["limits", "workqueue", "interest"])
      .default("limits")
      .describe("`workqueue` removes what was acknowledged, and allows one consumer only."),
    max_age: duration().prefault("3d").describe("Older messages are removed, taken or not: longer than any outage."),
    max_bytes: size().optional().describe("The stream holds no more than this; then it refuses new messages."),
    duplicate_window: duration()
      .prefault("10m")
      .describe("How long the servers remember ids, to drop what an edge sends again."),
  })
  .optional()
  .describe("Make the stream with these settings when it is missing; `{}` takes the defaults.");

const LOGINS = ["user", "token", "nkey_seed", "credentials"] as const;

/** Refines options that have {@link natsConnection} in them: one way to log in. */
export function oneLogin(
  options: Partial<Record<(typeof LOGINS)[number] | "password", string | undefined>>,
  ctx: z.core.$RefinementCtx,
): void {
  const [first, ...others] = LOGINS.filter((way) => options[way] !== undefined);
  for (const way of others) {
    ctx.addIssue({ code: "custom", path: [way], message: `\`${first}\` is given already`, input: options[way] });
  }
  if (options.password === undefined || options.user !== undefined) return;
  ctx.addIssue({ code: "custom", path: ["password"], message: "`user` belongs to it", input: undefined });
}

const connection = z.object(natsConnection);

/** How to reach the servers. */
export type NatsConnectionOptions = z.output<typeof connection>;

/** Settings of a new stream. */
export type NewStream = NonNullable<z.output<typeof newStream>>;
