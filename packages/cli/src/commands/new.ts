import type { Command } from "commander";
export function addNewCommand(program: Command): void {
  program.command("new");
}
