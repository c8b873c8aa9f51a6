import { Buffer, isUtf8 } from "node:buffer";
import type { Event, ParsePlan, PlanPattern, StreamInfo } from "@sluice/core";
import { formatInstant } from "@sluice/core";
import { compileKernel, type KernelFamily } from "@sluice/kernel";
import { toRegExpDetails } from "oniguruma-to-es";
import type { TestEncoder } from "./encoders.ts";

// The plain path in a few lines: an event object per line, a JavaScript regular expression, JSON.stringify.

export interface Setup {
  readonly plan: ParsePlan;
  readonly stream: StreamInfo;
  readonly encoder: TestEncoder;
  readonly stamp: boolean;
}

export interface Batch {
  readonly data: Uint8Array<ArrayBuffer>;
  readonly base: number;
  readonly now: number;
}

interface Matcher {
  readonly pattern: PlanPattern;
  readonly exec: (text: string) => (string | undefined)[] | null;
}

/** The text of the n-th named group is the n-th entry. */
export function matcher(source: string): Matcher["exec"] {
  const { pattern, flags, options } = toRegExpDetails(source, { flags: "mDSW" });
  const regexp = new RegExp(pattern, flags);
  const hidden = new Set(options?.hiddenCaptures);
  return (text) => regexp.exec(text)?.filter((_, i) => i > 0 && !hidden.has(i)) ?? null;
}

export class Reference {
  readonly #setup: Setup;
  readonly #matchers: readonly Matcher[];

  constructor(setup: Setup) {
    this.#setup = setup;
    this.#matchers = setup.plan.patterns.map((pattern) => ({ pattern, exec: matcher(pattern.source) }));
  }

  /** Frames of all lines. */
  run(batch: Batch): string[] {
    const out: string[] = [];
    for (let start = 0; start < batch.data.length; ) {
      const { text, next } = lineAt(batch.data, start);
      out.push(this.frame(text, start, batch));
      start = next;
    }
    return out;
  }

  /** The frame of the line that starts at `offset`. */
  frame(text: string, offset: number, { base, now }: Batch): string {
    const { stream, stamp, encoder } = this.#setup;
    const position = base + offset;
    const event: Event = {
      ...(stamp ? { "@timestamp": formatInstant(now) } : {}),
      message: text,
      ...(stamp ? { "event.id": `${stream.id}-${position.toString(16)}` } : {}),
      ...stream.fields,
      ...(stream.positionField === undefined ? {} : { [stream.positionField]: position }),
    };
    if (!this.#parse(event, text, now)) event["tags"] = ["_parse_failure"];
    return encoder.encode(event);
  }

  #parse(event: Event, text: string, now: number): boolean {
    for (const { pattern, exec } of this.#matchers) {
      const groups = exec(text);
      if (groups === null) continue;
      // What the plain path makes of such a line is its own affair; the kernel could not make this.
      if (pattern.plain) event["tags"] = ["_plain"];
      if (pattern.plain) return true;
      if (pattern.timestampGroup !== undefined) {
        const time = this.#setup.plan.timestamp?.(groups[pattern.timestampGroup - 1] ?? "", now) ?? null;
        if (time === null) return false;
        event["@timestamp"] = time;
      }
      for (const { field, group, type } of pattern.captures) {
        const value = groups[group - 1];
        if (value) event[field] = type === "string" ? value : coerce(value, type);
      }
      for (const [field, value] of pattern.constants) event[field] = value;
      return true;
    }
    return false;
  }
}

function coerce(text: string, type: "int" | "float"): number {
  const value = type === "int" ? Number.parseInt(text, 10) : Number.parseFloat(text);
  return Number.isNaN(value) ? 0 : value + 0;
}

/** One line's text and where the next begins. */
export function lineAt(data: Uint8Array<ArrayBuffer>, start: number): { text: string; next: number } {
  const newline = data.indexOf(10, start);
  const stop = newline < 0 ? data.length : newline;
  const end = newline > start && data[stop - 1] === 13 ? stop - 1 : stop;
  return { text: Buffer.from(data.buffer, data.byteOffset, data.length).toString("utf8", start, end), next: stop + 1 };
}

/** Compiles kernels; fails the test when the plan cannot be run. */
export function familyOf({ plan, encoder, stamp }: Setup): KernelFamily {
  const family = compileKernel({ plan, stamp, templateFor: (shape) => encoder.template(shape) });
  if ("unplannable" in family) throw new Error(family.unplannable);
  return family;
}

export interface KernelRun {
  readonly frames: string[];
  readonly bailed: number;
  readonly lines: number;
}

/** Runs a batch through the kernel, with the reference for the lines it hands back. */
export function runKernel(setup: Setup, family: KernelFamily, reference: Reference, batch: Batch): KernelRun {
  const kernel = family.forStream(setup.stream);
  if ("unplannable" in kernel) throw new Error(kernel.unplannable);
  kernel.begin({ ...batch, validUtf8: isUtf8(batch.data) });
  let bailed = 0;
  for (let at = kernel.next(); at >= 0; at = kernel.next()) {
    bailed++;
    kernel.append(new TextEncoder().encode(reference.frame(lineAt(batch.data, at).text, at, batch)));
  }
  const { lines } = kernel;
  const { bytes, ends } = kernel.take();
  const decoder = new TextDecoder("utf-8", { ignoreBOM: true });
  const frames = [...ends].map((end, i) => decoder.decode(bytes.subarray(ends[i - 1] ?? 0, end)));
  return { frames, bailed, lines };
}
