import type { Readable } from "node:stream";
import { orStopped } from "@sluice/core";
import { GuardedProcess } from "../process/guarded-process.ts";

/** Characters of journalctl's own complaints that are kept. */
const KEPT = 500;

/** What journalctl writes to stderr about itself, the first words of it. It holds nothing of the entries. */
export class Complaints {
  #text = "";

  constructor(stderr: Readable) {
    stderr.setEncoding("utf8").on("data", (text: string) => {
      if (this.#text.length < KEPT) this.#text += text;
    });
  }

  /** In one line. */
  get text(): string {
    return this.#text
      .trim()
      .replaceAll(/\s*\n\s*/g, " ")
      .slice(0, KEPT);
  }
}

/** The last entry's cursor, undefined when there is no entry; how journalctl ended, and what it complained of. */
export interface EndOfJournal {
  readonly code: number;
  readonly complaint: string;
  readonly cursor: string | undefined;
}

/** Runs the command that prints the last entry. */
export async function endOfJournal(command: readonly string[], stop: AbortSignal): Promise<EndOfJournal> {
  const child = await GuardedProcess.start({ command, env: { ...process.env, LC_ALL: "C", SYSTEMD_COLORS: "0" } });
  const complaints = new Complaints(child.stderr);
  let out = "";
  child.stdout.setEncoding("utf8").on("data", (text: string) => {
    out += text;
  });
  const code = await orStopped(child.ended, stop);
  child.kill();
  const cursor = /"__CURSOR"\s*:\s*"([^"]+)"/.exec(out)?.[1];
  return { code: code ?? 0, complaint: complaints.text, cursor };
}
