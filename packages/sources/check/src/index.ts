import type { CreateContext, SourceDefinition } from "@sluice/core";
import { SamplingSource } from "@sluice/sampling";
import { CheckSampler } from "./check-sampler.ts";
import { shownUrl } from "./http/shown-url.ts";
import { type CheckOptions, checkOptions } from "./options.ts";
import type { CheckResult } from "./result.ts";

/** Source `check`: whether endpoints, ports and names answer as they should. */
export const checkSource: SourceDefinition<CheckOptions> = {
  kind: "source",
  type: "check",
  summary:
    "Checks HTTP endpoints, TCP ports and DNS names every so often, with alerts when one goes down and comes back.",
  options: checkOptions,
  create(options, ctx) {
    const { interval, alerts, targets } = options;
    for (const { tls, http, tcp } of targets) {
      if (typeof tls === "object" && !tls.verify)
        ctx.warn(`${http === undefined ? tcp : shownUrl(http)}: certificates are not verified (verify: false)`);
    }
    return new SamplingSource({ name: ctx.name, interval, alerts }, new CheckSampler(options, ctx));
  },
};

/** Runs all checks of a source once, in the order of its targets. */
export function checkOnce(options: CheckOptions, ctx: CreateContext, stop: AbortSignal): Promise<CheckResult[]> {
  return new CheckSampler(options, ctx).round(stop);
}
