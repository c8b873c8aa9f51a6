import { Clock } from "./clock.ts";
import { Leaks } from "./leaks.ts";
import { Random } from "./random.ts";
import { AGENTS, METHODS, ODD_REQUESTS, PROTOCOLS, SITES, STATUSES, USERS, WORDS } from "./web-words.ts";

/** How a log format writes text of the client's choice. */
export type Escape = (text: string) => string;

/** One request as nginx logs it; texts are escaped already. */
export interface WebRequest {
  address: string;
  user: string;
  second: number;
  method: string;
  request: string;
  status: number;
  bytes: number;
  referrer: string;
  agent: string;
  /** Milliseconds it took. */
  duration: number;
}

const OCTETS = Array.from({ length: 256 }, (_, i) => String(i));
const MEAN_GAP_MICROS = 8000;

/** Makes requests. The record is reused: read it before the next. */
export class WebTraffic {
  readonly #random: Random;
  readonly #clock: Clock;
  readonly #agents: readonly string[];
  readonly #oddRequests: readonly string[];
  readonly #record: WebRequest;
  readonly #leaks: Leaks | undefined;

  /** @param leakOneIn see TrafficOptions */
  constructor(seed: number, start: Date, { escape, leakOneIn }: { escape: Escape; leakOneIn: number | undefined }) {
    this.#random = new Random(seed);
    this.#leaks = leakOneIn === undefined ? undefined : new Leaks(seed, leakOneIn);
    this.#clock = new Clock(start);
    this.#agents = AGENTS.map(escape);
    this.#oddRequests = ODD_REQUESTS.map(escape);
    this.#record = {
      address: "",
      user: "-",
      second: 0,
      method: "GET",
      request: "",
      status: 200,
      bytes: 0,
      referrer: "-",
      agent: "-",
      duration: 0,
    };
  }

  get random(): Random {
    return this.#random;
  }

  next(): WebRequest {
    const random = this.#random;
    const record = this.#record;
    this.#clock.advance(random, MEAN_GAP_MICROS);
    record.second = this.#clock.second;
    record.address = address(random);
    record.duration = random.below(32) * random.below(64);
    if (random.oneIn(500)) return this.#odd();
    record.user = random.pick(USERS);
    record.method = random.pick(METHODS);
    const path = target(random);
    record.request = `${record.method} ${this.#leaks?.next() ?? path} ${random.pick(PROTOCOLS)}`;
    record.status = random.pick(STATUSES);
    record.bytes = record.status === 304 || record.status === 204 ? 0 : random.below(256) * random.below(512);
    record.referrer = referrer(random);
    record.agent = random.pick(this.#agents);
    return record;
  }

  #odd(): WebRequest {
    const record = this.#record;
    record.user = "-";
    record.request = this.#random.pick(this.#oddRequests);
    record.method = /^[A-Z]+(?= )/.exec(record.request)?.[0] ?? "-";
    record.status = this.#random.oneIn(4) ? 408 : 400;
    record.bytes = record.status === 408 ? 0 : 150;
    record.referrer = "-";
    record.agent = "-";
    return record;
  }
}

function address(random: Random): string {
  const bits = random.next();
  if (bits < 0x1000_0000) {
    return `2001:db8:${(bits & 0xffff).toString(16)}::${(bits >>> 16).toString(16)}`;
  }
  return `${OCTETS[((bits >>> 24) % 223) + 1]}.${OCTETS[(bits >>> 16) & 255]}.${OCTETS[(bits >>> 8) & 255]}.${OCTETS[bits & 255]}`;
}

function target(random: Random): string {
  const id = random.below(100_000);
  switch (random.below(8)) {
    case 0:
      return `/bws/api/v1/notifications/?timeSpan=21600&r=${id}`;
    case 1:
      return `/bws/api/v2/wallets/?includeExtendedInfo=0&twoStep=1&r=${id}`;
    case 2:
      return `/api/v1/orders/${id}/items?expand=price,stock&page=${id % 40}`;
    case 3:
      return `/static/js/app.${(id * 7919).toString(16)}.chunk.js`;
    case 4:
      return `/images/products/${id}/${random.pick(WORDS)}-800x600.webp`;
    case 5:
      return `/search?q=${random.pick(WORDS)}&sort=price%20asc&page=${id % 20}`;
    case 6:
      return `/products/${random.pick(WORDS)}?utm_source=newsletter&utm_medium=email&utm_campaign=w${id % 53}`;
    default:
      return id % 3 === 0 ? "/" : id % 3 === 1 ? "/healthz" : "/favicon.ico";
  }
}

function referrer(random: Random): string {
  const kind = random.below(8);
  if (kind < 5) return "-";
  if (kind < 7) return random.pick(SITES);
  return `https://shop.example.com/products/${random.pick(WORDS)}`;
}
