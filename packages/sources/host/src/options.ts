import { duration } from "@sluice/core";
import { alertOptions } from "@sluice/sampling";
import { z } from "zod";

/** What can be collected, in the order in which it is. */
export const KINDS = [
  "cpu",
  "load",
  "memory",
  "filesystems",
  "network",
  "processes",
  "sockets",
  "services",
  "directories",
  "cgroup",
] as const;
export type Kind = (typeof KINDS)[number];

const processes = z.strictObject({
  top: z.int().min(0).max(1000).default(10).describe("How many processes by CPU and how many by memory."),
  expected: z
    .array(z.string().min(1))
    .default([])
    .describe("Names of processes that must run; one event each tells whether it does."),
  tree: z
    .union([z.boolean(), z.array(z.string().min(1))])
    .default(false)
    .describe("The tree of all processes, or of those named with what they started, as one event."),
});

const sockets = z.strictObject({
  connections: z.boolean().default(false).describe("One event for each established connection, too."),
  max: z.int().min(1).max(100_000).default(1000).describe("Most sockets of one kind that become events."),
});

const services = z.strictObject({
  expected: z.array(z.string().min(1)).default([]).describe("systemd units that must be active, e.g. `nginx`."),
  all: z.boolean().default(false).describe("An event for every service, not only expected and failed ones."),
  systemctl: z.string().default("systemctl").describe("The program to ask."),
});

const directory = z.strictObject({
  path: z.string().min(1).describe("Directory whose files are counted, with those below it."),
  recent: duration().prefault("1h").describe("Files changed within this time are counted as recent."),
  max_files: z.int().min(1).default(100_000).describe("Counting ends here; the event then has `limited: true`."),
  timeout: duration().prefault("10s").describe("Counting ends after this time."),
});

/** Options of the source `host`. */
export const hostOptions = z.strictObject({
  interval: duration()
    .refine((ms) => ms >= 100, "at least 100ms")
    .prefault("60s")
    .describe("From one sample to the next."),
  collect: z
    .array(z.enum(KINDS))
    .min(1)
    .default(["cpu", "load", "memory", "filesystems", "network", "processes", "sockets", "cgroup"])
    .describe("What to collect. `services` and `directories` are collected as well when their options are given."),
  proc_root: z.string().default("/proc").describe("Where procfs is mounted, e.g. `/host/proc` in a container."),
  sys_root: z.string().default("/sys").describe("Where sysfs is mounted, e.g. `/host/sys` in a container."),
  root: z.string().default("/").describe("Where the host's root is mounted, e.g. `/host/root` in a container."),
  exclude_types: z.array(z.string()).default([]).describe("Types of filesystems to leave out, e.g. `tmpfs`."),
  processes: processes.prefault({}).describe("More about processes."),
  sockets: sockets.prefault({}).describe("More about sockets."),
  services: services.optional().describe("Which systemd services."),
  directories: z.array(directory).optional().describe("Directories to count."),
  alerts: alertOptions.default([]).describe("Thresholds that become events when they are crossed and when they clear."),
});

export type HostOptions = z.output<typeof hostOptions>;
