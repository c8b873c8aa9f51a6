import type { JobName } from "./jobs.ts";

/** One run of one program: what it reads, and a directory that is its own. */
export interface Run {
  readonly job: JobName;
  readonly log: string;
  readonly dir: string;
}

export interface Command {
  readonly file: string;
  readonly args: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
}

/** GELF fields in which a program sends what the job asks for. */
export type FieldNames = Readonly<Record<string, string>>;

/** A program that can do the jobs. */
export interface Contender {
  readonly name: string;
  /** Name and version as the program says them. */
  version(): string;
  /** Starts in the foreground, ends on SIGTERM. */
  command(run: Run): Command;
  /** In the job `s3` it writes to the store and ends when all is read; the others fill `packed` and are told to end. */
  readonly storesObjects?: true;
  readonly fields: Readonly<Record<"nginx" | "auth", FieldNames>>;
}
