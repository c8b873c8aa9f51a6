// The same as receiver.c, for machines without a C compiler: `node receiver.ts PORT EXPECTED [SAVE_PREFIX]`.
import { closeSync, openSync, writeSync } from "node:fs";
import { createServer } from "node:net";

const [port, expectedText, savePrefix] = process.argv.slice(2);
const expected = Number(expectedText);
const now = (): number => performance.timeOrigin + performance.now();
const report = { frames: 0, bytes: 0, connections: 0, first: 0, tenth: 0, ninety: 0, last: 0, cpu: 0 };

function countNuls(data: Buffer): number {
  let nuls = 0;
  for (let at = data.indexOf(0); at >= 0; at = data.indexOf(0, at + 1)) nuls++;
  return nuls;
}

function take(data: Buffer, save: number | undefined): void {
  const before = report.frames;
  report.frames += countNuls(data);
  report.bytes += data.length;
  if (save !== undefined) writeSync(save, data);
  const time = now();
  report.first ||= time;
  if (report.frames > before) report.last = time;
  if (report.frames * 10 >= expected) report.tenth ||= time;
  if (report.frames * 10 >= expected * 9) report.ninety ||= time;
  if (before < expected && report.frames >= expected) console.log("done");
}

const server = createServer((socket) => {
  report.connections++;
  const save = savePrefix === undefined ? undefined : openSync(`${savePrefix}.${report.connections}`, "w");
  socket.on("data", (data) => take(data, save));
  socket.on("close", () => save !== undefined && closeSync(save));
  // A sender that was killed resets its connection; what it sent has been counted.
  socket.on("error", () => socket.destroy());
});
server.listen(Number(port), "127.0.0.1", () => console.log("listening"));

process.stdin.resume();
process.stdin.on("end", () => {
  const { user, system } = process.cpuUsage();
  console.log(JSON.stringify({ ...report, cpu: (user + system) / 1e6 }));
  process.exit(0);
});
