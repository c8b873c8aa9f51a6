import { readFile } from "node:fs/promises";
import path from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { canRunJournald, Graylog, Journald } from "@sluice/testkit";
import { expect, test } from "vitest";
import { ROOT, startSluice } from "../support/process.ts";
import { until } from "../support/wait.ts";
import { Workspace } from "../support/workspace.ts";

const KILLS = 3;
const PER_LIFE = 500;

const login = (n: number): string => `Accepted publickey for user${n} from 192.0.2.7 port 22 ssh2`;

test.runIf(canRunJournald())(
  "logins in the journal arrive in Graylog, although sluice and its journalctl are killed and the files rotated",
  { timeout: 240_000 },
  async () => {
    await using work = await Workspace.create();
    const graylog = await Graylog.start();
    const journald = await Journald.start(work.dir);
    try {
      const shipped = await readFile(path.join(ROOT, "pipelines/auth-journald-to-graylog.yaml"), "utf8");
      // systemd-cat logs under another facility than sshd.
      const ours = shipped.replace(/matches: .*/, "directory: log\n    identifiers: sshd");
      const pipeline = await work.write("auth.yaml", ours);
      const env = { GRAYLOG_PORT: String(graylog.port) };
      const args = ["run", pipeline, "--state-dir", work.path("state")];
      for (let life = 0; life < KILLS; life++) {
        const numbers = Array.from({ length: PER_LIFE }, (_, i) => life * PER_LIFE + i);
        const sluice = startSluice(args, { env });
        await until(() => sluice.stderr().includes('"running"'), "sluice to run");
        await journald.lines("sshd", `${numbers.map(login).join("\n")}\n`);
        await sleep(Math.random() * 300);
        await sluice.kill("SIGKILL");
        await journald.rotate();
      }
      await journald.lines("sshd", `${login(KILLS * PER_LIFE)}\n`);
      expect(await startSluice([...args, "--until-eof"], { env }).ended).toBe(0);
      const idOfUser = new Map<unknown, unknown>();
      for (const message of await graylog.accepted()) {
        expect(idOfUser.get(message["_user_name"]) ?? message["_event_id"]).toBe(message["_event_id"]);
        idOfUser.set(message["_user_name"], message["_event_id"]);
        expect(message).toMatchObject({ _event_outcome: "success", _process_name: "sshd", _source_ip: "192.0.2.7" });
      }
      expect(idOfUser.size).toBe(KILLS * PER_LIFE + 1);
    } finally {
      await journald.stop();
      await graylog.stop();
    }
  },
);
