import { duration, number } from "./format.js";
import uPlot from "./uPlot.esm.js";

// One series of moments a pipeline: [time, in, out, dropped, p50, p95, backlog]. Bounded: half an hour, one a second.

const MOST = 1800;

export class Charts {
  #past = new Map();
  #pipeline = "";
  #minutes = 5;
  #rate;
  #latency;
  #rateAt;
  #latencyAt;

  constructor(rateAt, latencyAt) {
    this.#rateAt = rateAt;
    this.#latencyAt = latencyAt;
    this.restyle();
    new ResizeObserver(() => this.#resize()).observe(rateAt);
  }

  /** The past as the server has kept it. */
  load(history) {
    this.#past = new Map(Object.entries(history));
    this.draw();
  }

  add(now, pipelines) {
    for (const { name, inRate, outRate, dropRate, latency, sinks } of pipelines) {
      const moments = this.#past.get(name) ?? [];
      const backlog = Math.max(0, ...sinks.map((sink) => sink.backlogEvents));
      moments.push([now / 1000, inRate, outRate, dropRate, latency.p50, latency.p95, backlog]);
      if (moments.length > MOST) moments.splice(0, moments.length - MOST);
      this.#past.set(name, moments);
    }
    for (const name of this.#past.keys())
      if (!pipelines.some((pipeline) => pipeline.name === name)) this.#past.delete(name);
    this.draw();
  }

  show(pipeline, minutes) {
    this.#pipeline = pipeline;
    this.#minutes = minutes;
    this.draw();
  }

  /** With the colours of the page as they are now. */
  restyle() {
    const colour = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();
    const axis = {
      stroke: colour("--dim"),
      grid: { stroke: colour("--line"), width: 1 },
      ticks: { stroke: colour("--line"), width: 1 },
    };
    const line = (label, name, value, fill) => ({
      label,
      stroke: colour(name),
      width: 2,
      value: (_, v) => (v === null ? "–" : value(v)),
      points: { show: false },
      ...(fill && { fill: colour(fill) }),
    });
    const make = (at, old, series, value, least) => {
      old?.destroy();
      const options = {
        width: Math.max(200, at.clientWidth),
        height: 220,
        legend: { live: true },
        cursor: { drag: { x: false, y: false } },
        scales: { y: { range: (_, _min, max) => [0, Math.max(max ?? 0, least) * 1.1] } },
        axes: [
          { ...axis, values: (_, splits) => splits.map(timeOfDay) },
          { ...axis, size: 64, values: (_, splits) => splits.map(value) },
        ],
        series: [
          { label: "time", value: (_, v) => (v === null ? "–" : new Date(v * 1000).toLocaleTimeString("en-GB")) },
          ...series,
        ],
      };
      return new uPlot(options, [[], ...series.map(() => [])], at);
    };
    const perSecond = (v) => `${number(v)}/s`;
    this.#rate = make(
      this.#rateAt,
      this.#rate,
      [
        line("in", "--water", perSecond, "--water-soft"),
        line("delivered", "--good", perSecond),
        line("dropped", "--violet", perSecond),
      ],
      number,
      5,
    );
    this.#latency = make(
      this.#latencyAt,
      this.#latency,
      [line("p50", "--blue", duration), line("p95", "--warn", duration)],
      duration,
      0.01,
    );
    this.draw();
  }

  draw() {
    const moments = this.#pipeline === "" ? this.#all() : (this.#past.get(this.#pipeline) ?? []);
    const now = moments.at(-1)?.[0] ?? Date.now() / 1000;
    const from = now - this.#minutes * 60;
    const shown = moments.filter(([time]) => time >= from);
    const column = (index) => shown.map((moment) => moment[index]);
    this.#rate.batch(() => {
      this.#rate.setData([column(0), column(1), column(2), column(3)], false);
      this.#rate.setScale("x", { min: from, max: now });
    });
    this.#latency.batch(() => {
      this.#latency.setData([column(0), column(4), column(5)], false);
      this.#latency.setScale("x", { min: from, max: now });
    });
    for (const plot of [this.#rate, this.#latency]) plot.setScale("y", { min: null, max: null });
  }

  /** All pipelines together: rates are added, of latencies the worst is shown. */
  #all() {
    const [first, ...others] = this.#past.values();
    if (!first || others.length === 0) return first ?? [];
    const byTime = new Map();
    for (const moments of this.#past.values()) {
      for (const [time, ...values] of moments) {
        const key = Math.round(time);
        const known = byTime.get(key);
        byTime.set(key, known ? join(known, values) : values);
      }
    }
    return Array.from(byTime, ([time, values]) => [time, ...values]).sort((a, b) => a[0] - b[0]);
  }

  #resize() {
    for (const [plot, at] of [
      [this.#rate, this.#rateAt],
      [this.#latency, this.#latencyAt],
    ]) {
      const width = Math.max(200, at.clientWidth);
      if (plot.width !== width) plot.setSize({ width, height: 220 });
    }
  }
}

/** `14:05`, or with seconds where these are not 0. */
function timeOfDay(seconds) {
  const text = new Date(seconds * 1000).toLocaleTimeString("en-GB");
  return text.endsWith(":00") ? text.slice(0, 5) : text;
}

function join(a, b) {
  const worst = (x, y) => (x === null ? y : y === null ? x : Math.max(x, y));
  return [a[0] + b[0], a[1] + b[1], a[2] + b[2], worst(a[3], b[3]), worst(a[4], b[4]), Math.max(a[5], b[5])];
}
