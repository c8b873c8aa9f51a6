import { expect, test } from "vitest";
import { NotableBook } from "../src/status/notable.ts";

const metric = (dataset: string, fields: object) =>
  JSON.stringify({ "event.kind": "metric", "event.dataset": dataset, "host.name": "h", ...fields });

test("of each figure the newest is kept: of each filesystem, process and directory its own", () => {
  const book = new NotableBook();
  book.enter("host", [
    metric("system.filesystem", { "system.filesystem.mount_point": "/", "system.filesystem.used.pct": 0.1 }),
    metric("system.filesystem", { "system.filesystem.mount_point": "/var", "system.filesystem.used.pct": 0.2 }),
    metric("system.filesystem", { "system.filesystem.mount_point": "/", "system.filesystem.used.pct": 0.3 }),
    metric("system.process.expected", { "process.name": "postgres", "process.pid": 7 }),
    metric("system.process.expected", { "process.name": "postgres" }),
  ]);
  expect(book.figures().map((figure) => figure["system.filesystem.used.pct"] ?? figure["process.pid"])).toEqual([
    0.2,
    0.3,
    undefined,
  ]);
});

test("alerts are kept, the newest first, and no more than a hundred", () => {
  const book = new NotableBook();
  for (let n = 0; n < 150; n++) book.enter("host", [JSON.stringify({ "event.kind": "alert", "rule.name": `r${n}` })]);
  expect(book.alertCount).toBe(150);
  expect(book.alerts()).toHaveLength(100);
  expect(book.alerts()[0]?.event["rule.name"]).toBe("r149");
});
