export { type AlertOptions, alertOptions } from "./alerts/options.ts";
export type { Observation, Sample, Sampler } from "./observation.ts";
export { SamplingSource } from "./sampling-source.ts";
