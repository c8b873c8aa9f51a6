import { Clock, cachedFormat, syslogTime } from "./clock.ts";
import { fromEpisodes } from "./episodes.ts";
import { Random, weighted } from "./random.ts";

const HOST = "dws";
const USERS = ["noah", "ana", "deploy", "carlos", "backup"];
const GUESSES = ["admin", "test", "oracle", "ubuntu", "pi", "git", "postgres", "ftpuser", "user1", "minecraft"];
const COMMANDS = [
  "/usr/bin/apt-get update",
  "/bin/systemctl restart nginx",
  "/usr/bin/docker ps -a",
  "/usr/bin/tail -n 100 /var/log/nginx/error.log",
  "/bin/journalctl -u ssh --since today",
];
const CRON_USERS = weighted([6, "root"], [1, "www-data"], [1, "backup"]);

/** One `program[pid]: text` of an episode. */
type Entry = readonly [tag: string, text: string];

class Auth {
  readonly random: Random;
  #session = 1459;
  #uid = 1001;

  constructor(random: Random) {
    this.random = random;
  }

  readonly episodes = weighted<() => readonly Entry[]>(
    [10, () => this.#cron()],
    [8, () => this.#failedPassword()],
    [10, () => this.#invalidUser()],
    [6, () => this.#closed()],
    [5, () => this.#login()],
    [3, () => this.#sudo()],
    [1, () => this.#su()],
    [1, () => this.#useradd()],
  );

  #peer(): string {
    const r = this.random;
    return `${r.between(1, 223)}.${r.below(256)}.${r.below(256)}.${r.between(1, 254)} port ${r.between(1024, 65535)}`;
  }

  #tag(program: string): string {
    return `${program}[${this.random.between(300, 32767)}]`;
  }

  #cron(): Entry[] {
    const [tag, user] = [this.#tag("CRON"), this.random.pick(CRON_USERS)];
    return [
      [tag, `pam_unix(cron:session): session opened for user ${user} by (uid=0)`],
      [tag, `pam_unix(cron:session): session closed for user ${user}`],
    ];
  }

  #failedPassword(): Entry[] {
    const [tag, peer, user] = [this.#tag("sshd"), this.#peer(), this.random.pick(["root", ...USERS])];
    const address = peer.split(" ")[0];
    return [
      [
        tag,
        `pam_unix(sshd:auth): authentication failure; logname= uid=0 euid=0 tty=ssh ruser= rhost=${address}  user=${user}`,
      ],
      [tag, `Failed password for ${user} from ${peer} ssh2`],
      [tag, `Received disconnect from ${peer}:11: Bye Bye [preauth]`],
      [tag, `Disconnected from authenticating user ${user} ${peer} [preauth]`],
    ];
  }

  #invalidUser(): Entry[] {
    const [tag, peer, user] = [this.#tag("sshd"), this.#peer(), this.random.pick(GUESSES)];
    return [
      [tag, `Invalid user ${user} from ${peer}`],
      [tag, `Failed password for invalid user ${user} from ${peer} ssh2`],
      [tag, `Connection closed by invalid user ${user} ${peer} [preauth]`],
    ];
  }

  #closed(): Entry[] {
    return [[this.#tag("sshd"), `Connection closed by ${this.#peer()} [preauth]`]];
  }

  #login(): Entry[] {
    const [tag, peer, user] = [this.#tag("sshd"), this.#peer(), this.random.pick(USERS)];
    const how = this.random.oneIn(4)
      ? `Accepted password for ${user} from ${peer} ssh2`
      : `Accepted publickey for ${user} from ${peer} ssh2: RSA SHA256:${this.#fingerprint()}`;
    const session = this.#session++;
    return [
      [tag, how],
      [tag, `pam_unix(sshd:session): session opened for user ${user} by (uid=0)`],
      ["systemd-logind[1193]", `New session ${session} of user ${user}.`],
      [tag, `Received disconnect from ${peer}:11: disconnected by user`],
      [tag, `pam_unix(sshd:session): session closed for user ${user}`],
      ["systemd-logind[1193]", `Removed session ${session}.`],
    ];
  }

  #fingerprint(): string {
    return Buffer.from(this.random.hex(64), "hex").toString("base64").slice(0, 43);
  }

  #sudo(): Entry[] {
    const user = this.random.pick(USERS);
    return [
      [
        "sudo",
        `${user.padStart(8)} : TTY=pts/${this.random.below(8)} ; PWD=/home/${user} ; USER=root ; COMMAND=${this.random.pick(COMMANDS)}`,
      ],
      ["sudo", `pam_unix(sudo:session): session opened for user root by ${user}(uid=0)`],
      ["sudo", "pam_unix(sudo:session): session closed for user root"],
    ];
  }

  #su(): Entry[] {
    const [tag, user, tty] = [this.#tag("su"), this.random.pick(USERS), this.random.below(8)];
    if (this.random.oneIn(3)) {
      return [[tag, `FAILED SU (to root) ${user} on pts/${tty}`]];
    }
    return [
      [tag, `(to root) ${user} on pts/${tty}`],
      [tag, `pam_unix(su:session): session opened for user root by ${user}(uid=${this.random.between(1000, 1005)})`],
    ];
  }

  #useradd(): Entry[] {
    const [tag, id] = [this.#tag("useradd"), this.#uid++];
    const user = `dev${id}`;
    return [
      [this.#tag("groupadd"), `new group: name=${user}, GID=${id}`],
      [tag, `new user: name=${user}, UID=${id}, GID=${id}, home=/home/${user}, shell=/bin/bash, from=/dev/pts/1`],
    ];
  }
}

/** Lines of a Debian server's `auth.log`. */
export function authLines(seed: number, start: Date): () => string {
  const random = new Random(seed);
  const auth = new Auth(random);
  const clock = new Clock(start);
  const time = cachedFormat(syslogTime);
  return fromEpisodes(() => {
    clock.advance(random, 12_000_000);
    return random
      .pick(auth.episodes)()
      .map(([tag, text]) => {
        clock.advance(random, 400_000);
        return `${time(clock.second)} ${HOST} ${tag}: ${text}`;
      });
  });
}
