import { isIP } from "node:net";
import { duration, size } from "@sluice/core";
import { alertOptions } from "@sluice/sampling";
import { z } from "zod";

const tls = z.strictObject({
  ca: z.string().optional().describe("PEM file of the authorities to trust instead of the system's."),
  cert: z.string().optional().describe("PEM file with the client's certificate."),
  key: z.string().optional().describe("PEM file with the client's key."),
  verify: z.boolean().default(true).describe("Verify the server's certificate. `false` is warned about at each start."),
  server_name: z.string().optional().describe("Name to expect in the certificate when it is not the address's host."),
});
export type TlsOptions = z.output<typeof tls>;

export const RECORDS = ["A", "AAAA", "CNAME", "MX", "NS", "PTR", "SRV", "TXT"] as const;

const status = z.union([z.int().min(100).max(599), z.string().regex(/^[1-5]xx$/, "write a code or a class, e.g. 2xx")]);

/** Why a text is no regular expression. */
function patternProblem(text: string): string | undefined {
  try {
    return void new RegExp(text);
  } catch (error) {
    return (error as Error).message;
  }
}

/** `10.0.1.10`, `10.0.1.10:53`, `::1`, `[::1]:53`. */
function isServer(text: string): boolean {
  if (isIP(text) !== 0) return true;
  const [, address = "", port = "53"] = /^(?:\[([^\]]+)\]|([^:]+))(?::(\d{1,5}))?$/.exec(text)?.filter(Boolean) ?? [];
  return isIP(address) !== 0 && isPort(port);
}

function isPort(text: string): boolean {
  return Number(text) >= 1 && Number(text) <= 65_535;
}

/** Options without which a target of another kind is easily misread. */
const ONLY_FOR = {
  http: ["body", "body_contains", "body_matches"],
  dns: ["record", "expect", "server"],
} as const;

function speaksTls({ http, tls }: { http?: string | undefined; tls?: unknown }): boolean {
  return http === undefined ? tls !== undefined && tls !== false : http.startsWith("https:");
}

const target = z
  .strictObject({
    name: z.string().min(1).optional().describe("What it is called in messages. Default: its address."),
    http: z
      .string()
      .regex(/^https?:\/\/[^/]+/, "write http://HOST/PATH or https://HOST/PATH")
      .optional()
      .describe("URL to ask for."),
    tcp: z
      .string()
      .regex(/^(\[[^\]]+\]|[^:[\]]+):\d{1,5}$/, "write HOST:PORT")
      .refine((text) => isPort(text.slice(text.lastIndexOf(":") + 1)), "a port is a number from 1 to 65535")
      .optional()
      .describe("`HOST:PORT` to connect to."),
    dns: z.string().min(1).optional().describe("Name to resolve."),
    method: z
      .string()
      .regex(/^[A-Z]+$/, "write it in capital letters, e.g. HEAD")
      .default("GET")
      .describe("HTTP: the method."),
    headers: z.record(z.string(), z.string()).default({}).describe("HTTP: more headers. They never leave with events."),
    body: z.string().optional().describe("HTTP: what to send."),
    status: z
      .array(status)
      .min(1)
      .default(["2xx"])
      .describe("HTTP: what the answer's status must be: codes, or classes like `2xx`."),
    body_contains: z.string().optional().describe("HTTP: text that the answer must hold."),
    body_matches: z
      .string()
      .superRefine((text, ctx) => {
        const problem = patternProblem(text);
        if (problem !== undefined) ctx.addIssue({ code: "custom", message: `not a regular expression: ${problem}` });
      })
      .optional()
      .describe("HTTP: regular expression that the answer must match."),
    redirects: z.int().min(0).max(20).default(0).describe("HTTP: how many redirects are followed."),
    include_body: z
      .enum(["never", "on_failure", "always"])
      .default("on_failure")
      .describe("HTTP: when the answer's beginning goes into `http.response.body.content`."),
    certificate_days: z.int().min(0).optional().describe("TLS: fail when the certificate ends in fewer days."),
    tls: z.union([z.boolean(), tls]).optional().describe("TLS: for `tcp`, speak TLS; certificates for `https`, too."),
    record: z
      .enum(RECORDS)
      .optional()
      .describe("DNS: the record to ask a name server for. Default: addresses, as every program gets them."),
    expect: z.array(z.string()).optional().describe("DNS: answers that must be among those given."),
    server: z
      .string()
      .refine(isServer, "write the address of a name server, e.g. 10.0.1.10 or 10.0.1.10:53")
      .optional()
      .describe("DNS: name server to ask, `ADDRESS` or `ADDRESS:PORT`."),
    timeout: duration().optional().describe("Longest time for this target instead of the source's `timeout`."),
  })
  .refine(({ http, tcp, dns }) => [http, tcp, dns].filter((one) => one !== undefined).length === 1, {
    message: "give exactly one of `http`, `tcp` and `dns`",
  })
  .superRefine((options, ctx) => {
    for (const [kind, keys] of Object.entries(ONLY_FOR)) {
      if (options[kind as keyof typeof ONLY_FOR] !== undefined) continue;
      for (const key of keys.filter((one) => options[one] !== undefined)) {
        ctx.addIssue({ code: "custom", path: [key], message: `is for \`${kind}\`` });
      }
    }
    if (options.certificate_days !== undefined && !speaksTls(options)) {
      const message = "there is no certificate without TLS: write https://…, or `tls: true` at a `tcp` target";
      ctx.addIssue({ code: "custom", path: ["certificate_days"], message });
    }
  });

export type TargetOptions = z.output<typeof target>;

/** Options of the source `check`. */
export const checkOptions = z.strictObject({
  interval: duration()
    .refine((ms) => ms >= 100, "at least 100ms")
    .prefault("60s")
    .describe("From one round of checks to the next."),
  timeout: duration().prefault("10s").describe("Longest time for one check."),
  jitter: duration().prefault("0s").describe("Each check of a round starts up to so much later, at random."),
  concurrency: z.int().min(1).max(1000).default(10).describe("Most checks at once."),
  max_body: size().prefault("1MiB").describe("So much of an answer is read and looked at."),
  targets: z.array(target).min(1).describe("What to check."),
  alerts: alertOptions
    .prefault([{ name: "down", when: 'monitor.status == "down"', severity: "error" }])
    .describe(
      "Events when a condition begins to hold and when it ends. Default: once when a target is down, once when up.",
    ),
});

export type CheckOptions = z.output<typeof checkOptions>;
