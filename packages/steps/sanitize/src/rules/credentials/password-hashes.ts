import type { Rule } from "../../rule.ts";

/** Password hashes, which can be guessed at offline. */
export const passwordHashRules: readonly Rule[] = [
  {
    name: "password-hash",
    title: "password hash in the format of crypt(3), htpasswd, Argon2, Django, phpass or LDAP",
    sets: ["default", "secrets"],
    keywords:
      "$1$ $2a$ $2b$ $2x$ $2y$ $5$ $6$ $7$ $8$ $9$ $y$ $gy$ $sm3$ $md5 $apr1$ $argon2 $scrypt$ $pbkdf2 pbkdf2_sha pbkdf2:sha scrypt: bcrypt_sha256$ $P$ $H$ $S$ {SSHA {SMD5} {SHA} {CRYPT} {PBKDF2 {X-PBKDF2} grub.pbkdf2.".split(
        " ",
      ),
    pattern: [
      String.raw`\$(?:1|apr1)\$[./A-Za-z0-9]{1,8}\$[./A-Za-z0-9]{22}`,
      String.raw`\$2[abxy]?\$\d{1,2}\$[./A-Za-z0-9]{53}`,
      String.raw`\$(?:5|sm3)\$(?:rounds=\d{1,9}\$)?[./A-Za-z0-9]{1,16}\$[./A-Za-z0-9]{43}`,
      String.raw`\$6\$(?:rounds=\d{1,9}\$)?[./A-Za-z0-9]{1,16}\$[./A-Za-z0-9]{86}`,
      String.raw`\$[89]\$[./A-Za-z0-9]{8,16}\$[./A-Za-z0-9]{43}`,
      String.raw`\$(?:y|gy|7)\$[./A-Za-z0-9]{1,20}\$[./A-Za-z0-9]{0,86}\$[./A-Za-z0-9]{43}`,
      String.raw`\$md5(?:,rounds=\d{1,9})?\$[./A-Za-z0-9]{1,16}\${1,2}[./A-Za-z0-9]{22}`,
      String.raw`\$argon2(?:id|i|d)\$(?:v=\d{1,3}\$)?[a-z0-9=,]{5,40}\$[A-Za-z0-9+/]{8,128}\$[A-Za-z0-9+/]{16,256}`,
      String.raw`\$(?:scrypt|pbkdf2(?:-sha\d{1,3})?)\$[a-z0-9=,]{1,40}\$[A-Za-z0-9+/.]{4,128}\$[A-Za-z0-9+/.]{16,256}`,
      String.raw`pbkdf2_sha\d{1,3}\$\d{1,9}\$[A-Za-z0-9]{1,64}\$[A-Za-z0-9+/]{16,128}={0,2}`,
      String.raw`(?:pbkdf2:sha\d{1,3}:\d{1,9}|scrypt:\d{1,9}:\d{1,3}:\d{1,3})\$[A-Za-z0-9]{1,64}\$[0-9a-f]{32,256}`,
      String.raw`bcrypt_sha256\$\$2[abxy]\$\d{1,2}\$[./A-Za-z0-9]{53}`,
      String.raw`\$[PH]\$[./A-Za-z0-9]{31}|\$S\$[./A-Za-z0-9]{52}`,
      String.raw`\{(?:SSHA\d{0,3}|SMD5|SHA|CRYPT|(?:X-)?PBKDF2[A-Z0-9-]{0,10})\}[A-Za-z0-9+/=$.,]{16,256}`,
      String.raw`grub\.pbkdf2\.sha512\.\d{1,9}\.[0-9A-F]{32,512}\.[0-9A-F]{64,512}`,
    ]
      .map((pattern) => `(?:${pattern})(?![A-Za-z0-9./+])`)
      .join("|"),
    positive: [
      "root:⟦$6$qoE2letU$wWPRl.PVczjzeMVgjiA8LLy2nOyZbf7Amj3qLIL978o18gbMySdKZ7uepq9tmMQXxyTIrS12Pln.2Q/6Xscao0⟧:19000:0:",
      "joe:⟦$apr1$OKgLCmVl$d02jECa4DXn/oXX0R.MoQ/⟧",
      "⟦$2a$05$/VT2Xs2dMd8GJKfrXhjYP.DkTjOVrY12yDN7/6I8ZV0q/1lEohLru⟧",
      "⟦$argon2id$v=19$m=65536,t=3,p=4$c29tZXNhbHQ$RdescudvJCsgt3ub+b0hHR3GOK1k8Y5TVdGUdp8X9dY⟧",
      "⟦{SSHA}5en6G6MezRroT3XKqkdPOmY/BfQ7fQzG⟧",
      "⟦pbkdf2_sha256$260000$abc$k3Yw8d2cX1v0b9n8m7q6w5e4r3t2y1u0i9o8p7a6s5d=⟧",
    ],
    negative: ["price: $5$ and $6$", "cost $1$ more"],
    source: "noseyparker np.pwhash.* (Apache-2.0)",
  },
  {
    name: "kerberos-hash",
    title: "Kerberos or NTLM hash as cracking tools take it",
    sets: ["default", "secrets"],
    keywords: ["$krb5", "$mskrb5", ":::", "$netntlm"],
    pattern: String.raw`\$(?:ms)?krb5(?:asrep|tgs|pa|db)?\$\d{1,2}\$[^\s"'\\]{32,8192}|(?<=:)[0-9a-f]{32}:[0-9a-f]{32}(?=:::)|\$netntlmv?2?\$[^\s"']{32,2048}`,
    ignoreCase: true,
    positive: [
      "⟦$krb5asrep$23$771adbc2397abddef676742924414f2b$2df6eb2d9c71820dc3fa2c098e071d920f0e412f5f12411632c5ee70e004da1b⟧",
      "joe:500:⟦aad3b435b51404eeaad3b435b51404ee:31d6cfe0d16ae931b73c59d7e0c089c0⟧:::",
    ],
    negative: ["a:::b"],
    source: "noseyparker np.krb5.asrep.23.1 (Apache-2.0)",
  },
  {
    name: "mysql-password-hash",
    title: "MySQL native password hash",
    sets: ["secrets"],
    keywords: ["identified", "password", "authentication_string", "hash"],
    pattern: String.raw`(?<![\w*])\*[0-9A-F]{40}(?![0-9A-Za-z])`,
    positive: ["IDENTIFIED BY PASSWORD '⟦*2470C0C06DEE42FD1618BBB99005ADCA2EC9D1E1⟧'"],
    negative: ["hash *2470C0C06DEE"],
  },
];
