import { createInterface } from "node:readline";
import { suggestion } from "@sluice/config";
import { SluiceError } from "@sluice/core";

/** Where answers come from: a person, lines of standard input, or nobody, so that every default is taken. */
export interface Answers {
  /** Whether a wrong answer can be asked for again. */
  readonly patient: boolean;
  /** The answer to a question, without space around it; empty for the default. */
  next(question: string, fallback: string): Promise<string>;
  close(): void;
}

/** Nobody is asked. */
export const SILENCE: Answers = { patient: false, next: async () => "", close: () => undefined };

/** Asks on the terminal, beside what goes to stdout. */
export function terminalAnswers(): Answers {
  const lines = createInterface({ input: process.stdin, output: process.stderr });
  let ended = false;
  lines.once("close", () => {
    ended = true;
  });
  return {
    patient: true,
    next: (question, fallback) =>
      new Promise((resolve, reject) => {
        const leave = (): void => reject(new SluiceError("SLUICE_USAGE", "nothing was written: the answers ended"));
        if (ended) return leave();
        lines.once("close", leave);
        lines.question(fallback === "" ? `${question}: ` : `${question} [${fallback}]: `, (answer) => {
          lines.removeListener("close", leave);
          resolve(answer.trim());
        });
      }),
    close: () => lines.close(),
  };
}

/**
 * Lines of a pipe, one for each question; when they end, the defaults are taken.
 * @param mayBeEmpty Whether something was said on the command line already.
 */
export function pipedAnswers(mayBeEmpty: boolean): Answers {
  const lines = createInterface({ input: process.stdin })[Symbol.asyncIterator]();
  let isFirst = !mayBeEmpty;
  return {
    patient: false,
    async next() {
      const { value, done } = await lines.next();
      if (done && isFirst) throw nothingGiven();
      isFirst = false;
      return done ? "" : value.trim();
    },
    close: () => process.stdin.destroy(),
  };
}

function nothingGiven(): SluiceError {
  return new SluiceError("SLUICE_USAGE", "there is no terminal to ask on, and nothing was given", {
    hint: "sluice new nginx.yaml --source file --sink gelf, or answers on stdin, one a line",
  });
}

/** One of the choices, by its name or its number. */
export async function choose(
  answers: Answers,
  question: string,
  choices: readonly string[],
  fallback: string,
): Promise<string> {
  for (;;) {
    const answer = (await answers.next(question, fallback)) || fallback;
    const chosen = /^\d+$/.test(answer) ? choices[Number(answer) - 1] : choices.find((choice) => choice === answer);
    if (chosen !== undefined) return chosen;
    const hint = suggestion(answer, choices);
    if (!answers.patient) throw new SluiceError("SLUICE_USAGE", `\`${answer}\` is no choice`, hint ? { hint } : {});
    process.stderr.write(`\`${answer}\` is no choice${hint ? ` (${hint})` : ""}\n`);
  }
}
