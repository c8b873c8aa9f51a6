import type { Event } from "@sluice/core";
import type { ContainerDetails } from "../engine/containers.ts";
import type { OutputStream } from "./frames.ts";

const SERVICE_LABELS = ["com.docker.compose.service", "com.docker.swarm.service.name"];

export const OUTPUT_NAMES: Readonly<Record<OutputStream, string>> = { 1: "stdout", 2: "stderr" };

/** `daemon.err`, as Docker's syslog driver writes lines of stderr; its gelf driver sends the same severity, 3, as `level`. */
const DAEMON_ERROR = 27;

/** Name of a container, without the slash that the API writes before it. */
export function containerName(name: string | undefined): string {
  return (name ?? "").replace(/^\//, "");
}

/** Name and tag of an image as a container was started with it: `registry:5000/shop/web:1.2@sha256:…`. */
function imageFields(image: string): Event {
  const m = /^(?<name>.*?)(?::(?<tag>[^:/@]+))?(?:@(?<digest>[a-z0-9]+:.+))?$/s.exec(image);
  const { name = image, tag, digest } = m?.groups ?? {};
  if (image.startsWith("sha256:")) return { "container.image.name": image };
  return {
    "container.image.name": name,
    ...(tag && { "container.image.tag": [tag] }),
    ...(digest && { "container.image.hash.all": [digest] }),
  };
}

/** Labels as fields: their dots become underscores, as a label may be the beginning of another. */
function labelFields(labels: Readonly<Record<string, string>>): Event {
  const fields: Event = {};
  for (const [name, value] of Object.entries(labels)) fields[`container.labels.${name.replaceAll(".", "_")}`] = value;
  return fields;
}

/** The service of Compose or Swarm that a container belongs to. */
function serviceFields(labels: Readonly<Record<string, string>>): Event {
  const service = SERVICE_LABELS.map((name) => labels[name]).find((name) => name);
  return service ? { "service.name": service } : {};
}

/** What is said of a container with each of its lines. */
export function containerFields(details: ContainerDetails, withDockerNames: boolean): Event {
  const labels = details.Config?.Labels ?? {};
  return {
    "container.id": details.Id,
    "container.name": containerName(details.Name),
    "container.runtime": "docker",
    ...imageFields(details.Config?.Image ?? ""),
    ...serviceFields(labels),
    ...labelFields(labels),
    ...(withDockerNames && dockerNames(details)),
  };
}

/** The fields of Docker's own gelf driver that ECS has no name for; `container.id` and `.name` are the same in GELF. */
function dockerNames(details: ContainerDetails): Event {
  return {
    image_id: details.Image ?? "",
    image_name: details.Config?.Image ?? "",
    command: [details.Path ?? "", ...(details.Args ?? [])].join(" "),
    created: details.Created ?? "",
    tag: details.Id.slice(0, 12),
  };
}

/** What is said of the lines of each output. A parser that finds a level in a line has the last word about it. */
export function outputFields(withDockerNames: boolean): Readonly<Record<OutputStream, Event>> {
  return {
    1: { stream: OUTPUT_NAMES[1] },
    2: { stream: OUTPUT_NAMES[2], ...(withDockerNames && { "log.syslog.priority": DAEMON_ERROR }) },
  };
}
