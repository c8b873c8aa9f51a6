import { execFileSync } from "node:child_process";
import { join } from "node:path";
import type { Contender } from "../contender.ts";
import { PEERS_ROOT, peerEnvironment, peerFolder } from "../debian-peers.ts";
import { rsyslog } from "./rsyslog.ts";

const DAEMON = join(PEERS_ROOT, "usr/sbin/syslog-ng");
const modules = (): string => peerFolder("usr/lib/syslog-ng/*.*/");

/** syslog-ng: file source, csv-parser or patterndb, format-json, network destination. */
export const syslogNg: Contender = {
  name: "syslog-ng",
  version: () => {
    const text = execFileSync(DAEMON, ["-V", "--module-path", modules()], { env: peerEnvironment(), encoding: "utf8" });
    return `syslog-ng ${/Installer-Version: (\S+)/.exec(text)?.[1] ?? ""}`;
  },
  command: ({ job, dir }) => ({
    file: DAEMON,
    args: [
      "-F",
      "--no-caps",
      "--module-path",
      modules(),
      "-f",
      join(import.meta.dirname, `syslog-ng-${job}.conf`),
      "-R",
      join(dir, "persist"),
      "-p",
      join(dir, "pid"),
      "-c",
      join(dir, "control"),
    ],
    env: { ...peerEnvironment(), BENCH_CONF: import.meta.dirname },
  }),
  // The configurations of both use the same names.
  fields: rsyslog.fields,
};
