import { expect, test } from "vitest";
import { httpUrl, isLoopback, parseHttpAddress, requireToken } from "../src/address.ts";

test.each([
  ["127.0.0.1:9600", "127.0.0.1", 9600],
  ["9601", "127.0.0.1", 9601],
  [":9601", "127.0.0.1", 9601],
  ["localhost:0", "localhost", 0],
  ["0.0.0.0:80", "0.0.0.0", 80],
  ["[::1]:9600", "::1", 9600],
  ["http://127.0.0.1:9600/", "127.0.0.1", 9600],
])("%s is host %s and port %i", (text, host, port) => {
  expect(parseHttpAddress(text)).toEqual({ host, port });
});

test.each(["", "here", "127.0.0.1", "127.0.0.1:70000", "::1:9600", "a b:1", "1.2.3.4:x"])("%j is refused", (text) => {
  expect(() => parseHttpAddress(text)).toThrow(/no address/);
});

test.each([
  ["127.0.0.1", true],
  ["127.9.9.9", true],
  ["localhost", true],
  ["::1", true],
  ["::ffff:127.0.0.1", true],
  ["0.0.0.0", false],
  ["::", false],
  ["10.0.0.1", false],
  ["127.evil.example", false],
  ["localhost.evil.example", false],
])("%s is loopback: %s", (host, loopback) => {
  expect(isLoopback(host)).toBe(loopback);
});

test("an address that others can reach demands a token", () => {
  expect(() => requireToken({ host: "0.0.0.0", port: 1 }, undefined)).toThrow(/needs a token/);
  requireToken({ host: "0.0.0.0", port: 1 }, "secret");
  requireToken({ host: "127.0.0.1", port: 1 }, undefined);
});

test("an address is written as a URL, IPv6 in brackets", () => {
  expect(httpUrl({ host: "::1", port: 9600 })).toBe("http://[::1]:9600");
});
