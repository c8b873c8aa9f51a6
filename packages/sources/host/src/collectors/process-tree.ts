import type { Process } from "./process-table.ts";

const MOST_LINES = 500;
const MOST_WIDTH = 300;

/** Lines like those of `ps -ef --forest`: all processes, or those wanted with what they started. */
export function treeLines(
  processes: readonly Process[],
  command: (process: Process) => string,
  { isWanted }: { isWanted?: (process: Process) => boolean } = {},
): string[] {
  const pids = new Set(processes.map(({ pid }) => pid));
  const children = Map.groupBy(processes, ({ parent }) => parent);
  const lines: string[] = [];
  const visited = new Set<number>();
  // A stack of its own: processes may be nested deeper than calls can be.
  const pending: { process: Process; depth: number }[] = [];
  const wanted = isWanted ? processes.filter(isWanted) : processes.filter(({ parent }) => !pids.has(parent));
  const roots = wanted.toSorted((a, b) => a.startedAt - b.startedAt || a.pid - b.pid);
  for (const root of roots) {
    pending.push({ process: root, depth: 0 });
    for (let next = pending.pop(); next && lines.length < MOST_LINES; next = pending.pop()) {
      const { process, depth } = next;
      if (visited.has(process.pid)) continue;
      visited.add(process.pid);
      const indent = depth === 0 ? "" : `${"    ".repeat(Math.min(depth, 50) - 1)} \\_ `;
      const ids = `${String(process.pid).padStart(7)} ${String(process.parent).padStart(7)}`;
      lines.push(`${ids} ${indent}${command(process)}`.slice(0, MOST_WIDTH));
      const own = (children.get(process.pid) ?? []).toSorted((a, b) => b.pid - a.pid);
      for (const child of own) pending.push({ process: child, depth: depth + 1 });
    }
  }
  return lines;
}
