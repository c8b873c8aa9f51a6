import { spawnSync } from "node:child_process";
import { readdirSync } from "node:fs";
import { heal, pause, type World } from "./world.ts";

/** Something that goes wrong for a while, and how it is put right. */
export interface Fault {
  readonly name: string;
  /** Whether it can be done here; if not, the reason is printed once. */
  readonly needs?: "disk" | "docker";
  /** @param hold milliseconds that it should last */
  readonly act: (world: World, hold: number) => Promise<void>;
}

async function proxied(world: World, which: "gelf" | "s3", faults: object, hold: number): Promise<void> {
  Object.assign(world[which].faults, faults);
  await pause(hold);
  await heal(world);
}

/** Swallowed bytes are gone: connections must not go on as if they had arrived. */
async function blackHole(world: World, which: "gelf" | "s3", hold: number): Promise<void> {
  world[which].faults.blackHole = true;
  await pause(hold);
  world[which].reset();
  await heal(world);
}

function proxies({ gelf, s3 }: World, act: (proxy: World["gelf"]) => void): void {
  for (const proxy of [gelf, s3]) act(proxy);
}

async function killSluice({ sluice }: World, signal: NodeJS.Signals = "SIGKILL"): Promise<void> {
  await sluice.kill(signal);
}

/** A proxy that is connected to in place of a dead Graylog would confirm in its name: see docs/graylog.md. */
async function killGraylog({ graylog, gelf }: World): Promise<void> {
  gelf.stopListening();
  await graylog.kill();
}

async function reviveGraylog({ graylog, gelf }: World): Promise<void> {
  await graylog.restart();
  await gelf.listenAgain();
}

async function restart({ sluice }: World, clock: "own" | "system" = "system"): Promise<void> {
  sluice.restart(clock);
  await sluice.untilRunning();
}

/** What the disk holds when the power goes, in the midst of whatever sluice was doing. */
async function losePower(world: World): Promise<void> {
  const { sluice, disk } = world;
  sluice.signal("SIGSTOP");
  const left = disk.snapshot();
  await killSluice(world);
  disk.goOnWith(left);
  await restart(world);
}

/** No file can be opened beyond those that are open. */
async function shortOfDescriptors({ sluice }: World, hold: number): Promise<void> {
  const limit = (count: string) => spawnSync("prlimit", [`--pid=${sluice.pid}`, `--nofile=${count}:65536`]);
  limit(String(readdirSync(`/proc/${sluice.pid}/fd`).length));
  await pause(hold);
  limit("65536");
}

/** A start on a disk that cannot be written has to fail, and say why. */
async function readOnlyStart(world: World): Promise<void> {
  const { sluice, disk } = world;
  await killSluice(world);
  if (!disk.readOnly(true)) throw new Error("the disk cannot be made read-only");
  sluice.restart();
  const code = await sluice.end();
  disk.readOnly(false);
  if (code !== 1 && code !== 2) throw new Error(`on a read-only disk sluice ended with ${code}`);
  await restart(world);
}

/** A term in whatever phase: while it starts, runs, or drains; then a start. */
async function term(world: World, hold: number): Promise<void> {
  const { sluice, dice } = world;
  if (dice.next() < 0.5) {
    await killSluice(world);
    sluice.restart();
    await pause(dice.between(0, 700));
  }
  if (sluice.alive) sluice.signal("SIGTERM");
  await Promise.race([sluice.end(), pause(hold)]);
  // A second one gives up what is in flight.
  if (sluice.alive && dice.next() < 0.5) sluice.signal("SIGTERM");
  const code = await sluice.end();
  if (typeof code !== "number" && code !== "SIGTERM") throw new Error(`after SIGTERM sluice ended with ${code}`);
  await restart(world);
}

async function jumpClock(world: World, hold: number): Promise<void> {
  const { sluice, dice } = world;
  await killSluice(world);
  sluice.shiftClock(0);
  await restart(world, "own");
  for (const seconds of [3600, -7200, dice.between(-90_000, 90_000)]) {
    sluice.shiftClock(seconds);
    await pause(hold / 3);
  }
  await killSluice(world, "SIGTERM");
  await restart(world);
}

export const FAULTS: readonly Fault[] = [
  {
    name: "kill -9 of sluice",
    async act(world) {
      await killSluice(world);
      await restart(world);
    },
  },
  {
    name: "kill -9 of Graylog",
    async act(world, hold) {
      await killGraylog(world);
      await pause(hold);
      await reviveGraylog(world);
    },
  },
  {
    name: "kill -9 of the store",
    async act({ store }, hold) {
      await store.kill();
      await pause(hold);
      await store.restart();
    },
  },
  {
    name: "kill -9 of all three",
    async act(world, hold) {
      const { store } = world;
      await Promise.all([killSluice(world), killGraylog(world), store.kill()]);
      await restart(world);
      await pause(hold);
      await Promise.all([reviveGraylog(world), store.restart()]);
    },
  },
  { name: "Graylog is slow", act: async ({ graylog }, hold) => during(graylog, "slow", hold) },
  { name: "Graylog hangs", act: async ({ graylog }, hold) => during(graylog, "hang", hold) },
  {
    name: "the store hangs",
    async act({ store }, hold) {
      await store.hang();
      await pause(hold);
      store.resume();
    },
  },
  { name: "Graylog's network delays", act: (w, hold) => proxied(w, "gelf", { delay: 300 }, hold) },
  { name: "the store's network delays", act: (w, hold) => proxied(w, "s3", { delay: 300 }, hold) },
  { name: "Graylog's network trickles", act: (w, hold) => proxied(w, "gelf", { trickle: 40 }, hold) },
  { name: "the store's network trickles", act: (w, hold) => proxied(w, "s3", { trickle: 100 }, hold) },
  {
    name: "Graylog's network cuts in the midst of frames",
    act: (w, hold) => proxied(w, "gelf", { cutAfter: 1000 }, hold),
  },
  {
    name: "the store's network cuts in the midst of requests",
    act: (w, hold) => proxied(w, "s3", { cutAfter: 2000, cutWith: w.dice.pick(["fin", "reset"]) }, hold),
  },
  { name: "Graylog's network refuses", act: (w, hold) => proxied(w, "gelf", { refuse: true }, hold) },
  { name: "all connections are reset", act: async (w) => proxies(w, (proxy) => proxy.reset()) },
  { name: "all connections are closed halfway", act: async (w) => proxies(w, (proxy) => proxy.halfClose()) },
  { name: "Graylog's network swallows everything", act: (w, hold) => blackHole(w, "gelf", hold) },
  { name: "the store's network swallows everything", act: (w, hold) => blackHole(w, "s3", hold) },
  {
    name: "the state's disk is full",
    needs: "disk",
    async act({ disk }, hold) {
      disk.fill();
      await pause(hold);
      disk.makeRoom();
    },
  },
  {
    name: "kill -9 while the state's disk is full",
    needs: "disk",
    async act(world, hold) {
      world.disk.fill();
      await pause(hold);
      await killSluice(world);
      world.disk.makeRoom();
      await restart(world);
    },
  },
  { name: "the state's disk is read-only at a start", needs: "disk", act: readOnlyStart },
  { name: "power loss", needs: "disk", act: losePower },
  { name: "no file descriptor is left", act: shortOfDescriptors },
  {
    name: "Graylog's name is unknown",
    async act(world, hold) {
      world.sluice.setNames("127.0.0.1 localhost");
      world.gelf.reset();
      await pause(hold);
      await heal(world);
    },
  },
  {
    name: "Graylog's name leads elsewhere",
    async act(world, hold) {
      world.sluice.setNames("127.0.0.1 localhost\n127.0.0.2 graylog.test");
      world.gelf.faults.refuse = true;
      world.gelf.reset();
      await pause(hold);
      await heal(world);
    },
  },
  { name: "the clock jumps", act: jumpClock },
  { name: "SIGTERM in some phase", act: term },
  {
    name: "sluice is stopped for a while",
    async act({ sluice }, hold) {
      sluice.signal("SIGSTOP");
      await pause(hold);
      sluice.signal("SIGCONT");
    },
  },
  { name: "a sender breaks off in the midst of a line", act: async ({ tcp }) => tcp.breakLine() },
  {
    name: "kill -9 of dockerd",
    needs: "docker",
    async act({ docker }, hold) {
      await docker?.stopDaemon("KILL");
      await pause(hold);
      await docker?.startDaemon();
    },
  },
];

async function during(graylog: World["graylog"], fault: "slow" | "hang", hold: number): Promise<void> {
  await graylog.setFault(fault);
  await pause(hold);
  await graylog.setFault("none");
}
