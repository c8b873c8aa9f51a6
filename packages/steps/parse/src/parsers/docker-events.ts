import {
  type DockerEvent,
  dockerEventFields,
  type Event,
  type JsonObject,
  readExactJsonObject,
  type Value,
} from "@sluice/core";
import type { NamedParser } from "../parser.ts";
import { setTime, tableParser } from "../pattern-table.ts";

/** Events as `docker compose events --json` prints them, in version 1 and 2, and as `docker events` and the API do. */
export const dockerEvents: NamedParser = {
  name: "docker_events",
  summary: "Docker's events: lines of `docker compose events --json`, of `docker events`, and of the Engine's API",
  create(ctx) {
    const table = tableParser(ctx, [{ pattern: "DOCKER_EVENT", finish: finishText }]);
    return {
      parse(text, event, now) {
        const object = text.startsWith("{") ? readExactJsonObject(text) : null;
        if (object === null) return table.parse(text, event, now);
        const read = composeEvent(object) ?? engineEvent(object);
        if (read === null) return false;
        Object.assign(event, dockerEventFields(read));
        const time = object["timeNano"] ?? object["time"];
        if (typeof time === "string" || typeof time === "number") setTime(event, ctx.readTime(String(time), now));
        return true;
      },
    };
  },
};

function composeEvent({ type, action, id, service, attributes }: JsonObject): DockerEvent | null {
  if (typeof type !== "string" || typeof action !== "string" || typeof id !== "string") return null;
  return { type, action, id, attributes: textsOf(attributes), service: textOf(service) };
}

function engineEvent({ Type: type, Action: action, Actor: actor, scope }: JsonObject): DockerEvent | null {
  if (typeof type !== "string" || typeof action !== "string" || !isObject(actor)) return null;
  return {
    type,
    action,
    id: textOf(actor["ID"]) ?? "",
    attributes: textsOf(actor["Attributes"]),
    scope: textOf(scope),
  };
}

function isObject(value: Value | undefined): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

const textOf = (value: Value | undefined) => (typeof value === "string" && value !== "" ? value : undefined);

function textsOf(attributes: Value | undefined): Record<string, string> {
  if (!isObject(attributes)) return {};
  const texts = Object.entries(attributes).map(([name, value]) => [
    name,
    typeof value === "string" ? value : JSON.stringify(value),
  ]);
  return Object.fromEntries(texts) as Record<string, string>;
}

/** `image=nginx, name=web`: a comma within a value has no name behind it. */
function finishText(event: Event): void {
  const { "docker.event.attributes": pairs } = event;
  delete event["docker.event.attributes"];
  const attributes: Record<string, string> = {};
  for (const pair of typeof pairs === "string" ? pairs.split(/, (?=[\w./ -]+=)/) : []) {
    const equals = pair.indexOf("=");
    if (equals > 0) attributes[pair.slice(0, equals)] = pair.slice(equals + 1);
  }
  const [type, action, id] = ["docker.event.type", "event.action", "docker.event.id"].map((name) =>
    textOf(event[name]),
  );
  Object.assign(event, dockerEventFields({ type: type ?? "", action: action ?? "", id: id ?? "", attributes }));
}
