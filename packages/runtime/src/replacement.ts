import { LONGEST_TIMER_MS, type SluiceError } from "@sluice/core";
import type { PipelineOptions } from "./pipeline-options.ts";
import type { SinkSnapshot } from "./sink/sink-types.ts";
import type { ProgramRunner } from "./workers/runner.ts";

/** A change of a run that has begun: its old flow is drained, and the new one is not there yet. */
export interface Change {
  /** The old flow has ended, and its sinks are closed. */
  readonly retired: () => void;
  readonly next: Promise<{ readonly flowing: Promise<SluiceError | undefined> }>;
  readonly go: (next: { readonly flowing: Promise<SluiceError | undefined> }) => void;
}

/** A pipeline, or what one is to be replaced with: compiled and not used yet. */
export interface Prepared {
  readonly options: PipelineOptions;
  /** Hands over the program, once. One that remembers is started with what is remembered now. */
  program(): Promise<ProgramRunner>;
  /** Ends it when it was not used. */
  close(): Promise<void>;
}

/** @param again starts the same program once more */
export function preparedOf(
  options: PipelineOptions,
  program: ProgramRunner,
  again: () => Promise<ProgramRunner>,
): Prepared {
  let own: ProgramRunner | undefined = program;
  const close = async () => {
    await own?.close();
    own = undefined;
  };
  return {
    options,
    async program() {
      if (!own?.ticks) {
        const ready = own;
        own = undefined;
        return ready ?? again();
      }
      await close();
      return again();
    },
    close,
  };
}

/** Milliseconds between looks at how a drain goes, and for which a sink that fails may recover. */
const LOOK_MS = 200;
const HOPE_MS = 5000;

interface Patience {
  /** Milliseconds after which it ends in any case. */
  readonly deadline: number;
  /** A sink does not take what comes again anyhow: there is no use in waiting for it. */
  readonly isHopeless: () => boolean;
  readonly giveUp: () => void;
}

/** Watches how old sinks are drained, and gives them up when it is time. Ends with the returned function. */
export function bePatient({ deadline, isHopeless, giveUp }: Patience): () => void {
  const end = setTimeout(giveUp, Math.min(deadline, LONGEST_TIMER_MS));
  let hopeless = 0;
  const look = setInterval(() => {
    hopeless = isHopeless() ? hopeless + LOOK_MS : 0;
    if (hopeless >= HOPE_MS) giveUp();
  }, LOOK_MS);
  return () => {
    clearTimeout(end);
    clearInterval(look);
  };
}

/** Between two flows no sink is closed for good. */
export function betweenFlows(sink: SinkSnapshot): SinkSnapshot {
  return sink.state === "closed" ? { ...sink, state: "starting" } : sink;
}
