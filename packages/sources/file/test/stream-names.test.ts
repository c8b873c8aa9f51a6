import { expect, test } from "vitest";
import { StreamNames } from "../src/stream-names.ts";

const stat = { dev: "1", ino: "7", size: 100, mtime: 5, born: 1_700_000_000_000.25, links: 1 };
const names = (name = "access", hostname = "web-1") => new StreamNames({ hostname, pipeline: "web", name });
const head = (text: string) => Buffer.from(text);

test("a file's stream has the same name whenever it is found, however much of it is there by then", () => {
  const first = names().nameOf({ stat, head: head("first line\n") }, 1);
  const later = { ...stat, size: 9000, mtime: 99 };
  expect(names().nameOf({ stat: later, head: head("first line\nsecond line\n") }, 1)).toBe(first);
  expect(first).toMatch(/^[0-9a-z]{1,13}$/);
});

test("another file, another life of the same inode, another source and another machine have other names", () => {
  const line = head("first line\n");
  const all = [
    names().nameOf({ stat, head: line }, 1),
    names().nameOf({ stat, head: line }, 2),
    names().nameOf({ stat, head: head("another line\n") }, 1),
    names().nameOf({ stat: { ...stat, ino: "8" }, head: line }, 1),
    names().nameOf({ stat: { ...stat, born: stat.born + 1 }, head: line }, 1),
    names("other").nameOf({ stat, head: line }, 1),
    names("access", "web-2").nameOf({ stat, head: line }, 1),
  ];
  expect(new Set(all).size).toBe(all.length);
});

test("where nobody knows when a file was born, names are random", () => {
  const unborn = { stat: { ...stat, born: 0 }, head: head("first line\n") };
  expect(names().nameOf(unborn, 1)).not.toBe(names().nameOf(unborn, 1));
});
