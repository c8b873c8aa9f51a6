import { setImmediate } from "node:timers/promises";
import { DOCKER_VERSIONS, DockerEngine, requireDocker } from "@sluice/testkit";
import { describe, expect, test, vi } from "vitest";
import { engineAddress } from "../src/engine/address.ts";
import { EngineClient } from "../src/engine/client.ts";
import { LogConnection } from "../src/logs/connection.ts";
import { Reserve, type Slots } from "../src/logs/reserve.ts";
import type { Moment } from "../src/time.ts";

const SOON = { timeout: 60_000, interval: 50 };
const SINCE: Moment = { sec: 1, nanos: 0 };
const SIZE = 20_000;
const BURST = 1_000_000;
const { signal: stop } = new AbortController();

/** A connection to nothing. */
function connection(opened: number, since = SINCE, left = 1) {
  const close = vi.fn();
  return { opened, since, body: { readableLength: left }, close } as unknown as LogConnection & { close: typeof close };
}

/** A reserve whose connections are opened one after the other, a second apart. */
function reserveOf(slots: Slots = { free: 9 }) {
  const opened: ReturnType<typeof connection>[] = [];
  const open = vi.fn(async (since: Moment) => {
    opened.push(connection(1_000_000 + 1000 * opened.length, since));
    return opened.at(-1) as LogConnection;
  });
  return { reserve: new Reserve({ size: SIZE, files: 2 }, slots, open), opened };
}

/** Reads a megabyte whose last line was written at `reached`, of what has been written until `now`. */
async function read(reserve: Reserve, reached: number, now: number): Promise<void> {
  reserve.read(BURST, reached, now, () => SINCE);
  // Connections are open at once here.
  await setImmediate();
}

describe("connections that wait for their turn", () => {
  test("are opened while the one that is read is behind, and come in their order", async () => {
    const { reserve, opened } = reserveOf();
    expect(await reserve.next(SINCE)).toBe(opened[0]);
    await read(reserve, 1_000_001, 1_000_001);
    await read(reserve, 1_000_100, 1_000_100);
    expect([opened.length, reserve.takesOver]).toEqual([1, false]);
    await read(reserve, 1_000_200, 1_001_000);
    expect([opened.length, reserve.takesOver]).toEqual([2, true]);
    await read(reserve, 1_000_300, 1_002_000);
    expect(opened.length).toBe(3);
    // What an earlier one has is not asked for again, but for a second and a half.
    expect(opened.map(({ since }) => since.sec)).toEqual([1, 998, 999]);
    expect(await reserve.next({ sec: 999, nanos: 0 })).toBe(opened[1]);
    expect(await reserve.next({ sec: 1000, nanos: 0 })).toBe(opened[2]);
    expect(await reserve.next({ sec: 1001, nanos: 0 })).toBe(opened[3]);
  });

  test("are left out when they begin too late, and closed when nothing is behind any more", async () => {
    const slots = { free: 2 };
    const { reserve, opened } = reserveOf(slots);
    await reserve.next(SINCE);
    await read(reserve, 1_000_100, 1_000_100);
    for (const [i, now] of [1_001_000, 1_002_000, 1_003_000].entries()) await read(reserve, 1_000_200 + i, now);
    expect([opened.length, slots.free]).toEqual([3, 0]);
    expect(await reserve.next({ sec: 998, nanos: 0 })).toBe(opened[3]);
    expect([opened[1]?.close, opened[2]?.close].map((close) => close?.mock.calls.length)).toEqual([1, 1]);
    expect(slots.free).toBe(2);
    await read(reserve, 1_003_100, 1_004_000);
    expect([opened.length, slots.free]).toEqual([5, 1]);
    await read(reserve, 1_005_000, 1_005_000);
    expect([opened[4]?.close.mock.calls.length, slots.free]).toEqual([1, 2]);
  });

  test("are not opened for a log that is never rotated", async () => {
    const open = vi.fn(async () => connection(1_000_000));
    const reserve = new Reserve({ size: Number.POSITIVE_INFINITY, files: 1 }, { free: 9 }, open);
    await reserve.next(SINCE);
    await read(reserve, 1_000_100, 1_009_000);
    expect(open).toHaveBeenCalledOnce();
  });
});

describe.each(DOCKER_VERSIONS)("a connection to Docker %s", (version) => {
  test.runIf(requireDocker(version))(
    "has what was in the log when it was opened, also when that is deleted",
    async () => {
      await using engine = await DockerEngine.start({ version });
      // More than what fits into the sockets and buffers in between.
      const print =
        'p=$(head -c 1000 /dev/zero | tr "\\0" x); i=0; more() { k=0; while [ $k -lt 2000 ]; do k=$((k+1)); i=$((i+1)); echo "line $i $p"; done; }';
      const script = `${print}; more; while [ ! -e /go ]; do sleep 0.05; done; more; more; more; echo end; exec sleep 1000`;
      const options = ["--log-opt", "max-size=1m", "--log-opt", "max-file=4", "--stop-signal", "KILL"];
      const id = await engine.run(script, ...options);
      const log = () => engine.docker("logs", id);
      await vi.waitFor(async () => expect(await log()).toMatch(/line 2000 /), SOON);
      const client = new EngineClient(engineAddress({ host: `unix://${engine.socket}` }, {}));
      try {
        const request = { client, id, streams: ["stdout"], follow: false, stop };
        const waiting = await LogConnection.open(request, { sec: 0, nanos: 0 });
        await engine.docker("exec", id, "touch", "/go");
        await vi.waitFor(async () => expect(await log()).toMatch(/end$/), SOON);
        expect(await log()).not.toMatch(/line 2000 /);
        let text = "";
        for await (const chunk of waiting.body) text += String(chunk);
        expect(text.match(/line \d+/g)).toEqual(Array.from({ length: 2000 }, (_, i) => `line ${i + 1}`));
      } finally {
        await client.close();
      }
    },
  );
});
