import type { BatchOrigin, ProgramOutput } from "@sluice/core";
import type { Settlement } from "./acks/settlement.ts";
import type { BufferedBatch } from "./buffer/shares.ts";

/** A batch on its way from the program to the sinks. */
export interface Routed {
  readonly outputs: ProgramOutput["outputs"];
  readonly origin: BatchOrigin;
  readonly settlement: Settlement;
  /** Under which its parts in disk buffers are held together. */
  readonly buffered: BufferedBatch;
}
