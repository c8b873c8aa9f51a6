import type { Rule } from "../../rule.ts";
import { isPlaceholder, isReference } from "../../validators/placeholder.ts";

/** What stands after an option and is no secret: another option, a variable, a prompt. */
const isArgument = (secret: string): boolean =>
  !isPlaceholder(secret) && !isReference(secret) && !secret.startsWith("-") && !/^[|>&;]/.test(secret);

/** An argument, in quotes or not. */
const ARGUMENT = String.raw`(?:(?<quote>\\?["'])(?<secret>[^"'\r\n]{1,512}?)\k<quote>|(?<secret>[^\s"';|]{1,512}))`;

/** Passwords that are arguments of commands, as process lists, shell histories and audit logs show them. */
export const commandLineRules: readonly Rule[] = [
  {
    name: "password-option",
    title: "password after an option such as --password or -Password",
    sets: ["default", "secrets"],
    keywords: [
      "-pass",
      "-pw",
      "-secret",
      "-token",
      "-api-key",
      "-apikey",
      "-access-key",
      "-auth",
      "-client-secret",
      "storepass",
      "keypass",
    ],
    pattern: String.raw`(?<=\s|^|["',\[(])--?(?:[a-z0-9]{1,20}[-_]?){0,3}?(?:pass(?:word|wd|phrase|code)?|pw|secret|token|api-?key|access-?key|auth(?:token|key)?)["']?(?:[ \t]{1,4}|=|,[ ]?)${ARGUMENT}`,
    ignoreCase: true,
    validate: (secret) =>
      isArgument(secret) && secret.length > 2 && !/^(?:stdin|fd:\d+|env:\w+|file:.*|pass:)$/i.test(secret),
    positive: [
      "mysql -u root --password ⟦hunter2⟧ db",
      "COMMAND=/usr/bin/app --db-password=⟦hunter2⟧",
      "connect-viserver vc.lab -user a@b -Password ⟦VMware1!⟧",
      '["app","--api-key","⟦abc123def⟧"]',
      "--tls-bootstrap-token ⟦abcdef.1234567890abcdef⟧",
    ],
    negative: [
      "app --password-stdin x",
      "app --password $PW",
      "app --password --verbose",
      "--token-file /run/x",
      "--pass",
    ],
  },
  {
    name: "curl-credentials",
    title: "user and password of curl, wget, httpie or ldapsearch",
    sets: ["default", "secrets"],
    keywords: ["curl", "--user", "--proxy-user", " -u ", "--auth", '"-u"'],
    pattern: String.raw`(?:(?<=\s)-u|--(?:proxy-)?user|--auth)["']?(?:[ \t]{1,4}|=|,[ ]?)\\?["']?(?:(?<user>[^\s:"'\\]{0,128}):(?:\\?["'])?(?<secret>[^\s"'\\]{2,256})|(?<secret>[^\s:"'\\]{8,128}):(?=["'\s]|$))`,
    ignoreCase: false,
    validate: isCurlPassword,
    positive: [
      "curl -u joe:⟦h0pk1ns~21s⟧ https://example.com",
      "curl --user 'api:⟦d2LkV78zLx!t⟧' https://example.com",
      'curl -u "⟦d2LkV78zLx!t⟧:" https://example.com',
    ],
    negative: [
      "docker run -u 1000:1000 x",
      'curl -u "${u}:${p}" x',
      "chown -u root:root",
      "curl --user neo4j:[PASSWORD] x",
      'curl -u ":" x',
    ],
    source: "gitleaks curl-auth-user (MIT)",
  },
  {
    name: "short-password-option",
    title: "password after -p of mysql, psexec, sshpass, docker login, ldapsearch -w and the like",
    sets: ["default", "secrets"],
    keywords: [
      "mysql",
      "mariadb",
      "psexec",
      "sshpass",
      "docker login",
      "ldapsearch",
      "ldapmodify",
      "smbclient",
      "redis-cli",
      "mongo",
      "winexe",
      "az login",
      "net use",
      "sqlcmd",
      "expect",
    ],
    pattern: [
      String.raw`\b(?:mysql|mysqldump|mysqladmin|mariadb)(?:-dump|-admin)?\b[^\r\n|;]{0,256}?\s-p(?=[^\s-])${ARGUMENT}`,
      String.raw`\bpsexec(?:\.exe|64)?\b[^\r\n]{0,128}?\s-p[ \t]{1,4}${ARGUMENT}`,
      String.raw`\bsshpass[ \t]{1,4}-p[ \t]{0,4}${ARGUMENT}`,
      String.raw`\b(?:docker|podman|az|helm registry|mongo(?:sh|dump|restore|export|import)?)\b[^\r\n|;]{0,256}?\s-p[ \t]{1,4}${ARGUMENT}`,
      String.raw`\bldap(?:search|modify|add|delete|passwd|whoami)\b[^\r\n|;]{0,256}?\s-w[ \t]{0,4}${ARGUMENT}`,
      String.raw`\bredis-cli\b[^\r\n|;]{0,256}?\s-a[ \t]{1,4}${ARGUMENT}`,
      String.raw`\bsqlcmd\b[^\r\n|;]{0,256}?\s-P[ \t]{0,4}${ARGUMENT}`,
      String.raw`\b(?:smbclient|winexe)\b[^\r\n|;]{0,256}?-U[ \t]{0,4}["']?[^\s%"']{1,64}%(?<secret>[^\s"']{1,128})`,
      String.raw`\bnet use\b[^\r\n|]{0,128}?/user:[^\s]{1,64}[ \t]{1,4}${ARGUMENT}`,
    ]
      .map((pattern, at) => pattern.replaceAll("quote>", `quote${at}>`))
      .join("|"),
    ignoreCase: true,
    reach: { before: 8, after: 320 },
    validate: (secret, match) =>
      !secret.startsWith("-") &&
      !/^\$|^\d{1,5}(?::\d{1,5})?(?:\/tcp)?$|^\/dev\//.test(secret) &&
      !/\b(?:docker|podman)\s+run\b/i.test(match[0]) &&
      !/^\*+$/.test(secret),
    positive: [
      "mysqldump -u root -p⟦hunter2⟧ db",
      "psexec \\\\192.0.2.7 -u Administrator -p ⟦braksha⟧ shutdown -r",
      "sshpass -p '⟦hunter2⟧' ssh joe@host",
      "docker login -u joe -p ⟦hunter2⟧ registry.example.com",
      "ldapsearch -x -D cn=admin -w ⟦hunter2⟧ -b dc=x",
    ],
    negative: [
      "docker run -p 8080:80 nginx",
      "mysql -u root -p db",
      "psexec \\\\host -u User -p $Password cmd",
      "podman run -p 80:80 x",
    ],
    source: "noseyparker np.psexec.1 (Apache-2.0)",
  },
  {
    name: "protocol-login",
    title: "password in a command of SMTP, IMAP, POP3, FTP or Redis",
    sets: ["default", "secrets"],
    keywords: ["AUTH PLAIN", "AUTH LOGIN", "AUTHENTICATE PLAIN", "PASS ", 'AUTH" "'],
    pattern: String.raw`(?:(?:AUTH|AUTHENTICATE) PLAIN |AUTH LOGIN )(?<secret>[A-Za-z0-9+/]{8,512}={0,2})(?![\w+/=])|(?<=^|["'>:]\s?|[CS]: )PASS (?<secret>[^\s"'<]{3,128})|"AUTH" (?:"[^"]{1,64}" )?"(?<secret>[^"]{1,256})"(?! ")`,
    validate: (secret) => isArgument(secret) && !/^(?:authentication|failed|successful)/i.test(secret),
    positive: [
      "C: AUTH PLAIN ⟦AGpvZQBodW50ZXIy⟧",
      'FTP command: Client "192.0.2.1", "PASS ⟦hunter2⟧"',
      '"AUTH" "joe" "⟦hunter2⟧"',
    ],
    negative: ['FTP command: Client "192.0.2.1", "PASS <password>"', "AUTH LOGIN failed", "test PASS foo"],
  },
  {
    name: "netrc-password",
    title: "password in the form of .netrc",
    sets: ["default", "secrets"],
    keywords: ["login", "machine"],
    pattern: String.raw`(?:machine\s{1,4}\S{1,255}|default|^|[\r\n])\s{0,16}login\s{1,4}\S{1,128}\s{1,16}password\s{1,4}(?<secret>\S{1,256})`,
    validate: isArgument,
    positive: [
      "machine example.com login ziggy^stardust password ⟦012345abcdef⟧",
      "machine x.com\n  login joe\n  password ⟦pass123⟧\n",
    ],
    negative: ["login joe password changed", "machine x login joe"],
    source: "noseyparker np.netrc.1 (Apache-2.0)",
  },
  {
    name: "pgpass-password",
    title: "password in the form of .pgpass",
    sets: ["default", "secrets"],
    keywords: [":5432:", ":5433:", ":*:*:", ":6432:"],
    pattern: String.raw`(?<=^|[\s"'])[\w.*/-]{1,128}:(?:5432|5433|6432|\*):[\w*-]{1,64}:[\w.*-]{1,64}:(?<secret>[^\s"'\\]{1,256})`,
    validate: isArgument,
    positive: ["db.example.com:5432:shop:joe:⟦hunter2⟧"],
    negative: ["db.example.com:5432:shop"],
  },
  {
    name: "device-password",
    title: "password or community in the configuration of a network device or of Redis",
    sets: ["default", "secrets"],
    keywords: ["password", "secret", "key", "community", "requirepass", "masterauth"],
    pattern: String.raw`(?:\b(?:password|secret|key-string|key|pre-shared-key(?: ascii-text)?)[ \t]{1,4}(?:[05-9]|encrypted|cipher|hash)[ \t]{1,4}["']?(?<secret>[^\s"']{4,256})|\b(?:snmp-server[ \t]{1,4}community|requirepass|masterauth)[ \t]{1,4}["']?(?<secret>[^\s"']{1,128}))`,
    ignoreCase: true,
    validate: (secret, match) =>
      !isPlaceholder(secret) && (/[\d$]/.test(secret) || /^(?:snmp|req|mas)/i.test(match[0])),
    positive: [
      "username joe password 7 ⟦0822455D0A16⟧",
      "enable secret 5 ⟦$1$mERr$hx5rVt7rPNoS4wqbXKX7m0⟧",
      "snmp-server community ⟦s3cr3t⟧ RO",
      "requirepass ⟦foobared⟧",
    ],
    negative: ["password 7 failed", "secret 5 days old", "WARNING: requirepass is not set"],
  },
];

function isCurlPassword(secret: string, match: RegExpExecArray): boolean {
  const user = match.groups?.["user"];
  if (user === undefined) return /\d/.test(secret) && isArgument(secret);
  return (
    isArgument(secret) &&
    isArgument(`${user}x`) &&
    secret !== user &&
    !secret.startsWith("$") &&
    !/^\d+$|^\/\//.test(secret)
  );
}
