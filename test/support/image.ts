import { execFileSync } from "node:child_process";
import { copyFileSync, cpSync, mkdirSync, realpathSync, writeFileSync } from "node:fs";
import path from "node:path";
import { type DockerEngine, findProgram } from "@sluice/testkit";
import { ROOT } from "./process.ts";

/** The base image that the Dockerfile names. */
const BASE = "node:26-bookworm-slim";
export const IMAGE = "sluice:local";
/** As docker-compose.yml runs it. */
export const LOCKED = ["--read-only", "--cap-drop", "ALL", "--security-opt", "no-new-privileges:true"];
/** What the program that makes the bundle is linked to, besides the libraries of Node.js itself. */
const LIBRARY = "/lib/x86_64-linux-gnu/librt.so.1";

/** Builds the image of sluice from the Dockerfile as it is. Its base, which no registry gives us, is made of this machine's Node.js. */
export async function buildImage(engine: DockerEngine): Promise<void> {
  await makeBase(engine);
  await engine.docker("build", "--network", "host", "-t", IMAGE, ROOT);
}

async function makeBase(engine: DockerEngine): Promise<void> {
  await engine.image("node:plain", { node: process.execPath });
  const dir = path.join(engine.dir, "base");
  mkdirSync(dir);
  const npm = realpathSync(findProgram("npm") as string);
  cpSync(path.dirname(path.dirname(npm)), path.join(dir, "npm"), { recursive: true });
  copyFileSync(LIBRARY, path.join(dir, "librt.so.1"));
  // The registry and the certificates are those with which this checkout was installed.
  const registry = execFileSync("npm", ["config", "get", "registry"], { encoding: "utf8", cwd: ROOT }).trim();
  const certificates = process.env["NODE_EXTRA_CA_CERTS"];
  if (certificates) copyFileSync(certificates, path.join(dir, "ca.crt"));
  else writeFileSync(path.join(dir, "ca.crt"), "");
  writeFileSync(
    path.join(dir, "Dockerfile"),
    `FROM node:plain
COPY npm /usr/local/lib/node_modules/npm
COPY librt.so.1 ${LIBRARY}
COPY ca.crt /etc/ca.crt
RUN ln -s ../lib/node_modules/npm/bin/npm-cli.js /usr/local/bin/npm
ENV NODE_EXTRA_CA_CERTS=${certificates ? "/etc/ca.crt" : ""} npm_config_registry=${registry}
`,
  );
  await engine.docker("build", "--network", "host", "-t", BASE, dir);
}
