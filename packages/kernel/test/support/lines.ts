import * as fc from "fast-check";

const pick = <T>(...list: T[]): fc.Arbitrary<T> => fc.constantFrom(...list);
const number = (max: number): fc.Arbitrary<string> => fc.nat(max).map(String);
const two = (max: number): fc.Arbitrary<string> => fc.integer({ min: 0, max }).map((n) => String(n).padStart(2, "0"));
const joined = (...parts: (string | fc.Arbitrary<string>)[]): fc.Arbitrary<string> =>
  fc.tuple(...parts.map((part) => (typeof part === "string" ? fc.constant(part) : part))).map((list) => list.join(""));

const address = fc.oneof(fc.ipV4(), fc.ipV6(), pick("localhost", "a.example.com"));
const month = pick("Jan", "Feb", "Mar", "Nov", "Dec", "Foo");
const day = fc.integer({ min: 1, max: 29 }).map((n) => String(n).padStart(2, "0"));
const user = pick("-", "-", "root", "ann", "-x", "jürgen", "a\\b", "x-y");
const nginxTime = joined(
  "[",
  day,
  "/",
  month,
  "/20",
  two(30),
  ":",
  two(23),
  ":",
  two(59),
  ":",
  two(59),
  pick(" +0000]", " -0730]"),
);
const path = pick(
  "/",
  "/a/b.html",
  "/é",
  "/a\\b",
  "/x\tq",
  "/very/long/path/that/goes/beyond/one/vector/of/sixteen/bytes",
  "*",
);
const query = pick("", "", "?", "?q=1", "?a=%20&b=?", "?ä=ö");
const agent = pick(
  "-",
  "",
  "curl/8.0",
  "-x",
  "Mozilla/5.0 (X11; Linux x86_64) Gecko/20100101 Firefox/121.0",
  "é€😀",
  "back\\slash",
);

/** Lines as nginx writes them, more or less. */
export const nginxLine = joined(
  address,
  " - ",
  user,
  " ",
  nginxTime,
  ' "',
  pick("GET", "POST", "HEAD", "get"),
  " ",
  path,
  query,
  " HTTP/",
  pick("1.1", "2.0"),
  '" ',
  pick("200", "404", "304", "500", "099"),
  " ",
  fc.oneof(number(1e9), pick("-", "007", "0", "1234567890123456")),
  ' "',
  agent,
  '" "',
  agent,
  '"',
  pick("", "", " extra"),
);

const syslogTime = joined(month, pick(" ", "  "), day, " ", two(23), ":", two(59), ":", two(59));
const message = fc.oneof(
  joined("Failed password for ", pick("", "invalid user "), user, " from ", address, " port ", number(99999), " ssh2"),
  joined(
    "Connection ",
    pick("closed", "reset"),
    " by ",
    address,
    " port ",
    number(99999),
    pick("", " [preauth]", " [preauth] ", "x"),
  ),
  joined(
    "Accepted publickey for ",
    user,
    " from ",
    address,
    " port ",
    number(99999),
    " ssh2",
    pick("", ": RSA SHA256:abc", ": RSA"),
  ),
  joined("pam_unix(sshd:session): session opened for user ", user, pick("", " by (uid=0)")),
  pick("anything", "Failed", "Accepted password for x from y"),
);

/** Lines as sshd writes them to syslog, more or less. */
export const sshdLine = joined(
  fc.oneof({ weight: 9, arbitrary: syslogTime }, pick("2024-01-02T03:04:05Z")),
  " host-1 sshd",
  pick("", "", "", "-session", "-auth", "-x"),
  pick("", "[12]", "[345]", "[6]", "[]", "[007]"),
  ": ",
  message,
);

/** Lines that are somewhat broken. */
export function mutated(line: fc.Arbitrary<string>): fc.Arbitrary<string> {
  const bit = pick("", " ", '"', "\\", "-", "é", "\t", "[", "]", ":", "\u00a0", "\u0001", "\r", "0", ".");
  const change = fc.tuple(fc.double({ min: 0, max: 1, noNaN: true }), fc.nat(3), bit);
  return fc.tuple(line, fc.array(change, { maxLength: 3 })).map(([text, changes]) => {
    const chars = Array.from(text);
    for (const [where, cut, insert] of changes) chars.splice(Math.floor(where * chars.length), cut, insert);
    return chars.join("");
  });
}

/** Bytes of a batch: lines, or anything, with any line ends. */
export function batchBytes(line: fc.Arbitrary<string>): fc.Arbitrary<Uint8Array<ArrayBuffer>> {
  const text = fc.oneof(
    { weight: 8, arbitrary: line },
    { weight: 3, arbitrary: mutated(line) },
    { weight: 1, arbitrary: pick("", " ", "\u3000") },
  );
  const bytes = fc.oneof(
    { weight: 80, arbitrary: text.map((value) => new TextEncoder().encode(value)) },
    { weight: 1, arbitrary: fc.uint8Array({ maxLength: 60 }) },
  );
  const lines = fc.array(fc.tuple(bytes, pick("\n", "\n", "\n", "\r\n")), { maxLength: 30 });
  return fc.tuple(lines, fc.boolean()).map(([list, unfinished]) => {
    const parts = list.flatMap(([body, end]) => [...body, ...new TextEncoder().encode(end)]);
    return Uint8Array.from(unfinished ? parts.slice(0, -1) : parts);
  });
}
