import { execFileSync } from "node:child_process";
import { join } from "node:path";
import type { Contender } from "../contender.ts";

const SLUICE = join(import.meta.dirname, "../../packages/cli/bin/sluice");
const PIPELINES = join(import.meta.dirname, "../pipelines");

const FIELDS: Contender["fields"] = {
  nginx: {
    client: "_source_ip",
    user: "_user_name",
    method: "_http_request_method",
    url: "_url_original",
    version: "_http_version",
    status: "_http_response_status_code",
    bytes: "_http_response_body_bytes",
    referrer: "_http_request_referrer",
    agent: "_user_agent_original",
  },
  auth: {
    program: "_process_name",
    pid: "_process_pid",
    user: "_user_name",
    address: "_source_ip",
    port: "_source_port",
  },
};

/** sluice with two workers, delivery confirmed, state on disk, secrets taken out: as it is run in earnest. */
export const sluice: Contender = contender("sluice", "default", 2);

/** The same without its sanitizer, which the others do not have. */
export const unsanitized: Contender = contender("sluice-unsanitized", "off", 2);

/** With one worker: enough where packing is what takes time, and less memory. */
export const oneWorker: Contender = contender("sluice-one-worker", "default", 1);

function contender(name: string, sanitize: "default" | "off", workers: number): Contender {
  return {
    name,
    version: () => `${name} ${execFileSync(SLUICE, ["--version"], { encoding: "utf8" }).trim()}`,
    command: ({ job, dir }) => ({
      file: SLUICE,
      args: [
        "run",
        join(PIPELINES, `${job}.yaml`),
        "--state-dir",
        join(dir, "state"),
        "--workers",
        String(workers),
        "--http",
        "off",
        // A sink of objects keeps the last one open for more; with this it is finished when all is read.
        ...(job === "s3" ? ["--until-eof"] : []),
      ],
      env: { BENCH_SANITIZE: sanitize },
    }),
    storesObjects: true,
    fields: FIELDS,
  };
}
