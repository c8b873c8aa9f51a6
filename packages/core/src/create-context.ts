// Authors write functions, the runtime makes the streams. docs/component-contract.md says the same in prose.

/** What `create` may use: construction is inert, so there is nothing here that does I/O. */
export interface CreateContext {
  /** Name of the component in the pipeline file (`access`, `graylog`, `steps[2]`). */
  readonly name: string;
  readonly pipeline: string;
  /** Directory of the pipeline file, for relative paths. */
  readonly baseDir: string;
  /** This machine's name, as GELF `host` and `host.name`. */
  readonly hostname: string;
  /**
   * Warns at validation and at start, e.g. about `verify: false`.
   * @param written the value or key at fault as it is written, so that its place can be shown
   */
  readonly warn: (message: string, written?: string) => void;
}
