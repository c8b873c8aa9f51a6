import { writeFile } from "node:fs/promises";
import { setTimeout as sleep } from "node:timers/promises";
import type { DockerEngine } from "@sluice/testkit";
import { Workspace } from "../../test/support/workspace.ts";
import { READERS, type ReaderName, type Reading } from "./readers.ts";

/** What the container writes, and what its log holds of it. */
export interface Load {
  readonly lines: number;
  /** Of each line. */
  readonly bytes: number;
  /** Its `max-size` and `max-file`. */
  readonly size: string;
  readonly files: number;
  /** Whether it is read only when all is written. */
  readonly afterwards: boolean;
}

export interface Outcome extends Reading {
  readonly reader: ReaderName;
  /** Seconds that the container took to write, and until the reader had its last line. */
  readonly written: number;
  readonly read: number;
  /** How often the engine says that it left out a file of the log for somebody who followed it. */
  readonly missed: number;
}

/** Time in which readers begin to follow the log. */
const BEGINNING_MS = 3000;

const script = ({ lines, bytes }: Load) => `
p=$(head -c ${bytes} /dev/zero | tr '\\0' x); n=0
while [ ! -e /gate/go ]; do sleep 0.1; done
while [ $n -lt ${lines} ]; do n=$((n+1)); echo "$n $p"; done`;

/** Lets a new container write as fast as it can, before the eyes of one reader. */
export async function tryReader(engine: DockerEngine, reader: ReaderName, load: Load): Promise<Outcome> {
  await using work = await Workspace.create();
  const missedBefore = await missedRotations(engine);
  const options = ["--log-opt", `max-size=${load.size}`, "--log-opt", `max-file=${load.files}`];
  await engine.run(script(load), "--name", "writer", "--volume", `${work.dir}:/gate`, ...options);
  const ended = engine.docker("wait", "writer").then(() => {});
  const write = () => writeFile(work.path("go"), "").then(() => Date.now());
  let writing = load.afterwards ? await write() : 0;
  if (load.afterwards) await ended;
  const reading = READERS[reader](engine, load.lines, ended);
  const began = Date.now();
  if (!load.afterwards) writing = await sleep(BEGINNING_MS).then(write);
  const [result] = await Promise.all([reading, ended]);
  const finished = Date.parse(await engine.docker("inspect", "-f", "{{.State.FinishedAt}}", "writer"));
  await engine.docker("rm", "writer");
  return {
    ...result,
    reader,
    written: (finished - writing) / 1000,
    read: (result.last - Math.max(began, writing)) / 1000,
    missed: (await missedRotations(engine)) - missedBefore,
  };
}

/** Engines before 23.0 do not tell. */
async function missedRotations(engine: DockerEngine): Promise<number> {
  return (await engine.log()).split("file rotations were missed").length - 1;
}
