import type { Event, Logger, SluiceError } from "@sluice/core";
import type { ContainerDetails } from "../engine/containers.ts";
import { type Moment, momentText } from "../time.ts";

/** What is said of one container's log, in sluice's own log and between the lines. */
export class LogReports {
  /** The container's. */
  name = "";
  /** No line of it can be had. */
  isUnreadable = false;
  readonly #log: Logger;
  #isFaulty = false;
  #gaps = 0;

  constructor(log: Logger) {
    this.#log = log;
  }

  /** Once, until it is readable again. */
  unreadable(details: ContainerDetails): void {
    if (!this.isUnreadable) {
      const driver = details.HostConfig?.LogConfig?.Type;
      const hint = "its lines cannot be read here: use another driver, or let it send to sluice's source `gelf`";
      this.#log.warn({ container: this.name, driver, hint }, "the container's logging driver keeps no log");
    }
    this.isUnreadable = true;
  }

  /** The first time as a warning. */
  fault(text: string): void {
    const write = this.#isFaulty ? this.#log.debug.bind(this.#log) : this.#log.warn.bind(this.#log);
    this.#isFaulty = true;
    write({ container: this.name, error: text }, "the Docker engine cannot read on in the container's log");
  }

  failure(error: unknown): void {
    const { message, hint } = error as SluiceError;
    this.#log.debug({ container: this.name, error: message, hint }, "the container's log cannot be read now");
  }

  /** Warns, and gives the event that stands for the lines. */
  gap(from: Moment, to: Moment): { readonly text: string; readonly fields: Event } {
    this.#gaps++;
    const [start, end] = [momentText(from), momentText(to)];
    const hint = "raise max-size and max-file of its log, or see why the sinks are slow";
    this.#log.warn(
      { container: this.name, from: start, to: end, gaps: this.#gaps, hint },
      "a gap in a container's log",
    );
    const fields = {
      "event.kind": "alert",
      "event.action": "log_gap",
      "event.start": start,
      "event.end": end,
      "rule.name": "docker_log_gap",
      "log.level": "warning",
    };
    const text = `lines of container ${this.name} between ${start} and ${end} were deleted by Docker's log rotation before they were read`;
    return { text, fields };
  }
}
