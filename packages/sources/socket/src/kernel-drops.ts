import { readdirSync, readFileSync, readlinkSync } from "node:fs";

const TABLES = ["/proc/self/net/udp", "/proc/self/net/udp6"];

/** Inodes of the sockets that this process holds. */
function ownInodes(): Set<string> {
  const inodes = new Set<string>();
  for (const fd of readdirSync("/proc/self/fd")) {
    try {
      const inode = /^socket:\[(\d+)\]$/.exec(readlinkSync(`/proc/self/fd/${fd}`))?.[1];
      if (inode) inodes.add(inode);
    } catch {
      // Closed since.
    }
  }
  return inodes;
}

/** The lines of a table of sockets: inode, local port, datagrams dropped. */
function* socketsOf(table: string) {
  for (const line of readFileSync(table, "latin1").split("\n").slice(1)) {
    // sl local rem st tx:rx tr:when retrnsmt uid timeout inode ref pointer drops
    const columns = line.trim().split(/\s+/);
    const port = Number.parseInt(columns[1]?.split(":")[1] ?? "", 16);
    if (columns.length >= 13) yield { port, inode: columns[9] as string, drops: Number(columns[12]) };
  }
}

/**
 * Datagrams that the kernel had no room for, of the socket that this process has bound to a port: Linux counts them in
 * `/proc/net/udp`. Elsewhere it cannot be known, and none are reported.
 */
export class KernelDrops {
  #table: string | undefined;
  #inode: string | undefined;
  #seen = 0;

  /** @param port local port of a socket that was just bound */
  constructor(port: number) {
    this.#look(() => {
      const own = ownInodes();
      for (const table of TABLES) {
        for (const socket of socketsOf(table)) {
          if (socket.port !== port || !own.has(socket.inode)) continue;
          this.#table = table;
          this.#inode = socket.inode;
          this.#seen = socket.drops;
        }
      }
    });
  }

  /** Datagrams dropped since the last call. */
  take(): number {
    let dropped = 0;
    this.#look(() => {
      if (this.#table === undefined) return;
      for (const socket of socketsOf(this.#table)) {
        if (socket.inode !== this.#inode) continue;
        dropped = Math.max(0, socket.drops - this.#seen);
        this.#seen = socket.drops;
      }
    });
    return dropped;
  }

  #look(work: () => void): void {
    try {
      work();
    } catch {
      // No /proc, or not readable: sluice runs on without these numbers.
    }
  }
}
