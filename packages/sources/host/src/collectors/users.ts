import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { type HostFiles, readIfThere } from "../host-files.ts";

// struct utmp of glibc on 64 bits (utmp(5)): 384 bytes, ut_type first; 7 is USER_PROCESS, ut_pid follows at 4.
const RECORD = 384;
const USER_PROCESS = 7;
const TYPE_AT = 0;
const PID_AT = 4;
const USER_AT = 44;

/** Sessions of users, as `uptime` counts them: by utmp, or where there is none any more by logind. */
export function countUsers(files: HostFiles): number {
  const utmp = readBytes(files.onHost("/run/utmp")) ?? readBytes(files.onHost("/var/run/utmp"));
  return utmp ? usersOfUtmp(utmp, files) : usersOfLogind(files.onHost("/run/systemd/sessions"));
}

function usersOfUtmp(utmp: Buffer, files: HostFiles): number {
  let users = 0;
  for (let at = 0; at + RECORD <= utmp.length; at += RECORD) {
    const isUser = utmp.readInt16LE(at + TYPE_AT) === USER_PROCESS && utmp[at + USER_AT] !== 0;
    const pid = utmp.readInt32LE(at + PID_AT);
    // A session whose process died without a word stays in the file.
    if (isUser && (pid <= 0 || readIfThere(join(files.procRoot, String(pid), "stat")) !== undefined)) users++;
  }
  return users;
}

function usersOfLogind(dir: string): number {
  try {
    return readdirSync(dir).filter((name) => /^CLASS=user$/m.test(readIfThere(join(dir, name)) ?? "")).length;
  } catch {
    return 0;
  }
}

function readBytes(path: string): Buffer | undefined {
  try {
    return readFileSync(path);
  } catch {
    return undefined;
  }
}
