import { isUtf8 } from "node:buffer";
import {
  count,
  type Framing,
  newTally,
  type Program,
  type ProgramInput,
  type ProgramOutput,
  type Seen,
  type Tally,
} from "@sluice/core";
import type { Kernel, KernelFamily, StampedLines } from "@sluice/kernel";
import { Frames } from "./frames.ts";
import type { Screens } from "./fuse.ts";
import { mayHoldEvents } from "./own-event.ts";
import type { PlainProgram } from "./plain.ts";
import { lineAt } from "./records.ts";
import type { Variants } from "./variants.ts";

/** Frames of one line that went the plain way, by sink; null where a sink got none. */
type LineFrames = readonly (Uint8Array | null)[];

/** What all kernels of a batch work on. */
interface Batch {
  readonly input: ProgramInput;
  readonly base: number;
  readonly stamped: StampedLines | undefined;
  readonly validUtf8: boolean;
  readonly tally: Tally;
  readonly progress: Int32Array | undefined;
  readonly screens: Screens;
}

/**
 * Runs whole batches in kernels, one for each sink, and what these hand back in the plain program. The first kernel
 * counts; a line that it handed back is not run a second time for the others.
 */
export class FusedProgram implements Program {
  readonly spread;
  readonly #plain: PlainProgram;
  readonly #variants: Variants;
  readonly #frames: readonly Frames[];

  /** @param sinks how many there are */
  constructor(plain: PlainProgram, variants: Variants, sinks: number) {
    this.#plain = plain;
    this.#variants = variants;
    this.#frames = Array.from({ length: sinks }, () => new Frames());
    this.spread = plain.spread;
  }

  run(input: ProgramInput, progress?: Int32Array): ProgramOutput {
    // Records that hung once, or that are no lines, are rare enough for the plain way.
    const { framing } = input;
    const isLines = framing.kind === "lines" || (framing.stamps && !framing.extra);
    if (!isLines || input.skip || mayHoldEvents(input)) return this.#plain.run(input, progress);
    const fused = this.#variants.of(input.stream);
    if (!fused || fused.screens.changeStream(input.stream)) return this.#plain.run(input, progress);
    const stamped = framing.kind === "lines" ? undefined : stampedLines(framing);
    const kernels = kernelsFor(fused.kernels, input, stamped !== undefined);
    if (!kernels) return this.#plain.run(input, progress);
    const base = framing.kind === "lines" ? framing.base : 0;
    const { screens } = fused;
    const batch = { input, base, stamped, validUtf8: isUtf8(input.data), tally: newTally(), progress, screens };
    return this.#runKernels(kernels, batch);
  }

  #runKernels([first, ...others]: readonly Kernel[], batch: Batch): ProgramOutput {
    const { tally } = batch;
    const kernel = first as Kernel;
    const handed = this.#runFirst(kernel, batch);
    tally.in += kernel.lines;
    tally.kept += kernel.lines;
    tally.inBytes += kernel.lineBytes;
    const stops = [...handed.keys()];
    const outputs = [kernel.take()];
    for (const [index, other] of others.entries()) outputs.push(this.#runOther(other, index + 1, batch, stops, handed));
    const seen = this.#look(batch);
    return {
      outputs: outputs.map((output) => (output.ends.length === 0 ? null : output)),
      tally,
      ...(seen && { seen }),
    };
  }

  #look({ input, tally, progress }: Batch): Seen | undefined {
    if (!input.watch) return undefined;
    // No record is to blame for what happens now: it has been through, and the batch is tried again without looking.
    if (progress) progress[0] = -1;
    return this.#plain.look(input, tally.in);
  }

  /** Runs the first sink's kernel; returns the lines that went the plain way, by where they start, for all sinks. */
  #runFirst(kernel: Kernel, batch: Batch): Map<number, LineFrames> {
    const { input, base, stamped, validUtf8, tally, progress, screens } = batch;
    const { data, now } = input;
    const handed = new Map<number, LineFrames>();
    kernel.begin({ data, base, now, validUtf8, stamped, stops: screens.suspects(data) });
    for (let at = kernel.next(); at !== -1; at = kernel.next()) {
      if (progress) progress[0] = kernel.lines + tally.in;
      tally.inBytes += this.#runLine(input, at, tally);
      const frames = this.#takeFrames();
      if (frames[0]) kernel.append(frames[0]);
      handed.set(at, frames);
    }
    return handed;
  }

  /** Runs the kernel of another sink, which stops where the first one did and may hand back more. */
  #runOther(kernel: Kernel, sink: number, batch: Batch, stops: number[], handed: ReadonlyMap<number, LineFrames>) {
    const { input, base, stamped, validUtf8, tally, progress } = batch;
    let plain = 0;
    kernel.begin({ data: input.data, base, now: input.now, validUtf8, stamped, stops });
    for (let at = kernel.next(); at !== -1; at = kernel.next()) {
      if (progress) progress[0] = kernel.lines + plain++;
      const frame = (handed.get(at) ?? this.#runAlone(input, at, tally))[sink];
      if (frame) kernel.append(frame);
    }
    return kernel.take();
  }

  /** The frames of a line that was counted before; only what the encoders had to change is new. */
  #runAlone(input: ProgramInput, at: number, tally: Tally): LineFrames {
    const own = newTally();
    this.#runLine(input, at, own);
    for (const [reason, n] of Object.entries(own.adjusted)) count(tally.adjusted, reason, n);
    return this.#takeFrames();
  }

  /** Puts a line through the plain program; returns its bytes. */
  #runLine(input: ProgramInput, at: number, tally: Tally): number {
    const line = lineAt(input.data, at);
    this.#plain.runLine(input, line.text, at, this.#frames, { now: input.now, tally });
    return line.bytes;
  }

  #takeFrames(): LineFrames {
    return this.#frames.map((frames) => frames.take()?.bytes ?? null);
  }
}

/** A kernel for each sink, set to the batch's stream; null when one cannot be had. */
function kernelsFor(families: readonly KernelFamily[], { stream }: ProgramInput, stamped: boolean): Kernel[] | null {
  const kernels: Kernel[] = [];
  for (const family of families) {
    const kernel = family.forStream(stream, stamped);
    if ("unplannable" in kernel) return null;
    kernels.push(kernel);
  }
  return kernels;
}

function stampedLines({ starts, positions, stamps }: Extract<Framing, { kind: "records" }>): StampedLines | undefined {
  return stamps && { starts, positions, stamps };
}
