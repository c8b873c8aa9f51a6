import { setTimeout as sleep } from "node:timers/promises";
import {
  DOCKER_VERSIONS,
  DockerEngine,
  type ObjectStore,
  requireDocker,
  requireObjectStore,
  startObjectStore,
} from "@sluice/testkit";
import { describe, expect, test } from "vitest";
import { readObjects, s3Options } from "../support/objects.ts";
import { startSluice } from "../support/process.ts";
import { until } from "../support/wait.ts";
import { Workspace } from "../support/workspace.ts";

const MINUTES = 60_000;
const isLong = process.env["SLUICE_LONG_TESTS"] !== undefined;
const KILLS = isLong ? 40 : 8;
const LINES = isLong ? 40_000 : 8000;
const CONTAINERS = ["terminal", "both", "again"] as const;
const OPTIONS = { terminal: ["--tty"], both: [], again: ["--restart", "always"] };

/** Odd numbers go to stdout, even ones to stderr, a burst at a time; `again` ends now and then, and goes on when it is started. */
const script = (name: string) => `
n=$(cat /n 2>/dev/null); end=$(( \${n:=0} + ${name === "again" ? LINES / 4 : LINES} ))
while [ $n -lt ${LINES} ] && [ $n -lt $end ]; do
  k=0; while [ $k -lt 50 ]; do n=$((n+2)); k=$((k+1)); echo "$((n-1)) of ${name}"; echo "$n of ${name}" >&2; done
  echo $n > /n; sleep 0.1
done
[ $n -lt ${LINES} ] || exec sleep 100000`;

const pipeline = (engine: DockerEngine, store: ObjectStore) => `name: docker
sources:
  docker: {type: docker_logs, host: 'unix://${engine.socket}', labels: numbered}
steps: []
sinks:
  archive: {${s3Options(store, "archive")}, create_bucket: true, compression: gzip, key: '{prefix}{date}/{HH}{mm}/{position}.{ext}', max_age: 300ms, retry: {initial: 50ms, max: 500ms}}
`;

/** How often each number of each container is in the objects, and how many ids there are. */
function countLines(objects: Iterable<Buffer>) {
  const seen = new Map<string, number>();
  const ids = new Set<string>();
  for (const object of objects) {
    for (const line of object.toString("utf8").split("\n").filter(Boolean)) {
      const event = JSON.parse(line) as Record<string, string>;
      const text = `${event["container.name"]}: ${event["message"]}`;
      seen.set(text, (seen.get(text) ?? 0) + 1);
      ids.add(event["event.id"] as string);
    }
  }
  return { seen, ids };
}

describe.each(DOCKER_VERSIONS.filter((version) => isLong || version === "28.5"))("Docker %s", (version) => {
  test.runIf(requireDocker(version) && requireObjectStore())(
    `after ${KILLS} times kill -9 the objects in S3 hold each line of three containers once`,
    { timeout: 40 * MINUTES },
    async () => {
      await using work = await Workspace.create();
      await using store = await startObjectStore();
      await using engine = await DockerEngine.start({ version });
      const file = await work.write("p.yaml", pipeline(engine, store));
      const args = ["run", file, "--state-dir", work.path("state"), "--http", "off"];
      for (const name of CONTAINERS)
        await engine.run(
          script(name),
          "--name",
          name,
          "--label",
          "numbered",
          ...OPTIONS[name],
          "--stop-signal",
          "KILL",
        );
      for (let kill = 0; kill < KILLS; kill++) {
        const sluice = startSluice(args);
        await until(() => sluice.stderr().includes('"running"'), "sluice to run", 2 * MINUTES);
        await sleep(Math.random() * 2000);
        await sluice.kill("SIGKILL");
      }
      const isDone = async (name: string) => (await engine.docker("exec", name, "cat", "/n")) === String(LINES);
      for (const name of CONTAINERS)
        await until(() => isDone(name).catch(() => false), `${name} to write its lines`, 15 * MINUTES);
      const last = startSluice([...args, "--until-eof"]);
      expect(await last.ended, last.stderr()).toBe(0);

      const objects = await readObjects(store, "archive", work.path("got"));
      const { seen, ids } = countLines(objects.values());
      const wanted = CONTAINERS.flatMap((name) =>
        Array.from({ length: LINES }, (_, i) => `${name}: ${i + 1} of ${name}`),
      );
      const missing = wanted.filter((text) => !seen.has(text));
      const twice = [...seen].filter(([, times]) => times > 1).map(([text]) => text);
      expect({ missing: missing.length, first: missing[0], twice: twice.length, again: twice[0] }).toEqual({
        missing: 0,
        first: undefined,
        twice: 0,
        again: undefined,
      });
      expect([seen.size, ids.size]).toEqual([wanted.length, wanted.length]);
      expect(await store.client.openUploads("archive")).toEqual([]);
      process.stdout.write(
        `Docker ${version}: ${KILLS} kills, ${objects.size} objects hold ${wanted.length} lines once each\n`,
      );
    },
  );
});
