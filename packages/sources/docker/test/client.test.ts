import { once } from "node:events";
import { createServer, type IncomingMessage } from "node:http";
import type { AddressInfo } from "node:net";
import { expect, test } from "vitest";
import { engineAddress } from "../src/engine/address.ts";
import { allowedPath } from "../src/engine/allowed.ts";
import { EngineClient } from "../src/engine/client.ts";
import { logsOptions } from "../src/options.ts";
import { selector } from "../src/selection.ts";

const ID = "48f67d7c5a7dee1773bd204e551d2fae01e9da26f2a49be441bad4587f7b0135";
const { signal } = new AbortController();

test("asks for nothing that is not on the list", () => {
  for (const path of ["/_ping", "/events", "/containers/json", `/containers/${ID}/json`, `/containers/${ID}/logs`]) {
    expect(allowedPath(path, "1.41", {})).toBe(`/v1.41${path}`);
  }
  const refused = [
    "/containers/create",
    `/containers/${ID}/start`,
    `/containers/${ID}/exec`,
    `/containers/${ID}/archive`,
    `/containers/${ID}`,
    `/containers/${ID}/logs/../start`,
    `/containers/web/logs`,
    `/containers/${ID}/logs?x=/..`,
    "/images/json",
    "/secrets",
    "/events/../containers/create",
    "/containers/json\r\nPOST /x",
    "http://elsewhere/events",
    "",
  ];
  for (const path of refused) expect(() => allowedPath(path, "1.41", {})).toThrow("does not ask");
  expect(() => allowedPath("/events", "1.41/../x", {})).toThrow("no API version");
});

test("sends GET only, below the version that both know", async () => {
  const seen: string[] = [];
  const answer = (request: IncomingMessage) => {
    seen.push(`${request.method} ${request.url}`);
    return request.url === "/_ping" ? "OK" : "[]";
  };
  const server = createServer((request, response) => {
    response.setHeader("Api-Version", "1.60").end(answer(request));
  }).listen(0, "127.0.0.1");
  await once(server, "listening");
  const client = new EngineClient(
    engineAddress({ host: `tcp://127.0.0.1:${(server.address() as AddressInfo).port}` }, {}),
  );
  expect(await client.json("/containers/json", { all: "1" }, signal)).toEqual([]);
  await expect(client.json("/containers/create", {}, signal)).rejects.toThrow("does not ask");
  await client.close();
  server.closeAllConnections();
  server.close();
  expect(seen).toEqual(["GET /_ping", "GET /v1.51/containers/json?all=1"]);
});

test("finds the engine as Docker's own client does", () => {
  expect(engineAddress({}, {})).toMatchObject({ socketPath: "/var/run/docker.sock" });
  expect(engineAddress({}, { DOCKER_HOST: "tcp://dock:2375" })).toEqual({
    text: "tcp://dock:2375",
    origin: "http://dock:2375",
  });
  const secure = { DOCKER_HOST: "tcp://dock:2376", DOCKER_TLS_VERIFY: "1", DOCKER_CERT_PATH: "/certs" };
  expect(engineAddress({}, secure)).toEqual({
    text: "tcp://dock:2376",
    origin: "https://dock:2376",
    tls: { ca: "/certs/ca.pem", cert: "/certs/cert.pem", key: "/certs/key.pem", verify: true },
  });
  expect(engineAddress({ host: "unix:///x.sock" }, secure)).toMatchObject({ socketPath: "/x.sock" });
  expect(() => engineAddress({ host: "ssh://dock" }, {})).toThrow("no address of a Docker engine");
});

test("says what to do when there is no engine", async () => {
  const client = new EngineClient(engineAddress({ host: "unix:///nowhere/docker.sock" }, {}));
  await expect(client.negotiate(signal)).rejects.toMatchObject({ hint: expect.stringContaining("is Docker running") });
  await client.close();
});

test("chooses containers", () => {
  const candidate = {
    id: ID,
    name: "shop-web-1",
    image: "registry:5000/shop/web:1.2",
    labels: { "com.docker.compose.project": "shop", team: "ops", a: "" },
  };
  const chosen = (options: object) => selector(logsOptions.parse(options))(candidate);
  const yes = [
    {},
    { containers: "shop-*" },
    { containers: ["x", ID.slice(0, 12)] },
    { containers: "/shop-web-?" },
    { labels: ["team", "team=ops", "a="] },
    { images: "registry:5000/shop/*" },
    { images: "registry:5000/shop/web" },
    { images: "*/web:1.*" },
    { compose_project: "shop" },
    { exclude_containers: "web", exclude_labels: "team=dev", exclude_images: "nginx" },
  ];
  const no = [
    { containers: "shop" },
    { containers: "abcdefabcdef" },
    { labels: ["team=dev"] },
    { labels: ["team", "b"] },
    { images: "nginx" },
    { images: "web" },
    { compose_project: ["other"] },
    { containers: "shop-*", exclude_containers: "*-1" },
    { exclude_labels: "team" },
    { exclude_images: "registry*" },
  ];
  for (const options of yes) expect([options, chosen(options)]).toEqual([options, true]);
  for (const options of no) expect([options, chosen(options)]).toEqual([options, false]);
});
