import { addTag, type Event, newTally, type ProgramSpec } from "@sluice/core";
import { compileSteps } from "@sluice/program";
import { runWithTimeout } from "@sluice/runtime/timeout";
import { registry } from "./registry.ts";

/** Milliseconds that a line may take before it is looked into. */
const PATIENCE_MS = 250;

/** Puts lines through steps; one on which a step hangs is passed on unparsed, tagged `_timeout`, as `run` does. */
export class GuardedSteps {
  readonly #spec: ProgramSpec;
  #apply: Awaited<ReturnType<typeof compileSteps>>;

  private constructor(spec: ProgramSpec, apply: Awaited<ReturnType<typeof compileSteps>>) {
    this.#spec = spec;
    this.#apply = apply;
  }

  static async create(spec: ProgramSpec): Promise<GuardedSteps> {
    return new GuardedSteps(spec, await compileSteps(spec, registry));
  }

  /** The events of the lines, without those that a step has dropped. */
  async run(lines: readonly string[]): Promise<Event[]> {
    const events: Event[] = [];
    for (let next = 0; next < lines.length; ) {
      const first = next;
      const cpu = threadCpu();
      const { timedOut } = runWithTimeout(() => {
        for (; next < lines.length; next++) this.#one(lines[next] as string, events);
      }, PATIENCE_MS);
      if (!timedOut) break;
      // The steps may be left in any state.
      this.#apply = await compileSteps(this.#spec, registry);
      // Only a line that had all the time for itself, and computed, is to blame: the machine may be busy.
      if (next > first || threadCpu() - cpu < PATIENCE_MS / 2) continue;
      const event: Event = { message: lines[next++] as string };
      addTag(event, "_timeout");
      events.push(event);
    }
    return events;
  }

  #one(line: string, events: Event[]): void {
    const event: Event = { message: line };
    if (this.#apply(event, { now: Date.now(), tally: newTally() }) === null) events.push(event);
  }
}

/** Milliseconds of CPU that this thread has used. */
function threadCpu(): number {
  const { user, system } = process.threadCpuUsage();
  return (user + system) / 1000;
}
