import type { Trace } from "../../contracts/trace.ts";
import type { AskedOnce } from "../../contracts/question.ts";
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
  asked: readonly AskedOnce[] = [],
): Line {
  const parts: Span[] = [];
  if (end.outcome !== "succeeded") parts.push(outcomeOf(end));
  for (const file of end.files.slice(0, MOST)) {
    parts.push(span(`${shortPath(file.path, workspace)} ${file.kind}`));
  }
  if (end.files.length > MOST) parts.push(span(count(end.files.length - MOST, "more file")));
  parts.push(...end.hosts.slice(0, MOST).map((host) => span(host)));
  if (end.hosts.length > MOST) parts.push(span(count(end.hosts.length - MOST, "more host")));
  for (const { run, files } of (end.patches ?? []).slice(0, MOST)) {
    parts.push(span(`patch of ${count(files.length, "file")}: nanos patch ${run}`, "green"));
  }
  for (const tool of end.unconfined ?? []) parts.push(span(`${tool} unconfined`, "yellow"));
  parts.push(...numbers(end, asked).map((text) => span(text, "dim")));
  parts.push(span(more, "dim"));
  return parts.flatMap((part, i) => (i === 0 ? [part] : [span(" · ", "dim"), part]));
}

/** Files and hosts named before the rest is counted. */
const MOST = 3;

function numbers({ usage, asks }: RunEnd, asked: readonly AskedOnce[]): readonly string[] {
  const all = usage.input + usage.output;
  return [
    count(usage.calls, "tool call"),
    ...(asks > 0 ? [`${count(asks, "ask")}${answersOf(asked)}`] : []),
    ...(all > 0 ? [tokens(all)] : []),
    // What cost nothing is not worth a word; what cost an unknown amount is.
    ...(all > 0 && usage.cost !== 0 ? [cost(usage.cost)] : []),
    duration(usage.ms),
  ];
}

/** Every ask of a run and of those it delegated to, with what came of it. */
export function askedIn({ steps }: Trace): readonly AskedOnce[] {
  return steps.flatMap(({ asked = [], child }) => [...asked, ...(child ? askedIn(child) : [])]);
}

/** ` (1 yes, 1 no in 4.2 s)`: the time is what the operator took for all of them. */
function answersOf(asked: readonly AskedOnce[]): string {
  const timed = asked.filter(({ ms }) => ms !== null);
  if (timed.length === 0) return "";
  const yes = timed.filter(({ came }) => came === "allow").length;
  const no = timed.length - yes;
  const said = [...(yes > 0 ? [`${yes} yes`] : []), ...(no > 0 ? [`${no} no`] : [])].join(", ");
  return ` (${said} in ${duration(timed.reduce((sum, { ms }) => sum + (ms ?? 0), 0))})`;
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
