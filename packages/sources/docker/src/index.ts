import type { SourceDefinition } from "@sluice/core";
import { DockerEvents } from "./events/source.ts";
import { DockerLogs } from "./logs/source.ts";
import { type EventsOptions, eventsOptions, type LogsOptions, logsOptions } from "./options.ts";
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

/** Source `docker_events`: what happens to containers and images. */
export const dockerEventsSource: SourceDefinition<EventsOptions> = {
  kind: "source",
  type: "docker_events",
  summary:
    "Reads the events of a Docker engine: create, start, die, kill, restart, pull, health; by GET requests only.",
  options: eventsOptions,
  create: (options, ctx) => {
    warnAboutConnection(options, ctx.warn);
    return new DockerEvents(options);
  },
};
