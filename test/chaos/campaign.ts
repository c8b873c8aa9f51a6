import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Dice } from "./dice.ts";
import { FAULTS, type Fault } from "./faults.ts";
import { dockerNumber, linesInLogs, readBooks, unbalanced, untilSettled, verify } from "./verify.ts";
import { heal, pause, startWorld, type World } from "./world.ts";

export interface CampaignOptions {
  readonly seed: number;
  /** Lines a second of each source. */
  readonly rate: number;
  readonly docker: boolean;
  /** Milliseconds that a fault lasts. */
  readonly hold: readonly [from: number, to: number];
  /** Milliseconds from the beginning of one fault to that of the next. */
  readonly every: number;
  /** How long; undefined: each fault once. */
  readonly duration?: number;
  readonly say: (text: string) => void;
}

/** Lets one fault follow the other while lines are written, and checks the books after each; then everything else. */
export async function runCampaign(options: CampaignOptions): Promise<readonly string[]> {
  const { seed, rate, say } = options;
  const dir = mkdtempSync(join(tmpdir(), "sluice-chaos-"));
  const dice = new Dice(seed);
  const world = await startWorld({ dir, dice, rate, docker: options.docker });
  const problems: string[] = [];
  try {
    await sufferAll(world, options, problems);
    const verdict = await conclude(world, options);
    say(verdict.summary);
    problems.push(...verdict.problems);
  } catch (error) {
    problems.push(String(error));
  } finally {
    writeFileSync(join(dir, "sluice.log"), world.sluice.log);
    if (problems.length > 0) await keepMessages(world);
    await world.close();
  }
  if (problems.length > 0) say(`what is left of it is in ${dir}`);
  else rmSync(dir, { recursive: true, force: true });
  return problems;
}

/** What Graylog took and refused is gone with it. */
async function keepMessages({ graylog, dir }: World): Promise<void> {
  writeFileSync(join(dir, "accepted.json"), JSON.stringify(await graylog.accepted()));
  writeFileSync(join(dir, "rejected.json"), JSON.stringify(await graylog.rejected()));
}

async function sufferAll(world: World, options: CampaignOptions, problems: string[]): Promise<void> {
  const { hold, every, duration, say } = options;
  const began = Date.now();
  for (const fault of sequence(world, duration === undefined, say)) {
    const start = Date.now();
    if (duration !== undefined && start - began >= duration) return;
    say(`${((start - began) / 1000).toFixed(0).padStart(5)} s  ${fault.name}`);
    await fault.act(world, world.dice.between(...hold));
    await heal(world);
    const found = [...unbalanced(readBooks(world.disk.stateDir)), ...world.sluice.surprises.splice(0)];
    for (const problem of found) say(`        ${problem}`);
    problems.push(...found.map((problem) => `after "${fault.name}": ${problem}`));
    world.sluice.restart();
    await pause(Math.max(0, start + every - Date.now()));
  }
}

/** Each fault once, or at random without an end. */
function* sequence(world: World, once: boolean, say: (text: string) => void): Generator<Fault> {
  const has = { disk: world.disk.isReal, docker: world.docker !== undefined };
  const possible = FAULTS.filter(({ needs }) => !needs || has[needs]);
  const left = FAULTS.filter((fault) => !possible.includes(fault)).map(({ name }) => name);
  if (left.length > 0) say(`left out here: ${left.join("; ")}`);
  if (once) yield* world.dice.shuffled(possible);
  else for (;;) yield world.dice.pick(possible);
}

async function conclude(world: World, { say }: CampaignOptions) {
  await heal(world);
  world.sluice.restart();
  await world.sluice.untilRunning();
  world.file.stop();
  world.tcp.stop();
  const docker = await endContainer(world);
  const inLogs = linesInLogs(world.dir);
  if (inLogs !== world.file.written) throw new Error(`the logs hold ${inLogs} lines of ${world.file.written}`);
  say("everything is mended; waiting for the rest to arrive");
  await untilSettled(world, docker.length, 180_000);
  const code = await world.sluice.kill("SIGTERM");
  const verdict = await verify(world, docker);
  return code === 0 ? verdict : { ...verdict, problems: [...verdict.problems, `sluice ended with ${code}`] };
}

/** The numbers in a container's log, as its engine has them, once it writes no more. */
async function endContainer({ docker }: World): Promise<number[]> {
  if (!docker) return [];
  await docker.docker("exec", "chatter", "touch", "/stop");
  for (let before = -1; ; ) {
    const numbers = (await docker.docker("logs", "chatter")).split("\n").map(dockerNumber);
    const found = numbers.filter((n) => n !== undefined);
    if (found.length === before) return found;
    before = found.length;
    await pause(1000);
  }
}
