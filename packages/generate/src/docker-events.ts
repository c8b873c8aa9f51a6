import { Clock, cachedFormat, isoSeconds } from "./clock.ts";
import { fromEpisodes } from "./episodes.ts";
import { Random, weighted } from "./random.ts";

const PROJECT = "ducatuscorewalletservice";
const SERVICES = [
  ["nginx", "nginx"],
  ["bws", "ducatus/bitcore-wallet-service:5.1.0"],
  ["mongo", "mongo:3.4"],
  ["redis", "redis:4-alpine"],
  ["insight", "ducatus/insight-api"],
] as const;

const RESTART = ["kill", "die", "stop", "start", "restart"];
const EPISODES = weighted(
  [6, RESTART],
  [4, ["exec_create: /bin/sh -c curl -f http://localhost/", "exec_start: /bin/sh -c curl -f http://localhost/"]],
  [4, ["health_status: healthy"]],
  [1, ["health_status: unhealthy"]],
  [3, ["kill", "die", "stop", "destroy", "create", "attach", "start"]],
  [2, ["die", "start"]],
  [1, ["oom", "die", "start"]],
  [1, ["pause", "unpause"]],
);
/** Actions after which a container has a new id. */
const REPLACES = new Set(["destroy"]);

/** Lines of `docker-compose events --json` (Compose 1: times in microseconds without a zone). */
export function dockerEventLines(seed: number, start: Date): () => string {
  const random = new Random(seed);
  const clock = new Clock(start);
  const time = cachedFormat(isoSeconds);
  const ids = SERVICES.map(() => random.hex(64));
  return fromEpisodes(() => {
    const index = random.below(SERVICES.length);
    const [service, image] = SERVICES[index] as (typeof SERVICES)[number];
    clock.advance(random, 30_000_000);
    return random.pick(EPISODES).map((action) => {
      clock.advance(random, 200_000);
      const fraction = String(clock.micros).padStart(6, "0");
      const line =
        `{"service": "${service}", "time": "${time(clock.second)}.${fraction}", "action": "${action}", ` +
        `"attributes": {"image": "${image}", "name": "${PROJECT}_${service}_1"}, "type": "container", "id": "${ids[index]}"}`;
      if (REPLACES.has(action)) ids[index] = random.hex(64);
      return line;
    });
  });
}
