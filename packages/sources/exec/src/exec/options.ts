import { duration, size } from "@sluice/core";
import { z } from "zod";

const command = z.union([z.string().min(1), z.array(z.string()).min(1)]);

const backoff = z
  .strictObject({
    initial: duration().prefault("1s").describe("Pause before the first restart; it doubles with each further one."),
    max: duration().prefault("1m").describe("Longest pause. A run of ten seconds sets it back to `initial`."),
  })
  .refine(({ initial, max }) => initial <= max, { path: ["max"], message: "must not be shorter than `initial`" });

/** Options of the source `exec`. */
export const execOptions = z
  .strictObject({
    command: command.describe(
      "Program and arguments as a list, or, as text with `shell: true`, a command line for `/bin/sh -c`.",
    ),
    shell: z.boolean().default(false).describe("Let `/bin/sh` read `command`: pipes, globs, variables."),
    interval: duration()
      .optional()
      .describe("Run it again and again, one run beginning this long after the other; without it, it is followed."),
    timeout: duration().optional().describe("With `interval`: a run that lasts longer is ended."),
    output: z
      .enum(["lines", "whole"])
      .default("lines")
      .describe("`lines`: an event for each line; `whole` (with `interval`): one event for all that a run prints."),
    stderr: z
      .enum(["events", "log", "off"])
      .default("events")
      .describe(
        "`events` are marked `stream: stderr`; `log` writes its lines into sluice's own log as they are, secrets included; `off` drops it.",
      ),
    restart: z
      .enum(["always", "on_failure", "never"])
      .default("always")
      .describe("Whether a followed command that has ended is started again."),
    backoff: backoff.prefault({}).describe("Pauses before a restart."),
    exit_event: z
      .enum(["never", "failure", "always"])
      .default("never")
      .describe("Make an event of the end of a run, with `process.exit_code`; the log tells of failures anyway."),
    working_directory: z.string().min(1).optional().describe("Default: the directory of the pipeline file."),
    environment: z.record(z.string(), z.string()).default({}).describe("Variables for the command."),
    clear_environment: z.boolean().default(false).describe("Give the command no variables of sluice's but `PATH`."),
    max_line_bytes: size()
      .prefault("1MiB")
      .describe(
        "A longer line (a longer output, with `whole`) is cut here and tagged `_line_cut`; its rest is skipped.",
      ),
  })
  .superRefine((value, ctx) => {
    const complain = (key: string, message: string) => ctx.addIssue({ code: "custom", path: [key], message });
    const isText = typeof value.command === "string";
    if (isText && !value.shell) {
      complain("command", "write a list, [program, argument, …], or add `shell: true` for a command line");
    }
    if (!isText && value.shell) complain("command", "with `shell: true` it is one text, not a list");
    if (value.command[0] === "") complain("command", "the program's name is empty");
    if (value.interval !== undefined && value.interval <= 0) complain("interval", "must be longer than 0s");
    if (value.timeout !== undefined && value.interval === undefined) complain("timeout", "is for runs with `interval`");
    if (value.output === "whole" && value.interval === undefined)
      complain("output", "`whole` is for runs with `interval`");
  });

export type ExecOptions = z.output<typeof execOptions>;
