import { type Event, setField, type Value } from "./event.ts";

/** An event of a Docker engine, however it was printed. */
export interface DockerEvent {
  /** `container`, `image`, `network`, … */
  readonly type: string;
  /** As it came: `die`, `health_status: healthy`, `exec_start: /bin/sh -c true`. */
  readonly action: string;
  /** Id of the object, e.g. the container's. */
  readonly id: string;
  readonly attributes: Readonly<Record<string, string>>;
  /** Compose's name of the service; else it is read from the labels. */
  readonly service?: string | undefined;
  readonly scope?: string | undefined;
}

const SERVICE_LABELS = ["com.docker.compose.service", "com.docker.swarm.service.name"];

/** The fields of such an event, but for its time: Compose's own under `docker.event.`, and what ECS has names for. */
export function dockerEventFields(event: DockerEvent): Event {
  const { type, action, id, attributes, scope } = event;
  const [verb = action, detail] = split(action);
  const fields: Event = {
    "event.kind": "event",
    "event.action": verb,
    "docker.event.type": type,
    "docker.event.action": action,
    "docker.event.id": id,
    ...(detail !== undefined && { "docker.event.detail": detail }),
    ...(scope !== undefined && { "docker.event.scope": scope }),
    ...(type === "container" && containerFields(event)),
    ...(type === "image" && imageFields(attributes["name"] ?? id)),
    ...severity(verb, detail, attributes),
  };
  for (const [name, value] of Object.entries(attributes)) {
    setField(fields, `docker.event.attributes.${name.replaceAll(".", "_")}`, value);
  }
  return fields;
}

/** The event for people, as `docker events` prints it, without its time. */
export function dockerEventText({ type, action, id, attributes }: DockerEvent): string {
  const pairs = Object.entries(attributes).map(([name, value]) => `${name}=${value}`);
  return `${type} ${action} ${id}${pairs.length > 0 ? ` (${pairs.join(", ")})` : ""}`;
}

/** `health_status: healthy` has two parts. */
function split(action: string): string[] {
  const colon = action.indexOf(": ");
  return colon < 0 ? [action] : [action.slice(0, colon), action.slice(colon + 2)];
}

function containerFields({ id, attributes, service }: DockerEvent): Event {
  const { name, image, exitCode } = attributes;
  const own = service ?? SERVICE_LABELS.map((label) => attributes[label]).find((text) => text);
  const code = exitCode === undefined || exitCode === "" ? Number.NaN : Number(exitCode);
  return {
    "container.id": id,
    ...(name && { "container.name": name }),
    ...(image && imageFields(image)),
    ...(own && { "service.name": own }),
    ...(Number.isInteger(code) && { "process.exit_code": code }),
  };
}

function imageFields(image: string): Event {
  const m = /^(?<name>[^@]+?)(?::(?<tag>[^:/@]+))?(?:@.*)?$/s.exec(image);
  const { name = image, tag } = image.startsWith("sha256:") ? {} : (m?.groups ?? {});
  return { "container.image.name": name, ...(tag && { "container.image.tag": [tag] as Value }) };
}

/** How bad it is: a container that died of an error, of memory, or that is not healthy. */
function severity(verb: string, detail: string | undefined, attributes: DockerEvent["attributes"]): Event {
  if (verb === "oom") return { "log.level": "error" };
  const isDead = verb === "die" && (attributes["exitCode"] ?? "0") !== "0";
  const isIll = verb === "health_status" && detail === "unhealthy";
  return isDead || isIll ? { "log.level": "warning" } : {};
}
