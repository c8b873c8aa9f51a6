/** Exit codes of every command: `failed` is "ran, but something went wrong", `usage` a wrong command line or file. */
export const EXIT = { done: 0, failed: 1, usage: 2 } as const;

export type ExitCode = (typeof EXIT)[keyof typeof EXIT];

/** Reports the exit code of a command that ran. */
export type Done = (code: ExitCode) => void;
