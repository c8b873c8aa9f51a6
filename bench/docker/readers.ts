import { execFile } from "node:child_process";
import { request } from "node:http";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { promisify } from "node:util";
import type { DockerEngine } from "@sluice/testkit";
import { startSluice } from "../../test/support/process.ts";
import { Workspace } from "../../test/support/workspace.ts";
import { treeUsage } from "../process-tree.ts";
import { Receiver } from "../receiving.ts";

/** What a reader got of a container's log. */
export interface Reading {
  readonly lines: number;
  /** Milliseconds since the epoch of its last line. */
  readonly last: number;
  /** Lines a second between those at 10 % and at 90 % of all. */
  readonly steady?: number;
  /** Gaps that it told of. */
  readonly gaps?: number;
}

/** Reads the log of the container `writer`, of so many lines, until the container has ended and what is left is read. */
type Reader = (engine: DockerEngine, lines: number, ended: Promise<void>) => Promise<Reading>;

const PIPELINE = join(import.meta.dirname, "../../pipelines/docker-logs-to-graylog.yaml");
const QUIET_MS = 2000;
const now = () => performance.timeOrigin + performance.now();

/** Docker's own client. */
const docker: Reader = async (engine) => {
  const { stdout } = await promisify(execFile)("sh", ["-c", "docker logs -f writer | wc -l"], { env: engine.env });
  return { lines: Number(stdout), last: now() };
};

/** Nothing but a socket: the most that the engine gives anybody. All lines end with `x`, which no frame's header does. */
const http: Reader = ({ socket }) => {
  const path = "/containers/writer/logs?follow=1&stdout=1&stderr=1&timestamps=1";
  return new Promise<Reading>((resolve, reject) => {
    let lines = 0;
    let isX = false;
    const take = (chunk: Buffer) => {
      if (isX && chunk[0] === 10) lines++;
      for (let at = chunk.indexOf("x\n"); at >= 0; at = chunk.indexOf("x\n", at + 2)) lines++;
      isX = chunk.at(-1) === 120;
    };
    const sent = request({ socketPath: socket, path }, (response) => {
      response.on("data", take).on("end", () => resolve({ lines, last: now() }));
    });
    sent.on("error", reject).end();
  });
};

/** Waits until a program has nothing more to do. */
async function idle(pid: number): Promise<void> {
  for (let before = -1, cpu = 0; cpu - before > 0.1; ) {
    await sleep(QUIET_MS);
    [before, cpu] = [cpu, treeUsage(pid).cpu];
  }
}

const sluice: Reader = async (engine, lines, ended) => {
  await using work = await Workspace.create();
  const receiver = await Receiver.start(lines);
  const env = { DOCKER_HOST: `unix://${engine.socket}`, GRAYLOG_HOST: "127.0.0.1", GRAYLOG_PORT: `${receiver.port}` };
  const running = startSluice(["run", PIPELINE, "--state-dir", work.path("state"), "--http", "off"], { env });
  await ended;
  await idle(running.pid);
  await running.kill();
  const { frames, tenth, ninety, last } = await receiver.finish();
  const gaps = running.stderr().split("a gap in a container's log").length - 1;
  return { lines: frames - gaps, last, gaps, ...(ninety > 0 && { steady: (lines * 0.8) / ((ninety - tenth) / 1000) }) };
};

export const READERS = { docker, http, sluice };
export type ReaderName = keyof typeof READERS;
