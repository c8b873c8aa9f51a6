import { KEPT_STREAMS, type ParsePlan, RecentCache, type StreamInfo, type Value } from "@sluice/core";
import { MAX_GROUPS } from "./emit/layout.ts";
import { Kernel, type StreamImage } from "./kernel.ts";
import { buildModule } from "./module.ts";
import type { Node } from "./regex/ast.ts";
import { Unplannable } from "./regex/cursor.ts";
import { mergePatterns } from "./regex/merge.ts";
import { type ParsedPattern, parsePattern } from "./regex/parse.ts";
import { type FramePlan, framePlan, type TemplateFor } from "./shape.ts";
import { FrameTexts } from "./texts.ts";

/** What kernels are made from. */
export interface KernelInput {
  readonly plan: ParsePlan;
  /** Frames of the one sink: its encoder's `template`. */
  readonly templateFor: TemplateFor;
  /** Whether events have `@timestamp` (time of reading, until a pattern knows better) and `event.id`. */
  readonly stamp: boolean;
}

/** Why a plan or a stream has to go the plain way. */
export interface NoKernel {
  readonly unplannable: string;
}

/** Modules for different kinds of streams, each with a memory of its own. */
const MAX_KERNELS = 4;

/** Reads a plan. The patterns are settled here, the frames when the first stream comes. */
export function compileKernel(input: KernelInput): KernelFamily | NoKernel {
  return attempt(() => {
    const parsed = input.plan.patterns.map(({ source }) => parsePattern(source));
    checkGroups(input.plan, parsed);
    return new KernelFamily(input, parsed);
  });
}

/** The kernels of one plan: streams that have the same fields share one, and differ only in bytes in its memory. */
export class KernelFamily {
  readonly #input: KernelInput;
  readonly #parsed: readonly ParsedPattern[];
  readonly #tree: Node;
  readonly #kernels = new Map<string, Kernel | NoKernel>();
  /** Streams whose bytes are ready. */
  readonly #streams = new RecentCache<{ kernel: Kernel; image: StreamImage } | NoKernel>(KEPT_STREAMS);

  constructor(input: KernelInput, parsed: readonly ParsedPattern[]) {
    this.#input = input;
    this.#parsed = parsed;
    this.#tree = mergePatterns(parsed.map(({ node }) => node));
  }

  /**
   * A kernel that is set to this stream. It is used for one batch at a time.
   * @param stamped for batches whose lines have times and positions of their own
   */
  forStream(stream: StreamInfo, stamped = false): Kernel | NoKernel {
    const key = JSON.stringify([stream.id, stream.fields, stream.positionField, stamped]);
    const known = this.#streams.get(key, () => attempt(() => this.#open(stream, stamped)));
    if ("unplannable" in known) return known;
    known.kernel.useStream(known.image);
    return known.kernel;
  }

  #open(stream: StreamInfo, stamped: boolean): { kernel: Kernel; image: StreamImage } {
    if (!/^[ !#-[\]-~]*$/.test(stream.id)) throw new Unplannable("the stream's id is not plain ASCII");
    if (stamped && !this.#input.stamp) throw new Unplannable("lines have times, and the pipeline sets none");
    const texts = new FrameTexts(this.#frames(stream), this.#probe(stream));
    const key = `${stamped ? "stamped" : "plain"} ${texts.key}`;
    const known = this.#kernels.get(key);
    if (known === undefined && this.#kernels.size >= MAX_KERNELS) throw new Unplannable("too many kinds of streams");
    const kernel = known ?? attempt(() => this.#build(texts, stamped));
    this.#kernels.set(key, kernel);
    if ("unplannable" in kernel) throw new Unplannable(kernel.unplannable);
    return { kernel, image: texts.image() };
  }

  #frames(stream: StreamInfo): FramePlan[] {
    const { plan, stamp, templateFor } = this.#input;
    return this.#parsed.map((parsed, i) => framePlan(plan, i, parsed, stream, stamp, templateFor));
  }

  /** The frames of a stream that differs in all its values, to see which of their bytes come from the stream. */
  #probe(stream: StreamInfo): FramePlan[] | null {
    const fields = Object.fromEntries(Object.entries(stream.fields).map(([name, value]) => [name, altered(value)]));
    const frames = attempt(() => ({ list: this.#frames({ ...stream, id: `${stream.id}0`, fields }) }));
    return "unplannable" in frames ? null : frames.list;
  }

  #build(texts: FrameTexts, stamped: boolean): Kernel {
    const { plan } = this.#input;
    const module = buildModule({
      tree: this.#tree,
      groups: Math.max(...this.#parsed.map(({ groups }) => groups)),
      frames: texts.encodeInputs(plan, this.#parsed, stamped),
      maxRecordBytes: texts.maxRecordBytes,
      copies: texts.copies,
      stamped,
    });
    const asciiOnly = this.#parsed.some((parsed) => parsed.asciiOnly);
    return new Kernel({ module, asciiOnly, constants: texts.constants, plan });
  }
}

function checkGroups(plan: ParsePlan, parsed: readonly ParsedPattern[]): void {
  if (parsed.length === 0) throw new Unplannable("no patterns");
  for (const [i, { captures, timestampGroup }] of plan.patterns.entries()) {
    const groups = parsed[i]?.groups ?? 0;
    const used = [...captures.map(({ group }) => group), ...(timestampGroup === undefined ? [] : [timestampGroup])];
    if (groups > MAX_GROUPS || used.some((group) => group < 1 || group > groups)) {
      throw new Unplannable(`pattern ${i} has no such groups`);
    }
    if (timestampGroup !== undefined && plan.timestamp === undefined) throw new Unplannable("no reading of times");
  }
}

/** Another value of the same type. */
function altered(value: Value): Value {
  if (typeof value === "string") return `${value}0`;
  if (typeof value === "number") return value + 1;
  if (typeof value === "boolean") return !value;
  return Array.isArray(value) ? value.map(altered) : value;
}

function attempt<T>(make: () => T): T | NoKernel {
  try {
    return make();
  } catch (error) {
    if (error instanceof Unplannable) return { unplannable: error.message };
    throw error;
  }
}
