import { SluiceError } from "@sluice/core";
import { authLines } from "./auth.ts";
import { dockerEventLines } from "./docker-events.ts";
import { nginxJsonLines, nginxJsonObjects, nginxLines } from "./nginx.ts";

const MAKERS = {
  nginx: nginxLines,
  "nginx-json": nginxJsonLines,
  auth: authLines,
  "docker-events": dockerEventLines,
};

export type TrafficKind = keyof typeof MAKERS;

export const TRAFFIC_KINDS = Object.keys(MAKERS) as readonly TrafficKind[];

export interface TrafficOptions {
  /** An integer from 0 to 2^53-1. The same seed, kind and start give the same bytes. */
  readonly seed: number;
  /** Time of the first line; by default one that never changes. */
  readonly start?: Date;
  /** One web request in so many bears a made-up secret in its query, to show the sanitizer; none by default. */
  readonly leakOneIn?: number;
  /** Records over several lines, as the Laboratory's script wrote them; `nginx-json` only. */
  readonly pretty?: boolean;
}

/** An endless log. */
export interface Traffic {
  /** The next record, without its line end. */
  line(): string;
  /** The next `count` records, each with its `\n`. */
  block(count: number): Buffer;
}

/** The start that goes with a bare seed, so that it alone names the bytes. */
const DEFAULT_START = new Date("2026-01-05T06:25:07Z");

/** Opens reproducible traffic. Throws SLUICE_USAGE on an unknown kind or a seed that is none. */
export function openTraffic(kind: TrafficKind, options: TrafficOptions): Traffic {
  const { seed, start = DEFAULT_START, leakOneIn } = options;
  const maker = Object.hasOwn(MAKERS, kind) ? MAKERS[kind] : undefined;
  if (!maker) {
    throw new SluiceError("SLUICE_USAGE", `there is no traffic named "${kind}"`, {
      hint: `take one of ${TRAFFIC_KINDS.join(", ")}`,
    });
  }
  if (!Number.isSafeInteger(seed) || seed < 0) {
    throw new SluiceError("SLUICE_USAGE", `${seed} is not a seed`, { hint: "give an integer from 0 on" });
  }
  if (options.pretty && kind !== "nginx-json") {
    throw new SluiceError("SLUICE_USAGE", `${kind} traffic has no form over several lines`, { hint: "nginx-json has" });
  }
  const line = (options.pretty ? nginxJsonObjects : maker)(seed, start, leakOneIn);
  return { line, block: (count) => block(line, count) };
}

// Every format here writes bytes outside of ASCII escaped, so a character is a byte.
function block(line: () => string, count: number): Buffer {
  let text = "";
  for (let i = 0; i < count; i++) text += `${line()}\n`;
  return Buffer.from(text, "latin1");
}
