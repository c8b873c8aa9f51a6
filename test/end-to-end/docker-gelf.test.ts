import { DOCKER_VERSIONS, DockerEngine, Graylog, requireDocker } from "@sluice/testkit";
import { describe, expect, test } from "vitest";
import { listeningSluice } from "../support/network.ts";
import { until } from "../support/wait.ts";
import { Workspace } from "../support/workspace.ts";

const MINUTES = 60_000;
const isLong = process.env["SLUICE_LONG_TESTS"] !== undefined;

describe.each(DOCKER_VERSIONS.filter((version) => isLong || version === "28.5"))("engine %s", (version) => {
  test.runIf(requireDocker(version))(
    "containers with Docker's gelf driver start and log while Graylog is away, and their messages come when it is back",
    { timeout: 5 * MINUTES },
    async () => {
      await using work = await Workspace.create();
      await using engine = await DockerEngine.start({ version });
      const graylog = await Graylog.start();
      await graylog.kill();
      const file = await work.write(
        "p.yaml",
        `name: gelf
sources:
  tcp: {type: gelf, address: 'tcp://127.0.0.1:0'}
  udp: {type: gelf, address: 'udp://127.0.0.1:0'}
steps: []
sinks:
  graylog: {type: gelf, address: '${graylog.address}', buffer: {type: disk, size: 16MiB}, retry: {initial: 50ms, max: 500ms}}
`,
      );
      const { sluice, ports } = await listeningSluice(work, file, 2);
      for (const [index, transport] of ["tcp", "udp"].entries()) {
        const options = ["--log-driver", "gelf", "--log-opt", `gelf-address=${transport}://127.0.0.1:${ports[index]}`];
        // A long line takes several chunks over UDP, as noise that does not pack.
        const script = `echo 'hello by ${transport}'; head -c 12000 /dev/urandom | base64 | tr -d '\\n'; echo; echo failed >&2; sleep 1000`;
        await engine.run(script, "--name", `by-${transport}`, "--label", "team=web", ...options);
        expect(await engine.docker("inspect", "-f", "{{.State.Running}}", `by-${transport}`)).toBe("true");
      }
      await graylog.restart();
      const arrived = async () => {
        const messages = await graylog.accepted();
        return messages.length === 6 ? messages : undefined;
      };
      const messages = await until(arrived, "three messages of each container", MINUTES);
      for (const transport of ["tcp", "udp"]) {
        const own = messages.filter((message) => message["_container_name"] === `by-${transport}`);
        // The engine reads stdout and stderr apart, so that their order is not certain.
        const seen = own.map(({ short_message: text, level }) => [
          String(text).replace(/^[\w+/=]{16000}$/, "noise"),
          level,
        ]);
        expect(seen.toSorted(([a], [b]) => String(a).localeCompare(String(b)))).toEqual([
          ["failed", 3],
          [`hello by ${transport}`, 6],
          ["noise", 6],
        ]);
        expect(own[0]).toMatchObject({ _image_name: "busybox:local", _command: expect.stringMatching(/^sh -c /) });
        expect(own[0]?.["_container_id"]).toMatch(/^[0-9a-f]{64}$/);
      }
      expect(await graylog.rejected()).toEqual([]);
      expect(await sluice.kill("SIGTERM"), sluice.stderr()).toBe(0);
      await graylog.stop();
    },
  );
});
