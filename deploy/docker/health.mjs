// HEALTHCHECK of the image: 0 when the sluice in this container answers on the address in SLUICE_HTTP.
import { request } from "node:http";

const address = process.env.SLUICE_HTTP || "127.0.0.1:9600";
if (address === "off") process.exit(0);

const [, host, port] = /^(.*):(\d+)$/.exec(address) ?? [];
const everywhere = { "": "127.0.0.1", "0.0.0.0": "127.0.0.1", "[::]": "::1" };
const bare = everywhere[host] ?? host?.replace(/^\[|\]$/g, "");
request({ host: bare, port, path: "/healthz", timeout: 5000 })
  .on("response", ({ statusCode }) => process.exit(statusCode === 200 ? 0 : 1))
  .on("timeout", () => process.exit(1))
  .on("error", () => process.exit(1))
  .end();
