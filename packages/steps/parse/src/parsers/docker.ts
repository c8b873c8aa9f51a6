import { type Event, readExactJsonObject } from "@sluice/core";
import { setDotted } from "../json-value.ts";
import type { NamedParser } from "../parser.ts";
import { setTime, tableParser } from "../pattern-table.ts";

/** Control sequences that a terminal would swallow: colours, carriage return and `ESC [K` before a compose status line. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
const ANSI = /\r|\u001b\[[0-9;?]*[ -/]*[@-~]/g;
/** Compose names containers `service-1`, before version 2 `project_service_1`. */
const COMPOSE_NAME = /^(.+)[-_](\d+)$/;

/** Lines of `docker compose logs`, of version 1 and 2: `message` becomes the container's own line. */
export const dockerComposeLogs: NamedParser = {
  name: "docker_compose_logs",
  summary: "`docker compose logs -t` lines: container, time, and the container's own line",
  create(ctx) {
    const table = tableParser(ctx, [
      { pattern: "COMPOSE_LINE", finish: unwrapCompose },
      { pattern: "COMPOSE_EXITED", constants: [["event.action", "exit"]], finish: setService },
      { pattern: "COMPOSE_ATTACHING", constants: [["event.action", "attach"]], plainOnly: true },
    ]);
    return {
      parse(text, event, now) {
        // The escapes before the container's name are compose's; those in its line are its own.
        const bar = text.indexOf("|");
        const head = bar < 0 ? text : text.slice(0, bar);
        const clean = head.includes("\u001b")
          ? head.replace(ANSI, "") + (bar < 0 ? "" : uncoloured(text.slice(bar)))
          : text;
        // Version 1 ends its last coloured line behind the line end.
        if (clean === "" && text !== "") event["message"] = "";
        return (clean === "" && text !== "") || table.parse(clean, event, now);
      },
    };
  },
};

/** Compose resets the colour right behind its bar, version 2 behind a space more; what follows is the line's own. */
function uncoloured(text: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: the escape character
  return text.replace(/^\|(?:(?:\u001b\[[0-9;]*m)+|( )\u001b\[0?m)/, "|$1");
}

function unwrapCompose(event: Event): void {
  unwrap(event);
  setService(event);
}

/** Empty captures are left out, but an empty line is a line. */
function unwrap(event: Event): void {
  event["message"] = event["line"] ?? "";
  delete event["line"];
}

function setService(event: Event): void {
  const name = event["container.name"];
  const m = typeof name === "string" ? COMPOSE_NAME.exec(name) : null;
  if (m) event["service.name"] = m[1] as string;
}

/** Docker's json-file lines and those of the Container Runtime Interface: `message` becomes the inner line. */
export const dockerJson: NamedParser = {
  name: "docker_json",
  summary: "Lines of Docker's json-file driver (and of CRI): `message` becomes the container's own line",
  create(ctx) {
    const cri = tableParser(ctx, [{ pattern: "CRI_LINE", finish: finishCri }]);
    return {
      parse(text, event, now) {
        const object = text.startsWith("{") ? readExactJsonObject(text) : null;
        if (object === null) return cri.parse(text, event, now);
        const { log, stream, time, attrs, ...rest } = object;
        if (typeof log !== "string") return false;
        if (typeof time === "string") setTime(event, ctx.readTime(time, now));
        if (stream !== undefined) event["stream"] = stream;
        if (attrs !== undefined) setDotted(event, { attrs }, "docker.");
        setDotted(event, rest, "docker.");
        event["message"] = log.replace(/\r?\n$/, "");
        if (!log.endsWith("\n")) event["log.flags"] = ["partial"];
        return true;
      },
    };
  },
};

function finishCri(event: Event): void {
  unwrap(event);
  if (event["flag"] === "P") event["log.flags"] = ["partial"];
  delete event["flag"];
}
