import { once } from "node:events";
import { readFileSync } from "node:fs";
import { errorText, SluiceError } from "@sluice/core";
import { type ReceivedMessage, type Receiver, startReceiver } from "@sluice/receiver";
import { Argument, type Command } from "commander";
import { wholeNumber } from "../arguments.ts";
import { type Done, EXIT } from "../exit.ts";

interface ReceiveOptions {
  listen: string;
  count?: number;
  quiet?: boolean;
  cert?: string;
  key?: string;
}

/** `sluice receive`: prints what arrives as NDJSON. */
export function addReceiveCommand(program: Command, done: Done): void {
  program
    .command("receive")
    .description("A development receiver: prints what arrives as NDJSON on stdout and counts it.")
    .addArgument(new Argument("<kind>", "what to expect").choices(["gelf", "lines"]))
    .option(
      "--listen <address>",
      "tcp://, tls://, udp:// or (gelf) http://HOST:PORT; HOST:PORT means tcp",
      "tcp://127.0.0.1:12201",
    )
    .option("--count <n>", "end after so many messages", wholeNumber)
    .option("--quiet", "only count")
    .option("--cert <file>", "PEM certificate for tls://")
    .option("--key <file>", "PEM key for tls://")
    .addHelpText("after", "\nExample:\n  sluice receive gelf --listen tcp://127.0.0.1:12201 --count 10")
    .action(async (kind: "gelf" | "lines", options: ReceiveOptions) => done(await receive(kind, options)));
}

async function receive(kind: "gelf" | "lines", options: ReceiveOptions) {
  const ended = Promise.withResolvers<void>();
  let received = 0;
  const print = (messages: readonly ReceivedMessage[]): void => {
    const wanted = options.count === undefined ? messages : messages.slice(0, options.count - received);
    received += wanted.length;
    if (!options.quiet) process.stdout.write(wanted.map((message) => `${JSON.stringify(message)}\n`).join(""));
    if (received === options.count) ended.resolve();
  };
  const receiver = await startReceiver({
    kind,
    listen: listenUrl(options.listen),
    onMessages: print,
    onProblem: (problem) => process.stderr.write(`sluice: ${problem}\n`),
    ...tlsFiles(options),
  });
  process.stderr.write(`listening on ${receiver.address}\n`);
  for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, () => ended.resolve());
  await ended.promise;
  await finish(receiver);
  return options.count !== undefined && received < options.count ? EXIT.failed : EXIT.done;
}

function listenUrl(address: string): string {
  return address.includes("://") ? address : `tcp://${address.startsWith(":") ? `127.0.0.1${address}` : address}`;
}

function tlsFiles({ cert, key }: ReceiveOptions) {
  return cert && key ? { tls: { cert: readPem("--cert", cert), key: readPem("--key", key) } } : {};
}

function readPem(option: string, file: string): Buffer {
  try {
    return readFileSync(file);
  } catch (cause) {
    throw new SluiceError("SLUICE_USAGE", `${option}: cannot read the file: ${errorText(cause)}`, { cause });
  }
}

async function finish(receiver: Receiver): Promise<void> {
  await receiver.close();
  const { messages, bytes, invalid, connections } = receiver.counts;
  process.stderr.write(
    `received ${messages} messages, ${bytes} bytes, ${invalid} invalid, over ${connections} connections\n`,
  );
  if (process.stdout.writableLength > 0) await once(process.stdout, "drain");
}
