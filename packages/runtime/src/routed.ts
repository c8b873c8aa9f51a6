import type { BatchOrigin, ProgramOutput } from "@sluice/core";
import type { Settlement } from "./acks/settlement.ts";

/** A batch on its way from the program to the sinks. */
export interface Routed {
  readonly outputs: ProgramOutput["outputs"];
  readonly origin: BatchOrigin;
  readonly settlement: Settlement;
  /** Number of the batch: its parts in disk buffers are held together under it. */
  readonly batch: number;
}
