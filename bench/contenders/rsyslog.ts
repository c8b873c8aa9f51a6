import { execFileSync } from "node:child_process";
import { join } from "node:path";
import type { Contender } from "../contender.ts";
import { PEERS_ROOT, peerEnvironment, peerFolder } from "../debian-peers.ts";

const DAEMON = join(PEERS_ROOT, "usr/sbin/rsyslogd");

/** rsyslog: imfile, liblognorm, a list template, omfwd. */
export const rsyslog: Contender = {
  name: "rsyslog",
  version: () => {
    const text = execFileSync(DAEMON, ["-v"], { env: peerEnvironment(), encoding: "utf8" });
    return `rsyslog ${/rsyslogd\s+(\S+)/.exec(text)?.[1] ?? ""}`;
  },
  command: ({ job, dir }) => ({
    file: DAEMON,
    args: [
      "-n",
      "-M",
      peerFolder("usr/lib/*/rsyslog"),
      "-i",
      join(dir, "rsyslog.pid"),
      "-f",
      join(import.meta.dirname, `rsyslog-${job}.conf`),
    ],
    env: { ...peerEnvironment(), BENCH_CONF: import.meta.dirname },
  }),
  fields: {
    nginx: {
      client: "_client",
      user: "_user",
      method: "_method",
      url: "_url",
      version: "_version",
      status: "_status",
      bytes: "_bytes",
      referrer: "_referrer",
      agent: "_agent",
    },
    auth: { program: "_program", pid: "_pid", user: "_user", address: "_address", port: "_port" },
  },
};
