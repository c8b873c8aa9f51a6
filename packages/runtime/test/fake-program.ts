import {
  ByteWriter,
  count,
  type EncodedBatch,
  newTally,
  type Program,
  type ProgramSpec,
  type Spread,
} from "@sluice/core";

// A program over lines, for these tests: each line becomes `line\n` for the first sink, and `line\n` for the second one
// only when it starts with `both`. Some words make it misbehave.

const decoder = new TextDecoder();

/** Compiles the fake program; `patterns` of the spec say how: `spread`, `sinks`. */
export function compileFake(spec: ProgramSpec): Promise<Program> {
  if (spec.patterns["refuse"]) return Promise.reject(new Error("this does not compile"));
  const sinks = Number(spec.patterns["sinks"] ?? 1);
  const spread = (spec.patterns["spread"] ?? "any") as Spread;
  // As in the real program, the writers live as long as it does: an ended run leaves them dirty.
  const writers = Array.from({ length: sinks }, () => ({ out: new ByteWriter(), ends: [] as number[] }));
  return Promise.resolve({
    spread,
    run(input, progress) {
      const tally = newTally();
      const lines = decoder.decode(input.data).split("\n").slice(0, -1);
      for (const [index, line] of lines.entries()) {
        if (progress) progress[0] = index;
        tally.in++;
        tally.inBytes += line.length;
        const skipped = input.skip?.includes(index) ?? false;
        if (skipped) count(tally.tagged, "_timeout");
        else if (!misbehave(line)) {
          count(tally.dropped, "drop");
          continue;
        }
        tally.kept++;
        for (const [sink, { out, ends }] of writers.entries()) {
          if (sink > 0 && !line.startsWith("both")) continue;
          out.text(`${skipped ? "_timeout " : ""}${line}\n`);
          ends.push(out.length);
        }
      }
      return { outputs: writers.map(take), tally };
    },
  });
}

function take({ out, ends }: { out: ByteWriter; ends: number[] }): EncodedBatch | null {
  if (ends.length === 0) return null;
  return { bytes: out.take(), ends: Uint32Array.from(ends.splice(0)) };
}

/** Returns false when the line is to be dropped. */
function misbehave(line: string): boolean {
  const word = line.slice(line.lastIndexOf(" ") + 1);
  if (word === "drop") return false;
  if (word === "hang") /^(a+)+$/.test(`${"a".repeat(50_000)}b`);
  else if (word === "throw") throw new Error("thrown on purpose");
  else if (word === "exit") process.exit(3);
  else if (word === "oom") exhaustMemory();
  else if (word.startsWith("spin")) spin(Number(word.slice(4)));
  return true;
}

function spin(ms: number): void {
  const until = performance.now() + ms;
  while (performance.now() < until);
}

function exhaustMemory(): void {
  const hoard: number[][] = [];
  for (;;) hoard.push(Array.from({ length: 100_000 }, (_, i) => i + hoard.length));
}
