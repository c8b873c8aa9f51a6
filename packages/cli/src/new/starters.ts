import type { Value } from "@sluice/core";

/** Something to ask before a component can be written down. */
interface Question {
  readonly option: string;
  readonly text: string;
  /** What an empty answer means. */
  readonly fallback: string;
  /** Makes the option's value of the answer; by default the answer is it. */
  readonly value?: (answer: string) => Value;
}

/** How a component of a new file begins. */
export interface Starter {
  readonly questions: readonly Question[];
  /** Options that go without asking. */
  readonly options?: Readonly<Record<string, Value>>;
  /** For sources of lines: the parser to offer, by what was answered. */
  readonly parser?: (options: Readonly<Record<string, Value>>) => string | undefined;
}

const words = (answer: string): Value => {
  const list = answer.split(/[\s,]+/).filter((word) => word !== "");
  return list.length === 1 ? (list[0] as string) : list;
};

/** Parsers for paths, the first that fits. */
const BY_PATH: readonly (readonly [RegExp, string])[] = [
  [/nginx/, "nginx"],
  [/apache|httpd/, "apache"],
  [/auth\.log|secure/, "auth"],
  [/syslog|messages/, "syslog"],
];

const byPath: Starter["parser"] = ({ include }) => BY_PATH.find(([path]) => path.test(JSON.stringify(include)))?.[1];
const none: Starter["parser"] = () => undefined;
const syslog: Starter["parser"] = () => "syslog";

const listen = (fallback: string): Question => ({ option: "address", text: "Where to listen", fallback });
const bucket: Question = { option: "bucket", text: "Bucket", fallback: "logs" };
const servers: Question = { option: "servers", text: "NATS servers", fallback: "nats://127.0.0.1:4222", value: words };

/** By type of source. */
export const SOURCE_STARTERS: Readonly<Record<string, Starter>> = {
  file: {
    questions: [{ option: "include", text: "Files (globs)", fallback: "/var/log/nginx/access.log", value: words }],
    parser: byPath,
  },
  docker_logs: { questions: [], parser: none },
  docker_events: { questions: [] },
  journald: { questions: [] },
  tcp: { questions: [listen("127.0.0.1:1514")], parser: syslog },
  udp: { questions: [listen("127.0.0.1:1514")], parser: syslog },
  gelf: { questions: [listen("tcp://127.0.0.1:12201")] },
  exec: {
    questions: [{ option: "command", text: "Command line", fallback: "vmstat -n 5" }],
    options: { shell: true },
    parser: none,
  },
  stdin: { questions: [], parser: none },
  host: { questions: [] },
  check: {
    questions: [
      { option: "targets", text: "URL to check", fallback: "http://127.0.0.1/", value: (http) => [{ http }] },
    ],
  },
  s3: { questions: [bucket], parser: none },
  nats: { questions: [servers, { option: "stream", text: "Stream", fallback: "LOGS" }], parser: none },
};

/** By type of sink. */
export const SINK_STARTERS: Readonly<Record<string, Starter>> = {
  gelf: { questions: [{ option: "address", text: "Graylog's GELF input", fallback: "tcp://127.0.0.1:12201" }] },
  s3: { questions: [bucket] },
  file: { questions: [{ option: "path", text: "File to append to", fallback: "events.ndjson" }] },
  stdout: { questions: [] },
  http: { questions: [{ option: "url", text: "URL to post to", fallback: "http://127.0.0.1:8080/logs" }] },
  nats: { questions: [servers] },
};
