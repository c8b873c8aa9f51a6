import { expect, test } from "vitest";
import { runSluice, startSluice } from "../support/process.ts";
import { until } from "../support/wait.ts";
import { filesToGelf, Workspace } from "../support/workspace.ts";

// Made up, or the examples of the providers' own manuals.
const SECRETS = {
  password: "hunter2-Qz",
  encoded: "pa%24%24w0rd-Xy",
  aws: "AKIAZ7VRSQ5TJN2XMPLQ",
  github: "ghp_0123456789abcdefghijABCDEFGHIJ012345",
  jwt: "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.eyJzdWIiOiIxMjM0NTY3ODkwIn0.dozjgNryP4J3jVmNHl0w5N_XgL0n3I9PlFUP0THsR8U",
  slack: "xoxb-123456789012-123456789012-AbCdEfGhIjKlMnOpQrStUvWx",
  stripe: "sk_live_4eC39HqLyjWDarjtT1zdp7dc",
  url: "s3cr3t-Pw",
  apiKey: "9f86d081884c7d659a2feaa0c55ad015",
  card: "4111111111111111",
  session: "c2Vzc2lvbi1Wd1h5WjEyMzQ1Njc4OQ",
};

const TARGETS = [
  `/login?user=ana&password=${SECRETS.password}`,
  `/login?next=%2Fx%3Fpasswd%3D${SECRETS.encoded}`,
  `/s3?AWSAccessKeyId=${SECRETS.aws}&Expires=1`,
  `/hook?token=${SECRETS.github}`,
  `/api?access_token=${SECRETS.jwt}`,
  `/slack?t=${SECRETS.slack}`,
  `/pay?key=${SECRETS.stripe}`,
  `/fetch?url=https://deploy:${SECRETS.url}@git.example.com/x.git`,
  `/export?api_key=${SECRETS.apiKey}`,
  `/pay?card=${SECRETS.card}`,
  `/app;jsessionid=${SECRETS.session}?sessionid=${SECRETS.session}`,
];

function line(target: string, i: number): string {
  return `203.0.113.${i} - - [10/Jan/2017:13:06:${10 + i} -0300] "GET ${target} HTTP/1.1" 200 5 "https://shop.example.com${target}" "curl/8"`;
}

test.each(["2", "0"])("no secret leaves, neither for the sink nor for the log, with %s workers", async (workers) => {
  await using work = await Workspace.create();
  const lines = Array.from({ length: 20 }, (_, round) => [...TARGETS, `/clean/${round}`].map(line)).flat();
  await work.write("access.log", `${lines.join("\n")}\n`);
  const receiver = startSluice(["receive", "gelf", "--listen", "tcp://127.0.0.1:0"]);
  const [, address] = await until(() => /(tcp:\/\/127\.0\.0\.1:\d+)/.exec(receiver.stderr()), "the receiver");
  const file = await work.write("p.yaml", filesToGelf(work.path("*.log"), address as string));
  const args = ["run", file, "--until-eof", "--state-dir", work.path("state"), "--workers", workers];
  const { code, stdout, stderr } = await runSluice(args);
  expect(code).toBe(0);
  expect(await receiver.kill()).toBe(0);
  const messages = receiver.stdout().trimEnd().split("\n");
  expect(messages).toHaveLength(lines.length);
  for (const secret of Object.values(SECRETS)) {
    expect(receiver.stdout()).not.toContain(secret);
    expect(stdout + stderr).not.toContain(secret);
  }
  expect(messages.filter((text) => text.includes("[redacted:"))).toHaveLength(lines.length - 20);
  expect(receiver.stdout()).toContain("/login?user=ana&password=[redacted:password]");
  expect(stderr).toMatch(/; secrets taken out: \d{3,} \(.*password:redact \d+/);
});

test("an event that cannot be checked in time is withheld, the others pass", async () => {
  await using work = await Workspace.create();
  const hostile = line(`/x?${"a".repeat(60)}&password=${SECRETS.password}`, 1);
  await work.write("access.log", `${[line("/one", 2), hostile, line("/two", 3)].join("\n")}\n`);
  const receiver = startSluice(["receive", "gelf", "--listen", "tcp://127.0.0.1:0"]);
  const [, address] = await until(() => /(tcp:\/\/127\.0\.0\.1:\d+)/.exec(receiver.stderr()), "the receiver");
  const slow = "  - sanitize: {custom: [{name: slow, keywords: [aaa], pattern: '(a+)+z'}]}\n";
  const file = await work.write(
    "p.yaml",
    filesToGelf(work.path("*.log"), address as string).replace("sinks:", `${slow}sinks:`),
  );
  const { code, stderr } = await runSluice(["run", file, "--until-eof", "--state-dir", work.path("state")]);
  expect(code).toBe(0);
  expect(await receiver.kill()).toBe(0);
  expect(receiver.stdout() + stderr).not.toContain(SECRETS.password);
  expect(receiver.stdout() + stderr).not.toContain("aaaaaa");
  const messages = receiver
    .stdout()
    .trimEnd()
    .split("\n")
    .map((text) => JSON.parse(text));
  expect(messages.map((message) => message["_url_path"]).filter((path) => path?.length < 9)).toEqual(["/one", "/two"]);
  const [withheld, ...rest] = messages.filter((message) =>
    JSON.stringify(message["_tags"] ?? "").includes("_withheld"),
  );
  expect(rest).toEqual([]);
  expect(withheld["short_message"]).toBe("[withheld: not checked for secrets]");
});
