import type { Lease } from "@sluice/core";
import { natsFault } from "@sluice/nats";
import type { ClaimLog } from "./claim-log.ts";

export interface LeaseOptions {
  readonly log: ClaimLog;
  /** Of the claim. */
  readonly id: string;
  /** False once it was read that another sluice has taken it over. */
  readonly isOurs: () => boolean;
  /** Milliseconds for which an attempt may begin after it was certain that the claim is ours. */
  readonly lease: number;
  /** When that was certain last, on the monotonic clock. */
  readonly since: number;
}

/** A claim that was entered: it is asked for again before attempts that begin later. */
export function leased({ log, id, isOurs, lease, since: began }: LeaseOptions): Lease {
  let since = began;
  return {
    async isOurs() {
      const now = performance.now();
      if (now - since < lease) return true;
      // To append is to know that nobody has taken it over; to read might be to hear of it too late.
      const isHeld = await log.append(`${id}.held`, "", isOurs).catch((error: unknown) => {
        throw natsFault(error, "cannot ask whether another sluice has taken over what is to be stored");
      });
      if (isHeld) since = now;
      return isHeld;
    },
  };
}
