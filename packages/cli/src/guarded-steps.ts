import { type Event, newTally, type ProgramSpec } from "@sluice/core";
import { compileSteps, type Steps } from "@sluice/program";
import { ownCpuMs, patienceFor, runWithTimeout } from "@sluice/runtime/timeout";
import { registry } from "./registry.ts";

/** Milliseconds that a line may take before it is looked into; the first one also pays for compiling its patterns. */
const PATIENCE_MS = 500;

/** Puts lines through steps; one on which a step hangs is passed on unparsed, tagged `_timeout`, as `run` does. */
export class GuardedSteps {
  readonly #spec: ProgramSpec;
  #steps: Steps;

  private constructor(spec: ProgramSpec, steps: Steps) {
    this.#spec = spec;
    this.#steps = steps;
  }

  static async create(spec: ProgramSpec): Promise<GuardedSteps> {
    return new GuardedSteps(spec, await compileSteps(spec, registry));
  }

  /** The events of the lines, without those that a step has dropped. */
  async run(lines: readonly string[]): Promise<Event[]> {
    const events: Event[] = [];
    for (let next = 0; next < lines.length; ) {
      const first = next;
      const patience = PATIENCE_MS + patienceFor((lines[first] as string).length);
      const cpu = ownCpuMs();
      const { timedOut } = runWithTimeout(() => {
        for (; next < lines.length; next++) this.#one(lines[next] as string, events);
      }, patience);
      if (!timedOut) break;
      // The steps may be left in any state.
      this.#steps = await compileSteps(this.#spec, registry);
      // Only a line that had all the time for itself, and computed, is to blame: the machine may be busy.
      if (next > first || ownCpuMs() - cpu < patience / 2) continue;
      this.#one(lines[next++] as string, events, "skip");
    }
    return events;
  }

  #one(line: string, events: Event[], how: keyof Steps = "apply"): void {
    const event: Event = { message: line };
    if (this.#steps[how](event, { now: Date.now(), tally: newTally() }) === null) events.push(event);
  }
}
