import { Charts } from "./charts.js";
import { connect } from "./connection.js";
import { $, el, keyed, setAttribute, setText } from "./dom.js";
import { Events } from "./events.js";
import { bytes, duration, number, percent, sum, whole } from "./format.js";
import { drawGraphs } from "./graph.js";
import { verdictOf } from "./health.js";
import { drawHost } from "./host.js";
import { drawAlerts, drawLedger, drawServices, drawSinks, ledgerOf, lostIn } from "./tables.js";

applyTheme(localStorage.getItem("theme") ?? "");
const charts = new Charts($("chart-rate"), $("chart-latency"));
const events = new Events();
let version;
let last;
/** Milliseconds that the server's clock is ahead of this one. */
let ahead = 0;

connect({
  hello({ status, history, events: recent }) {
    // After an update of sluice the page is another one.
    if (version !== undefined && version !== status.version) return location.reload();
    version = status.version;
    charts.load(history);
    events.load(recent);
    draw(status);
  },
  status(status) {
    charts.add(status.now, status.pipelines);
    draw(status);
  },
  events: (more) => events.add(more),
  lost() {
    setVerdict("bad", "No connection to sluice; trying again");
    document.body.dataset.connected = "false";
  },
});

function draw(status) {
  last = status;
  ahead = status.now - Date.now();
  document.body.dataset.connected = "true";
  setVerdict(...verdictOf(status));
  drawFacts(status);
  drawWarnings(status);
  drawTiles(status);
  drawGraphs($("graphs"), status.pipelines, status.now);
  drawChoice(status.pipelines);
  drawLedger(ledgerOf(status.pipelines));
  drawServices(status.services, status.servicesExact);
  drawSinks(status.pipelines, status.now);
  drawHost(status.figures);
  drawAlerts(status.alerts);
}

function setVerdict(state, text) {
  setAttribute($("verdict"), "data-state", state);
  setText($("verdict"), text);
  document.title = state === "good" ? "sluice" : `⚠ ${text} – sluice`;
}

function drawFacts({ now, startedAt, process, version: text }) {
  setText($("uptime"), duration((now - startedAt) / 1000));
  setText($("cpu"), percent(process.cpu));
  setText($("memory"), bytes(process.memoryBytes));
  setText($("version"), text);
}

function drawWarnings({ pipelines, reloadProblems }) {
  const notReloaded = reloadProblems.map((text) => `not reloaded, everything runs as before: ${text}`);
  const warned = pipelines.flatMap(({ name, warnings: own }) => own.map((text) => `${name}: ${text}`));
  const warnings = [...notReloaded, ...warned];
  $("warnings").hidden = warnings.length === 0;
  keyed(
    $("warnings"),
    warnings,
    (text) => text,
    (text) => el("li", {}, text),
  );
}

function drawTiles({ pipelines, alerts, alertCount }) {
  const total = (value) => pipelines.reduce((all, pipeline) => all + value(pipeline), 0);
  const ledger = ledgerOf(pipelines);
  const lost = lostIn(ledger);
  const chosen = sum(ledger.dropped) - lost;
  const sinks = pipelines.flatMap((pipeline) => pipeline.sinks);
  const oldest = Math.max(0, ...sinks.map((sink) => sink.backlogSeconds));
  const slowest = Math.max(-1, ...pipelines.map(({ latency }) => latency.p95 ?? -1));
  const byteRate = total(({ sources }) => sources.reduce((all, source) => all + source.byteRate, 0));
  tile("in", number(total(({ inRate }) => inRate)), "/s", `${bytes(byteRate)}/s, ${whole(ledger.in)} in all`);
  tile("out", number(total(({ outRate }) => outRate)), "/s", `${whole(ledger.delivered)} in all`);
  tile(
    "wait",
    number(ledger.buffered),
    "events",
    ledger.buffered > 0 ? `the oldest for ${duration(oldest)}` : "",
    oldest > 10 ? "warn" : "",
  );
  tile("latency", slowest < 0 ? "–" : duration(slowest), "", "from reading to delivery");
  tile("lost", number(lost), "events", `${whole(chosen)} dropped by rules`, lost > 0 ? "bad" : "");
  const newest = alerts[0]?.event;
  tile(
    "alerts",
    number(alertCount),
    "",
    newest ? String(newest["rule.name"] ?? newest["message"] ?? "") : "none so far",
    "",
  );
}

function tile(name, value, unit, sub, state = "") {
  const main = $(`tile-${name}`);
  const text = `${value}${unit}`;
  if (main.textContent !== text) main.replaceChildren(value, ...(unit ? [el("small", {}, unit)] : []));
  setText($(`tile-${name}-sub`), sub);
  setAttribute(main.parentElement, "data-state", state);
}

function drawChoice(pipelines) {
  const names = ["", ...pipelines.map(({ name }) => name)];
  keyed(
    $("chart-pipeline"),
    names,
    (name) => `p ${name}`,
    (name) => el("option", { value: name }, name || "all"),
  );
  $("chart-pipeline").parentElement.hidden = pipelines.length < 2;
}

let minutes = 5;
const showCharts = () => charts.show($("chart-pipeline").value, minutes);
$("chart-pipeline").addEventListener("change", showCharts);
$("spans").addEventListener("click", ({ target }) => {
  if (!target.dataset.minutes) return;
  minutes = Number(target.dataset.minutes);
  for (const button of $("spans").children) button.setAttribute("aria-pressed", String(button === target));
  showCharts();
});

function applyTheme(theme) {
  const dark = theme === "" ? matchMedia("(prefers-color-scheme: dark)").matches : theme === "dark";
  document.documentElement.dataset.theme = dark ? "dark" : "light";
}

function switchTheme() {
  const theme = document.documentElement.dataset.theme === "dark" ? "light" : "dark";
  localStorage.setItem("theme", theme);
  applyTheme(theme);
  charts.restyle();
}

$("theme").addEventListener("click", switchTheme);
matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => {
  applyTheme(localStorage.getItem("theme") ?? "");
  charts.restyle();
});
addEventListener("resize", () => last && drawGraphs($("graphs"), last.pipelines, last.now));
addEventListener("keydown", (event) => {
  if (event.target.matches("input, select, textarea") || event.ctrlKey || event.metaKey || event.altKey) return;
  if (event.key === "/") {
    event.preventDefault();
    $("filter").focus();
  } else if (event.key === "p") events.togglePause();
  else if (event.key === "t") switchTheme();
});
// Countdowns go on between two words of the server.
setInterval(
  () => last && document.body.dataset.connected === "true" && drawSinks(last.pipelines, Date.now() + ahead),
  1000,
);
