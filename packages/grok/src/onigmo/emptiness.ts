import type { Node } from "./syntax.ts";

/**
 * Whether something can match nothing at all: `never`; only when all else has been tried (`last`); or before that
 * (`not last`). A turn of a repetition that matches nothing ends the repetition in Onigmo, while JavaScript goes back
 * and tries what comes after: only where nothing comes after are they the same.
 */
export type Emptiness = "never" | "last" | "not last";

export function emptinessOf(node: Node): Emptiness {
  switch (node.type) {
    case "set":
    case "folded":
    case "grapheme":
      return "never";
    case "sequence":
      return ofSequence(node.items.map(emptinessOf));
    case "choice":
      return ofChoice(node.options.map(emptinessOf));
    case "capture":
      return emptinessOf(node.body);
    case "atomic":
      // It has one way to match only, whichever that is.
      return emptinessOf(node.body) === "never" ? "never" : "last";
    case "repeat": {
      const body = emptinessOf(node.body);
      if (node.min > 0) return body;
      return body === "not last" || node.lazy ? "not last" : "last";
    }
    case "condition":
    case "call":
    case "absent":
      return "not last";
    default:
      return "last";
  }
}

function ofSequence(items: readonly Emptiness[]): Emptiness {
  if (items.includes("never")) return "never";
  return items.includes("not last") ? "not last" : "last";
}

function ofChoice(options: readonly Emptiness[]): Emptiness {
  if (options.every((option) => option === "never")) return "never";
  return options.slice(0, -1).every((option) => option === "never") ? options.at(-1)! : "not last";
}
