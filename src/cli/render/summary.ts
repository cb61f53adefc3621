import type { RunEnd } from "../../contracts/run.ts";
import { type Line, type Span, span, type Style } from "./line.ts";
import { cost, count, duration, shortPath, tokens } from "./words.ts";

/**
 * What was done on the operator's behalf, in one line:
 * `notes/2026-11-21.md modified · 1 tool call · 0.2 s · nanos trace show r1k3f9x2ab7qz0m`.
 */
export function summary(
  end: RunEnd,
  workspace: string,
  more = `nanos trace show ${end.run}`,
): Line {
  const parts: Span[] = [];
  if (end.outcome !== "succeeded") parts.push(outcomeOf(end));
  for (const file of end.files.slice(0, MOST)) {
    parts.push(span(`${shortPath(file.path, workspace)} ${file.kind}`));
  }
  if (end.files.length > MOST) parts.push(span(count(end.files.length - MOST, "more file")));
  parts.push(...end.hosts.slice(0, MOST).map((host) => span(host)));
  if (end.hosts.length > MOST) parts.push(span(count(end.hosts.length - MOST, "more host")));
  parts.push(...numbers(end).map((text) => span(text, "dim")));
  parts.push(span(more, "dim"));
  return parts.flatMap((part, i) => (i === 0 ? [part] : [span(" · ", "dim"), part]));
}

/** Files and hosts named before the rest is counted. */
const MOST = 3;

function numbers({ usage, asks }: RunEnd): readonly string[] {
  const all = usage.input + usage.output;
  return [
    count(usage.calls, "tool call"),
    ...(asks > 0 ? [count(asks, "ask")] : []),
    ...(all > 0 ? [tokens(all)] : []),
    // What cost nothing is not worth a word; what cost an unknown amount is.
    ...(all > 0 && usage.cost !== 0 ? [cost(usage.cost)] : []),
    duration(usage.ms),
  ];
}

function outcomeOf(end: RunEnd): Span {
  const why = end.failure === undefined ? "" : `: ${end.failure.message.replace(/\.$/u, "")}`;
  return span(`${end.outcome}${why}`, STYLE[end.outcome]);
}

const STYLE: Readonly<Record<RunEnd["outcome"], Style>> = {
  succeeded: "green",
  degraded: "yellow",
  cancelled: "yellow",
  failed: "red",
};
