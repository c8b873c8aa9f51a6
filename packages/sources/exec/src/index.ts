import type { SourceDefinition } from "@sluice/core";
import { type ExecOptions, execOptions } from "./exec/options.ts";
import { ExecSource } from "./exec/source.ts";
import { type JournaldOptions, journaldOptions } from "./journald/options.ts";
import { JournaldSource } from "./journald/source.ts";

/** Source `exec`: what a command prints. */
export const execSource: SourceDefinition<ExecOptions> = {
  kind: "source",
  type: "exec",
  summary: "Lines that a command prints, followed or run again and again; its whole process group ends with sluice.",
  options: execOptions,
  create: (options, ctx) => new ExecSource(options, ctx),
};

/** Source `journald`: entries of the systemd journal. */
export const journaldSource: SourceDefinition<JournaldOptions> = {
  kind: "source",
  type: "journald",
  summary: "Entries of the systemd journal, read with journalctl, followed through rotation and over reboots.",
  options: journaldOptions,
  create: (options, ctx) => new JournaldSource(options, ctx),
};
