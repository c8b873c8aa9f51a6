import { createReadStream } from "node:fs";
import { createInterface } from "node:readline/promises";
import { type EncodedBatch, errorText, type Logger, type PipelineSpec, SluiceError } from "@sluice/core";
import { resend, total } from "@sluice/runtime";
import { EXIT, type ExitCode } from "../exit.ts";
import { createSinks } from "../run-pipelines.ts";

interface Options {
  readonly since?: number;
  readonly until?: number;
  readonly rate?: number;
  readonly dryRun?: boolean;
  readonly resume?: boolean;
}

interface Letter {
  readonly pipeline: string;
  readonly sink: string;
  readonly frame: Buffer;
}

/** Bytes of frames that are offered at once. */
const BATCH = 256 * 1024;

/** `sluice replay --dead-letter`: the frames of dead letter files, once more to the sinks that could not take them. */
export async function replayDeadLetters(
  files: readonly string[],
  spec: PipelineSpec,
  options: Options,
  log: Logger,
): Promise<ExitCode> {
  for (const name of ["since", "until", "rate", "dryRun", "resume"] as const) {
    if (options[name] === undefined) continue;
    const flag = name.replace(/[A-Z]/, (letter) => `-${letter.toLowerCase()}`);
    throw new SluiceError("SLUICE_USAGE", `--dead-letter and --${flag} exclude each other`);
  }
  const deadline = new AbortController();
  for (const signal of ["SIGTERM", "SIGINT"] as const) process.once(signal, () => deadline.abort());
  let failed = false;
  for (const file of files) failed = !(await replayFile(file, spec, log, deadline.signal)) || failed;
  return failed ? EXIT.failed : EXIT.done;
}

/** Returns whether every letter of the file was delivered. */
async function replayFile(file: string, spec: PipelineSpec, log: Logger, deadline: AbortSignal): Promise<boolean> {
  const counts = await countLetters(file, spec);
  if (counts.foreign > 0 || counts.damaged > 0) {
    const hint = "their pipeline or sink has another name now, or they are no letters; they are left out";
    log.warn({ file, foreign: counts.foreign, damaged: counts.damaged, hint }, "letters that cannot be sent");
  }
  let delivered = 0;
  let refused = 0;
  for (const sink of await createSinks(spec, { log })) {
    const { name } = sink.spec;
    if (!counts.sinks.has(name)) continue;
    const batches = batchesOf(file, spec.name, name);
    const rejectedFile = `${file}.rejected`;
    const result = await resend({ pipeline: spec.name, sink, rejectedFile, log, deadline }, batches);
    delivered += result.delivered;
    refused += total(result.dropped);
  }
  const open = counts.letters - delivered - refused;
  const text = `dead letters of ${file}: in ${counts.letters} = delivered ${delivered} + refused again ${refused} + not sent ${open}`;
  const ok = delivered === counts.letters;
  log[ok ? "info" : "error"]({ file, letters: counts.letters, delivered, refused, open }, text);
  return ok;
}

async function countLetters(file: string, spec: PipelineSpec) {
  const sinks = new Set<string>();
  let letters = 0;
  let foreign = 0;
  let damaged = 0;
  for await (const letter of lettersOf(file)) {
    letters++;
    if (!letter) damaged++;
    else if (letter.pipeline !== spec.name || !spec.sinks.some(({ name }) => name === letter.sink)) foreign++;
    else sinks.add(letter.sink);
  }
  return { letters, foreign, damaged, sinks };
}

async function* batchesOf(file: string, pipeline: string, sink: string): AsyncGenerator<EncodedBatch> {
  let frames: Buffer[] = [];
  let bytes = 0;
  for await (const letter of lettersOf(file)) {
    if (letter?.pipeline !== pipeline || letter.sink !== sink) continue;
    frames.push(letter.frame);
    bytes += letter.frame.length;
    if (bytes < BATCH) continue;
    yield joined(frames);
    frames = [];
    bytes = 0;
  }
  if (frames.length > 0) yield joined(frames);
}

function joined(frames: readonly Buffer[]): EncodedBatch {
  let end = 0;
  const ends = Uint32Array.from(frames, (frame) => (end += frame.length));
  return { bytes: new Uint8Array(Buffer.concat(frames)), ends };
}

/** The letters of a file; null for a line that is none. */
async function* lettersOf(file: string): AsyncGenerator<Letter | null> {
  const input = createReadStream(file);
  try {
    for await (const line of createInterface({ input, crlfDelay: Number.POSITIVE_INFINITY })) {
      if (line !== "") yield letterOf(line);
    }
  } catch (error) {
    throw new SluiceError("SLUICE_USAGE", `cannot read the dead letters: ${errorText(error)}`);
  }
}

function letterOf(line: string): Letter | null {
  try {
    const { pipeline, sink, frame, frame_base64: packed } = JSON.parse(line) as Record<string, unknown>;
    if (typeof pipeline !== "string" || typeof sink !== "string") return null;
    if (typeof frame === "string") return { pipeline, sink, frame: Buffer.from(frame) };
    return typeof packed === "string" ? { pipeline, sink, frame: Buffer.from(packed, "base64") } : null;
  } catch {
    return null;
  }
}
