import type { SourceDefinition } from "@sluice/core";
import { SamplingSource } from "@sluice/sampling";
import { HostSampler } from "./host-sampler.ts";
import { type HostOptions, hostOptions } from "./options.ts";

/** Source `host`: what the machine is doing. */
export const hostSource: SourceDefinition<HostOptions> = {
  kind: "source",
  type: "host",
  summary:
    "Filesystems, load, memory, network, processes, sockets, services and directories of this machine, with alerts.",
  options: hostOptions,
  create: (options, { name }) => {
    const { interval, alerts } = options;
    return new SamplingSource({ name, interval, alerts }, new HostSampler(options));
  },
};
