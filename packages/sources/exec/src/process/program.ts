import { constants } from "node:fs";
import { access, stat } from "node:fs/promises";
import path from "node:path";
import { SluiceError } from "@sluice/core";

/** Throws SLUICE_SOURCE when a program cannot be found or executed from a directory. `searchPath` is a PATH. */
export async function requireProgram(program: string, cwd: string, searchPath: string): Promise<void> {
  if (!(await isDirectory(cwd))) throw fault(`there is no directory ${cwd}`, "make it, or set `working_directory`");
  const isPath = program.includes("/");
  const places = isPath ? [path.resolve(cwd, program)] : searchPath.split(":").map((dir) => path.join(dir, program));
  let isThere = false;
  for (const place of places) {
    if (await may(place, constants.X_OK)) return;
    isThere ||= await may(place, constants.F_OK);
  }
  if (isThere) throw fault(`${program} may not be executed`, "give its user the right to, with chmod +x");
  throw fault(`there is no program ${program}`, isPath ? "check the path" : "install it, or write its whole path");
}

function fault(message: string, hint: string): SluiceError {
  return new SluiceError("SLUICE_SOURCE", message, { hint });
}

async function isDirectory(place: string): Promise<boolean> {
  const found = await stat(place).catch(() => null);
  return found?.isDirectory() ?? false;
}

async function may(place: string, mode: number): Promise<boolean> {
  const done = await access(place, mode).catch(() => "refused");
  return done === undefined;
}
