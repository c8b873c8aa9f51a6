import { harmless, SluiceError } from "@sluice/core";
import { compileExpression, ExpressionError } from "@sluice/expression";
import { type Command, InvalidArgumentError } from "commander";
import { wholeNumber } from "../arguments.ts";
import { type Done, EXIT, type ExitCode } from "../exit.ts";
import { addHttpOptions, type HttpOptions } from "../http.ts";
import { linesOf, SluiceClient } from "../watch/client.ts";

interface TapOptions extends HttpOptions {
  where?: string;
  rate: number;
  count?: number;
  for?: number;
}

/** What the other side says about the events: how many were skipped, and whether all were looked at. */
interface TapNote {
  readonly skipped: number;
  readonly complete: boolean;
}

/** Milliseconds between two warnings about events that are not shown. */
const WARN_MS = 5000;

/** `sluice tap`: live events of a running sluice. */
export function addTapCommand(program: Command, done: Done): void {
  const command = program
    .command("tap")
    .description("Print live events of a running sluice as NDJSON, sanitized ones only, until Ctrl-C.")
    .argument("[name]", "a pipeline, source, step (`steps[1]` or `parse`) or sink; PIPELINE/NAME where several have it")
    .option("--where <expression>", "CEL: only events for which it holds", whereArgument)
    .option("--rate <n>", "events a second at most", wholeNumber, 100)
    .option("--count <n>", "end after so many events", wholeNumber);
  addHttpOptions(command, "address of the running sluice")
    .addHelpText("after", "\nExample:\n  sluice tap graylog --where 'http.response.status_code >= 500' --count 10")
    .action(async (name: string | undefined, options: TapOptions) => done(await tap(name, options)));
}

async function tap(name: string | undefined, options: TapOptions): Promise<ExitCode> {
  const client = new SluiceClient(options);
  const end = new AbortController();
  for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, () => end.abort());
  const query = new URLSearchParams({ rate: String(options.rate) });
  if (name !== undefined) query.set("component", name);
  if (options.where !== undefined) query.set("where", options.where);
  try {
    return await print(
      await client.open(`/api/tap?${query.toString()}`, end.signal),
      options.count ?? Number.POSITIVE_INFINITY,
    );
  } catch (error) {
    if (end.signal.aborted) return EXIT.done;
    if (error instanceof SluiceError) throw error;
    throw new SluiceError("SLUICE_UNREACHABLE", `${client.url} has ended the connection`, { cause: error });
  } finally {
    end.abort();
  }
}

/** Prints events until there are enough. A reader that is slow makes the other side skip events, not wait. */
async function print(body: ReadableStream<Uint8Array>, most: number): Promise<ExitCode> {
  const notes = new Notes();
  let printed = 0;
  for await (const line of linesOf(body)) {
    if (line.startsWith("#")) notes.tell(JSON.parse(line.slice(1)) as TapNote);
    else {
      const shown = process.stdout.isTTY ? harmless(line) : line;
      if (!process.stdout.write(`${shown}\n`)) await new Promise((resolve) => process.stdout.once("drain", resolve));
      if (++printed >= most) return EXIT.done;
    }
  }
  throw new SluiceError("SLUICE_UNREACHABLE", "the sluice has ended");
}

/** Says on stderr, now and then, that not everything is shown. */
class Notes {
  #toldAt = Number.NEGATIVE_INFINITY;
  #told = 0;
  #sampled = false;

  tell({ skipped, complete }: TapNote): void {
    if (!complete && !this.#sampled) {
      this.#sampled = true;
      process.stderr.write("sluice: there are too many events to look at all of them; this is a sample\n");
    }
    if (skipped <= this.#told || performance.now() - this.#toldAt < WARN_MS) return;
    process.stderr.write(`sluice: ${skipped - this.#told} events are not shown (--rate, --where choose)\n`);
    this.#told = skipped;
    this.#toldAt = performance.now();
  }
}

function whereArgument(text: string): string {
  try {
    compileExpression(text);
    return text;
  } catch (error) {
    if (error instanceof ExpressionError) throw new InvalidArgumentError(error.message);
    throw error;
  }
}
