import type { Event } from "@sluice/core";
import type { NamedParser } from "../parser.ts";
import { tableParser } from "../pattern-table.ts";

/** Lines of iptraf-ng's traffic log, as of an IP traffic monitor with logging on. */
export const iptrafNg: NamedParser = {
  name: "iptraf_ng",
  summary: "iptraf-ng traffic logs: protocol, interface, both ends, bytes",
  create: (ctx) =>
    tableParser(ctx, [
      { pattern: "IPTRAF_PACKET", constants: [["event.dataset", "iptraf.traffic"]], finish },
      { pattern: "IPTRAF_OTHER", constants: [["event.dataset", "iptraf.traffic"]], finish },
      { pattern: "IPTRAF_TIMEOUT", constants: [["event.dataset", "iptraf.traffic"]], finish },
      { pattern: "IPTRAF_NOTICE", constants: [["event.dataset", "iptraf.notice"]], plainOnly: true },
    ]),
};

const IP = /^(?:\d{1,3}(?:\.\d{1,3}){3}|[0-9a-fA-F]*:[0-9a-fA-F:.]+)$/;

/** Addresses may be names and ports services (`http`), as iptraf-ng was told to show them. */
function finish(event: Event): void {
  for (const end of ["source", "destination"]) {
    const address = event[`${end}.address`];
    if (typeof address === "string" && IP.test(address)) event[`${end}.ip`] = address;
    const port = event[`${end}.port`];
    if (typeof port !== "string") continue;
    if (/^\d{1,5}$/.test(port)) event[`${end}.port`] = Number(port);
    else {
      delete event[`${end}.port`];
      event[`${end}.service`] = port;
    }
  }
  const transport = event["network.transport"];
  if (typeof transport === "string") event["network.transport"] = transport.toLowerCase();
}
