import type { Rule } from "../../rule.ts";
import { type Assignment, assigned, assignmentOf, textBefore } from "./assignment.ts";

const KEY = String.raw`passw(?:or)?[dt]|passwrd|pass?phrase|pass[_-]?code|contrase(?:ñ|n)a|mot[_-]?de[_-]?passe|kennwort|(?<![a-z])pass(?![a-z])|(?<=db|user|admin|root|my|ftp|smtp|imap|ldap|mysql|pg|http|key|store|bind|login)pass(?![a-z])`;

/** `PWD` is a working directory more often than a password. */
const PWD = assigned("pwd", 2048, "/~");

const KEYWORDS = [
  "password",
  "passwd",
  "passwort",
  "passwrd",
  "pass",
  "pwd",
  "contrase",
  "kennwort",
  "passphrase",
  "pasphrase",
];

/** Last words of keys whose values say something about a password. */
const ABOUT =
  /^(?:s|less|ed|ids?|name|type|kind|len|length|size|count|polic(?:y|ies)|label|field|hint|reset\w*|expir\w*|age|change\w*|last\w*|at|date|time\w*|ttl|file\w*|path|dir|version|format|prompt|placeholder|input|min\w*|max\w*|attempts?|retr\w+|strength|auth\w*|enabled|disabled|required|used|usage|limit\w*|manager|provider|service|endpoint|ur[il]|link|alias|vault|encoder|encoding|encryption|algorithm|check\w*|valid\w*|verif\w*|match\w*|mismatch|errors?|fail\w*|status|state|success|ok|source|command|cmd|script|helper|agent|grace|history|rules?|regex|pattern|column|table|index|quality|complexity|rotation|generator|store|storage|dialog|form|page|screen|view|button|box|title|message|msg|recovery|forgot\w*|update\w*|grant|flow|callback|filter|handler|factory|module|class|interface|ref|selector|list|lists)$/;
/** Words before `password` with which a key tells what is done about it. */
const DONE =
  /^(?:forgot|forgotten|reset|resets|change|changed|edit|update|no|has|have|is|use|using|with|without|show|hide|require|requires|required|need|needs|verify|check|invalid|wrong|incorrect|failed|bad|allow|permit)$/;

function isPassword(value: string, match: RegExpExecArray): boolean {
  const found = assignmentOf(value, match);
  if (found === undefined || ABOUT.test(found.after) || DONE.test(found.before)) return false;
  if (/^(?:old)?pwd$/i.test(match[0].split(/[^a-z]/i, 1)[0] ?? "") && /^[/~]|^[a-z]:\\/i.test(value)) return false;
  if (/^pass[^a-z]/i.test(match[0]) && /^\d{1,5}[a-z%]{0,3}$/i.test(value)) return false;
  if (/(?:sha-?\d*|md5|hash|crypt) of (?:the |given )?$/i.test(textBefore(match))) return false;
  return looksChosen(found) && !isIdiom(found, match);
}

/** In a sentence only what no word looks like; elsewhere anything that is not a lone word ending in `@` or a name. */
function looksChosen({ value, quoted, prose }: Assignment): boolean {
  if (prose)
    return (
      value.length > 5 && /\d/.test(value) && /[a-z]/i.test(value) && !/^\d+[a-z]{1,3}$|^\S+\.[a-z]{1,4}$/.test(value)
    );
  if (/^\w+@$|^[#./-][a-z]+(?:[#./_-][a-z]+)*[#./]?$/.test(value)) return false;
  return quoted ? !/[([{:]$|^[+,.]|^ /.test(value) : value.length > 1;
}

/** Forms that are no password where they stand: `?password=secret` in a manual, `a = foo$bar` in a shell. */
function isIdiom({ value, quoted }: Assignment, match: RegExpExecArray): boolean {
  if (quoted || !/\s[:=]{1,2}\s/.test(match[0])) return /^secret$/i.test(value) && /[?&]$/.test(textBefore(match));
  return /^[a-z]+\$[a-z]+$|^[a-z]+(?:-[a-z]+)+$/.test(value);
}

/** Passwords where something is said to be one. */
export const passwordRules: readonly Rule[] = [
  {
    name: "password",
    title: "password in an assignment, a setting, a query string or JSON",
    sets: ["default", "secrets"],
    keywords: KEYWORDS,
    pattern: `${assigned(KEY)}|${PWD}`,
    ignoreCase: true,
    validate: isPassword,
    positive: [
      "password=⟦hunter2⟧",
      '{"user":"joe","password":"⟦correct horse⟧","n":1}',
      '{\\"password\\":\\"⟦hunter2⟧\\"}',
      "GET /login?user=joe&passwd=⟦hunter2⟧&next=/ HTTP/1.1",
      "  db_password: ⟦s3cret⟧",
      "PGPASSWORD=⟦hunter2⟧ psql -h db",
      "Server=db;User Id=joe;Password=⟦hunter2⟧;Database=x;",
      "password   =>   '⟦super$ecret⟧'",
      'if (request.password === "⟦open-sesame⟧") {',
      "login with password: ⟦hunter22⟧",
      "map[password:[⟦hunter2⟧] user:[joe]]",
      '["password"]=> string(7) "⟦hunter2⟧"',
      "{'password': u'⟦hunter2⟧'}",
      "DevPfxPassword = `⟦thisismypassword⟧`",
      "$pass = '⟦4ian1234⟧';",
    ],
    negative: [
      "Failed password for root from 192.0.2.1 port 22 ssh2",
      "Accepted password for joe from 192.0.2.1 port 51234 ssh2",
      "pam_unix(sshd:auth): check pass; user unknown",
      "Access denied for user 'root'@'localhost' (using password: YES)",
      "sudo:     joe : TTY=pts/0 ; PWD=/home/joe ; USER=root ; COMMAND=/usr/bin/passwd root",
      "password=***",
      "password: ${DB_PASSWORD}",
      "<password>",
      'password = ""',
      "password=null",
      "password: xxxx",
      "Password: required",
      "password=[redacted:password]",
      "invalid password: user root",
      "password_length=12",
      "PasswordAuthentication: no",
      "pwd = (char *) (p + 2);",
      "password = env.TEST_PASSWORD",
      "tests: pass=12 fail=0",
      "bypass=on",
      "unknown user (SHA1 of given password: 21bd12)",
      'IAMUserChangePassword = "arn:aws:iam::aws:policy/IAMUserChangePassword"',
    ],
  },
  {
    name: "password-abbreviation",
    title: "password behind a short or misspelt name of one: pw, pswd",
    sets: ["default", "secrets"],
    keywords: [
      "pw:",
      "pw=",
      "pw :",
      "pw =",
      'pw"',
      "pw'",
      "pswd",
      "psswd",
      "pswrd",
      "psswrd",
      "psword",
      "pssword",
      "paswd",
      "paswrd",
      "pasword",
    ],
    pattern: assigned("(?<![a-z])pw|ps{1,2}w(?:or|r)?d|pasw(?:or|r)?d"),
    ignoreCase: true,
    validate: (value, match) =>
      isPassword(value, match) && value.length > 5 && /\d/.test(value) && /[a-z]/i.test(value),
    positive: [
      "198.51.100.32(ID:root/PW:⟦iPp10@GRq⟧)",
      "id:joe, pw:⟦dipPr12Gg!⟧",
      "my_pw: ⟦nCzx8A8#!⟧",
      "X3_PSWD=⟦d37Yt1Jnv0-z⟧",
    ],
    negative: ["pw: none", "pw=", "pw = getpwnam(user)", "sendpw=yes", "pw=12345678"],
    source: "CredSweeper, samples (MIT)",
  },
  {
    name: "password-comparison",
    title: "password that a program compares with",
    sets: ["default", "secrets"],
    keywords: ["password", "passwd", "pwd", "secret", "pass", "private_key"],
    pattern: String.raw`(?<quote>["'\x60])(?<secret>[^"'\x60\r\n]{3,256})\k<quote>[ \t]{0,8}[!=]={1,2}[ \t]{0,8}[\w.$>-]{0,40}(?:passw(?:or)?d|pwd|secret|pass\b|private_key)`,
    ignoreCase: true,
    positive: ['if ("⟦hunter2⟧" == my_password) {', 'if ("⟦hunter2⟧" === private_key) {'],
    negative: ['if ("" == password) {'],
    source: "detect-secrets KeywordDetector (Apache-2.0)",
  },
  {
    name: "password-in-sentence",
    title: "password that a sentence tells",
    sets: ["default", "secrets"],
    keywords: ["password"],
    pattern: String.raw`password(?: for (?:the )?(?:user(?:name)? )?["'][^"'\r\n]{1,40}["'])? (?:is|was|to) (?<quote>["'])(?<secret>[^"'\r\n#$|{<+()\\][^"'\r\n]{2,60})\k<quote>`,
    ignoreCase: true,
    validate: (value) => !/^(?:not set|empty)$/i.test(value),
    positive: ["The default Password is '⟦blooberry⟧'", 'The password for the user "pyne" is "⟦pyne-1⟧".'],
    negative: ["The password is too short", "password is '${PASSWORD}'"],
    source: "noseyparker np.generic.11-14 (Apache-2.0)",
  },
  {
    name: "password-statement",
    title: "password as a word of its own in quotes: SQL, Gradle, nginx, Ruby",
    sets: ["default", "secrets"],
    keywords: ["password", "identified by", "identified with", "private_key"],
    pattern: String.raw`(?:\b(?:password|private_key)|identified (?:with \S{1,40} )?by(?: password)?)[ \t]{1,8}(?<quote>["'])(?<secret>[^"'\r\n]{3,256})\k<quote>`,
    ignoreCase: true,
    validate: (value) => !/^[$<{%#]|^\W+$/.test(value),
    positive: [
      "CREATE USER 'joe'@'%' IDENTIFIED BY '⟦hunter2⟧';",
      "ALTER ROLE joe WITH PASSWORD '⟦hunter2⟧'",
      "credentials { username 'user' password '⟦password⟧' }",
    ],
    negative: ["Failed password for 'joe'", "private_key \"unfinished';"],
  },
  {
    name: "one-time-code",
    title: "code that is good for one login",
    sets: ["secrets"],
    keywords: ["otp", "code", "2fa", "mfa"],
    pattern: String.raw`(?:(?<![a-z])[th]?otp|one[ -]?time[ -]?(?:code|password|pin)|(?:verification|security|login|2fa|mfa|confirmation)[ _-]?code)(?:["']?\s{0,4}[:=]\s{0,4}["']?| is:? | )(?<secret>\d{4,8}|\d{3}[ -]\d{3})(?![\w.:-])`,
    ignoreCase: true,
    positive: ["Your verification code is ⟦123456⟧", "otp=⟦4711⟧&x=1", '"mfa_code":"⟦123 456⟧"'],
    negative: ["exit code 1234", "mfa code required", "stop=1234"],
  },
  {
    name: "weak-password",
    title: "password that everybody knows",
    sets: ["default", "secrets"],
    keywords: [
      "letmein",
      "password",
      "p@ssw0rd",
      "pa55word",
      "qwer",
      "trustno",
      "blink",
      "correcthorse",
      "newpass",
      "pass4now",
    ],
    pattern: String.raw`(?<![\w/.-])(?:blink\d{3,6}|correcthorsebatterystaple\d{0,6}|letmein\d{1,6}|newpass\d{1,6}|p@ssw0rd\d{0,6}|pa55word\d{0,6}|pass4now\d{0,6}|password\d{1,6}|qwer\d{4,6}|qwerty\d{3,6}|trustno\d{1,6})(?![\w/.-]|["']?\s{0,4}[:=])`,
    ignoreCase: true,
    positive: ["tried ⟦letmein42⟧", "⟦P@ssw0rd⟧"],
    negative: ["password1=", "/password1/reset"],
    source: "kingfisher weak_password.1 (Apache-2.0)",
  },
];
