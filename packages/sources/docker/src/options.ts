import { size } from "@sluice/core";
import { z } from "zod";

const texts = z
  .union([z.string().min(1), z.array(z.string().min(1))])
  .transform((value) => (typeof value === "string" ? [value] : value))
  .default([]);

const connection = {
  host: z
    .string()
    .min(1)
    .optional()
    .describe(
      "The Docker engine: `unix:///var/run/docker.sock` or `tcp://host:2376`. Without it `DOCKER_HOST`, " +
        "`DOCKER_TLS_VERIFY` and `DOCKER_CERT_PATH` are read as by Docker's own client, else the socket is taken.",
    ),
  tls: z
    .strictObject({
      ca: z.string().optional().describe("PEM file of the authority that signed the engine's certificate."),
      cert: z.string().optional().describe("PEM file of sluice's own certificate."),
      key: z.string().optional().describe("PEM file of its key."),
      verify: z.boolean().default(true).describe("Whether the engine's certificate is checked."),
    })
    .optional()
    .describe("TLS to an engine at `tcp://`."),
};

const selection = {
  containers: texts.describe("Only containers with these names (globs such as `shop-*`) or ids (or their beginning)."),
  exclude_containers: texts.describe("Not containers with these names or ids."),
  labels: texts.describe("Only containers with all of these labels: `key`, or `key=value`."),
  exclude_labels: texts.describe("Not containers with any of these labels."),
  images: texts.describe("Only containers of these images: globs such as `nginx` or `registry/shop/*:1.*`."),
  exclude_images: texts.describe("Not containers of these images."),
  compose_project: texts.describe("Only containers of these Compose projects."),
};

/** Options of the source `docker_logs`. */
export const logsOptions = z.strictObject({
  ...connection,
  ...selection,
  include_self: z
    .boolean()
    .default(false)
    .describe("Whether the container that sluice itself runs in is read too. What it logs about that it reads again."),
  streams: z
    .array(z.enum(["stdout", "stderr"]))
    .min(1)
    .default(["stdout", "stderr"])
    .describe("Which outputs are read. A terminal (`tty: true`) has only stdout."),
  start_at: z
    .enum(["beginning", "end"])
    .default("beginning")
    .describe("Where containers are begun that exist at the very first start."),
  max_line_bytes: size()
    .prefault("1MiB")
    .describe("A longer line is cut here and tagged `_line_cut`; its rest is skipped. Docker's own parts are joined."),
  read_ahead: size()
    .prefault("32MiB")
    .describe(
      "Memory for lines of all containers that wait for a slow sink, so that Docker's rotation does not delete what is " +
        "not read yet.",
    ),
  docker_names: z
    .boolean()
    .default(true)
    .describe(
      "Also sets the fields of Docker's own gelf driver: `image_id`, `image_name`, `command`, `created`, `tag`.",
    ),
});

/** Options of the source `docker_events`. */
export const eventsOptions = z.strictObject({
  ...connection,
  ...selection,
  types: z
    .array(z.string().min(1))
    .default(["container", "image"])
    .describe("Kinds of objects: `container`, `image`, `network`, `volume`, `daemon`, …; an empty list is all."),
  exclude_actions: texts
    .prefault(["exec_create", "exec_start", "exec_die", "exec_detach", "top", "resize", "attach"])
    .describe("Actions that are left out. Health checks are `exec_…` events by the thousand."),
});

export type Connection = Pick<z.output<typeof logsOptions>, "host" | "tls">;
export type Selection = Pick<z.output<typeof logsOptions>, keyof typeof selection>;
export type LogsOptions = z.output<typeof logsOptions>;
export type EventsOptions = z.output<typeof eventsOptions>;
