import { el, keyed, setAttribute, setText, svg } from "./dom.js";
import { bytes, duration, number, short } from "./format.js";
import { retryText, sinkState, sinkWord, sourceState } from "./health.js";

// A pipeline as a picture: sources, the steps as one box, sinks; left to right, or on a narrow screen top to bottom.

const NODE = { width: 210, height: 66 };
/** Narrower than this, sources, steps and sinks do not fit side by side; wider, only the edges grow. */
const WIDE = { from: 850, to: 1320 };
const STEPS = { width: 250, head: 30, line: 22, pad: 8 };
const GAP = 16;
/** Of a card, on both sides and with its border, as in style.css. */
const PADDING = 38;

/** Brings the pictures of all pipelines up to date. */
export function drawGraphs(parent, pipelines, now) {
  // 0 as long as the page is not laid out.
  const width = parent.clientWidth || Math.max(320, innerWidth - 48);
  const room = width - PADDING;
  const narrow = room < WIDE.from;
  keyed(
    parent,
    pipelines,
    (pipeline) => `${room} ${pipeline.name} ${shapeOf(pipeline)}`,
    (pipeline) => createGraph(pipeline, narrow, room),
    (card, pipeline) => card.update(pipeline, now),
  );
}

function shapeOf({ sources, steps, sinks }) {
  return [...sources, "|", ...steps.map((step) => step.label), "|", ...sinks].map((c) => c.name ?? c).join(" ");
}

function createGraph(pipeline, narrow, room) {
  const title = el("h3", {}, pipeline.name);
  const file = el("span", {}, pipeline.file);
  const rates = el("span");
  const layout = narrow ? vertical(pipeline, room) : horizontal(pipeline, Math.min(room, WIDE.to));
  const picture = svg("svg", { class: "graph", viewBox: `0 0 ${layout.width} ${layout.height}`, role: "img" });
  picture.style.maxWidth = narrow ? "100%" : `${layout.width}px`;
  const edges = layout.edges.map((edge) => createEdge(picture, edge));
  const sources = pipeline.sources.map((source, i) => createNode(picture, layout.sources[i], source));
  const steps = createSteps(picture, layout.steps, pipeline.steps);
  const sinks = pipeline.sinks.map((sink, i) => createNode(picture, layout.sinks[i], sink));
  const card = el(
    "article",
    { class: "card pipeline" },
    el("div", { class: "pipeline-head" }, title, rates, file),
    picture,
  );
  card.update = (next, now) => {
    setText(rates, ratesText(next));
    setAttribute(picture, "aria-label", describe(next));
    next.sources.forEach((source, i) => updateSource(sources[i], edges[i], source));
    steps.update(next);
    next.sinks.forEach((sink, i) => updateSink(sinks[i], edges[next.sources.length + i], sink, now));
  };
  return card;
}

function ratesText({ workers, running }) {
  if (!running) return "ended";
  const threads =
    workers.count === 0 ? "in the main thread" : `${workers.count} workers, ${workers.busy.toFixed(2)} cores`;
  return threads;
}

function horizontal({ sources, steps, sinks }, width) {
  const stepsHeight = heightOf(steps);
  const height = Math.max(stack(sources.length), stack(sinks.length), stepsHeight) + 4;
  const column = (count, x) =>
    Array.from({ length: count }, (_, i) => ({
      x,
      y: 2 + (height - 4 - stack(count)) / 2 + i * (NODE.height + GAP),
      width: NODE.width,
    }));
  const left = column(sources.length, 2);
  const right = column(sinks.length, width - NODE.width - 2);
  const middle = {
    x: (width - STEPS.width) / 2,
    y: 2 + (height - 4 - stepsHeight) / 2,
    width: STEPS.width,
    height: stepsHeight,
  };
  const enter = { x: middle.x, y: middle.y + stepsHeight / 2 };
  const leave = { x: middle.x + STEPS.width, y: enter.y };
  // A curve is flat near the node that it does not share with others: there the label touches nothing.
  const across = (from, to, own, side) => ({ ...curve(from, to, "x"), label: { x: own.x + side * 48, y: own.y - 11 } });
  const edges = [
    ...left.map((node) => {
      const own = { x: node.x + node.width, y: node.y + NODE.height / 2 };
      return across(own, enter, own, 1);
    }),
    ...right.map((node) => {
      const own = { x: node.x, y: node.y + NODE.height / 2 };
      return across(leave, own, own, -1);
    }),
  ];
  return { width, height, sources: left, steps: middle, sinks: right, edges };
}

function vertical({ sources, steps, sinks }, width) {
  const between = 56;
  const column = (count, y) =>
    Array.from({ length: count }, (_, i) => ({ x: 2, y: y + i * (NODE.height + GAP), width: width - 4 }));
  const top = column(sources.length, 2);
  const middle = { x: 2, y: 2 + stack(sources.length) + between, width: width - 4, height: heightOf(steps) };
  const bottom = column(sinks.length, middle.y + middle.height + between);
  const spread = (i, count) => 2 + ((i + 0.5) * (width - 4)) / count;
  const edges = [
    ...top.map((_, i) =>
      curve({ x: spread(i, top.length), y: 2 + stack(top.length) }, { x: spread(i, top.length), y: middle.y }, "y"),
    ),
    ...bottom.map((_, i) =>
      curve(
        { x: spread(i, bottom.length), y: middle.y + middle.height },
        { x: spread(i, bottom.length), y: bottom[0].y },
        "y",
      ),
    ),
  ];
  return {
    width,
    height: 4 + middle.y + middle.height + between + stack(sinks.length),
    sources: top,
    steps: middle,
    sinks: bottom,
    edges,
  };
}

const stack = (count) => count * NODE.height + (count - 1) * GAP;
const heightOf = (steps) => STEPS.head + Math.max(1, steps.length) * STEPS.line + STEPS.pad;

function curve(from, to, axis) {
  const mid = { x: (from.x + to.x) / 2, y: (from.y + to.y) / 2 };
  const path =
    axis === "x"
      ? `M${from.x} ${from.y}C${mid.x} ${from.y} ${mid.x} ${to.y} ${to.x} ${to.y}`
      : `M${from.x} ${from.y}C${from.x} ${mid.y} ${to.x} ${mid.y} ${to.x} ${to.y}`;
  return { path, label: axis === "x" ? { x: mid.x, y: mid.y - 7 } : { x: mid.x + 12, y: mid.y + 4 }, axis };
}

function createEdge(picture, { path, label, axis }) {
  const pipe = svg("path", { class: "pipe", d: path, "stroke-width": 4 });
  const flow = svg("path", { class: "flow", d: path, "stroke-width": 3, "data-flows": "false" });
  const text = svg("text", {
    class: "edge-label",
    x: label.x,
    y: label.y,
    "text-anchor": axis === "x" ? "middle" : "start",
  });
  picture.append(pipe, flow, text);
  return { pipe, flow, text };
}

function updateEdge({ pipe, flow, text }, rate, state) {
  // A river is wider, but a hundred times the water is not a hundred times the width.
  const width = 3 + Math.min(9, Math.log10(1 + rate) * 2);
  setAttribute(pipe, "stroke-width", (width + 3).toFixed(1));
  setAttribute(pipe, "data-state", state);
  setAttribute(flow, "stroke-width", Math.max(2.5, width - 1).toFixed(1));
  setAttribute(flow, "data-flows", String(rate > 0 && state !== "bad"));
  setText(text, `${number(rate)}/s`);
}

function createNode(picture, { x, y, width }, { name, type }) {
  const box = svg("rect", { class: "node", x, y, width, height: NODE.height, rx: 10 });
  const dot = svg("circle", { class: "dot", cx: x + 16, cy: y + 19, r: 5 });
  const room = Math.floor((width - 56 - type.length * 6.6) / 8);
  const title = svg("text", { class: "strong", x: x + 28, y: y + 24 }, short(name, room));
  const kind = svg("text", { class: "dim", x: x + width - 12, y: y + 24, "text-anchor": "end" }, type);
  const line = svg("text", { class: "dim", x: x + 14, y: y + 44 });
  const track = svg("rect", { class: "fill-track", x: x + 14, y: y + 52, width: width - 28, height: 5, rx: 2.5 });
  const fill = svg("rect", { class: "fill", x: x + 14, y: y + 52, width: 0, height: 5, rx: 2.5 });
  const whole = svg("title", {}, name);
  picture.append(svg("g", {}, whole, box, dot, title, kind, line, track, fill));
  return { box, dot, line, track, fill, width: width - 28, room: Math.floor((width - 28) / 6.6) };
}

/** As many of the parts as there is room for, the most important one first. */
function fitting([most, ...others], room) {
  let text = most;
  for (const other of others) {
    const longer = `${text} · ${other}`;
    if (longer.length > room) break;
    text = longer;
  }
  return short(text, room);
}

function setNode(node, state, parts, part) {
  setAttribute(node.box, "data-state", state === "good" ? "" : state);
  setAttribute(node.dot, "data-state", state);
  setText(node.line, fitting(parts, node.room));
  setAttribute(node.fill, "width", (Math.max(0, Math.min(1, part)) * node.width).toFixed(1));
  setAttribute(node.fill, "data-state", part > 0.95 ? "bad" : part > 0.6 ? "warn" : "");
}

function updateSource(node, edge, source) {
  const state = sourceState(source);
  const open = source.backlogBytes > 0 ? [`${bytes(source.backlogBytes)} open`] : [];
  const parts = source.state === "running" ? [`${bytes(source.byteRate)}/s`, ...open] : [source.state];
  setNode(node, state, parts, source.waiting);
  updateEdge(edge, source.eventRate, state);
}

function updateSink(node, edge, sink, now) {
  const state = sinkState(sink);
  const retry = retryText(sink, now);
  const waits =
    sink.backlogEvents > 0 ? `${number(sink.backlogEvents)} wait, ${duration(sink.backlogSeconds)}` : "nothing waits";
  const bad = [sinkWord(sink), `${number(sink.backlogEvents)} wait`, ...(retry ? [retry] : [])];
  setNode(
    node,
    state,
    state === "good" ? [waits] : bad,
    sink.buffer.limit > 0 ? sink.buffer.bytes / sink.buffer.limit : 0,
  );
  updateEdge(edge, sink.outRate, state);
}

function createSteps(picture, { x, y, width, height }, steps) {
  picture.append(
    svg("rect", { class: "node", x, y, width, height, rx: 10 }),
    svg("text", { class: "strong", x: x + 14, y: y + 21 }, steps.length === 1 ? "1 step" : `${steps.length} steps`),
  );
  const kept = svg("text", { class: "dim", x: x + width - 12, y: y + 21, "text-anchor": "end" });
  picture.append(kept);
  const room = Math.floor((width - 110) / 7);
  const lines = steps.map(({ label }, i) => {
    const top = y + STEPS.head + i * STEPS.line;
    const dropped = svg("text", { class: "dim", x: x + width - 12, y: top + 16, "text-anchor": "end" });
    picture.append(
      svg("line", { class: "step-line", x1: x + 10, x2: x + width - 10, y1: top, y2: top }),
      svg("text", { x: x + 14, y: top + 16 }, short(label, room)),
      dropped,
    );
    return dropped;
  });
  return {
    update(pipeline) {
      setText(kept, pipeline.latency.p95 === null ? "" : `p95 ${duration(pipeline.latency.p95)}`);
      pipeline.steps.forEach(({ dropped, dropRate }, i) => {
        const rate = dropRate > 0 ? ` (${number(dropRate)}/s)` : "";
        setText(lines[i], dropped > 0 ? `−${number(dropped)}${rate}` : "");
      });
    },
  };
}

/** The picture in words. */
function describe({ name, sources, sinks, inRate }) {
  const from = sources.map((source) => source.name).join(", ");
  const to = sinks.map(
    (sink) => `${sink.name} ${sinkWord(sink)}, ${number(sink.outRate)} a second, ${number(sink.backlogEvents)} wait`,
  );
  return `Pipeline ${name}: from ${from}, ${number(inRate)} events a second, to ${to.join("; ")}`;
}
