import type { Event, Value } from "@sluice/core";

/** What a template is filled from that is the same for all events. */
interface SubjectPlace {
  readonly pipeline: string;
  readonly host: string;
}

export interface SubjectTemplate {
  /** Whether every event has the same subject. */
  readonly isConstant: boolean;
  /** All subjects that it can give, with `*` for each token that is filled in. */
  readonly pattern: string;
  render(place: SubjectPlace, event: Event): string;
}

const PLACEHOLDER = /\{([^{}]*)\}/g;
/** What a token of a subject cannot have, with dots: a field's value is one token. */
const UNFIT = /[\s.*>\u0000-\u001f\u007f]/g;

/** Reads a template. Throws an Error for a person when it can give no subjects. */
export function subjectTemplate(text: string): SubjectTemplate {
  const literal = text.replaceAll(PLACEHOLDER, "x");
  if (literal.split(".").some((token) => token === "" || /[\s*>{}]/.test(token))) {
    throw new Error("a subject is made of tokens with dots between, without spaces, `*` and `>`");
  }
  const names = [...text.matchAll(PLACEHOLDER)].map(([, name]) => name as string);
  if (names.includes("")) throw new Error("`{}` names no field");
  return {
    isConstant: names.every((name) => name === "pipeline" || name === "host"),
    pattern: text
      .replaceAll(PLACEHOLDER, "\u0000")
      .split(".")
      .map((part) => (part.includes("\u0000") ? "*" : part))
      .join("."),
    render: (place, event) =>
      text.replaceAll(PLACEHOLDER, (_, name: string) =>
        token(name === "pipeline" || name === "host" ? place[name] : (event[name] ?? "")),
      ),
  };
}

function token(value: Value): string {
  const text = typeof value === "string" ? value : JSON.stringify(value);
  return text.replaceAll(UNFIT, "_") || "_";
}
