import { $, el, meter } from "./dom.js";
import { bytes, duration, number, percent } from "./format.js";

// Figures of hosts, as the source `host` sends them: one event each, fields named as Metricbeat names them.

/** Draws what is known of the host; nothing when no pipeline has a source that tells. */
export function drawHost(figures) {
  $("host-card").hidden = figures.length === 0;
  if (figures.length === 0) return;
  const parts = [
    system(figures),
    filesystems(figures),
    network(figures),
    processes(figures),
    services(figures),
    files(figures),
    checks(figures),
  ];
  $("host").replaceChildren(...parts.filter(Boolean));
}

function part(title, columns, rows) {
  if (rows.length === 0) return undefined;
  const head = el("tr", {}, ...columns.map(([name, kind]) => el("th", { scope: "col", class: kind ?? "" }, name)));
  const lines = rows.map((cells) =>
    el("tr", {}, ...cells.map((cell, i) => tableCell(cell, columns[i]?.[1] ?? "", i === 0))),
  );
  return el("div", {}, el("h3", {}, title), el("table", {}, el("thead", {}, head), el("tbody", {}, ...lines)));
}

/** The first cell of a row names it, and may be cut. */
function tableCell(cell, kind, names) {
  if (cell instanceof Node) return el("td", { class: kind }, cell);
  return el("td", { class: kind, title: names ? String(cell) : undefined }, String(cell));
}

const first = (figures, field) => figures.find((figure) => figure[field] !== undefined)?.[field];
const stateOf = (part) => (part > 0.95 ? "bad" : part > 0.85 ? "warn" : "");
const share = (part) => meter(part, percent(part), stateOf(part));

function system(figures) {
  const rows = [];
  const load = ["1", "5", "15"].map((minutes) => first(figures, `system.load.${minutes}`));
  const cpu = first(figures, "system.cpu.total.norm.pct") ?? first(figures, "system.cpu.total.pct");
  const memory = first(figures, "system.memory.actual.used.pct") ?? first(figures, "system.memory.used.pct");
  const swap = first(figures, "system.memory.swap.used.pct");
  const uptime = first(figures, "system.uptime.duration.ms");
  const count = first(figures, "system.process.summary.total");
  const zombies = first(figures, "system.process.summary.zombie");
  if (cpu !== undefined) rows.push(["CPU", share(cpu)]);
  if (load[0] !== undefined)
    rows.push(["Load, 1 5 15 min", load.map((n) => (n === undefined ? "–" : Number(n).toFixed(2))).join("  ")]);
  if (memory !== undefined) rows.push(["Memory", share(memory)]);
  if (swap !== undefined) rows.push(["Swap", share(swap)]);
  if (uptime !== undefined) rows.push(["Up", duration(uptime / 1000)]);
  if (count !== undefined) rows.push(["Processes", zombies > 0 ? `${count}, ${zombies} zombies` : String(count)]);
  return part("System", [["What"], ["Now"]], rows);
}

function filesystems(figures) {
  const found = figures.filter((figure) => figure["system.filesystem.mount_point"] !== undefined);
  const rows = found.map((figure) => [
    figure["system.filesystem.mount_point"],
    figure["system.filesystem.used.pct"] === undefined ? "–" : share(figure["system.filesystem.used.pct"]),
    size(figure["system.filesystem.available"] ?? figure["system.filesystem.free"]),
  ]);
  return part("Filesystems", [["Mounted on"], ["Used"], ["Free", "num"]], rows);
}

function network(figures) {
  const interfaces = figures.filter((figure) => figure["system.network.name"] !== undefined);
  const rows = interfaces.map((figure) => [
    figure["system.network.name"],
    flow(figure, "in"),
    flow(figure, "out"),
    number((figure["system.network.in.errors"] ?? 0) + (figure["system.network.out.errors"] ?? 0)),
  ]);
  const sockets = ["established", "listen", "close_wait"].flatMap((state) => {
    const n = first(figures, `system.socket.summary.tcp.all.${state}`);
    return n === undefined ? [] : [[`TCP ${state}`, number(n), "", ""]];
  });
  return part("Network", [["Interface"], ["In", "num"], ["Out", "num"], ["Errors", "num"]], [...rows, ...sockets]);
}

/** What goes through an interface a second, or what has gone through it so far. */
function flow(figure, way) {
  const rate = figure[`system.network.${way}.bytes_per_second`];
  return rate === undefined ? size(figure[`system.network.${way}.bytes`]) : `${bytes(rate)}/s`;
}

function processes(figures) {
  const found = figures.filter((figure) => figure["event.dataset"] === "system.process");
  const newest = found.reduce((latest, figure) => (figure["@timestamp"] > latest ? figure["@timestamp"] : latest), "");
  // Those that have not been seen for a while are not among the first any more.
  const recent = found.filter((figure) => Date.parse(newest) - Date.parse(figure["@timestamp"]) < 5000);
  const cpu = (figure) => figure["system.process.cpu.total.norm.pct"] ?? figure["system.process.cpu.total.pct"] ?? 0;
  const rows = recent
    .sort((a, b) => cpu(b) - cpu(a))
    .slice(0, 8)
    .map((figure) => [
      `${figure["process.name"] ?? ""} ${figure["process.pid"]}`,
      percent(cpu(figure)),
      size(figure["system.process.memory.rss.bytes"]),
    ]);
  const expected = figures.filter((figure) => figure["event.dataset"] === "system.process.expected");
  for (const figure of expected) {
    const running = figure["system.process.running"] === true || figure["system.process.count"] > 0;
    const state = el("span", { class: "state", "data-state": running ? "good" : "bad" }, running ? "runs" : "missing");
    rows.unshift([String(figure["process.name"] ?? ""), state, ""]);
  }
  return part("Processes", [["Name, PID"], ["CPU", "num"], ["Memory", "num"]], rows);
}

function services(figures) {
  const found = figures.filter((figure) => figure["system.service.name"] !== undefined);
  const rows = found.map((figure) => [
    figure["system.service.name"],
    el(
      "span",
      { class: "state", "data-state": /fail/.test(figure["system.service.state"]) ? "bad" : "good" },
      String(figure["system.service.state"] ?? ""),
    ),
  ]);
  return part("Services", [["Unit"], ["State"]], rows.slice(0, 12));
}

function files(figures) {
  const found = figures.filter((figure) => figure["event.dataset"] === "system.directory");
  const rows = found.map((figure) => [
    String(figure["file.directory"]),
    figure["system.directory.available"] === false ? "–" : number(figure["system.directory.files"] ?? 0),
    number(figure["system.directory.recent_files"] ?? 0),
    size(figure["system.directory.bytes"]),
  ]);
  return part("Files", [["Directory"], ["Files", "num"], ["Changed", "num"], ["Size", "num"]], rows);
}

/** What the source `check` tells, named as Heartbeat names it. */
function checks(figures) {
  const found = figures.filter((figure) => figure["monitor.name"] !== undefined);
  const rows = found.map((figure) => [
    String(figure["monitor.name"]),
    el(
      "span",
      { class: "state", "data-state": figure["monitor.status"] === "up" ? "good" : "bad" },
      String(figure["monitor.status"]),
    ),
    duration((figure["monitor.duration.us"] ?? 0) / 1e6),
  ]);
  return part("Checks", [["What"], ["State"], ["Took", "num"]], rows);
}

function size(n) {
  return typeof n === "number" ? bytes(n) : "–";
}
