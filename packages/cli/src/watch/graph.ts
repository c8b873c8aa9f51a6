import type { PipelineSpec, StepSpec, Value } from "@sluice/core";

/** A pipeline as text: what flows into what, and under which conditions. */
export function textGraph({ name, file, sources, steps, sinks }: PipelineSpec): string {
  const lines = [`${name}  (${file})`];
  for (const source of sources) lines.push(`  ● ${source.name}  ${source.type}`);
  lines.push("  │");
  for (const step of steps) lines.push(`  ▼ ${stepText(step)}${condition(step.when)}`);
  if (steps.length > 0) lines.push("  │");
  for (const [index, sink] of sinks.entries()) {
    const branch = index === sinks.length - 1 ? "└" : "├";
    lines.push(`  ${branch}▶ ${sink.name}  ${sink.type}${condition(sink.when)}`);
  }
  return lines.join("\n");
}

/** Pipelines as a Mermaid flowchart. */
export function mermaidGraph(specs: readonly PipelineSpec[]): string {
  const lines = ["flowchart LR"];
  for (const [index, spec] of specs.entries()) lines.push(...mermaidPipeline(spec, `p${index}`));
  return lines.join("\n");
}

function mermaidPipeline({ name, sources, steps, sinks }: PipelineSpec, id: string): string[] {
  const lines = [`  subgraph ${id}[${quoted(name)}]`];
  sources.forEach((source, i) => lines.push(`    ${id}s${i}([${quoted(`${source.name}: ${source.type}`)}])`));
  steps.forEach((step, i) => lines.push(`    ${id}t${i}[${quoted(stepText(step) + condition(step.when))}]`));
  sinks.forEach((sink, i) => lines.push(`    ${id}k${i}[/${quoted(`${sink.name}: ${sink.type}`)}/]`));
  const first = steps.length > 0 ? [`${id}t0`] : sinks.map((_, i) => `${id}k${i}`);
  sources.forEach((_, i) => first.forEach((to) => lines.push(`    ${id}s${i} --> ${to}`)));
  for (let i = 1; i < steps.length; i++) lines.push(`    ${id}t${i - 1} --> ${id}t${i}`);
  if (steps.length > 0) {
    sinks.forEach(({ when }, i) => {
      const label = when === undefined ? "" : `|${quoted(when)}|`;
      lines.push(`    ${id}t${steps.length - 1} -->${label} ${id}k${i}`);
    });
  }
  return [...lines, "  end"];
}

/** Mermaid reads HTML entities in quoted texts. */
function quoted(text: string): string {
  return `"${text.replace(/["#<>&]/g, (character) => `#${character.charCodeAt(0)};`)}"`;
}

const MOST = 60;

function stepText({ type, options }: StepSpec): string {
  const detail = detailOf(options);
  const cut = detail.length > MOST ? `${detail.slice(0, MOST - 1)}…` : detail;
  return cut === "" ? type : `${type} ${cut}`;
}

function detailOf(options: Value): string {
  if (typeof options === "string") return options;
  if (typeof options !== "object" || options === null) return String(options);
  if (Array.isArray(options)) return options.map(detailOf).join(", ");
  return Object.keys(options).join(", ");
}

function condition(when: string | undefined): string {
  return when === undefined ? "" : `  when ${when}`;
}
