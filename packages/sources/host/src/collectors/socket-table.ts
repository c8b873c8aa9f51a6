import { readdirSync, readlinkSync } from "node:fs";
import { join } from "node:path";
import { type HostFiles, readIfThere } from "../host-files.ts";

/** States of TCP by their number (include/net/tcp_states.h), named as `ss` and Metricbeat name them. */
const STATES: readonly string[] = [
  "",
  "established",
  "syn_sent",
  "syn_recv",
  "fin_wait1",
  "fin_wait2",
  "time_wait",
  "closing",
  "close_wait",
  "last_ack",
  "listening",
  "closing",
  "new_syn_recv",
];

export interface SocketSeen {
  readonly protocol: "tcp" | "udp";
  readonly isIpv6: boolean;
  readonly state: string;
  readonly local: Endpoint;
  readonly remote: Endpoint;
  readonly inode: string;
  readonly receiveQueue: number;
  readonly sendQueue: number;
}

export interface Endpoint {
  readonly address: string;
  readonly port: number;
}

/** The sockets of TCP and UDP. */
export function readSockets(files: HostFiles): SocketSeen[] {
  const sockets: SocketSeen[] = [];
  for (const table of ["tcp", "tcp6", "udp", "udp6"]) {
    const path = join(files.procRoot, files.isOwn ? "self" : "1", "net", table);
    const lines = (readIfThere(path) ?? "").split("\n").slice(1);
    for (const line of lines) {
      const socket = parseSocket(line, table);
      if (socket) sockets.push(socket);
    }
  }
  return sockets;
}

/** Reads one line of /proc/net/{tcp,udp}[6] (proc_net(5)). */
export function parseSocket(line: string, table: string): SocketSeen | null {
  const [, local, remote, state, queues, , , , , inode] = line.trim().split(/\s+/);
  if (!local || !remote || !state || !queues || !inode) return null;
  const [send = "0", receive = "0"] = queues.split(":");
  const protocol = table.startsWith("tcp") ? "tcp" : "udp";
  const number = Number.parseInt(state, 16);
  return {
    protocol,
    isIpv6: table.endsWith("6"),
    // A UDP socket that is connected to nobody takes what comes: `ss` calls it UNCONN.
    state: protocol === "udp" ? (number === 1 ? "established" : "unconnected") : (STATES[number] ?? "unknown"),
    local: endpointOf(local),
    remote: endpointOf(remote),
    inode,
    sendQueue: Number.parseInt(send, 16),
    receiveQueue: Number.parseInt(receive, 16),
  };
}

/** `0100007F:0016`: words of four bytes in the machine's order, which is little-endian. */
function endpointOf(text: string): Endpoint {
  const [hex = "", port = "0"] = text.split(":");
  const bytes: number[] = [];
  for (let word = 0; word < hex.length; word += 8) {
    for (let at = 6; at >= 0; at -= 2) bytes.push(Number.parseInt(hex.slice(word + at, word + at + 2), 16));
  }
  return { address: bytes.length === 4 ? bytes.join(".") : ipv6Text(bytes), port: Number.parseInt(port, 16) };
}

/** RFC 5952: the longest run of zero groups is left out; an IPv4 address within is written as such. */
function ipv6Text(bytes: readonly number[]): string {
  const groups = Array.from({ length: 8 }, (_, i) => ((bytes[2 * i] as number) << 8) | (bytes[2 * i + 1] as number));
  if (groups.slice(0, 5).every((group) => group === 0) && groups[5] === 0xffff)
    return `::ffff:${bytes.slice(12).join(".")}`;
  const text = groups.map((group) => group.toString(16)).join(":");
  const runs = [...text.matchAll(/(?:^|:)0(?::0)+(?=:|$)/g)];
  const longest = runs.sort((a, b) => b[0].length - a[0].length || a.index - b.index)[0];
  if (!longest) return text;
  const before = text.slice(0, longest.index);
  const after = text.slice(longest.index + longest[0].length).replace(/^:/, "");
  return `${before}::${after}`;
}

/** A process that has a socket open, under this number. */
export interface Holder {
  readonly pid: number;
  readonly fd: number;
}

/** Which processes have which sockets open, by inode; those of others only as root. */
export function holdersOf(files: HostFiles, wanted: ReadonlySet<string>): Map<string, Holder[]> {
  const holders = new Map<string, Holder[]>();
  for (const name of readdirSync(files.procRoot)) {
    const code = name.charCodeAt(0);
    if (code < 48 || code > 57) continue;
    for (const [inode, fd] of socketsOf(join(files.procRoot, name, "fd"))) {
      if (!wanted.has(inode)) continue;
      const known = holders.get(inode) ?? [];
      known.push({ pid: Number(name), fd });
      holders.set(inode, known);
    }
  }
  return holders;
}

/** Inodes of the sockets in a directory of file descriptors, with these. */
function socketsOf(dir: string): [inode: string, fd: number][] {
  const sockets: [string, number][] = [];
  try {
    for (const fd of readdirSync(dir)) {
      const m = /^socket:\[(\d+)\]$/.exec(linkOf(join(dir, fd)));
      if (m) sockets.push([m[1] as string, Number(fd)]);
    }
  } catch {
    // The process has ended, or is another user's.
  }
  return sockets;
}

function linkOf(path: string): string {
  try {
    return readlinkSync(path);
  } catch {
    return "";
  }
}
