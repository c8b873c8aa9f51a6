import { count } from "@sluice/core";

/** Codes that are told apart; errors of any further one are counted together. */
const MAX_CODES = 32;

/** Errors by code. */
export class ErrorCounts {
  readonly #counts: Record<string, number> = {};

  note(error: unknown): void {
    const code = (error as { code?: unknown } | null)?.code;
    const name = typeof code === "string" && code !== "" ? code : "OTHER";
    const known = name in this.#counts || Object.keys(this.#counts).length < MAX_CODES;
    count(this.#counts, known ? name : "OTHER");
  }

  snapshot(): Readonly<Record<string, number>> {
    return { ...this.#counts };
  }
}
