import { readlinkSync } from "node:fs";
import type { MessagePort } from "node:worker_threads";
import type { Program, ProgramInput, ProgramOutput, ProgramSpec } from "@sluice/core";
import { free } from "../memory.ts";
import { GuardedProgram } from "./guarded-program.ts";
import { IDLE, JOB, type JobMessage, RECORD, toFailure, type WorkerMessage, type WorkerStart } from "./protocol.ts";

/**
 * The life of a worker thread: compiles the program and runs what the pool sends. Its entry file calls
 * `serveProgram(parentPort, workerData, compile)` and nothing else.
 */
export async function serveProgram(
  port: MessagePort | null,
  workerData: unknown,
  compile: (spec: ProgramSpec) => Promise<Program>,
): Promise<void> {
  if (!port) throw new Error("serveProgram runs in a worker thread only");
  const { spec, progress, state } = workerData as WorkerStart;
  const send = (message: WorkerMessage, transfer: ArrayBuffer[] = []) => port.postMessage(message, transfer);
  let guarded: GuardedProgram;
  try {
    const program = await compile(spec);
    program.memory?.restore(state);
    guarded = new GuardedProgram(program, () => compile(spec), progress);
  } catch (error) {
    return send({ kind: "unusable", failure: toFailure(error) });
  }
  let last = Promise.resolve();
  port.on("message", (message: JobMessage) => {
    last = last.then(() => work(guarded, progress, message, send));
  });
  send({
    kind: "ready",
    thread: threadId(),
    spread: guarded.program.spread,
    ticks: guarded.program.memory !== undefined,
  });
}

type Send = (message: WorkerMessage, transfer?: ArrayBuffer[]) => void;

async function work(guarded: GuardedProgram, progress: Int32Array, message: JobMessage, send: Send): Promise<void> {
  const { job } = message;
  progress[RECORD] = -1;
  progress[JOB] = job;
  try {
    const { output, timedOut } = await run(guarded, message.input, message.guarded);
    const { earlier = [], held, ...own } = output;
    for (const done of earlier) {
      send({ kind: "done", job: done.batch, output: done.output, timedOut: [] }, buffers(done.output));
    }
    if (held) send({ kind: "held", job });
    else send({ kind: "done", job, output: own, timedOut }, buffers(own));
    free(message.input.data.buffer);
  } catch (error) {
    send({ kind: "failed", job, failure: toFailure(error), record: progress[RECORD] as number });
    await guarded.renew();
  } finally {
    progress[JOB] = IDLE;
  }
}

function run(guarded: GuardedProgram, input: ProgramInput, careful: boolean) {
  return careful ? guarded.run(input) : { output: guarded.runUnguarded(input), timedOut: [] };
}

function buffers(output: ProgramOutput): ArrayBuffer[] {
  const found = new Set<ArrayBuffer>();
  for (const batch of output.outputs) if (batch) found.add(batch.bytes.buffer).add(batch.ends.buffer);
  return [...found];
}

/** The kernel's id of this thread, by which the pool reads its CPU time. */
function threadId(): number {
  try {
    return Number(readlinkSync("/proc/thread-self").split("/").at(-1));
  } catch {
    return 0;
  }
}
