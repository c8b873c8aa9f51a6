import { Random } from "./random.ts";

const PASSWORDS = ["hunter2", "correct-horse-battery", "S0mmer2026", "letmein%21", "xK9%23vQ2m"];
const USERS = ["ana", "noah", "carlos"];

/** What careless clients put into URLs. All of it is made up. */
const TARGETS: readonly ((random: Random) => string)[] = [
  (random) => `/login?user=${random.pick(USERS)}&password=${random.pick(PASSWORDS)}`,
  (random) => `/api/v1/orders?access_token=${random.hex(40)}&page=${random.below(20)}`,
  (random) => `/export.csv?format=full&api_key=${random.hex(32)}`,
  (random) => `/webhook?url=https%3A%2F%2Fdeploy%3A${random.hex(16)}%40git.example.com%2Fshop.git`,
  (random) => `/reset?email=${random.pick(USERS)}%40example.com&token=${random.hex(48)}`,
];

/** Now and then a request target with a secret in it. Draws from numbers of its own: other lines stay as they are. */
export class Leaks {
  readonly #random: Random;
  readonly #oneIn: number;

  constructor(seed: number, oneIn: number) {
    this.#random = new Random(seed + 1);
    this.#oneIn = oneIn;
  }

  next(): string | undefined {
    const random = this.#random;
    return random.oneIn(this.#oneIn) ? random.pick(TARGETS)(random) : undefined;
  }
}
