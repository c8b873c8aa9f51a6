import type { JobName } from "./jobs.ts";

/** One run of one program: where it reads, where it sends, and a directory that is its own. */
export interface Run {
  readonly job: JobName;
  readonly log: string;
  readonly port: number;
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
  readonly fields: Readonly<Record<"nginx" | "auth", FieldNames>>;
}
