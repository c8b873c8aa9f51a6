import type { Rule } from "../../rule.ts";
import { isPlaceholder } from "../../validators/placeholder.ts";
import { textBefore } from "./assignment.ts";

/** Words that manuals put for a password, and the users that databases are delivered with, as their own passwords. */
const EXAMPLES = /^(?:passwd|pwd|pw|redacted|mysql|mongodb|postgres|postgresql)$/i;

/** Schemes before a user: those whose manuals say `user:password@`, or `user:secret@`. */
const MANUAL = {
  password: /(?:mongodb(?:\+srv)?|mysql|mariadb|postgres(?:ql)?|ftps):\/\/[\w-]+:$/,
  secret: /(?:mongodb(?:\+srv)?|mysql|mariadb):\/\/[\w-]+:$/,
};

/** A port or a line number after a host, `http://host:8080 … @`, or a manual's example. */
function isNoPassword(secret: string, match: RegExpExecArray): boolean {
  if (/^password$/i.test(secret)) return MANUAL.password.test(textBefore(match));
  if (/^(?:pass|secret)$/i.test(secret)) return MANUAL.secret.test(textBefore(match));
  return /^\d{1,5}$/.test(secret) || EXAMPLES.test(secret) || isPlaceholder(secret);
}

/** Whether a password in a URL opens something, so that what it opens goes too. */
function isOpenPassword(password: string): boolean {
  return !/^(?:pass(?:word)?|\d{1,5})$/i.test(password) && !EXAMPLES.test(password) && !isPlaceholder(password);
}

/** Credentials in addresses and in the connection strings of databases. */
export const connectionStringRules: readonly Rule[] = [
  {
    name: "url-credential",
    title: "password in a URL of any scheme",
    sets: ["default", "secrets"],
    keywords: [
      "://",
      ":%2f%2f",
      ":/%2f",
      ":%2f/",
      String.raw`:\/\/`,
      String.raw`:\//`,
      String.raw`:/\/`,
      String.raw`:%2f\/`,
      String.raw`:\/%2f`,
    ],
    pattern: String.raw`(?<=:(?:\/|%2f|\\\/){2}[^\s:/?#@"'<>\\{}]{0,128}(?:@[^\s:/?#@"'<>\\{}]{1,64})?:)(?<secret>[^\s/"'<>\x60{}\\]{1,512}|(?!\d{1,5}/)[^\s"'<>\x60{}\\?#]{1,256})(?=@[\w.[%\\-])`,
    ignoreCase: true,
    validate: (secret, match) => !isNoPassword(secret, match),
    positive: [
      "https://joe:⟦hunter2⟧@example.com/x",
      "postgres://postgres:⟦s2Tf2k@rLMy⟧@db:5434/elephant",
      "redis://:⟦hunter2⟧@cache:6379/0",
      "amqps://admin:⟦3eCa3P⟧@192.0.2.10:5671/vhost",
      "jdbc:mysql://joe:⟦x9!y⟧@db/test",
      "mongodb+srv://a:⟦Zxcvbnm@12345)⟧@cluster0-cnc84.example.net/e?w=1",
      "smtps://joe@example.com:⟦FnD83JZs⟧@smtp.example.com:465",
      "このhttps://user:⟦pass⟧@example.comはBasic",
    ],
    negative: [
      "https://example.com:8080/@joe",
      "https://url:8000 @something else",
      "mysql://user:${PASSWORD}@db/x",
      "amqp://user:*****@example.com",
      "postgres://{username}:{password}@{{host}}:5432/x",
      "https://git@example.com/x.git",
      "https://joe:[redacted:url-credential]@example.com/",
    ],
  },
  {
    name: "url-token",
    title: "token in the place of a URL's user",
    sets: ["default", "secrets"],
    keywords: ["://"],
    pattern: String.raw`(?<=:\/\/)(?<secret>[A-Za-z0-9_-]{20,256})(?=:?(?:x-oauth-basic)?@[\w.[-])`,
    validate: (secret) => /\d/.test(secret) && /[a-z]/i.test(secret) && !isPlaceholder(secret),
    positive: ["https://⟦0123456789abcdef0123456789abcdef⟧@sentry.example.com/42"],
    negative: ["ssh://git@example.com/", "https://a-rather-long-user-name@example.com/"],
  },
  {
    name: "jdbc-password",
    title: "password as `user/password@` in a JDBC or SQL*Plus address",
    sets: ["default", "secrets"],
    keywords: ["jdbc:oracle:", "sqlplus", "jdbc:jtds"],
    pattern: String.raw`(?:jdbc:oracle:\w{1,10}:|sqlplus (?:-\w+ ){0,4})["']?[\w$#.-]{1,64}/["']?(?<secret>[^\s"'@/]{1,128})["']?@`,
    ignoreCase: true,
    validate: (secret) => !isPlaceholder(secret),
    positive: ["jdbc:oracle:thin:scott/⟦tiger⟧@//db:1521/x", "sqlplus -s scott/⟦tiger⟧@orcl"],
    negative: ["jdbc:oracle:thin:@//db:1521/x"],
  },
  {
    name: "azure-connection-key",
    title: "key in a connection string: AccountKey, SharedAccessKey, sig",
    sets: ["default", "secrets"],
    keywords: ["accountkey=", "sharedaccesskey=", "sharedsecretvalue=", "sharedaccesssignature="],
    pattern: String.raw`(?:accountkey|sharedaccesskey|sharedsecretvalue|sharedaccesssignature)=(?<secret>[^\s;"']{8,512})`,
    ignoreCase: true,
    validate: (secret) => !isPlaceholder(secret),
    positive: [
      "AccountName=x;AccountKey=⟦Xy9aB8cD7eF6gH5iJ4kL3mN2oP1qR0sT9uV8wX7yZ6a==⟧;EndpointSuffix=core.windows.net",
    ],
    negative: ["SharedAccessKey=${KEY};"],
  },
  {
    name: "database-host",
    title: "host of a database that stands behind its user and password in a URL",
    sets: ["default", "secrets"],
    keywords: ["mongodb://", "mongodb+srv://", "postgres://", "postgresql://"],
    inPlace: true,
    pattern: String.raw`(?<=(?:mongodb(?:\+srv)?|postgres(?:ql)?):\/\/[^\s:/@]{1,128}:(?<password>[^\s/]{1,512})@)(?<secret>[\w.-]{3,255}(?::\d{1,5})?(?:,[\w.-]{1,255}(?::\d{1,5})?){0,15})`,
    ignoreCase: true,
    validate: (_, match) => isOpenPassword(match.groups?.["password"] ?? ""),
    positive: ["postgresql://user:s3cr3t@⟦db.example.com:5433⟧/x", "mongodb://joe:x9!y@⟦db1,db2:27018⟧/x"],
    negative: [
      "postgresql://db.example.com/x",
      "postgres://user:password@db.example.com/x",
      "postgres://user:${PASSWORD}@db.example.com/x",
      "mysql://user:s3cr3t@db.example.com/x",
    ],
    source: "noseyparker np.postgres.1, np.mongodb.1 (Apache-2.0)",
  },
  {
    name: "database-user",
    title: "user in an ODBC or ADO connection string that holds a password",
    sets: ["default", "secrets"],
    keywords: ["user id", "userid", "uid"],
    inPlace: true,
    pattern: String.raw`(?<![a-z])(?:user ?id|uid) {0,4}= {0,4}(?<secret>[\w.@\\-]{2,64})(?=(?:[ "&+]{0,8};|;)[^\r\n]{0,256}?(?:password|pwd) {0,4}=)`,
    ignoreCase: true,
    validate: (secret) => !isPlaceholder(secret),
    positive: [
      'Open("Provider=SQLOLEDB.1;User ID=⟦specialbill_user⟧; " & "Password =hunter2")',
      "Driver={SQL Server};Server=db;Uid=⟦joe⟧;Pwd=hunter2;",
    ],
    negative: ["sshd: uid=0; euid=0", "Uid=joe;Database=x", "User ID=<user>;Password=x"],
    source: "noseyparker np.odbc.1 (Apache-2.0)",
  },
];
