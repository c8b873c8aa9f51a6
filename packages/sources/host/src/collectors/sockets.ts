import { join } from "node:path";
import type { Event } from "@sluice/core";
import type { Observation } from "@sluice/sampling";
import { type HostFiles, readIfThere } from "../host-files.ts";
import { observe } from "../observe.ts";
import type { HostOptions } from "../options.ts";
import type { Collector } from "./collector.ts";
import { type Endpoint, type Holder, holdersOf, readSockets, type SocketSeen } from "./socket-table.ts";

interface Owner extends Holder {
  readonly name: string;
}

/** Listening sockets with their processes, connections by process, and counts by state. */
export class SocketCollector implements Collector {
  readonly datasets = [
    "system.socket.listening",
    "system.socket.established",
    "system.socket",
    "system.socket.summary",
  ];
  readonly #files: HostFiles;
  readonly #options: HostOptions["sockets"];

  constructor(files: HostFiles, options: HostOptions["sockets"]) {
    this.#files = files;
    this.#options = options;
  }

  collect(): Observation[] {
    const sockets = readSockets(this.#files);
    const open = sockets.filter((socket) => isListening(socket) || socket.state === "established");
    const holders = holdersOf(this.#files, new Set(open.map(({ inode }) => inode)));
    const names = new Map<number, string>();
    const owners = (socket: SocketSeen): Owner[] =>
      (holders.get(socket.inode) ?? []).map((holder) => ({ ...holder, name: this.#nameOf(holder.pid, names) }));
    const { max, connections } = this.#options;
    const established = sockets.filter(({ state }) => state === "established");
    return [
      this.#summary(sockets),
      ...sockets
        .filter(isListening)
        .slice(0, max)
        .map((socket) => socketSeen(socket, owners(socket))),
      ...byProcess(established, owners).slice(0, max),
      ...(connections ? established.slice(0, max).map((socket) => socketSeen(socket, owners(socket))) : []),
    ];
  }

  #nameOf(pid: number, known: Map<number, string>): string {
    const name = known.get(pid) ?? (readIfThere(join(this.#files.procRoot, String(pid), "comm")) ?? "?").trim();
    known.set(pid, name);
    return name;
  }

  #summary(sockets: readonly SocketSeen[]): Observation {
    const tcp = sockets.filter(({ protocol }) => protocol === "tcp");
    const counts = new Map<string, number>();
    for (const { state } of tcp) counts.set(state, (counts.get(state) ?? 0) + 1);
    const stat = readIfThere(join(this.#files.procRoot, this.#files.isOwn ? "self" : "1", "net/sockstat")) ?? "";
    const orphaned = Number(/^TCP:.* orphan (\d+)/m.exec(stat)?.[1] ?? 0);
    const udp = sockets.length - tcp.length;
    const fields: Event = {
      "system.socket.summary.all.count": sockets.length,
      "system.socket.summary.all.listening": sockets.filter(isListening).length,
      "system.socket.summary.tcp.all.count": tcp.length,
      "system.socket.summary.tcp.all.orphan": orphaned,
      "system.socket.summary.udp.all.count": udp,
    };
    for (const state of [
      "established",
      "listening",
      "time_wait",
      "close_wait",
      "syn_sent",
      "syn_recv",
      "fin_wait1",
      "fin_wait2",
      "last_ack",
      "closing",
    ]) {
      fields[`system.socket.summary.tcp.all.${state}`] = counts.get(state) ?? 0;
    }
    const of = (state: string): number => counts.get(state) ?? 0;
    const text = `TCP: ${tcp.length} (estab ${of("established")}, listen ${of("listening")}, close_wait ${of("close_wait")}, orphaned ${orphaned}, timewait ${of("time_wait")}); UDP: ${udp}`;
    return observe("system.socket.summary", "summary", text, fields);
  }
}

function isListening({ state }: SocketSeen): boolean {
  return state === "listening" || state === "unconnected";
}

function written({ address, port }: Endpoint): string {
  const host = address.includes(":") ? `[${address}]` : address;
  return `${host}:${port === 0 ? "*" : port}`;
}

/** One socket, as `ss -tulnp` prints it. */
function socketSeen(socket: SocketSeen, owners: readonly Owner[]): Observation {
  const { protocol, isIpv6, state, local, remote, receiveQueue, sendQueue } = socket;
  const listens = isListening(socket);
  const label = { listening: "LISTEN", unconnected: "UNCONN" }[state] ?? "ESTAB";
  const users = owners.map(({ name, pid, fd }) => `("${name}",pid=${pid},fd=${fd})`).join(",");
  // What `ss` prints there, how many may wait to be accepted, is not in /proc.
  const queued = state === "listening" ? undefined : sendQueue;
  const line = `${protocol} ${label} ${receiveQueue} ${queued ?? "-"} ${written(local)} ${written(remote)}`;
  const pids = [...new Set(owners.map(({ pid }) => pid))];
  const fields: Event = {
    "network.transport": protocol,
    "network.type": isIpv6 ? "ipv6" : "ipv4",
    "system.socket.state": state,
    "system.socket.local.ip": local.address,
    "system.socket.local.port": local.port,
    ...(!listens && { "system.socket.remote.ip": remote.address, "system.socket.remote.port": remote.port }),
    "system.socket.receive_queue": receiveQueue,
    ...(queued !== undefined && { "system.socket.send_queue": queued }),
    ...(owners[0] && { "process.name": owners[0].name, "process.pid": owners[0].pid }),
    ...(pids.length > 1 && { "system.socket.process.pids": pids }),
  };
  const key = `${protocol} ${written(local)}${listens ? "" : ` ${written(remote)}`}`;
  return observe(
    listens ? "system.socket.listening" : "system.socket",
    key,
    users === "" ? line : `${line} users:(${users})`,
    fields,
  );
}

/** How many connections each process has. */
function byProcess(established: readonly SocketSeen[], owners: (socket: SocketSeen) => Owner[]): Observation[] {
  const groups = new Map<string, { owner: Owner | undefined; sockets: SocketSeen[] }>();
  for (const socket of established) {
    const [owner] = owners(socket);
    const key = owner ? `${owner.name} ${owner.pid}` : "?";
    const group = groups.get(key) ?? { owner, sockets: [] };
    group.sockets.push(socket);
    groups.set(key, group);
  }
  return [...groups]
    .sort((a, b) => b[1].sockets.length - a[1].sockets.length)
    .map(([key, { owner, sockets }]) => {
      const peers = new Set(sockets.map(({ remote }) => remote.address));
      const who = owner ? `${owner.name} (pid ${owner.pid})` : "unknown processes";
      const text = `${who}: ${sockets.length} established to ${peers.size} ${peers.size === 1 ? "peer" : "peers"}`;
      return observe("system.socket.established", key, text, {
        "system.socket.established.count": sockets.length,
        "system.socket.established.peers": peers.size,
        ...(owner && { "process.name": owner.name, "process.pid": owner.pid }),
      });
    });
}
