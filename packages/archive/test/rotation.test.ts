import { expect, test } from "vitest";
import { compareRotation, rootName } from "../src/rotation.ts";

test.each([
  ["access.log", "access.log"],
  ["access.log.1", "access.log"],
  ["access.log.12.gz", "access.log"],
  ["access.log-20260101", "access.log"],
  ["access.log-20260101-1767225600.zst", "access.log"],
  ["access.log.2026-01-01", "access.log"],
  ["access-20260101.log", "access.log"],
  ["access-2026-01-01.log.gz", "access.log"],
  ["access.log.old", "access.log"],
  ["syslog.1", "syslog"],
  ["worker-1.log", "worker-1.log"],
  ["f10.log", "f10.log"],
  [".1", ".1"],
])("%s was %s before rotation", (name, root) => {
  expect(rootName(`/var/log/${name}`)).toBe(root);
});

test("names of one log are ordered as it was written, the newest last", () => {
  const written = ["a.log-20251230.gz", "a.log-20260101", "a.log.10.gz", "a.log.2.gz", "a.log.1", "a.log.old", "a.log"];
  for (const names of [written.toReversed(), written.toSorted(), [...written.slice(3), ...written.slice(0, 3)]]) {
    expect(names.toSorted(compareRotation)).toEqual(written);
  }
});
