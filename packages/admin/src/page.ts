import { readFile } from "node:fs/promises";
import path from "node:path";
import { fileURLToPath } from "node:url";
import type { FastifyInstance, FastifyReply } from "fastify";

/** Files of the page, by name; nothing else is served. */
const FILES: Readonly<Record<string, string>> = {
  "charts.js": "text/javascript",
  "connection.js": "text/javascript",
  "dom.js": "text/javascript",
  "events.js": "text/javascript",
  "format.js": "text/javascript",
  "graph.js": "text/javascript",
  "health.js": "text/javascript",
  "host.js": "text/javascript",
  "icon.svg": "image/svg+xml",
  "main.js": "text/javascript",
  "style.css": "text/css",
  "tables.js": "text/javascript",
  "uPlot.esm.js": "text/javascript",
  "uPlot.min.css": "text/css",
};

/** In the bundle all files lie beside it; in a checkout the library is where npm has put it. */
const IN_SOURCE = import.meta.url.endsWith(".ts");
const PAGE_DIR = fileURLToPath(new URL(IN_SOURCE ? "../page/" : "./page/", import.meta.url));

/** The dashboard: one page and its files. */
export function addPage(app: FastifyInstance): void {
  app.get("/", (_, reply) => send(reply, "index.html", "text/html"));
  app.get<{ Params: { file: string } }>("/assets/:file", (request, reply) => {
    const { file } = request.params;
    const type = Object.hasOwn(FILES, file) ? FILES[file] : undefined;
    return type === undefined ? reply.code(404).send({ error: "there is nothing here" }) : send(reply, file, type);
  });
}

async function send(reply: FastifyReply, file: string, type: string): Promise<FastifyReply> {
  const dir =
    IN_SOURCE && file.startsWith("uPlot.") ? path.dirname(fileURLToPath(import.meta.resolve("uplot"))) : PAGE_DIR;
  return reply.header("content-type", `${type}; charset=utf-8`).send(await readFile(path.join(dir, file)));
}
