import type { SourceDefinition } from "@sluice/core";
import { DockerLogs } from "./logs/source.ts";
import { type LogsOptions, logsOptions } from "./options.ts";
import { warnAboutConnection } from "./warnings.ts";

/** Source `docker_logs`: what containers print. */
export const dockerLogsSource: SourceDefinition<LogsOptions> = {
  kind: "source",
  type: "docker_logs",
  summary: "Reads stdout and stderr of Docker's containers through the Engine API, by GET requests only.",
  options: logsOptions,
  create: (options, ctx) => {
    warnAboutConnection(options, ctx.warn);
    return new DockerLogs(options);
  },
};
