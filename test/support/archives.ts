import { readFile } from "node:fs/promises";
import type { Message } from "./ledger.ts";
import type { Workspace } from "./workspace.ts";

/** A pipeline that parses and writes NDJSON to `out.ndjson` beside it. */
export async function pipelineToFile(work: Workspace, steps = "[{parse: nginx}]", sinkOptions = ""): Promise<string> {
  const text = `name: web
steps: ${steps}
sinks:
  out: {type: file, path: out.ndjson${sinkOptions}}
`;
  return work.write("p.yaml", text);
}

/** The events in an NDJSON file; none when there is no such file. */
export async function eventsIn(file: string): Promise<Message[]> {
  const text = await readFile(file, "utf8").catch(() => "");
  return eventsOf(text);
}

/** The events of NDJSON text. */
export function eventsOf(text: string): Message[] {
  return text
    .split("\n")
    .filter((line) => line !== "")
    .map((line) => JSON.parse(line) as Message);
}

/** The lines of a text, each once. */
export function linesOf(text: string): string[] {
  return text.split("\n").filter((line) => line !== "");
}

/** The last ledger that sluice has logged, as text. */
export function ledgerIn(stderr: string): string | undefined {
  return stderr.match(/in \d+(?: \+ buffered before \d+)? = delivered \d+ \+ dropped [^"]*? \+ buffered \d+/g)?.at(-1);
}
