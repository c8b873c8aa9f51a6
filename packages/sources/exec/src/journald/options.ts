import { size } from "@sluice/core";
import { z } from "zod";

const names = z.union([z.string().min(1), z.array(z.string().min(1)).min(1)]);
const PRIORITIES = ["emerg", "alert", "crit", "err", "warning", "notice", "info", "debug"];

const priority = z.string().refine((text) => text.split("..").every(isPriority) && text.split("..").length <= 2, {
  message: `write one of ${PRIORITIES.join(", ")}, a number from 0 to 7, or a range like err..warning`,
});

function isPriority(text: string): boolean {
  return PRIORITIES.includes(text) || /^[0-7]$/.test(text);
}

const match = z.string().regex(/^(?:[A-Z0-9_]+=[^]*|\+)$/, "write FIELD=value, or + between alternatives");

/** Options of the source `journald`. */
export const journaldOptions = z
  .strictObject({
    units: names.optional().describe("Only these systemd units, e.g. `ssh.service`; globs work."),
    identifiers: names.optional().describe("Only these syslog identifiers, e.g. `sshd`."),
    priority: priority
      .optional()
      .describe("Only this priority and more urgent ones (`warning`, `4`), or a range (`err..warning`)."),
    matches: z
      .array(match)
      .min(1)
      .optional()
      .describe("Only entries with these fields, as journalctl takes them: `_UID=0`; `+` stands between alternatives."),
    start_at: z
      .enum(["beginning", "end"])
      .default("beginning")
      .describe("Where to begin at the very first start; later ones go on where the last one stopped."),
    since: z
      .string()
      .min(1)
      .optional()
      .describe(
        "Instead of `start_at`: begin at this time, as journalctl takes it: `2026-11-29 10:00`, `-1h`, `today`.",
      ),
    directory: z
      .string()
      .min(1)
      .optional()
      .describe("Directory of the journal files, relative to the pipeline file; default: this machine's journal."),
    namespace: z.string().min(1).optional().describe("Journal namespace, as in `journalctl --namespace`."),
    fields: z
      .union([z.literal("all"), z.array(z.string().regex(/^[A-Z0-9_]+$/)).min(1)])
      .optional()
      .describe("More journal fields for the events, as `journald.<name in lower case>`, or `all`."),
    max_message_bytes: size().prefault("1MiB").describe("A longer message is cut here and tagged `_line_cut`."),
    journalctl: z.string().min(1).default("journalctl").describe("The program, where it is not in the PATH."),
  })
  .superRefine((value, ctx) => {
    if (value.since === undefined || value.start_at === "beginning") return;
    ctx.addIssue({ code: "custom", path: ["since"], message: "give `since` or `start_at: end`, not both" });
  });

export type JournaldOptions = z.output<typeof journaldOptions>;

/** A text or a list of texts as a list. */
export function listOf(value: string | readonly string[] | undefined): readonly string[] {
  if (value === undefined) return [];
  return typeof value === "string" ? [value] : value;
}
