import { setTimeout as sleep } from "node:timers/promises";
import type { Source } from "@sluice/core";
import { FakeSourceContext, type SeenRecord } from "./source-context.ts";

/** How the contract suite handles a source: its input is the test's, `create` makes a new source over the same one. */
export interface SourceUnderTest {
  /** Makes a source; the input holds `expected` and ends there. */
  readonly create: () => Source;
  /** Texts of the records of the input, in order. */
  readonly expected: readonly string[];
  /** Whether the input can be read again after a restart. */
  readonly resumable: boolean;
}

/** Checks what docs/component-contract.md demands of every source. Throws an error that names the broken duty. */
export async function checkSource(test: SourceUnderTest): Promise<void> {
  await createIsInert(test);
  await readsAll(test);
  await waitsForEmit(test);
  await stopsSoon(test);
  if (test.resumable) await resumes(test);
}

function demand(holds: boolean, duty: string): void {
  if (!holds) throw new Error(`source contract: ${duty}`);
}

async function createIsInert({ create }: SourceUnderTest): Promise<void> {
  const before = process.getActiveResourcesInfo().length;
  create();
  await sleep(10);
  demand(process.getActiveResourcesInfo().length <= before, "create must not start anything");
}

async function runFinite(test: SourceUnderTest, options: ConstructorParameters<typeof FakeSourceContext>[0] = {}) {
  const ctx = new FakeSourceContext({ ...options, finite: true });
  await test.create().run(ctx);
  return ctx;
}

async function readsAll(test: SourceUnderTest): Promise<void> {
  const { records, batches, texts } = await runFinite(test);
  demand(JSON.stringify(texts) === JSON.stringify(test.expected), `reads all in order, got ${JSON.stringify(texts)}`);
  demand(new Set(records.map(({ eventId }) => eventId)).size === records.length, "every record has its own id");
  demand(
    batches.every(({ data }) => data.byteOffset === 0),
    "data begins where its buffer does",
  );
  const owned = new Set(batches.map(({ data }) => data.buffer));
  demand(owned.size === batches.length, "every batch owns its buffer");
}

async function waitsForEmit(test: SourceUnderTest): Promise<void> {
  const { mostPendingEmits } = await runFinite(test, { gate: () => sleep(5) });
  demand(mostPendingEmits <= 1, `awaits emit before the next one, but ${mostPendingEmits} were open at once`);
}

async function stopsSoon(test: SourceUnderTest): Promise<void> {
  const ctx = new FakeSourceContext({ gate: () => new Promise(() => {}) });
  const ended = test.create().run(ctx);
  await sleep(50);
  ctx.end();
  const late = new AbortController();
  const timer = sleep(1000, "late", { signal: late.signal }).catch(() => "ended");
  demand(
    (await Promise.race([ended, timer])) !== "late",
    "returns within a second of stop, even while emit is pending",
  );
  late.abort();
}

/** Ends the first run at every change of its state, and reads on from there. */
async function resumes(test: SourceUnderTest): Promise<void> {
  const first = await runFinite(test, { lag: 1 });
  for (const [i, { state }] of first.history.entries()) {
    const left = first.records.slice(0, first.history[i + 1]?.records ?? first.records.length);
    const second = await runFinite(test, { state });
    const byId = new Map<string, SeenRecord>();
    for (const record of [...left, ...second.records]) {
      const known = byId.get(record.eventId);
      demand(!known || known.text === record.text, `${record.eventId} means the same record after a restart`);
      byId.set(record.eventId, record);
    }
    const texts = [...byId.values()].map(({ text }) => text).sort();
    demand(JSON.stringify(texts) === JSON.stringify([...test.expected].sort()), "a restart loses and repeats nothing");
  }
}
