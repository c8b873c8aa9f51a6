import { $, el, keyed, meter, setText, svg } from "./dom.js";
import { bytes, clock, duration, number, short, sum, whole } from "./format.js";
import { LOSSES, retryText, sinkState, sinkWord } from "./health.js";

/** The books of all pipelines together. */
export function ledgerOf(pipelines) {
  const ledger = { in: 0, delivered: 0, buffered: 0, made: {}, dropped: {}, tagged: {}, sanitized: {} };
  for (const { ledger: own } of pipelines) {
    for (const name of ["in", "delivered", "buffered"]) ledger[name] += own[name];
    for (const kind of ["made", "dropped", "tagged", "sanitized"]) {
      for (const [name, n] of Object.entries(own[kind])) ledger[kind][name] = (ledger[kind][name] ?? 0) + n;
    }
  }
  return ledger;
}

export function lostIn({ dropped }) {
  return Object.entries(dropped).reduce((all, [reason, n]) => all + (LOSSES.has(reason) ? n : 0), 0);
}

export function drawLedger(ledger) {
  const lost = lostIn(ledger);
  const dropped = sum(ledger.dropped) - lost;
  const made = sum(ledger.made);
  const term = (n, word) => [el("b", {}, whole(n)), " ", el("span", {}, word), " "];
  $("equation").replaceChildren(
    ...term(ledger.in, made > 0 ? "in +" : "in ="),
    ...(made > 0 ? term(made, "made by steps =") : []),
    ...term(ledger.delivered, "delivered +"),
    ...term(dropped + lost, "dropped +"),
    ...term(ledger.buffered, "waiting"),
  );
  drawBar({ delivered: ledger.delivered, dropped, lost, buffered: ledger.buffered });
  const rows = [
    ["delivered", "Delivered", "every sink that wanted them has them", ledger.delivered],
    ["buffered", "Waiting", "read and not settled", ledger.buffered],
    ...entries(ledger.dropped).map(([reason, n]) =>
      LOSSES.has(reason) ? ["lost", "Lost", reason, n] : ["dropped", "Dropped", reason, n],
    ),
    ...entries(ledger.made).map(([step, n]) => ["other", "Made", step, n]),
    ...entries(ledger.tagged).map(([tag, n]) => ["other", "Tagged", tag, n]),
    ...entries(ledger.sanitized).map(([rule, n]) => ["other", "Secrets taken out", rule.replace(":", ", "), n]),
  ];
  keyed(
    $("ledger-rows"),
    rows,
    ([, what, why]) => `${what} ${why}`,
    createLedgerRow,
    (row, [, , , n]) => {
      setText(row.lastElementChild, whole(n));
    },
  );
}

function createLedgerRow([kind, what, why]) {
  return el(
    "tr",
    {},
    el("td", {}, el("span", { class: `swatch ${kind}` }), what),
    el("td", {}, why),
    el("td", { class: "num" }),
  );
}

function drawBar(parts) {
  const all = Math.max(1, sum(parts));
  let x = 0;
  const rects = Object.entries(parts).map(([kind, n]) => {
    const width = (n / all) * 1000;
    const rect = svg("rect", { class: `part-${kind}`, x, y: 0, width, height: 14 });
    x += width;
    return rect;
  });
  $("ledger-bar").replaceChildren(
    svg("svg", { viewBox: "0 0 1000 14", preserveAspectRatio: "none", "aria-hidden": "true" }, ...rects),
  );
  const words = Object.entries(parts).map(([kind, n]) => `${kind} ${whole(n)}`);
  $("ledger-bar").setAttribute("aria-label", `Shares of the ledger: ${words.join(", ")}`);
}

function entries(counts) {
  return Object.entries(counts).sort((a, b) => b[1] - a[1]);
}

export function drawServices(services, exact) {
  const manyPipelines = new Set(services.map(({ pipeline }) => pipeline)).size > 1;
  $("services-empty").hidden = services.length > 0;
  $("services-note").hidden = exact;
  setText(
    $("services-note"),
    "≈ there are too many events to look at all of them; these counts are reckoned up from a sample.",
  );
  keyed(
    $("services"),
    services.slice(0, 50),
    ({ pipeline, name }) => `${pipeline}/${name}`,
    () => el("tr", {}, ...Array.from({ length: 5 }, () => el("td"))),
    (row, service) => {
      const [name, errors, warnings, events, spark] = row.children;
      const { lastHour } = service;
      setText(name, manyPipelines ? `${short(service.name, 40)} · ${service.pipeline}` : short(service.name, 48));
      errors.className = lastHour.errors > 0 ? "num bad" : "num";
      warnings.className = lastHour.warnings > 0 ? "num warn" : "num";
      events.className = "num";
      setText(errors, number(lastHour.errors));
      setText(warnings, number(lastHour.warnings));
      setText(events, number(lastHour.events));
      spark.replaceChildren(sparkline(service.errorsByMinute));
    },
  );
}

function sparkline(values) {
  const most = Math.max(1, ...values);
  const bars = values.flatMap((n, i) => {
    if (n === 0) return [];
    const height = Math.max(1.5, (n / most) * 20);
    return [svg("rect", { x: i * 2, y: 20 - height, width: 1.5, height })];
  });
  const label = `Errors a minute in the last hour: ${sum(values)} in all, at most ${Math.max(0, ...values)}`;
  return svg(
    "svg",
    { class: "spark", width: 120, height: 20, viewBox: "0 0 120 20", role: "img", "aria-label": label },
    ...bars,
  );
}

export function drawSinks(pipelines, now) {
  const sinks = pipelines.flatMap((pipeline) => pipeline.sinks.map((sink) => ({ ...sink, pipeline: pipeline.name })));
  keyed(
    $("sinks"),
    sinks,
    ({ pipeline, name }) => `${pipeline}/${name}`,
    createSinkRow,
    (row, sink) => updateSinkRow(row, sink, now),
  );
}

/** Columns of the sinks, as in index.html; on a narrow screen each value has its name above it. */
const SINK_COLUMNS = [
  ["", "whole"],
  ["Delivered", "num"],
  ["Rate", "num"],
  ["Waiting", "num"],
  ["Buffer", "whole"],
  ["p95", "num"],
  ["Last error", "whole"],
];

function createSinkRow({ pipeline, name, type }) {
  const cells = SINK_COLUMNS.map(([label, kind]) => el("td", { class: kind, "data-label": label || undefined }));
  cells[0].append(el("span", { class: "state" }));
  cells[6].append(el("div", { class: "error-text" }));
  return el("tr", {}, el("th", { scope: "row" }, `${pipeline} / ${name} (${type})`), ...cells);
}

function updateSinkRow(row, sink, now) {
  const [, state, delivered, rate, waiting, buffer, latency, error] = row.children;
  const health = sinkState(sink);
  const retry = retryText(sink, now);
  state.firstElementChild.dataset.state = health;
  setText(state.firstElementChild, retry ? `${sinkWord(sink)}, ${retry}` : sinkWord(sink));
  setText(delivered, whole(sink.delivered));
  setText(rate, `${number(sink.outRate)}/s`);
  setText(waiting, sink.backlogEvents > 0 ? `${number(sink.backlogEvents)}, ${duration(sink.backlogSeconds)}` : "0");
  const { bytes: held, limit, type } = sink.buffer;
  const part = limit > 0 ? held / limit : 0;
  buffer.replaceChildren(
    meter(
      part,
      `${bytes(held)} of ${bytes(limit)}${type === "disk" ? " on disk" : ""}`,
      part > 0.95 ? "bad" : part > 0.6 ? "warn" : "",
    ),
  );
  setText(latency, duration(sink.latency.p95));
  const errors = sum(sink.errors);
  setText(
    error.firstElementChild,
    sink.lastError ? `${clock(sink.lastErrorAt)} ${sink.lastError} (${number(errors)} in all)` : "–",
  );
  error.firstElementChild.classList.toggle("bad-text", health === "bad");
}

export function drawAlerts(alerts) {
  $("alerts-empty").hidden = alerts.length > 0;
  const nth = new Map();
  const items = alerts.map(({ event, pipeline }) => {
    const base = `${pipeline} ${event["@timestamp"]} ${event["event.id"] ?? event["rule.name"]}`;
    nth.set(base, (nth.get(base) ?? 0) + 1);
    return { event, key: `${base} ${nth.get(base)}` };
  });
  keyed(
    $("alerts"),
    items,
    ({ key }) => key,
    ({ event }) => createAlert(event),
  );
}

function createAlert(event) {
  const cleared = String(event["event.action"] ?? "").endsWith("cleared");
  const level = String(event["log.level"] ?? "");
  const state = cleared ? "good" : /err|crit|alert|emerg|fatal/i.test(level) ? "bad" : "warn";
  return el(
    "li",
    {},
    el("time", {}, clock(event["@timestamp"])),
    el("span", { class: "state", "data-state": state }, cleared ? "cleared" : level || "alert"),
    el("b", {}, String(event["rule.name"] ?? event["event.action"] ?? "")),
    el("span", {}, short(String(event["message"] ?? ""), 300)),
  );
}
